// Package inbox receives the messages that the portal sends, finds the code in
// them and gives each to the wait it is for.
//
// Text messages come as webhooks of phones, mail by SMTP to one address per
// probe. Whatever a receiver takes becomes a Message; extract finds its code,
// attribute its wait, and Deliver records it before the receiver is told that
// it was taken. A receiver that is not told tries again.
//
// No code, number or address leaves the package but in an Arrival's Code.
package inbox

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"pantau/internal/invalid"
	"pantau/probes"
)

// Deps is what an Inbox needs of others.
type Deps struct {
	// Deliver records an Arrival. It is asked again for the same one if it
	// gave an error. It must end when its context does.
	Deliver func(ctx context.Context, a probes.Arrival) error
	Log     *slog.Logger // nil says nothing
	Metrics *Metrics     // nil counts nothing
}

// Inbox is every receiver together with the Ledger they share.
type Inbox struct {
	options Options
	deps    Deps
	ledger  *Ledger
	mail    *mailServer // nil without SMTP
	android map[string]Android
	streams map[probes.Stream][]handset
	key     [32]byte // of the addresses of this process

	mu    sync.Mutex
	pulse pulse

	taking  sync.RWMutex // read-held while the message of a webhook is taken
	stopped bool         // what comes is for the next process
}

var _ probes.Mailbox = (*Inbox)(nil)

// New makes an Inbox and binds its SMTP listener, so that SMTPAddr is known;
// mail is taken once Run runs. The grace of handsets that were not heard yet
// begins now.
func New(o Options, sims []probes.SIM, deps Deps) (*Inbox, error) {
	if err := errors.Join(o.Validate(), invalid.In("sims", o.CheckSIMs(sims))); err != nil {
		return nil, err
	}
	if deps.Deliver == nil {
		return nil, errors.New("making an inbox: Deliver is missing")
	}
	o = o.withDefaults()
	deps.Log = or(deps.Log, slog.New(slog.DiscardHandler))
	ledger, err := NewLedger(o, sims)
	if err != nil {
		return nil, fmt.Errorf("making an inbox: %w", err)
	}
	i := &Inbox{
		options: o, deps: deps, ledger: ledger, android: map[string]Android{}, streams: streamsOf(sims),
		pulse: pulse{since: time.Now(), heard: map[handset]time.Time{}},
	}
	_, _ = rand.Read(i.key[:]) // never fails
	for _, android := range o.Android {
		i.android[android.Name] = android
	}
	if o.SMTP.Listen != "" {
		if i.mail, err = i.bindMail(); err != nil {
			return nil, err
		}
	}
	return i, nil
}

// Expect begins listening for w.
func (i *Inbox) Expect(w probes.Wait) { i.ledger.Expect(w) }

// Forget ends listening for the wait with this id.
func (i *Inbox) Forget(id string) { i.ledger.Forget(id) }

// AddressFor is the mail address of one run, "" without SMTP. It is the same
// for the same run in the life of the process and cannot be guessed, so that
// what comes to it answers that run.
func (i *Inbox) AddressFor(run string) string {
	if i.mail == nil {
		return ""
	}
	sum := keyed(i.key, "address", run)
	local := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:10])
	return strings.ToLower(local) + "@" + i.options.SMTP.Domain
}

// SMTPAddr is the bound HOST:PORT of the SMTP receiver, "" without one.
func (i *Inbox) SMTPAddr() string {
	if i.mail == nil {
		return ""
	}
	return i.mail.listener.Addr().String()
}

// Routes serves the webhooks. It is mounted at /hooks/ and sees whole paths.
func (i *Inbox) Routes() http.Handler { return http.HandlerFunc(i.serveHook) }

// Run receives mail until ctx ends, then finishes the messages in hand. Without
// SMTP it only waits. Webhooks are served by whoever mounts Routes; once Run has
// ended their phones are asked to try again, later, with the next process.
func (i *Inbox) Run(ctx context.Context) error {
	defer func() {
		i.taking.Lock() // waits for what is being taken
		defer i.taking.Unlock()
		i.stopped = true
	}()
	if i.mail == nil {
		<-ctx.Done()
		return nil
	}
	return i.mail.run(ctx)
}

// Close frees what New bound. Closing twice is harmless, and so is closing
// after Run.
func (i *Inbox) Close() error {
	if i.mail == nil {
		return nil
	}
	return i.mail.close()
}

// Heard notes that a handset was heard at an instant of our clock. Handsets
// without a SIM of ours are ignored.
func (i *Inbox) Heard(receiver, device string, at time.Time) {
	phone := handset{receiver, device}
	if len(i.ledger.cards.byPhone[phone]) == 0 {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.pulse.heard[phone] = at
	i.deps.Metrics.heard(phone, at)
}

// Listen says for every stream whether anything sent on it could be heard at
// now.
func (i *Inbox) Listen(now time.Time) []probes.Result {
	i.mu.Lock()
	defer i.mu.Unlock()
	results := listen(i.streams, i.pulse, i.options.Silence, now)
	switch {
	case i.mail == nil:
	case i.mail.accepting():
		results = append(results, heardResult(probes.StreamEmail, now))
	case now.Sub(i.pulse.since) > i.options.Silence:
		results = append(results, silentResult(probes.StreamEmail, now, "the SMTP receiver takes no connections"))
	}
	return results
}

// drop says what became of a message that is for nobody.
func (i *Inbox) drop(from kind, why Why, log *slog.Logger) error {
	i.deps.Metrics.count(from, why.outcome())
	switch why.outcome() {
	case failed:
		return errInFlight
	case noCode: // of a sender that is configured, this means that a template is wrong
		log.Warn("no code was found in a message")
	default:
		log.Info("a message answers no wait")
	}
	return nil
}

// errInFlight asks a receiver to try again: the first try of the same message
// has not been recorded yet.
var errInFlight = errors.New("recording a message: its first try is still being recorded")

// take brings m to its wait. An error means that it was not recorded and
// should come again; a message that is for nobody is no error.
func (i *Inbox) take(ctx context.Context, from kind, m Message) (err error) {
	a, why, ok := i.ledger.Match(m)
	log := i.deps.Log.With("receiver", m.Receiver, "device", m.Device, "why", string(why))
	if !ok {
		return i.drop(from, why, log)
	}
	recorded := false
	defer func() { // also when Deliver panics
		i.ledger.Settle(a, recorded)
		i.deps.Metrics.count(from, map[bool]outcome{true: matched, false: failed}[recorded])
	}()
	if err := i.deps.Deliver(ctx, a); err != nil {
		return fmt.Errorf("recording a message for wait %s: %w", a.Wait, err)
	}
	recorded = true
	log.Info("a message answers a wait", "wait", a.Wait)
	return nil
}

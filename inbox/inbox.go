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
	"pantau/internal/secret"
	"pantau/probes"
)

// Deps is what an Inbox needs of others.
type Deps struct {
	// Deliver records an Arrival. It is asked again for the same one if it
	// gave an error. It must end when its context does.
	Deliver func(ctx context.Context, a probes.Arrival) error
	Log     *slog.Logger // nil says nothing
	Metrics *Metrics     // nil counts nothing
	// Began is until when another process may have taken messages, whose second
	// copies nobody knows; zero when there was none.
	Began time.Time
}

// Inbox is every receiver together with the Ledger they share.
type Inbox struct {
	options   Options
	deps      Deps
	ledger    *Ledger
	mail      *mailServer // nil without SMTP
	mailboxes []*mailbox
	hooks     map[string]receiver // by path
	busy      turnstile           // of hooks
	streams   map[probes.Stream][]handset
	key       [32]byte // of the addresses of this process

	mu     sync.Mutex
	pulse  pulse
	clocks map[handset]*handsetClock // of those with a SIM of ours

	taking  sync.RWMutex // read-held while the message of a webhook is taken
	stopped bool         // what comes is for the next process
}

var _ probes.Mailbox = (*Inbox)(nil)

// New makes an Inbox and binds its SMTP listener, so that SMTPAddr is known;
// mail is taken once Run runs. The grace of handsets that were not heard yet
// begins now.
func New(o Options, sims []probes.SIM, deps Deps) (*Inbox, error) {
	if err := errors.Join(o.Validate(), invalid.In("sims", o.CheckSIMs(sims)), o.CheckFixed(sims)); err != nil {
		return nil, err
	}
	if deps.Deliver == nil {
		return nil, errors.New("making an inbox: Deliver is missing")
	}
	o = o.withDefaults()
	deps.Log = newThrift(or(deps.Log, slog.New(slog.DiscardHandler)))
	ledger, err := NewLedger(o, sims)
	if err != nil {
		return nil, fmt.Errorf("making an inbox: %w", err)
	}
	ledger.Began(deps.Began)
	i := &Inbox{
		options: o, deps: deps, ledger: ledger, busy: make(turnstile, mostHooks), streams: streamsOf(sims),
		pulse:  pulse{since: time.Now(), heard: map[handset]time.Time{}, back: map[handset]time.Time{}, mute: map[string]bool{}},
		clocks: map[handset]*handsetClock{},
	}
	_, _ = rand.Read(i.key[:]) // never fails
	all := o.receivers(idKey(i.key))
	i.hooks = hooks(all)
	for _, r := range all {
		i.pulse.mute[r.name] = !r.beats
	}
	i.showHandsets(sims)
	for _, each := range o.IMAP {
		i.mailboxes = append(i.mailboxes, newMailbox(i, each))
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

// Answered says that the message of a, which was given to several waits, is
// this wait's.
func (i *Inbox) Answered(id string, a probes.Arrival) { i.ledger.Answered(id, a) }

// AddressFor is where a mail receiver, by its name, hears the code of one run;
// "" is the SMTP receiver, or the one mailbox. Without such a receiver it is
// empty. An address that is not shared is the same for the same run in the
// life of the process and cannot be guessed, so that what comes to it answers
// that run.
func (i *Inbox) AddressFor(receiver, run string) probes.MailAddress {
	if i.mail != nil && (receiver == "" || receiver == mailReceiver) {
		return probes.MailAddress{Address: secret.New(i.unguessable(run) + "@" + i.options.SMTP.Domain)}
	}
	for _, b := range i.mailboxes {
		if receiver == "" || receiver == b.options.Name {
			return b.addressFor(run)
		}
	}
	return probes.MailAddress{}
}

// unguessable is a word for a run that can stand in a mail address.
func (i *Inbox) unguessable(run string) string {
	sum := keyed(i.key, "address", run)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:10]))
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
	var watching sync.WaitGroup
	defer watching.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for _, s := range i.spools() {
		watching.Go(func() { s.run(ctx) })
	}
	for _, b := range i.mailboxes {
		watching.Go(func() { b.run(ctx) })
	}
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
	i.pulse.beat(phone, at, i.options.Silence)
	i.showHeard(phone, at)
}

// showHandsets begins the metric of each handset, so that one that is dead from
// the start is seen as well.
func (i *Inbox) showHandsets(sims []probes.SIM) {
	for _, sim := range sims {
		i.showHeard(handset{sim.Receiver, sim.Device}, i.pulse.since)
	}
}

// showHeard leaves out handsets that are heard only when a message comes: their
// silence says nothing, so that it must not look like an alarm.
func (i *Inbox) showHeard(phone handset, at time.Time) {
	if !i.pulse.mute[phone.receiver] {
		i.deps.Metrics.heard(phone, at)
	}
}

// Hearing says whether the handset of a SIM, by its id, could be heard all the
// time since an instant.
func (i *Inbox) Hearing(sim string, since time.Time) probes.Hearing {
	phone, ours := i.ledger.cards.phones[sim]
	if !ours {
		return probes.HearingWell
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.pulse.hearing(phone, since, i.options.Silence, time.Now())
}

// Listen says for every stream whether anything sent on it could be heard at
// now.
func (i *Inbox) Listen(now time.Time) []probes.Result {
	i.mu.Lock()
	defer i.mu.Unlock()
	results := listen(i.streams, i.pulse, i.options.Silence, now)
	return append(results, i.listenMail(now)...)
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
func (i *Inbox) take(ctx context.Context, from kind, m Message) error {
	_, err := i.hand(ctx, from, m)
	return err
}

// hand is take, and says whether m answers a wait.
func (i *Inbox) hand(ctx context.Context, from kind, m Message) (answers bool, err error) {
	a, why, ok := i.ledger.Match(m)
	log := i.deps.Log.With("receiver", m.Receiver, "device", m.Device, "why", string(why))
	if !ok {
		return false, i.drop(from, why, log)
	}
	if err := i.deliver(ctx, from, a, why.outcome()); err != nil {
		return false, err
	}
	log.Info("a message answers a wait", "wait", a.Wait, "possible", len(a.Possible))
	i.untangle(ctx, from)
	return true, nil
}

// deliver has a recorded and settles it either way, also when that panics.
func (i *Inbox) deliver(ctx context.Context, from kind, a probes.Arrival, as outcome) error {
	became := failed
	defer func() {
		i.ledger.Settle(a, became != failed)
		i.deps.Metrics.count(from, became)
	}()
	if err := i.deps.Deliver(ctx, a); err != nil {
		return fmt.Errorf("recording a message for wait %s: %w", a.Wait, err)
	}
	became = as
	return nil
}

// untangle ends the waits whose messages are known to have come though not
// which is whose. What cannot be recorded now is tried with the next message;
// this one was taken.
func (i *Inbox) untangle(ctx context.Context, from kind) {
	for found := i.ledger.Untangle(); len(found) > 0; found = i.ledger.Untangle() {
		for n, a := range found {
			if err := i.deliver(ctx, from, a, untangled); err != nil {
				for _, rest := range found[n+1:] {
					i.ledger.Settle(rest, false)
				}
				i.deps.Log.Error("a wait whose message has come was not ended", "wait", a.Wait, "error", err)
				return
			}
		}
	}
}

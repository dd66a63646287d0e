package probes

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pantau/internal/secret"
)

// Deps is what a Prober works with.
type Deps struct {
	// Record keeps results; what they open and close is true once it has
	// returned nil. Results of one wait may come a second time with the same
	// ID when it returned an error.
	Record func(ctx context.Context, results []Result) error
	// Mailbox is told which codes are listened for. It must not call Arrived
	// while it holds what Expect or Forget need.
	Mailbox Mailbox
	// Hearing says whether the handset of a SIM, by its id, could be heard all
	// the time since an instant. A key that is no SIM's is heard well; mail is
	// judged by StepListen alone. Nil hears all well.
	Hearing func(key string, since time.Time) Hearing
	// AddressFor gives the mail address of the run with this id at a mail
	// receiver, by its name; "" is the only one there is.
	AddressFor func(receiver, run string) MailAddress
	// Permission reads what the portal's owner allows. It is called at the
	// start, every ten minutes, and at each step once what it gave has ended. A
	// portal on this machine needs none: nil.
	Permission func() (Permission, error)
	// Picture keeps what a page looked like when a step of a journey in a
	// browser was Down, and gives the name that its Result tells. Nil has none
	// taken.
	Picture func(Picture) (name string, err error)
	Log     *slog.Logger // nil logs nothing
	Metrics *Metrics     // nil counts nothing
}

// Prober walks journeys.
type Prober struct {
	options  Options
	gear     gear
	roots    *x509.CertPool // nil for the system's
	deps     Deps
	slots    chan struct{}  // one for each run that talks to the portal
	browsers chan struct{}  // one for each Chromium
	jobs     sync.WaitGroup // those that have a slot or wait for one
	wake     chan struct{}  // something about the waits has changed

	born time.Time // with the monotonic clock that the planner counts on

	mu       sync.Mutex
	planner  *Planner
	waits    map[string]*parked
	ready    []due          // what is to be done on the portal once a code is there
	controls map[string]int // control messages by journey, so that SIMs take turns
}

// New makes a Prober of valid options.
func New(options Options, deps Deps) (*Prober, error) {
	if err := options.Validate(); err != nil {
		return nil, err
	}
	if deps.Record == nil || deps.Mailbox == nil || deps.AddressFor == nil {
		return nil, errors.New("making a prober: Record, Mailbox and AddressFor are needed")
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	base, err := url.Parse(options.Portal.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("reading the portal's address: %w", err)
	}
	p := &Prober{
		options: options, deps: deps, born: time.Now(),
		slots: make(chan struct{}, options.pool()), browsers: make(chan struct{}, options.Browser.atOnce()), wake: make(chan struct{}, 1),
		planner: NewPlanner(options, sharedMailboxes(options, deps.AddressFor)), waits: map[string]*parked{}, controls: map[string]int{},
	}
	if p.gear, err = newGear(&p.options.Portal, base, deps); err != nil {
		return nil, err
	}
	return p, nil
}

// sharedMailboxes are the keys of the mailboxes that all runs of a journey
// have in common. Each is held like a SIM.
func sharedMailboxes(options Options, addressFor func(receiver, run string) MailAddress) map[string]string {
	shared := map[string]string{}
	for _, j := range options.Journeys {
		if j.Stream != StreamEmail || !j.asks() {
			continue
		}
		if to := addressFor(j.Mail, ""); to.Shared {
			shared[j.Name] = AddressKey(to.Address.Reveal())
		}
	}
	return shared
}

// moment is now on the two clocks of the planner.
func (p *Prober) moment(now time.Time) Moment { return Moment{Wall: now, Up: now.Sub(p.born)} }

// run is one walk of a journey.
type run struct {
	id       string
	journey  Journey
	ticket   int          // the planner's
	extra    bool         // beyond the usual cadence
	visit    *visit       // nil once it is parked with a wait
	sim      SIM          // of a text message journey
	round    int          // 1 when it asks for its second code
	older    secret.Value // its first code
	stays    atomic.Bool  // it goes on after its code was waited for, and is not over before
	deadline time.Time
	watcher  *watcher
}

// watcher follows one run as it goes. The zero watcher follows nothing.
type watcher struct {
	mu   sync.Mutex   // tells one result after another
	tell func(Result) // nil for nobody
	once sync.Once
	over chan struct{} // closed when nothing more is waited for; nil for nobody
}

func (w *watcher) told(results ...Result) {
	if w.tell == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, result := range results {
		w.tell(result)
	}
}

func (w *watcher) end() {
	if w.over != nil {
		w.once.Do(func() { close(w.over) })
	}
}

// begin takes what a run of j needs, or says why there can be none now.
func (p *Prober) begin(j Journey, now time.Time, w *watcher) (*run, Why) {
	p.mu.Lock()
	defer p.mu.Unlock()
	start, why := p.planner.Begin(p.moment(now), j.Name)
	if why != WhyNot {
		return nil, why
	}
	return p.newRun(start, w), WhyNot
}

func (p *Prober) newRun(start Start, w *watcher) *run {
	return &run{
		id: strings.ToLower(rand.Text()[:20]), journey: start.Journey, ticket: start.Ticket, extra: start.Extra,
		sim: start.SIM, watcher: w, visit: p.newVisitor(start.Journey),
	}
}

// newVisitor is one who sees pages the way j wants it.
func (p *Prober) newVisitor(j Journey) *visit {
	v := newVisit(p.gear, p.roots, j.Name)
	if j.Browser {
		v.screen = newChromium(v.browser, p.options.Browser, p.browsers)
	}
	return v
}

// asking says whether r may ask for a code now; the planner then counts it.
func (p *Prober) asking(r *run) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.planner.Asking(p.moment(time.Now()), r.ticket)
}

// end gives back what a run holds, unless it stays. A SIM that a wait listens
// on stays held.
func (p *Prober) end(r *run) {
	if r.stays.Load() {
		return
	}
	p.mu.Lock()
	p.planner.Ended(r.ticket)
	p.mu.Unlock()
	if r.visit != nil {
		r.visit.screen.rest()
		r.watcher.end()
	}
}

// submit gives do a slot of the pool, and when that is done, or ctx ended
// before there was one, does after. A mistake in do ends nothing else.
func (p *Prober) submit(ctx context.Context, do, after func()) {
	p.jobs.Go(func() {
		defer after()
		select {
		case p.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		p.deps.Metrics.inUse(+1)
		defer func() { <-p.slots; p.deps.Metrics.inUse(-1) }()
		defer p.recovered("a run")
		do()
	})
}

// recovered keeps a panic from ending the process. What was thrown may hold
// anything, so that only its type and the stack are logged.
func (p *Prober) recovered(where string) {
	if cause := recover(); cause != nil {
		p.panicked(where, cause)
	}
}

func (p *Prober) panicked(where string, cause any) {
	p.deps.Log.Error("panic in a probe", "where", where, "type", fmt.Sprintf("%T", cause), "stack", string(debug.Stack()))
}

// Once runs one journey now and tells each result as it comes. It waits for
// the code as long as that is valid, and for its submission.
func (p *Prober) Once(ctx context.Context, journey string, tell func(Result)) error {
	at := slices.IndexFunc(p.options.Journeys, func(j Journey) bool { return j.Name == journey })
	if at < 0 {
		return fmt.Errorf("journey %q is not configured", journey)
	}
	w := &watcher{tell: tell, over: make(chan struct{})}
	r, why := p.begin(p.options.Journeys[at], time.Now(), w)
	if why != WhyNot {
		return fmt.Errorf("journey %q cannot run now: %s", journey, why.said())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.jobs.Go(func() { p.watch(ctx) })
	p.submit(ctx, func() { p.walk(ctx, r) }, func() { p.end(r) })
	var err error
	select {
	case <-w.over:
	case <-ctx.Done():
		err = ctx.Err()
	}
	cancel()
	p.jobs.Wait()
	if left := p.find(r.id); left != nil {
		left.gate <- struct{}{}
		p.drop(left)
		<-left.gate
	}
	return err
}

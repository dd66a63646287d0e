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
	"time"
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
	// AddressFor gives the mail address that only the run with this id uses.
	AddressFor func(run string) string
	Log        *slog.Logger // nil logs nothing
	Metrics    *Metrics     // nil counts nothing
}

// Prober walks journeys.
type Prober struct {
	options Options
	base    *url.URL
	roots   *x509.CertPool // nil for the system's
	deps    Deps
	slots   chan struct{}  // one for each run that talks to the portal
	jobs    sync.WaitGroup // those that have a slot or wait for one
	wake    chan struct{}  // something about the waits has changed

	mu      sync.Mutex
	walking map[string]bool      // journeys with a run that is not parked
	ticked  map[string]time.Time // journeys' last ticks, monotonic
	sims    map[string]simState
	waits   map[string]*parked
	levels  map[Stream]Level     // as the detector wishes
	begun   map[string]time.Time // journeys' last runs, monotonic
	ready   []*parked            // their code is there and can be submitted
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
	return &Prober{
		options: options, base: base, deps: deps,
		slots: make(chan struct{}, options.pool()), wake: make(chan struct{}, 1),
		walking: map[string]bool{}, ticked: map[string]time.Time{},
		sims: map[string]simState{}, waits: map[string]*parked{}, begun: map[string]time.Time{},
	}, nil
}

// run is one walk of a journey.
type run struct {
	id       string
	journey  Journey
	visit    *visit // nil once it is parked with a wait
	sim      SIM    // of a text message journey
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
func (p *Prober) begin(j Journey, now time.Time, w *watcher) (*run, skip) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.walking[j.Name] {
		return nil, skipInFlight
	}
	if last, ran := p.begun[j.Name]; ran && now.Sub(last) < p.pause(j) {
		return nil, skipListening
	}
	r := &run{id: strings.ToLower(rand.Text()[:20]), journey: j, watcher: w}
	if operator := j.Stream.Operator(); operator != "" && j.asks() {
		sim, why := pickSIM(p.options.SIMs, p.sims, operator, now)
		if why != skipNot {
			return nil, why
		}
		r.sim = sim
		p.hold(sim.ID)
	}
	p.walking[j.Name], p.begun[j.Name] = true, now
	r.visit = newVisit(&p.options.Portal, p.base, p.roots)
	return r, skipNot
}

// pause is the least time between two runs of j beyond its schedule. p.mu is
// held.
func (p *Prober) pause(j Journey) time.Duration {
	if p.levels[j.Stream] != LevelListen {
		return 0
	}
	return j.everyListening(p.options.Portal.CodeValidity())
}

// hold keeps a SIM from other runs. p.mu is held.
func (p *Prober) hold(sim string) {
	state := p.sims[sim]
	state.busy = true
	p.sims[sim] = state
}

// end gives back what a run holds. A SIM that a wait listens on stays busy.
func (p *Prober) end(r *run) {
	p.mu.Lock()
	delete(p.walking, r.journey.Name)
	if _, waiting := p.waits[r.id]; !waiting && r.sim.ID != "" {
		state := p.sims[r.sim.ID]
		state.busy = false
		p.sims[r.sim.ID] = state
	}
	p.mu.Unlock()
	if r.visit != nil {
		r.visit.browser.rest()
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
	if why != skipNot {
		return fmt.Errorf("journey %q cannot run now: %s", journey, why)
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

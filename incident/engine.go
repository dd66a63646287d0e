package incident

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"pantau/detect"
	"pantau/probes"
)

const (
	// gather is how long results that come together are waited for, so that
	// they share one transaction; a result is on disk well within 20 ms.
	gather = 5 * time.Millisecond
	// batchLimit bounds one transaction.
	batchLimit = 256
	// history is how long a resolved incident stays on the page.
	history = 90 * 24 * time.Hour
)

// ErrStopped is given by Record when the engine has stopped.
var ErrStopped = errors.New("the engine has stopped")

// EngineOptions are what an Engine is made of.
type EngineOptions struct {
	Detector     *detect.Detector // folded from what is stored, see Engine.Rebuild
	Policy       *Policy
	Journal      Journal
	Incidents    []Incident // as stored, newest first
	Blind        []Spell    // as told, see SpellsOf
	Maintenances []Maintenance
	// Changed is called after each commit, one call at a time, and should
	// return quickly: results wait meanwhile.
	Changed func(Situation)
	// Noticed is called after each commit that holds notices, likewise.
	Noticed func()
	Log     *slog.Logger
	Metrics *Metrics
}

// Engine takes results in, decides what follows, and records both in one
// transaction before anybody sees either.
type Engine struct {
	o         EngineOptions
	queue     chan request
	stopped   chan struct{}
	situation atomic.Pointer[Situation]

	// Below belongs to the goroutine of Run (and to Rebuild before it).
	detector *detect.Detector
	state    State
	assessed []detect.Assessment // as last recorded
	last     time.Time           // of the last result that said something
}

type request struct {
	results []probes.Result
	done    chan error
}

// NewEngine makes an Engine; it does nothing before Run.
func NewEngine(o EngineOptions) *Engine {
	return &Engine{
		o: o, queue: make(chan request, batchLimit), stopped: make(chan struct{}),
		detector: o.Detector, state: State{Incidents: o.Incidents, Blind: o.Blind},
	}
}

// Rebuild folds stored results, in the order they were recorded, as they were
// folded when they came. It is called before Run.
func (e *Engine) Rebuild(results []probes.Result) {
	for _, r := range results {
		e.fold(e.detector, r)
		e.note(r)
	}
}

// Record takes in what was measured and returns once it is on disk with all
// that follows from it. Called with nothing it lets time pass: what has become
// stale is noticed. It gives ErrStopped after the end of Run; when ctx ends
// first the results may still be recorded.
func (e *Engine) Record(ctx context.Context, results []probes.Result) error {
	r := request{results: results, done: make(chan error, 1)}
	select {
	case e.queue <- r:
	case <-e.stopped:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-r.done:
		return err
	case <-e.stopped:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Situation is everything as of the last commit; the zero Situation before it.
func (e *Engine) Situation() Situation {
	if s := e.situation.Load(); s != nil {
		return *s
	}
	return Situation{}
}

// Run records until ctx ends. What was queued by then is still recorded.
func (e *Engine) Run(ctx context.Context) error {
	defer close(e.stopped)
	for {
		select {
		case first := <-e.queue:
			e.record(ctx, e.collect(first))
		case <-ctx.Done():
			for len(e.queue) > 0 {
				e.record(ctx, e.collect(<-e.queue))
			}
			return nil
		}
	}
}

// collect waits a moment for what comes together with first.
func (e *Engine) collect(first request) []request {
	batch := []request{first}
	timer := time.NewTimer(gather)
	defer timer.Stop()
	for len(batch) < batchLimit {
		select {
		case r := <-e.queue:
			batch = append(batch, r)
		case <-timer.C:
			return batch
		}
	}
	return batch
}

// record decides and commits one batch. A store that cannot take it now is
// tried again: nothing follows from what is not on disk, and nothing is lost.
func (e *Engine) record(ctx context.Context, batch []request) {
	var results []probes.Result
	for _, r := range batch {
		for _, result := range r.results {
			results = append(results, result.AsStored())
		}
	}
	next := e.decide(results, time.Now().UTC())
	err := e.commit(ctx, next.commit)
	if err == nil {
		e.become(next)
	}
	for _, r := range batch {
		r.done <- err
	}
}

// outcome is what the engine becomes once commit is on disk.
type outcome struct {
	commit   Commit
	detector *detect.Detector
	state    State
	assessed []detect.Assessment
	results  []probes.Result
	at       time.Time
}

func (e *Engine) decide(results []probes.Result, now time.Time) outcome {
	detector := e.detector.Clone()
	for _, r := range results {
		e.fold(detector, r)
	}
	assessed := e.underMaintenance(detector.Assess(now), now)
	decision := e.o.Policy.Next(e.state, assessed, now)
	return outcome{
		commit: Commit{
			Results: results, Components: changed(e.assessed, assessed),
			Incidents: decision.Changed, Notices: decision.Notices,
		},
		detector: detector, state: decision.State, assessed: assessed, results: results, at: now,
	}
}

// commit writes c, trying again with growing pauses until it is written or the
// engine stops.
func (e *Engine) commit(ctx context.Context, c Commit) error {
	if len(c.Results)+len(c.Components)+len(c.Incidents)+len(c.Notices) == 0 {
		return nil
	}
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		began := time.Now()
		// What was measured is written even while we are stopping.
		err := e.o.Journal.Commit(context.WithoutCancel(ctx), c)
		e.o.Metrics.committed(time.Since(began), err)
		if err == nil {
			return nil
		}
		e.o.Log.Error("recording results", "results", len(c.Results), "error", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

// become takes over what was committed and shows it.
func (e *Engine) become(next outcome) {
	e.detector, e.state, e.assessed = next.detector, next.state, next.assessed
	for _, r := range next.results {
		e.note(r)
	}
	s := e.situationAt(next.at)
	e.situation.Store(&s)
	e.o.Metrics.situation(s)
	if e.o.Changed != nil {
		e.o.Changed(s)
	}
	if e.o.Noticed != nil && len(next.commit.Notices) > 0 {
		e.o.Noticed()
	}
}

func (e *Engine) note(r probes.Result) {
	if r.Verdict != probes.Unknown && r.Step != probes.StepListen && r.At.After(e.last) {
		e.last = r.At
	}
}

func (e *Engine) situationAt(now time.Time) Situation {
	s := Situation{At: now, Components: e.assessed, LastResult: e.last, Demands: e.detector.Demands()}
	for _, inc := range e.state.Incidents {
		if inc.Open() || now.Sub(inc.ResolvedAt) < history {
			s.Incidents = append(s.Incidents, inc)
		}
	}
	for _, m := range e.o.Maintenances {
		if now.Before(m.Until) {
			s.Maintenances = append(s.Maintenances, m)
		}
	}
	slices.SortFunc(s.Maintenances, func(a, b Maintenance) int { return a.From.Compare(b.From) })
	return s
}

// fold gives a result to the detector unless it was measured, or its code
// asked for, in announced maintenance: what is switched off on purpose says
// nothing about its health.
func (e *Engine) fold(detector *detect.Detector, r probes.Result) {
	component := detect.Measures(r)
	frozen := slices.ContainsFunc(e.o.Maintenances, func(m Maintenance) bool {
		return m.Covers(component, r.At) || r.Wait != nil && m.Covers(component, r.Wait.Requested)
	})
	if !frozen || r.Step == probes.StepListen {
		detector.Fold(r)
	}
}

// underMaintenance shows components inside a window as maintained.
func (e *Engine) underMaintenance(assessed []detect.Assessment, now time.Time) []detect.Assessment {
	for i, a := range assessed {
		for _, m := range e.o.Maintenances {
			if m.Covers(a.Component, now) {
				assessed[i].State, assessed[i].Cause = detect.Maintained, detect.CauseNone
				assessed[i].Blind, assessed[i].Since = detect.BlindNot, m.From
			}
		}
	}
	return assessed
}

// changed are the assessments whose state is not what was last recorded.
func changed(before, now []detect.Assessment) []detect.Assessment {
	var differ []detect.Assessment
	for _, a := range now {
		same := slices.ContainsFunc(before, func(b detect.Assessment) bool {
			return a.Component == b.Component && a.State == b.State && a.Cause == b.Cause && a.Blind == b.Blind
		})
		if !same {
			differ = append(differ, a)
		}
	}
	return differ
}

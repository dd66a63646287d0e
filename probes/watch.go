package probes

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pantau/internal/secret"
)

// parked is a run that waits for its code. It is a few kilobytes of cookies
// and form fields, and no goroutine: one watch looks after all of them.
type parked struct {
	gate chan struct{} // full while someone decides about what is below

	wait    Wait
	since   time.Time // when the portal accepted the request; monotonic where this process asked
	passed  int       // edges that have been told
	missed  bool      // its end came while we were not running
	ended   bool
	journey Journey
	visit   *visit // nil: nobody is there to submit the code
	run     *run   // that asked; nil after a restart
	code    secret.Value
	watcher *watcher

	unheard Reason        // why its receiver could not be trusted meanwhile
	perhaps bool          // a message came that may be its own, or another's
	maybeAt time.Duration // the age at which the first of them came
	again   bool          // and that one came before a restart, so that others may be its copies
}

func newParked(w Wait, r *run) *parked {
	return &parked{gate: make(chan struct{}, 1), wait: w, since: time.Now(), journey: r.journey, watcher: r.watcher}
}

// opened is the wait as it is stored.
func (w *parked) opened() *Wait {
	stored := w.wait
	return &stored
}

// result of the wait at an age. Its ID is the same however often it is made.
func (w *parked) result(age time.Duration, open bool, verdict Verdict, reason Reason, said string) Result {
	suffix := "end"
	if open {
		suffix = fmt.Sprint(edgesPassed(w.wait.Validity, age))
	}
	return Result{
		ID: fmt.Sprintf("%s/%s/%s", w.wait.ID, w.wait.awaits(), suffix), Run: w.wait.Run, Journey: w.wait.Journey,
		Stream: w.wait.Stream, Step: w.wait.awaits(), At: wall(time.Now()), Variant: w.wait.Variant,
		Verdict: verdict, Reason: reason, Evidence: said, Wait: w.age(age, open),
	}
}

func (w *parked) age(age time.Duration, open bool) *WaitAge {
	told := &WaitAge{ID: w.wait.ID, Requested: w.wait.Requested, Age: age, Open: open, Validity: w.wait.Validity}
	if w.perhaps {
		told.AgeMin, told.AgeMax = w.maybeAt, Never
	}
	return told
}

// edgesPassed is how many edges a wait of that age has behind it.
func edgesPassed(validity, age time.Duration) int {
	edges := Edges(validity)
	n := slices.IndexFunc(edges, func(edge time.Duration) bool { return age < edge })
	if n < 0 {
		return len(edges)
	}
	return n
}

// news is what a wait of that age has to tell that was not told yet.
func (w *parked) news(age time.Duration) (Result, bool) {
	passed := edgesPassed(w.wait.Validity, age)
	switch {
	case age >= w.wait.GiveUp:
		return w.over(age), true
	case w.wait.Unsure || passed <= w.passed:
		return Result{}, false
	case w.unheard != ReasonNone:
		return w.result(age, true, Unknown, w.unheard, "no message yet, and its receiver cannot be trusted"), true
	case w.perhaps && w.maybeAt < w.wait.Validity:
		return w.result(age, true, Unknown, ReasonAmbiguous, "a message came that may be another request's"), true
	case age >= w.wait.Validity:
		return w.result(age, true, Down, ReasonLate, "no message within the code's validity"), true
	default:
		return w.result(age, true, Unknown, ReasonWaiting, "no message yet"), true
	}
}

// over is the result of a wait that is given up.
func (w *parked) over(age time.Duration) Result {
	switch {
	case w.missed:
		return w.result(age, false, Unknown, ReasonShutdown, "we were not running when it ended")
	case w.wait.Unsure:
		return w.result(age, false, Unknown, ReasonShutdown, "it is not known whether the portal took the request")
	case w.unheard != ReasonNone:
		return w.result(age, false, Unknown, w.unheard, "no message, and its receiver could not be trusted")
	case w.perhaps && w.maybeAt < w.wait.Validity:
		return w.result(age, false, Unknown, ReasonAmbiguous, "a message came that may be another request's, and no other")
	case w.perhaps:
		return w.result(age, false, Down, ReasonLate, "if any message was its own, it came after the code's validity")
	default:
		return w.result(age, false, Down, ReasonLost, "no message within "+w.wait.GiveUp.String())
	}
}

// next is the age at which there will be news.
func (w *parked) next() time.Duration {
	if edges := Edges(w.wait.Validity); w.passed < len(edges) && !w.wait.Unsure {
		return edges[w.passed]
	}
	return w.wait.GiveUp
}

// watch tells what waits have to tell, when it is due, and has codes that are
// there submitted, until ctx ends.
func (p *Prober) watch(ctx context.Context) {
	for ctx.Err() == nil {
		wait := p.doReady(ctx, time.Now())
		timer := time.NewTimer(min(wait, p.scan(ctx)))
		select {
		case <-timer.C:
		case <-p.wake:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

const (
	scanRetry  = time.Second // after results could not be recorded
	scanAtMost = time.Hour   // nothing is due for so long
)

// scan records what is due now, all of it at once, and gives the time until
// the next is due. A wait about which someone else decides at this moment is
// left out; whoever that is wakes the watch.
func (p *Prober) scan(ctx context.Context) (next time.Duration) {
	defer p.recovered("the watch")
	free := p.takeFree()
	defer func() {
		for _, w := range free {
			<-w.gate
		}
	}()
	next = scanRetry // in case of a panic below
	var due []Result
	var tellers []*parked
	for _, w := range free {
		age := time.Since(w.since)
		if age >= w.next() {
			p.listenFor(w, age)
		}
		if result, isDue := w.news(age); isDue {
			due, tellers = append(due, result), append(tellers, w)
		}
	}
	if len(due) > 0 {
		if err := p.record(ctx, due...); err != nil {
			p.deps.Log.Error("recording how waits stand", "waits", len(due), "error", err)
			return scanRetry
		}
	}
	for i, w := range tellers {
		p.told(w, due[i])
	}
	return untilNext(free)
}

// told moves a wait on after its news was recorded.
func (p *Prober) told(w *parked, result Result) {
	w.passed = edgesPassed(w.wait.Validity, result.Wait.Age)
	w.watcher.told(result)
	if !result.Wait.Open {
		p.drop(w)
	}
	if result.Wait.Age >= w.wait.Validity {
		w.visit = nil // no one types an expired code
		p.finish(w)
	}
}

func untilNext(free []*parked) time.Duration {
	next := scanAtMost
	for _, w := range free {
		if !w.ended {
			next = min(next, w.next()-time.Since(w.since))
		}
	}
	return max(next, time.Millisecond)
}

// takeFree takes the gates of all waits that no one holds.
func (p *Prober) takeFree() []*parked {
	p.mu.Lock()
	defer p.mu.Unlock()
	free := make([]*parked, 0, len(p.waits))
	for _, w := range p.waits {
		select {
		case w.gate <- struct{}{}:
			free = append(free, w)
		default:
		}
	}
	return free
}

// park begins to look after w, and keeps its SIM or shared mailbox from others.
func (p *Prober) park(w *parked) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waits[w.wait.ID] = w
	p.planner.Awaiting(p.moment(time.Now()), w.wait)
}

// drop ends listening for w and frees its SIM.
func (p *Prober) drop(w *parked) {
	w.ended = true
	p.deps.Mailbox.Forget(w.wait.ID)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waits, w.wait.ID)
	p.planner.Freed(w.wait)
}

// release lets the SIM of w be asked again after a validity, while w is
// listened for.
func (p *Prober) release(w *parked) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.planner.Freed(w.wait)
	p.planner.Rest(p.moment(time.Now()), w.wait.Key, w.wait.Validity)
}

// letGo opens the gate of w and has the watch look at it.
func (p *Prober) letGo(w *parked) {
	<-w.gate
	p.nudge()
}

func (p *Prober) nudge() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *Prober) find(wait string) *parked {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waits[wait]
}

// Restore goes on listening for waits that were open when the process ended.
// It is called before Run. Edges that passed meanwhile are not told, because
// no one listened; the session is gone, so that the code is not submitted.
func (p *Prober) Restore(waits []Wait) {
	for _, wait := range waits {
		age := time.Since(wait.Requested)
		w := &parked{
			gate: make(chan struct{}, 1), wait: wait, since: wait.Requested,
			passed: edgesPassed(wait.Validity, age), missed: age >= wait.GiveUp, watcher: &watcher{},
		}
		if !wait.Perhaps.IsZero() {
			w.perhaps, w.again, w.maybeAt = true, true, max(0, wait.Perhaps.Sub(wait.Requested))
		}
		p.park(w)
		p.deps.Mailbox.Expect(wait)
	}
}

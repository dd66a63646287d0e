package probes

import (
	"context"
	"slices"
	"time"
)

// due is something to be done on the portal, now that a code is there.
type due struct {
	at    time.Time // not before
	w     *parked
	do    func(ctx context.Context, w *parked)
	after func(w *parked) // when that is done, or could not be
}

// follow says what is done with the code of a wait that ended, and when. The
// gate of w is held.
func (p *Prober) follow(w *parked, result Result) {
	is := result.Wait.Age < w.wait.Validity && (result.Verdict == Up || result.Reason == ReasonJunk || result.Reason == ReasonOverdue)
	usable := is && w.visit != nil && !w.code.Empty() && slices.Contains(w.journey.Steps, StepSubmitOTP) &&
		p.gear.warden.allows(StepSubmitOTP)
	step := due{at: time.Now(), w: w, do: p.submitCode, after: p.finish}
	switch {
	case !usable:
		p.finish(w)
		return
	case w.wait.Variant == VariantExpired:
		step.at, step.do = w.since.Add(w.wait.Validity+expiredFor(w.wait.Validity)), p.submitExpired
	case w.wait.Variant == VariantOlder && w.run.round == 0:
		step.at, step.do, step.after = w.since.Add(w.wait.Validity/10), p.askAgain, func(*parked) {}
	case w.wait.Variant == VariantOlder:
		step.do = p.submitOlder
	}
	p.enter(step)
}

// expiredFor is how long after its validity a code is typed that must be
// refused: long enough for two clocks and an answer on its way.
func expiredFor(validity time.Duration) time.Duration { return validity / 20 }

func (p *Prober) enter(step due) {
	p.mu.Lock()
	p.ready = append(p.ready, step)
	p.mu.Unlock()
	p.nudge()
}

// doReady gives what is due to the pool, and says when the next is.
func (p *Prober) doReady(ctx context.Context, now time.Time) (next time.Duration) {
	next = scanAtMost
	p.mu.Lock()
	var ready []due
	p.ready = slices.DeleteFunc(p.ready, func(d due) bool {
		wait := d.at.Sub(now)
		if wait <= 0 {
			ready = append(ready, d)
			return true
		}
		next = min(next, wait)
		return false
	})
	p.mu.Unlock()
	for _, d := range ready {
		p.submit(ctx, func() { d.do(ctx, d.w) }, func() { d.after(d.w) })
	}
	return next
}

// finish ends the run of a wait when nothing more follows from its code.
func (p *Prober) finish(w *parked) {
	w.watcher.end()
	if w.run != nil && w.run.stays.CompareAndSwap(true, false) {
		p.end(w.run)
	}
}

// resumed is the run that goes on with the session of w.
func (w *parked) resumed() *run {
	r := w.run
	if r == nil || !r.stays.Load() {
		r = &run{id: w.wait.Run, journey: w.journey, watcher: w.watcher}
	}
	r.visit, r.deadline = w.visit, time.Now().Add(w.journey.timeout())
	return r
}

// submitCode types the code that came. A code that has run out while the pool
// was full is not: its refusal would say nothing about the portal.
func (p *Prober) submitCode(ctx context.Context, w *parked) {
	if ctx.Err() != nil || time.Since(w.since) >= w.wait.Validity {
		return
	}
	p.typed(ctx, w, true, func(ctx context.Context, v *visit) finding { return v.submit(ctx, w.code) })
}

// submitExpired types the code after its validity.
func (p *Prober) submitExpired(ctx context.Context, w *parked) {
	p.typed(ctx, w, false, func(ctx context.Context, v *visit) finding {
		return v.submitRefused(ctx, w.code, codeExpired, ReasonExpiredTaken)
	})
}

// submitOlder types the first of two codes, and then the last.
func (p *Prober) submitOlder(ctx context.Context, w *parked) {
	if p.typed(ctx, w, false, func(ctx context.Context, v *visit) finding {
		return v.submitRefused(ctx, w.run.older, codeSuperseded, ReasonOlderAccepted)
	}) {
		p.submitCode(ctx, w)
	}
}

// askAgain asks for a second code in the same session.
func (p *Prober) askAgain(ctx context.Context, w *parked) {
	asked := false
	defer func() {
		if !asked {
			p.finish(w)
		}
	}()
	if ctx.Err() != nil || p.gear.warden.may(w.journey.Name, StepRequestOTP, time.Now()) != nil {
		return
	}
	r := w.resumed()
	r.round, r.older = 1, w.code
	asked = p.ask(ctx, r)
}

// typed records what became of a code that was typed, the last one while it was
// valid or one that must be refused, and says whether the visitor can go on. How
// far probes may go can have changed since the code came.
func (p *Prober) typed(ctx context.Context, w *parked, usable bool, do func(context.Context, *visit) finding) bool {
	if ctx.Err() != nil || !p.gear.warden.allows(StepSubmitOTP) {
		return false
	}
	r := w.resumed()
	defer r.visit.screen.rest()
	result, goOn := p.perform(ctx, r, StepSubmitOTP, func(ctx context.Context) finding { return do(ctx, r.visit) })
	if usable {
		result.Wait = w.age(time.Since(w.since), false)
	} else {
		result.ID += "/refused"
	}
	if err := p.record(ctx, result); err != nil {
		p.deps.Log.Error("recording what became of a code", "run", r.id, "error", err)
		return false
	}
	w.watcher.told(result)
	return goOn
}

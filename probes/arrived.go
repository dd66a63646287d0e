package probes

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Arrived ends the wait that a answers: it returns nil once that is recorded,
// or when there is no such wait (any more), so that a receiver may forget the
// message. When the code came in time and its session still lives, it is then
// submitted. It must not be called while the caller holds what the Mailbox's
// Expect and Forget need.
func (p *Prober) Arrived(ctx context.Context, a Arrival) error {
	w := p.find(a.Wait)
	if w == nil {
		return nil
	}
	select {
	case w.gate <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("waiting for what is decided about run %s: %w", w.wait.Run, ctx.Err())
	}
	defer p.letGo(w)
	if w.ended {
		return nil
	}
	result := w.arrived(a)
	if err := p.record(ctx, result); err != nil {
		return fmt.Errorf("recording the message of run %s: %w", w.wait.Run, err)
	}
	w.watcher.told(result)
	p.drop(w)
	p.deps.Metrics.waited(result)
	if !p.canSubmit(w, result) {
		w.watcher.end()
		return nil
	}
	w.code = a.Code
	p.mu.Lock()
	p.ready = append(p.ready, w)
	p.mu.Unlock()
	return nil
}

// arrived is the result that ends the wait. A message that reached the handset
// in time and us too late is the forwarder's delay and nobody else's.
func (w *parked) arrived(a Arrival) Result {
	age := max(0, a.Received.Sub(w.since))
	var result Result
	switch {
	case age < w.wait.Validity:
		result = w.result(age, false, Up, ReasonNone, "the message came in time")
	case !a.Device.IsZero() && a.Device.Sub(w.wait.Requested) < w.wait.Validity:
		result = w.result(age, false, Unknown, ReasonOverdue, "the handset had the message in time, we have it late")
	default:
		result = w.result(age, false, Down, ReasonLate, "the message came after the code's validity")
	}
	result.Arrival = &a
	return result
}

func (p *Prober) canSubmit(w *parked, result Result) bool {
	return result.Verdict == Up && w.visit != nil && slices.Contains(w.journey.Steps, StepSubmitOTP)
}

// submitReady gives each code that is there to the pool.
func (p *Prober) submitReady(ctx context.Context) {
	p.mu.Lock()
	ready := p.ready
	p.ready = nil
	p.mu.Unlock()
	for _, w := range ready {
		p.submit(ctx, func() { p.submitCode(ctx, w) }, w.watcher.end)
	}
}

// submitCode types the code that came. A code that has run out while the pool
// was full is not: its refusal would say nothing about the portal.
func (p *Prober) submitCode(ctx context.Context, w *parked) {
	if ctx.Err() != nil || time.Since(w.since) >= w.wait.Validity {
		return
	}
	r := &run{id: w.wait.Run, journey: w.journey, visit: w.visit, deadline: time.Now().Add(w.journey.timeout()), watcher: w.watcher}
	defer r.visit.browser.rest()
	result, _ := p.perform(ctx, r, StepSubmitOTP, func(ctx context.Context) finding {
		return r.visit.submit(ctx, w.code)
	})
	result.Wait = w.age(time.Since(w.since), false)
	if err := p.record(ctx, result); err != nil {
		p.deps.Log.Error("recording what became of a code", "run", r.id, "error", err)
		return
	}
	r.watcher.told(result)
}

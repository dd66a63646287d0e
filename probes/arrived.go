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
// submitted. What may answer several waits is recorded with each of them. It
// must not be called while the caller holds what the Mailbox's Expect and
// Forget need.
func (p *Prober) Arrived(ctx context.Context, a Arrival) error {
	if a.Wait == "" {
		return p.mayHaveArrived(ctx, a)
	}
	w := p.find(a.Wait)
	if w == nil {
		return nil
	}
	if err := w.hold(ctx); err != nil {
		return err
	}
	defer p.letGo(w)
	if w.ended {
		return nil
	}
	p.listenFor(w, time.Since(w.since))
	result := w.arrived(a, p.junkIsDown(w.wait.Journey), p.uncertain(w))
	if err := p.record(ctx, result); err != nil {
		return fmt.Errorf("recording the message of run %s: %w", w.wait.Run, err)
	}
	w.watcher.told(result)
	p.drop(w)
	p.deps.Metrics.waited(result)
	w.code = a.Code
	p.follow(w, result)
	return nil
}

// hold takes the gate of w.
func (w *parked) hold(ctx context.Context) error {
	select {
	case w.gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for what is decided about run %s: %w", w.wait.Run, ctx.Err())
	}
}

// uncertain is by how much later than w.since the portal can have accepted the
// request, when its answer is not known.
func (p *Prober) uncertain(w *parked) time.Duration {
	if !w.wait.Unsure {
		return 0
	}
	return or(p.options.Portal.Timeouts.Step, defaultStep)
}

// arrived is the result that ends the wait. What the message was late with its
// forwarder is nobody else's delay, unless it was late before that. A code in the junk folder is an outcome of
// its own: it is there, and hard to find.
func (w *parked) arrived(a Arrival, junkIsDown bool, uncertain time.Duration) Result {
	age := max(0, a.Received.Sub(w.since))
	earliest := w.earliest(a, age, uncertain)
	held := a.forwarded(age)
	overdue := held >= LateForwarder(w.wait.Validity)
	if overdue {
		earliest = max(0, min(earliest, age-held))
	}
	if w.unheard != ReasonNone {
		earliest = 0 // it may have been there long before its handset could hand it over
	}
	inTime := age < w.wait.Validity
	var result Result
	switch {
	case overdue && earliest < w.wait.Validity:
		result = w.result(age, false, Unknown, ReasonOverdue, "the handset had the message "+held.Round(time.Second).String()+" before us")
	case !inTime && w.unheard != ReasonNone:
		result = w.result(age, false, Unknown, w.unheard, "the message came, and meanwhile its receiver could not be trusted")
	case inTime && a.Junk && junkIsDown:
		result = w.result(age, false, Down, ReasonJunk, "the message came in time, into the junk folder")
	case inTime && a.Junk:
		result = w.result(age, false, Up, ReasonJunk, "the message came in time, into the junk folder")
	case inTime:
		result = w.result(age, false, Up, ReasonNone, "the message came in time")
	case earliest < w.wait.Validity:
		result = w.result(age, false, Unknown, ReasonAmbiguous, "the message came within the code's validity or after it")
	default:
		result = w.result(age, false, Down, ReasonLate, "the message came after the code's validity")
	}
	result.Wait.AgeMin, result.Wait.AgeMax = 0, 0
	if earliest < age {
		result.Wait.AgeMin, result.Wait.AgeMax = earliest, age
	}
	result.Arrival = &a
	return result
}

// earliest is the age at which the code can have come at the earliest: the
// message may be another one's, or a copy of one that came before a restart,
// or the request may have been accepted later than it seems.
func (w *parked) earliest(a Arrival, age, uncertain time.Duration) time.Duration {
	earliest := age
	if !a.Earliest.IsZero() {
		earliest = a.Earliest.Sub(w.since)
	}
	if w.again {
		earliest = min(earliest, w.maybeAt)
	}
	return max(0, earliest-uncertain)
}

// junkIsDown says how the journey counts a code in the junk folder. A wait
// that was restored knows its journey by name only.
func (p *Prober) junkIsDown(journey string) bool {
	return slices.ContainsFunc(p.options.Journeys, func(j Journey) bool { return j.Name == journey && j.JunkIsDown })
}

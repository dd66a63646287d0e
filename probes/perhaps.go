package probes

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// mayHaveArrived records with every wait that a may answer that it may have
// come, once for each: what is known is the earliest age. Then the portal is
// asked, if a session lives that can ask it.
func (p *Prober) mayHaveArrived(ctx context.Context, a Arrival) error {
	var newest *parked
	var asked time.Time
	for _, id := range a.Possible {
		w := p.find(id)
		if w == nil {
			continue
		}
		since, canAsk, err := p.noteMaybe(ctx, w, a)
		if err != nil {
			return err
		}
		if canAsk && since.After(asked) {
			newest, asked = w, since
		}
	}
	if newest != nil && p.gear.warden.allows(StepSubmitOTP) {
		p.enter(due{
			at: time.Now(), w: newest, after: func(*parked) {},
			do: func(ctx context.Context, w *parked) { p.askWhose(ctx, w, a) },
		})
	}
	return nil
}

// noteMaybe records that a may be of w, and says when w was asked for and
// whether the portal can be asked in its session.
func (p *Prober) noteMaybe(ctx context.Context, w *parked, a Arrival) (since time.Time, canAsk bool, err error) {
	if err := w.hold(ctx); err != nil {
		return time.Time{}, false, err
	}
	defer p.letGo(w)
	if w.ended || w.perhaps {
		return w.since, !w.ended && w.canAsk(), nil
	}
	age := max(0, a.Received.Sub(w.since))
	w.perhaps, w.maybeAt, w.wait.Perhaps = true, max(0, age-p.uncertain(w)), wall(a.Received)
	result := w.result(max(age, time.Since(w.since)), true, Unknown, ReasonAmbiguous, fmt.Sprintf("a message came that may answer %d requests", len(a.Possible)))
	result.ID, result.Opened = fmt.Sprintf("%s/%s/perhaps", w.wait.ID, StepAwaitOTP), w.opened()
	if err := p.record(ctx, result); err != nil {
		w.perhaps = false
		return time.Time{}, false, fmt.Errorf("recording a message that may be of run %s: %w", w.wait.Run, err)
	}
	w.watcher.told(result)
	return w.since, w.canAsk(), nil
}

// canAsk says whether the portal can be asked if a code is this wait's.
func (w *parked) canAsk() bool {
	return w.visit != nil && w.journey.Usual() && time.Since(w.since) < w.wait.Validity &&
		slices.Contains(w.journey.Steps, StepSubmitOTP)
}

// askWhose types an ambiguous code where the last code was asked for. Accepted,
// it is that wait's. Superseded, it is the only other wait's of the same
// address, if there is one. Anything else says nothing: a portal in trouble
// refuses right codes.
func (p *Prober) askWhose(ctx context.Context, w *parked, a Arrival) {
	if w.hold(ctx) != nil {
		return
	}
	defer p.letGo(w)
	if w.ended || !w.canAsk() || !p.gear.warden.allows(StepSubmitOTP) {
		return
	}
	r := &run{id: w.wait.Run, journey: w.journey, watcher: w.watcher, visit: w.visit, deadline: time.Now().Add(w.journey.timeout())}
	defer r.visit.screen.rest()
	is := codeUnclear
	submitted, _ := p.perform(ctx, r, StepSubmitOTP, func(ctx context.Context) finding {
		var err error
		if is, err = r.visit.typeCode(ctx, a.Code); err != nil {
			return found(err)
		}
		return up("the page has " + r.visit.portal.SubmitOTP.Accepted)
	})
	switch {
	case is == codeAccepted:
		submitted.Wait = w.age(time.Since(w.since), false)
		if p.isOf(ctx, w, a, submitted) {
			p.finish(w)
		}
	case is == codeSuperseded && len(a.Possible) == 2:
		p.isOther(ctx, w, a)
	}
}

// isOther gives a to the one of two waits that w is not.
func (p *Prober) isOther(ctx context.Context, w *parked, a Arrival) {
	for _, id := range a.Possible {
		other := p.find(id)
		if other == nil || other == w || other.wait.Key != w.wait.Key || other.hold(ctx) != nil {
			continue
		}
		if !other.ended && p.isOf(ctx, other, a) {
			p.finish(other)
		}
		p.letGo(other)
	}
}

// isOf ends w, whose gate is held, with the message that is its own after all,
// and says whether that is recorded.
func (p *Prober) isOf(ctx context.Context, w *parked, a Arrival, more ...Result) bool {
	a.Wait, a.Possible = w.wait.ID, nil
	result := w.arrived(a, p.junkIsDown(w.wait.Journey), p.uncertain(w))
	if err := p.record(ctx, append([]Result{result}, more...)...); err != nil {
		p.deps.Log.Error("recording whose a message is", "run", w.wait.Run, "error", err)
		return false
	}
	w.watcher.told(append([]Result{result}, more...)...)
	p.deps.Mailbox.Answered(w.wait.ID, a)
	p.drop(w)
	p.deps.Metrics.waited(result)
	return true
}

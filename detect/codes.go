package detect

import (
	"maps"
	"slices"
	"time"

	"pantau/probes"
)

// The first rule for codes: of the last five that can be judged three bad ones
// confirm trouble, four good ones in a row end it.
const (
	codeLook = 5
	codeBad  = 3
	codeGood = 4
)

// codeTracker follows the codes of one stream, in the order they were asked
// for: a code that is late says more about now than one that was asked for
// before it and arrives after it.
type codeTracker struct {
	options     Options
	codes       []code // oldest request first
	trouble     trouble
	measuredAt  time.Time
	silent      bool              // no receiver is heard
	silentSince time.Time         // when that began, now or last
	doubted     time.Time         // until then lateness may be the receiver's, which was silent before
	silentWhy   Blind             // silent or degraded
	off         bool              // our own line is down
	asked       map[string]string // by wait: the SIM that a code was asked for, until the code is in codes
	empty       []emptySIM
	heard       bool // a heartbeat, ever
	controls    *controlTracker
}

// code is one request and what became of it.
type code struct {
	wait      string
	requested time.Time
	age       time.Duration // it came at that age or later, as far as is known
	latest    time.Duration // and at that age or before, probes.Never when it need not have come
	open      bool          // still listened for
	arrived   bool
	refused   bool   // the portal refused the right code
	accepted  bool   // the portal accepted it
	tainted   bool   // our own receiver was silent meanwhile: no evidence
	sim       string // the SIM it was asked for, "" when not known
	ours      bool   // the SIM looks empty: no evidence
	unsent    bool   // the portal would not send it
	held      bool   // by our own forwarder
	way       way    // of a late one that came: where the delay was
	variant   bool   // of a run that tries what must be refused: only whether the last code is accepted counts
}

func (t *codeTracker) clone() *codeTracker {
	clone := *t
	clone.codes, clone.empty = slices.Clone(t.codes), slices.Clone(t.empty)
	clone.asked, clone.controls = maps.Clone(t.asked), t.controls.clone()
	return &clone
}

func (t *codeTracker) fold(r probes.Result) {
	switch r.Step {
	case probes.StepListen:
		t.listen(r)
		return
	case probes.StepSendControl, probes.StepAwaitControl:
		t.controls.fold(r, t.options, t.silent || t.off)
		return
	case probes.StepRequestOTP:
		t.request(r)
	case probes.StepAwaitOTP:
		t.await(r)
	case probes.StepSubmitOTP:
		t.submit(r)
	}
	t.forget(r.At)
	t.lookAtCards()
	t.decide()
}

// listen notes whether the stream's receivers are heard. What was on its way
// while they were not is no evidence about anybody. A receiver that hands over
// everything late, heartbeats too, begins with a silence and then sounds like
// any other: so after one it has to prove itself with a code in time, unless
// codes were known to be late before.
func (t *codeTracker) listen(r probes.Result) {
	if r.Verdict == probes.Unknown {
		why := BlindSilent
		if r.Reason == probes.ReasonOverdue {
			why = BlindDegraded
		}
		if !t.silent && !t.unproven(r.At) || t.silentWhy != why {
			t.silentSince = r.At
		}
		t.silent, t.silentWhy = true, why
		t.taintOpen()
		return
	}
	t.heard = true
	if t.silent && t.silentWhy == BlindSilent && !t.trouble.confirmed {
		t.doubted = r.At.Add(t.options.window())
	}
	t.silent = false
}

// unproven says whether what is late at now may be so because of the receiver.
func (t *codeTracker) unproven(now time.Time) bool { return now.Before(t.doubted) }

// cutOff notes whether our own line is down, by which messages come too.
func (t *codeTracker) cutOff(down bool) {
	t.off = down
	if down {
		t.taintOpen()
	}
}

// taintOpen takes the codes on their way for no evidence.
func (t *codeTracker) taintOpen() {
	for i := range t.codes {
		t.codes[i].tainted = t.codes[i].tainted || t.codes[i].open
	}
	t.controls.taintOpen()
}

// request notes a portal that would not send a code: for the person who asked
// it is a code that never comes.
func (t *codeTracker) request(r probes.Result) {
	t.noteSIM(r)
	if r.Verdict == probes.Down && r.Reason == probes.ReasonRequest && r.Variant == probes.VariantNone {
		t.measuredAt = r.At
		t.codes = append(t.codes, code{wait: r.ID, requested: r.At, age: t.options.Validity, latest: probes.Never, unsent: true})
	}
}

// noteSIM remembers which SIM a code was asked for; what became of it does not
// say.
func (t *codeTracker) noteSIM(r probes.Result) {
	switch {
	case r.Opened == nil || r.Stream.Operator() == "":
	case r.Verdict == probes.Down:
		delete(t.asked, r.Opened.ID)
	default:
		t.asked[r.Opened.ID] = r.Opened.Key
	}
}

func (t *codeTracker) await(r probes.Result) {
	if r.Wait == nil {
		return
	}
	c := t.find(*r.Wait)
	c.open, c.variant = r.Wait.Open, r.Variant != probes.VariantNone
	c.age, c.latest = r.Wait.Came()
	if r.Reason == probes.ReasonLost {
		c.latest = probes.Never
	}
	c.arrived = c.latest != probes.Never
	if r.Reason == probes.ReasonJunk && r.Verdict == probes.Down {
		// Configured so: a code that people do not find never came.
		c.arrived, c.age, c.latest = false, max(c.age, t.options.Validity), probes.Never
	}
	if c.arrived && !t.late(*c) && !t.silent {
		t.doubted = time.Time{}
	}
	if t.silent || t.off || t.late(*c) && t.unproven(r.At) {
		c.tainted = true
	}
	c.held, c.way = r.Reason == probes.ReasonOverdue, wayOf(r)
	if untold(r) {
		c.tainted = true
	}
	if !c.variant && t.tells(*c) {
		t.measuredAt = r.At
	}
}

// untold says whether how a wait stands says nothing about anybody but us.
func untold(r probes.Result) bool {
	switch {
	case r.Reason == probes.ReasonOverdue, r.Reason == probes.ReasonSilent:
		return true
	default:
		return !r.Wait.Open && r.Verdict == probes.Unknown && r.Reason != probes.ReasonAmbiguous
	}
}

func (t *codeTracker) submit(r probes.Result) {
	if r.Wait == nil || r.Verdict == probes.Unknown {
		return
	}
	for i := range t.codes {
		if t.codes[i].wait == r.Wait.ID {
			t.codes[i].refused = r.Verdict == probes.Down && r.Reason == probes.ReasonCodeRefused
			t.codes[i].accepted = r.Verdict == probes.Up
			if !t.codes[i].variant {
				t.measuredAt = r.At
			}
		}
	}
}

// find gives the code of a wait, a new one in its place by time of request.
func (t *codeTracker) find(wait probes.WaitAge) *code {
	for i := len(t.codes) - 1; i >= 0; i-- {
		if t.codes[i].wait == wait.ID {
			return &t.codes[i]
		}
	}
	at := len(t.codes)
	for at > 0 && t.codes[at-1].requested.After(wait.Requested) {
		at--
	}
	t.codes = slices.Insert(t.codes, at, code{wait: wait.ID, requested: wait.Requested, open: true, sim: t.asked[wait.ID]})
	delete(t.asked, wait.ID)
	return &t.codes[at]
}

// forget drops codes that no figure and no judgement of our SIMs needs, and
// that are not on their way.
func (t *codeTracker) forget(now time.Time) {
	for len(t.codes) > codeLook && !t.codes[0].open && now.Sub(t.codes[0].requested) > t.options.memory() {
		t.codes = t.codes[1:]
	}
}

func (t *codeTracker) assess(now time.Time) Assessment {
	a := Assessment{
		State: t.trouble.state(), Cause: t.trouble.cause, Since: t.trouble.since,
		MeasuredAt: t.measuredAt, Figures: t.figures(now), EmptySIMs: t.emptyIDs(),
	}
	for _, e := range t.empty {
		if a.EmptySince.IsZero() || e.since.Before(a.EmptySince) {
			a.EmptySince = e.since
		}
	}
	return a
}

package detect

import (
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
	silent      bool      // no receiver is heard
	silentSince time.Time // when that began, now or last
	doubted     time.Time // until then lateness may be the receiver's, which was silent before
	off         bool      // our own line is down
}

// code is one request and what became of it.
type code struct {
	wait      string
	requested time.Time
	age       time.Duration // the latest known
	open      bool          // still listened for
	arrived   bool
	refused   bool // the portal refused the right code
	tainted   bool // our own receiver was silent meanwhile: no evidence
}

func (t *codeTracker) clone() *codeTracker {
	clone := *t
	clone.codes = slices.Clone(t.codes)
	return &clone
}

func (t *codeTracker) fold(r probes.Result) {
	switch r.Step {
	case probes.StepListen:
		t.listen(r)
		return
	case probes.StepRequestOTP:
		t.request(r)
	case probes.StepAwaitOTP:
		t.await(r)
	case probes.StepSubmitOTP:
		t.submit(r)
	}
	t.forget(r.At)
	t.decide()
}

// listen notes whether the stream's receivers are heard. What was on its way
// while they were not is no evidence about anybody. A receiver that hands over
// everything late, heartbeats too, begins with a silence and then sounds like
// any other: so after one it has to prove itself with a code in time, unless
// codes were known to be late before.
func (t *codeTracker) listen(r probes.Result) {
	if r.Verdict == probes.Unknown {
		if !t.silent && !t.unproven(r.At) {
			t.silentSince = r.At
		}
		t.silent = true
		t.taintOpen()
		return
	}
	if t.silent && !t.trouble.confirmed {
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
}

// request notes a portal that would not send a code: for the person who asked
// it is a code that never comes.
func (t *codeTracker) request(r probes.Result) {
	if r.Verdict == probes.Down && r.Reason == probes.ReasonRequest {
		t.measuredAt = r.At
		t.codes = append(t.codes, code{wait: r.ID, requested: r.At, age: t.options.Validity})
	}
}

func (t *codeTracker) await(r probes.Result) {
	if r.Wait == nil {
		return
	}
	c := t.find(*r.Wait)
	c.age, c.open = r.Wait.Age, r.Wait.Open
	c.arrived = !r.Wait.Open && r.Reason != probes.ReasonLost
	if c.arrived && !t.late(*c) && !t.silent {
		t.doubted = time.Time{}
	}
	if t.silent || t.off || t.late(*c) && t.unproven(r.At) {
		c.tainted = true
	}
	if r.Reason == probes.ReasonOverdue || (!r.Wait.Open && r.Verdict == probes.Unknown) {
		c.tainted = true
	}
	if !c.tainted && (c.arrived || t.late(*c)) {
		t.measuredAt = r.At
	}
}

func (t *codeTracker) submit(r probes.Result) {
	if r.Wait == nil || r.Verdict == probes.Unknown {
		return
	}
	for i := range t.codes {
		if t.codes[i].wait == r.Wait.ID {
			t.codes[i].refused = r.Verdict == probes.Down && r.Reason == probes.ReasonCodeRefused
			t.measuredAt = r.At
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
	t.codes = slices.Insert(t.codes, at, code{wait: wait.ID, requested: wait.Requested, open: true})
	return &t.codes[at]
}

// late says whether a person would have asked again by now.
func (t *codeTracker) late(c code) bool { return c.age >= t.options.lateAfter() }

// forget drops codes that have left the window and are not on their way.
func (t *codeTracker) forget(now time.Time) {
	for len(t.codes) > codeLook && !t.codes[0].open && now.Sub(t.codes[0].requested) > t.options.window() {
		t.codes = t.codes[1:]
	}
}

// judged are the codes that say something: arrived, or late already.
func (t *codeTracker) judged() []code {
	var judged []code
	for _, c := range t.codes {
		if !c.tainted && (c.arrived || t.late(c)) {
			judged = append(judged, c)
		}
	}
	return judged
}

func (t *codeTracker) decide() {
	judged := t.judged()
	looked := last(judged, codeLook)
	late, refused := t.split(looked)
	switch {
	case len(late) >= codeBad:
		expired := slices.DeleteFunc(slices.Clone(late), func(c code) bool { return c.age < t.options.Validity })
		t.trouble.confirm(levelOf(len(expired), len(looked)), t.lateCause(late), late[0].requested)
	case len(late)+len(refused) >= codeBad:
		t.trouble.confirm(levelOf(len(late)+len(refused), len(looked)), CauseOTPRejected, refused[0].requested)
	case t.trouble.confirmed && t.recovered(judged):
		t.trouble.end(judged[len(judged)-codeGood].requested)
	case t.trouble.since.IsZero() && len(judged) > 0:
		t.trouble.since = judged[0].requested
	}
}

// split gives the late codes among looked, and those in time but refused.
func (t *codeTracker) split(looked []code) (late, refused []code) {
	for _, c := range looked {
		switch {
		case t.late(c):
			late = append(late, c)
		case c.refused:
			refused = append(refused, c)
		}
	}
	return late, refused
}

// lateCause tells codes that come late from codes that do not come: none of
// them has come, and the oldest is far beyond any use.
func (t *codeTracker) lateCause(late []code) Cause {
	var oldest time.Duration
	for _, c := range late {
		if c.arrived {
			return CauseOTPLate
		}
		oldest = max(oldest, c.age)
	}
	if oldest >= 3*t.options.Validity {
		return CauseOTPLost
	}
	return CauseOTPLate
}

// recovered says whether the last few codes were all there in time and not
// refused. A code that is merely still young says nothing.
func (t *codeTracker) recovered(judged []code) bool {
	run := last(judged, codeGood)
	if len(run) < codeGood {
		return false
	}
	late, refused := t.split(run)
	return len(late) == 0 && len(refused) == 0
}

// listening says whether trouble is confirmed and the newest code that can be
// judged is part of it.
func (t *codeTracker) listening() bool {
	judged := t.judged()
	return t.trouble.confirmed && len(judged) > 0 && t.late(judged[len(judged)-1])
}

func (t *codeTracker) assess(now time.Time) Assessment {
	return Assessment{
		State: t.trouble.state(), Cause: t.trouble.cause, Since: t.trouble.since,
		MeasuredAt: t.measuredAt, Figures: t.figures(now),
	}
}

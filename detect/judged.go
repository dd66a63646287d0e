package detect

import (
	"slices"
	"time"

	"pantau/probes"
)

// late says whether a person would have asked again by now, at whatever age
// within its interval the code came.
func (t *codeTracker) late(c code) bool { return !c.variant && c.age >= t.options.lateAfter() }

// inTime says whether nobody would have asked again. A code whose interval
// reaches over that age is neither late nor in time.
func (t *codeTracker) inTime(c code) bool {
	if c.variant {
		return c.accepted || c.refused
	}
	return c.latest < t.options.lateAfter()
}

// tells says whether the code is evidence.
func (t *codeTracker) tells(c code) bool {
	return !c.tainted && !c.ours && (t.inTime(c) || t.late(c))
}

// judged are the codes that say something: in time, or late already.
func (t *codeTracker) judged() []code {
	var judged []code
	for _, c := range t.codes {
		if t.tells(c) {
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

// level is how many codes would be welcome.
func (t *codeTracker) level() probes.Level {
	switch {
	case t.suspected(), t.recovering():
		return probes.LevelConfirm
	case t.listening():
		return probes.LevelListen
	default:
		return probes.LevelNormal
	}
}

// listening says whether trouble is confirmed and the newest code that can be
// judged is part of it.
func (t *codeTracker) listening() bool {
	judged := t.judged()
	return t.trouble.confirmed && len(judged) > 0 && t.late(judged[len(judged)-1])
}

package detect

import "time"

// trouble is whether a component's trouble is confirmed, and since when.
type trouble struct {
	confirmed bool
	level     State // of a confirmed one: Degraded, Partial or Major; it only rises
	cause     Cause
	since     time.Time // when the present state began
}

// confirm begins trouble, or raises its level. What is worse has its own cause
// and its own beginning: a slow portal that goes down is not slow any more.
func (t *trouble) confirm(level State, cause Cause, since time.Time) {
	if !t.confirmed {
		*t = trouble{confirmed: true, level: level, cause: cause, since: since}
		return
	}
	if severity(level) <= severity(t.level) {
		return
	}
	t.level = level
	if cause != t.cause {
		t.cause, t.since = cause, since
	}
}

// end ends trouble.
func (t *trouble) end(since time.Time) { *t = trouble{since: since} }

// window is how far back figures look: not beyond the present state.
func (t trouble) window(longest time.Duration, now time.Time) time.Duration {
	return min(longest, now.Sub(t.since))
}

func (t trouble) state() State {
	if t.confirmed {
		return t.level
	}
	return Operational
}

func severity(level State) int {
	switch level {
	case Degraded:
		return 1
	case Partial:
		return 2
	case Major:
		return 3
	default:
		return 0
	}
}

// levelOf is the level of a share of probes that a person could not use, by
// the bounds of the scenario format: a quarter is partial, three quarters are
// major.
func levelOf(bad, all int) State {
	switch {
	case 4*bad >= 3*all:
		return Major
	case 4*bad >= all:
		return Partial
	default:
		return Degraded
	}
}

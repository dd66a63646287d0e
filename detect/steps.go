package detect

import (
	"slices"
	"time"

	"pantau/probes"
)

// stepRule is when a step that works or does not (a page, a captcha) is in
// trouble.
type stepRule struct {
	look   int           // so many decided results are looked at
	bad    int           // of them so many bad ones confirm trouble
	good   int           // so many good ones in a row end it
	gap    time.Duration // bad ones at least this far apart: a hiccup is one
	window time.Duration // for the figures
	// judge says how bad the bad ones among all that were looked at are, what
	// they look like, and when that began.
	judge func(bad []stepOutcome, all int) (State, Cause, time.Time)
}

func portalRule(o Options) stepRule {
	return stepRule{look: 3, bad: 2, good: 3, gap: o.retryGap(), window: o.window(), judge: judgePortal}
}

// judgePortal calls a portal down when two tries found it so; one of them
// among slow ones is a slow portal.
func judgePortal(bad []stepOutcome, _ int) (State, Cause, time.Time) {
	down := slices.DeleteFunc(slices.Clone(bad), func(o stepOutcome) bool { return o.reason == probes.ReasonSlow })
	if len(down) >= 2 {
		return Major, CausePortalDown, down[0].at
	}
	return Degraded, CausePortalSlow, bad[0].at
}

func captchaRule(o Options) stepRule {
	return stepRule{look: 5, bad: 3, good: 6, gap: o.retryGap(), window: o.window(), judge: judgeCaptcha}
}

func judgeCaptcha(bad []stepOutcome, all int) (State, Cause, time.Time) {
	cause := CauseCaptchaBroken
	if commonest(bad) == probes.ReasonChallenge {
		cause = CauseCaptchaLoop
	}
	return levelOf(len(bad), all), cause, bad[0].at
}

// stepTracker follows one such step.
type stepTracker struct {
	rule    stepRule
	recent  []stepOutcome // newest last; what the window still needs
	trouble trouble
	ended   time.Time // when confirmed trouble was known to be over, last
}

type stepOutcome struct {
	at     time.Time
	bad    bool
	reason probes.Reason
}

func (t *stepTracker) clone() *stepTracker {
	clone := *t
	clone.recent = slices.Clone(t.recent)
	return &clone
}

func (t *stepTracker) fold(r probes.Result) {
	if r.Verdict == probes.Unknown {
		return
	}
	outcome := stepOutcome{at: r.At, bad: r.Verdict == probes.Down, reason: r.Reason}
	if outcome.bad && t.repeats(outcome) {
		return
	}
	t.recent = append(t.recent, outcome)
	t.forget(r.At)
	if t.trouble.since.IsZero() {
		t.trouble.since = r.At
	}
	t.decide()
}

// repeats says whether a bad outcome is the same hiccup as the one before.
func (t *stepTracker) repeats(outcome stepOutcome) bool {
	if len(t.recent) == 0 {
		return false
	}
	last := t.recent[len(t.recent)-1]
	return last.bad && outcome.at.Sub(last.at) < t.rule.gap
}

// forget drops what neither the rule nor the figures look at any more.
func (t *stepTracker) forget(now time.Time) {
	keep := max(t.rule.look, t.rule.good)
	for len(t.recent) > keep && now.Sub(t.recent[0].at) > t.rule.window {
		t.recent = t.recent[1:]
	}
}

func (t *stepTracker) decide() {
	looked := last(t.recent, t.rule.look)
	bad := badOf(looked)
	if len(bad) >= t.rule.bad {
		t.trouble.confirm(t.rule.judge(bad, len(looked)))
		return
	}
	run := last(t.recent, t.rule.good)
	if t.trouble.confirmed && len(run) == t.rule.good && len(badOf(run)) == 0 {
		t.trouble.end(run[0].at)
		t.ended = run[len(run)-1].at
	}
}

// failing says whether journeys that need this step do not get past it.
func (t *stepTracker) failing() bool {
	if t.trouble.confirmed {
		return true
	}
	return len(t.recent) > 0 && t.recent[len(t.recent)-1].bad
}

func (t *stepTracker) assess(now time.Time) Assessment {
	a := Assessment{State: t.trouble.state(), Cause: t.trouble.cause, Since: t.trouble.since}
	a.Figures.Window = t.trouble.window(t.rule.window, now)
	for _, outcome := range t.recent {
		a.MeasuredAt = outcome.at
		if now.Sub(outcome.at) > a.Figures.Window {
			continue
		}
		a.Figures.Probes++
		if !outcome.bad {
			a.Figures.Good++
		}
	}
	return a
}

func badOf(outcomes []stepOutcome) []stepOutcome {
	var bad []stepOutcome
	for _, outcome := range outcomes {
		if outcome.bad {
			bad = append(bad, outcome)
		}
	}
	return bad
}

// commonest is the reason given most often, the later one where two tie.
func commonest(outcomes []stepOutcome) probes.Reason {
	count := map[probes.Reason]int{}
	var most probes.Reason
	for _, outcome := range outcomes {
		count[outcome.reason]++
		if count[outcome.reason] >= count[most] {
			most = outcome.reason
		}
	}
	return most
}

// last is the end of s, at most n long.
func last[T any](s []T, n int) []T { return s[max(0, len(s)-n):] }

package delivery

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// KeyError is a mistake in one key of a fault or a noise.
type KeyError struct {
	Key     string // as written: "re_request_after", "streams[1]"
	Problem string // what is wrong and what was expected
}

func (e *KeyError) Error() string { return e.Key + ": " + e.Problem }

func mistake(key, format string, args ...any) error {
	return &KeyError{Key: key, Problem: fmt.Sprintf(format, args...)}
}

// keysOf are the keys of a kind beside kind, from and until. The second result
// is false for a kind that does not exist.
func keysOf(kind Kind) ([]string, bool) {
	switch kind {
	case PortalDown:
		return []string{"how"}, true
	case PortalSlow:
		return []string{"median"}, true
	case CaptchaLoop:
		return []string{"probability"}, true
	case OTPDelay:
		return []string{"streams", "late", "median", "p95", "lost", "sims", "ramp"}, true
	case OTPQueue:
		return []string{
			"streams", "arrivals_per_minute", "served_per_minute",
			"re_request_after", "re_requests_at_most", "expire_after",
		}, true
	case OTPRejected:
		return []string{"streams", "probability"}, true
	case HandsetOffline:
		return []string{"streams"}, true
	case ReceiverLate:
		return []string{"streams", "delay"}, true
	case SIMEmpty:
		return []string{"streams", "sims"}, true
	case ClockJump:
		return []string{"by"}, true
	case CaptchaBroken, MonitorOffline:
		return nil, true
	default:
		return nil, false
	}
}

// Kinds are all kinds of fault, in the order of the scenario format.
func Kinds() []Kind {
	return []Kind{
		PortalDown, PortalSlow, CaptchaBroken, CaptchaLoop, OTPDelay, OTPQueue, OTPRejected,
		HandsetOffline, ReceiverLate, SIMEmpty, MonitorOffline, ClockJump,
	}
}

// Validate says every mistake of f at once, each a *KeyError: a kind that does
// not exist, a key that does not belong to the kind, one that is missing, a
// value that cannot be.
func (f Fault) Validate() error {
	belong, known := keysOf(f.Kind)
	if !known {
		return mistake("kind", "%q is unknown; one of %s", f.Kind, kindList())
	}
	problems := []error{f.window()}
	for _, key := range f.keys() {
		switch {
		case slices.Contains(belong, key.name):
			problems = append(problems, key.problem)
		case key.set:
			problems = append(problems, mistake(key.name, "does not belong to %s", f.Kind))
		}
	}
	return errors.Join(problems...)
}

func kindList() string {
	var names []string
	for _, kind := range Kinds() {
		names = append(names, string(kind))
	}
	return strings.Join(names, ", ")
}

func (f Fault) window() error {
	if !f.From.IsZero() && !f.Until.IsZero() && !f.Until.After(f.From.Time) {
		return mistake("until", "%s is not after from", f.Until.Format(time.RFC3339))
	}
	return nil
}

// key is one key of a fault: whether it was given, and what would be wrong
// with its value if it belonged to the kind.
type key struct {
	name    string
	set     bool
	problem error
}

func (f Fault) keys() []key {
	return []key{
		{"streams", len(f.Streams) > 0, checkStreams(f.Streams, f.onlyTexts())},
		{"how", f.How != "", checkHow(f.How)},
		{"probability", f.Probability != 0, checkShare("probability", f.Probability)},
		{"late", f.Late != 0, f.checkLate()},
		{"median", f.Median != 0, f.checkMedian()},
		{"p95", f.P95 != 0, f.checkP95()},
		{"lost", f.Lost != 0, checkOptionalShare("lost", f.Lost)},
		{"sims", f.SIMs != 0, f.checkSIMs()},
		{"ramp", f.Ramp != 0, checkOptionalDuration("ramp", f.Ramp)},
		{"arrivals_per_minute", f.ArrivalsPerMinute != 0, checkRate("arrivals_per_minute", f.ArrivalsPerMinute)},
		{"served_per_minute", f.ServedPerMinute != 0, checkRate("served_per_minute", f.ServedPerMinute)},
		{"re_request_after", f.ReRequestAfter != 0, f.checkReRequestAfter()},
		{"re_requests_at_most", f.ReRequestsAtMost != 0, f.checkReRequests()},
		{"expire_after", f.ExpireAfter != 0, checkDuration("expire_after", f.ExpireAfter)},
		{"delay", f.Delay != 0, checkDuration("delay", f.Delay)},
		{"by", f.By != 0, checkJump(f.By)},
	}
}

// onlyTexts says whether the kind is about handsets and SIMs, which e-mail has not.
func (f Fault) onlyTexts() bool {
	return f.Kind == HandsetOffline || f.Kind == ReceiverLate || f.Kind == SIMEmpty
}

func (f Fault) checkLate() error {
	if f.Late == 0 && f.Lost == 0 {
		return mistake("late", "is missing, and so is lost; write a share above 0, to 1, for one of them")
	}
	return checkOptionalShare("late", f.Late)
}

func (f Fault) checkMedian() error {
	if f.Kind == OTPDelay && f.Late == 0 && f.Median == 0 {
		return nil // nothing is late, so there is nothing to draw
	}
	return checkDuration("median", f.Median)
}

func (f Fault) checkP95() error {
	switch {
	case f.Late == 0 && f.P95 == 0:
		return nil
	case f.P95 == 0:
		return mistake("p95", "is missing; write a duration above the median, such as 55m")
	case f.P95 <= f.Median:
		return mistake("p95", "%s is not above the median %s", f.P95, f.Median)
	}
	return checkDuration("p95", f.P95)
}

func (f Fault) checkSIMs() error {
	if f.Kind == SIMEmpty {
		return checkShare("sims", f.SIMs)
	}
	return checkOptionalShare("sims", f.SIMs)
}

func (f Fault) checkReRequestAfter() error {
	if f.ReRequestsAtMost == 0 {
		return checkOptionalDuration("re_request_after", f.ReRequestAfter)
	}
	return checkDuration("re_request_after", f.ReRequestAfter)
}

func (f Fault) checkReRequests() error {
	const most = 100
	if f.ReRequestsAtMost < 0 || f.ReRequestsAtMost > most {
		return mistake("re_requests_at_most", "%d is not a number from 0 to %d", f.ReRequestsAtMost, most)
	}
	return nil
}

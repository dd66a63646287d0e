package detect

import "math"

// A low suspicion is looked into with a few more probes before anybody hears
// of it, and dropped as soon as they say that nothing is wrong. It is a
// sequential test on the codes in the order they were asked for: each adds the
// logarithm of how much likelier it is in trouble (half of the codes bad) than
// in health (1 in 50), and the sum never falls below zero (Page 1954). One bad
// code raises suspicion, four good ones after it end it, and three bad ones of
// five confirm the trouble.
const (
	healthyBad = 0.02
	troubleBad = 0.5
	suspicious = 1
)

// suspicion is the sum, over codes since the present state began. It stops at
// a code that is still out: good ones that were asked for later are quicker to
// be known than bad ones, and would end every suspicion at once.
func (t *codeTracker) suspicion() (sum float64) {
	bad := math.Log(troubleBad / healthyBad)
	good := math.Log((1 - troubleBad) / (1 - healthyBad))
	for _, c := range t.codes {
		switch {
		case c.tainted || c.ours || c.requested.Before(t.trouble.since):
		case t.late(c) || c.refused:
			sum += bad
		case t.inTime(c):
			sum = max(0, sum+good)
		case c.open && !c.variant:
			return sum
		}
	}
	return sum
}

// suspected says whether more codes would tell something.
func (t *codeTracker) suspected() bool {
	return !t.trouble.confirmed && !t.silent && !t.off && t.suspicion() >= suspicious
}

// recovering says whether trouble is confirmed and the newest code that can be
// judged was there in time, and accepted where that is the trouble: perhaps it
// is over.
func (t *codeTracker) recovering() bool {
	judged := t.judged()
	if !t.trouble.confirmed || len(judged) == 0 {
		return false
	}
	newest := judged[len(judged)-1]
	if t.trouble.cause == CauseOTPRejected {
		return newest.accepted
	}
	return !t.late(newest) && !newest.refused
}

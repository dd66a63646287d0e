package probes

import "time"

// skip is why a tick starts no run. The set is closed: it labels a metric.
type skip string

const (
	skipNot       skip = ""
	skipInFlight  skip = "in-flight" // the journey's last run has not ended
	skipNoSIM     skip = "no-sim"    // every SIM of the operator waits for a code
	skipSpacing   skip = "spacing"   // the SIMs that wait for none were used too recently
	skipListening skip = "listening" // trouble is confirmed: the codes on their way are listened to
	skipLate      skip = "late"      // the scheduler was late and left the tick out
)

// simState is what the planner knows of one SIM.
type simState struct {
	busy bool      // a run holds it, or a code is on its way to it
	used time.Time // when it was last asked for a code
	rest time.Time // not to be used before
}

// spacing is the least time between two codes to one SIM: a minute for the
// usual ten of validity, and in proportion for any other.
func spacing(validity time.Duration) time.Duration { return validity / 10 }

// pickSIM gives the SIM of operator that was used longest ago among those
// that are free at now, or why there is none. At most one code is ever on its
// way to a SIM, so that it is known which request a message answers.
func pickSIM(sims []SIM, states map[string]simState, operator string, now time.Time) (SIM, skip) {
	var best *SIM
	why := skipNoSIM
	for i, sim := range sims {
		state := states[sim.ID]
		switch {
		case sim.Operator != operator || state.busy:
		case now.Before(state.rest):
			why = skipSpacing
		case best == nil || state.used.Before(states[best.ID].used):
			best = &sims[i]
		}
	}
	if best == nil {
		return SIM{}, why
	}
	return *best, skipNot
}

// missedTicks is how many ticks were left out between two that came.
func missedTicks(last, now time.Time, every time.Duration) int {
	if last.IsZero() {
		return 0
	}
	return max(0, int((now.Sub(last)+every/2)/every)-1)
}

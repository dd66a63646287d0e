package probes

import "time"

// Moment is one instant on two clocks. Elapsed time is told by Up alone, so
// that a jump of the wall clock neither makes probes come closer together nor
// stops them; the wall clock says only which day's budget is spent and whether
// a SIM has expired. While the machine sleeps Up stands still: rests grow
// longer by it, never shorter.
type Moment struct {
	Wall time.Time     // any zone
	Up   time.Duration // since the process began, monotonic
}

// Plan is what follows from one step of the planner.
type Plan struct {
	Starts []Start
	Skips  []Skip
	// Next is the Up at which something can be due. The planner may be asked
	// earlier and as often as one likes; it should be asked at once after a
	// Demand, a Freed or an Ended.
	Next time.Duration
}

// Start is a run that is to begin now.
type Start struct {
	Ticket  int // names it to the planner until Ended
	Journey Journey
	SIM     SIM  // of a text message journey
	Extra   bool // beyond the usual cadence: to confirm a suspicion or a recovery
}

// Skip is slots of a journey's cadence in which no run began.
type Skip struct {
	Journey string
	Why     Why
	Slots   int
}

// Why says why a slot starts no run. The set is closed: it labels a metric.
type Why string

// The reasons.
const (
	WhyNot       Why = ""
	WhyInFlight  Why = "in-flight" // the journey's last run has not ended
	WhyNoSIM     Why = "no-sim"    // every SIM of the operator waits for a code
	WhyMailbox   Why = "mailbox"   // a code is on its way to the mailbox that all runs share
	WhySpacing   Why = "spacing"   // what waits for no code was used too recently
	WhyPool      Why = "pool"      // no SIM can be used: empty, expired or registered
	WhyListening Why = "listening" // trouble is confirmed: the codes on their way are listened to
	WhyBudget    Why = "budget"    // the day's budget does not allow it
	WhySoon      Why = "soon"      // after a restart or a jump of the clock: the last run is too recent
	WhyLate      Why = "late"      // the planner was asked too late: what was missed is not made up for
)

// waits says whether a slot that was held up for this reason is tried again
// for a while.
func (w Why) waits() bool { return w == WhyNoSIM || w == WhyMailbox || w == WhySpacing }

// said is why a run that a person asks for cannot begin.
func (w Why) said() string {
	switch w {
	case WhyInFlight:
		return "it is under way"
	case WhyNoSIM:
		return "a code is on its way to each of its SIMs"
	case WhyMailbox:
		return "a code is on its way to its mailbox"
	case WhySpacing:
		return "its SIMs or mailbox rest between two codes (sim_spacing)"
	case WhyPool:
		return "none of its SIMs can be used: they have no credit, have expired or are registered"
	case WhyBudget:
		return "the day's budget is used up"
	default:
		return string(w)
	}
}

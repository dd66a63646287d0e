package detect

import (
	"cmp"
	"slices"
	"time"

	"pantau/probes"
)

// Run is what one run of a journey says by itself. One code is late by chance
// now and then, so it accuses nobody of whom the run itself does not tell.
type Run struct {
	Verdict probes.Verdict
	// Decided is the result that decides: what was wrong first or, when all is
	// well, the last. It is the zero Result when there is none.
	Decided probes.Result
	Fault   Fault
}

// JudgeRun makes one verdict of the results of a run, in the order they came.
// referenced says whether there are reference hosts, which tell our own line's
// silence from the portal's.
func JudgeRun(results []probes.Result, referenced bool) Run {
	results = outcomes(results)
	if len(results) == 0 {
		return Run{Verdict: probes.Unknown}
	}
	at := slices.IndexFunc(results, deaf)
	if at < 0 {
		at = slices.IndexFunc(results, func(r probes.Result) bool { return r.Verdict == probes.Down })
	}
	if at < 0 {
		at = slices.IndexFunc(results, func(r probes.Result) bool {
			return r.Verdict == probes.Unknown && r.Reason != probes.ReasonLetThrough
		})
	}
	if at < 0 {
		return upRun(results)
	}
	decided := results[at]
	return Run{decided.Verdict, decided, runFault(decided, results, referenced)}
}

// upRun is a run in which nothing was wrong. Its message may still have come so
// late that people would have asked again.
func upRun(results []probes.Result) Run {
	for _, r := range results {
		if r.Arrival != nil && r.Wait != nil && r.Wait.Age >= (Options{Validity: r.Wait.Validity}).lateAfter() {
			return Run{probes.Up, r, lateFault(r, results)}
		}
	}
	return Run{Verdict: probes.Up, Decided: results[len(results)-1]}
}

// outcomes leaves out what was about to be done, and of each wait what was
// known of it before the last.
func outcomes(results []probes.Result) []probes.Result {
	var kept []probes.Result
	for _, r := range results {
		if r.Reason == probes.ReasonRequesting {
			continue
		}
		if r.Wait != nil && r.Step.Awaits() {
			kept = slices.DeleteFunc(kept, func(old probes.Result) bool {
				return old.Step == r.Step && old.Wait != nil && old.Wait.ID == r.Wait.ID
			})
		}
		kept = append(kept, r)
	}
	return kept
}

// deaf says that no receiver was heard: that nothing came is then no news.
func deaf(r probes.Result) bool { return r.Step == probes.StepListen && r.Verdict == probes.Unknown }

// runFault is whose fault what decided a run looks like.
func runFault(r probes.Result, all []probes.Result, referenced bool) Fault {
	switch r.Reason {
	case probes.ReasonOwnLine:
		return Fault{PartyLine, []string{"neither the portal nor a reference host answers us"}}
	case probes.ReasonSilent, probes.ReasonOverdue, probes.ReasonGateway:
		return Fault{PartyHandset, []string{r.Evidence}}
	case probes.ReasonUnreachable, probes.ReasonTimeout:
		if !referenced {
			return Fault{PartyUnknown, []string{"no reference host is configured, so that our own line is not ruled out"}}
		}
		return Fault{PartyPortal, []string{"a reference host answers us"}}
	case probes.ReasonLate, probes.ReasonLost:
		return lateFault(r, all)
	case probes.ReasonJunk:
		return Fault{PartyUnknown, []string{"the mailbox's provider took it for junk; why, only he can say"}}
	case probes.ReasonOracle:
		return Fault{PartyUnknown, []string{"what is behind the captcha was not tried"}}
	case probes.ReasonWaiting, probes.ReasonAmbiguous:
		return Fault{PartyUnknown, []string{"it is not decided whether the message is late"}}
	case probes.ReasonStopped, probes.ReasonShutdown, probes.ReasonBrowser, probes.ReasonPanic:
		return Fault{} // nothing was measured
	default:
		return Fault{PartyPortal, []string{"the portal answers us, so that our line is up"}}
	}
}

// lateFault is whose fault a message looks like that is late or not there:
// whose part of the way took more than half of the time, when only one party
// has a part in it.
func lateFault(r probes.Result, all []probes.Result) Fault {
	legs := r.Legs()
	switch {
	case r.Arrival != nil && len(legs) == 0:
		return Fault{PartyUnknown, []string{"the message may be another request's, so that nothing says where it was held up"}}
	case len(legs) == 0:
		said := []string{"no message came, so that nothing says where it was held up"}
		if slices.ContainsFunc(all, func(r probes.Result) bool { return r.Step == probes.StepListen && r.Verdict == probes.Up }) {
			said = append(said, "the handset is heard")
		}
		return Fault{PartyUnknown, said}
	}
	longest := slices.MaxFunc(legs, func(a, b probes.Leg) int { return cmp.Compare(a.Length, b.Length) })
	said := []string{longest.Length.Round(time.Second).String() + " of it: " + r.Part(longest)}
	switch {
	case longest.Length*2 <= r.Wait.Age:
		return Fault{PartyUnknown, append(said, "no part of the way took more than half of the time")}
	case longest.From == probes.AtCentre && longest.To == probes.AtDevice:
		return Fault{PartyOperator, said}
	case longest.From == probes.AtDevice && longest.To == probes.AtUs:
		return Fault{PartyHandset, said}
	default:
		return Fault{PartyUnknown, append(said, "several parties have a part in that")}
	}
}

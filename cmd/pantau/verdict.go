package main

import (
	"fmt"
	"slices"
	"time"

	"pantau/detect"
	"pantau/internal/words"
	"pantau/probes"
)

// conclusion is what a run comes to, in plain words.
type conclusion struct {
	detect.Run
	Said string // one sentence without its full stop
}

// conclude makes one verdict of a run's results. A run that ended before the
// last of its steps is undecided, however well it went until then.
func conclude(results []probes.Result, steps []probes.Step, referenced bool) conclusion {
	ran := detect.JudgeRun(results, referenced)
	if ran.Verdict != probes.Up {
		return conclusion{ran, wrong(ran.Decided)}
	}
	reached := func(step probes.Step) bool {
		return slices.ContainsFunc(results, func(r probes.Result) bool { return r.Step == step && r.Reason != probes.ReasonRequesting })
	}
	for _, step := range steps {
		if !reached(step) {
			ran.Verdict, ran.Fault = probes.Unknown, detect.Fault{}
			return conclusion{ran, fmt.Sprintf("the run ended before %s", step)}
		}
	}
	said := well(results)
	if ran.Fault.Party != detect.PartyNone {
		said += ", but so late that people would have asked again"
	}
	return conclusion{ran, said}
}

// well is what a run has shown in which nothing was wrong.
func well(results []probes.Result) string {
	last := results[len(results)-1]
	at := slices.IndexFunc(results, func(r probes.Result) bool { return r.Step.Awaits() && r.Arrival != nil })
	switch {
	case last.Variant == probes.VariantCaptcha:
		return "the portal refused a wrong captcha answer, as it must"
	case last.Variant != probes.VariantNone && last.Step == probes.StepSubmitOTP:
		return "the portal refused the code that it must refuse"
	case at >= 0 && last.Step == probes.StepSubmitOTP:
		return came(results[at]) + ", and the portal accepted it"
	case at >= 0:
		return came(results[at])
	case last.Reason == probes.ReasonLetThrough:
		return "the page opens; our probes are shown no captcha"
	case last.Step == probes.StepCaptcha:
		return "the page opens and the captcha works"
	case last.Step == probes.StepRequestOTP:
		return "the portal accepted the request for a code"
	default:
		return "the portal's page opens"
	}
}

// came says after how long the message came that ended a wait.
func came(r probes.Result) string {
	said := message(r) + " came after " + words.Duration(words.English, r.Wait.Age)
	if r.Wait.Age < time.Second {
		said = message(r) + " came in less than a second"
	}
	if r.Reason == probes.ReasonJunk {
		said += ", into the junk folder"
	}
	return said
}

func message(r probes.Result) string {
	if r.Step == probes.StepAwaitControl {
		return "the control message"
	}
	return "the code"
}

// wrong is what the result says that decided a run which did not go well.
func wrong(r probes.Result) string {
	switch r.Reason {
	case probes.ReasonLate, probes.ReasonLost:
		return late(r)
	case probes.ReasonJunk:
		return came(r)
	case probes.ReasonOverdue:
		return message(r) + " was late on its way from the handset to us"
	case probes.ReasonSilent:
		return "nothing is heard that could have brought the message"
	case probes.ReasonWaiting:
		return "the run was stopped while " + message(r) + " was on its way"
	}
	if said, is := failures()[r.Reason]; is {
		return said
	}
	if said, is := failuresAnywhere()[r.Reason]; is {
		return said + " (" + string(r.Step) + ")"
	}
	return "the run has no result" // no step was reached
}

func late(r probes.Result) string {
	validity := words.Duration(words.English, r.Wait.Validity)
	if r.Arrival == nil {
		return message(r) + " did not come within its validity of " + validity
	}
	return came(r) + " and is valid for " + validity
}

// failuresAnywhere says what each reason means that any step may have.
func failuresAnywhere() map[probes.Reason]string {
	return map[probes.Reason]string{
		probes.ReasonUnreachable: "the portal cannot be reached",
		probes.ReasonTimeout:     "the portal gives no complete answer in time",
		probes.ReasonStatus:      "the portal answers with an error",
		probes.ReasonUnexpected:  "the page is not the one that the profile describes",
		probes.ReasonSlow:        "the portal works, but slowly",
		probes.ReasonStopped:     "the portal's owner does not want this probe, or does not allow it",
		probes.ReasonOwnLine:     "our own line is down",
		probes.ReasonShutdown:    "the run was stopped",
		probes.ReasonBrowser:     "our own browser failed",
		probes.ReasonPanic:       "a mistake of our own ended the run; the log has it",
	}
}

// failures says what each reason means that says its step by itself and is not
// about waiting.
func failures() map[probes.Reason]string {
	return map[probes.Reason]string{
		probes.ReasonImage:         "the captcha's picture is broken",
		probes.ReasonAnswerRefused: "the portal refused the right captcha answer",
		probes.ReasonChallenge:     "the captcha came again after a right answer",
		probes.ReasonRequest:       "the portal would not send a code",
		probes.ReasonAmbiguous:     "a message came that may be another request's",
		probes.ReasonCodeRefused:   "the portal refused the right code",
		probes.ReasonOlderAccepted: "the portal accepted a code that a later one had replaced",
		probes.ReasonExpiredTaken:  "the portal accepted a code after its validity",
		probes.ReasonWording:       "the portal refused the code, but as something else than it was",
		probes.ReasonWrongAccepted: "the portal accepted a wrong captcha answer",
		probes.ReasonOracle:        "the portal's owner gave no captcha answer",
		probes.ReasonGateway:       "our gateway did not take the control message",
	}
}

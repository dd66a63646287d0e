package detect_test

import (
	"fmt"
	"testing"
	"time"

	"pantau/detect"
	"pantau/probes"

	"pgregory.net/rapid"
)

func TestNothingMeasuredIsUnknown(t *testing.T) {
	w := newWorld(t)
	for _, a := range w.detector.Assess(w.now) {
		if a.State != detect.Unknown || a.Blind != detect.BlindYet {
			t.Errorf("%s is %s (%s) before any result, want unknown (%s)", a.Component, a.State, a.Blind, detect.BlindYet)
		}
	}
}

func TestLateCodesOfOneOperator(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		w.ask(indosat, 5*time.Second, true)
		w.ask(telkomsel, 5*time.Second, true)
	}
	w.want("otp-sms-indosat", detect.Operational, detect.CauseNone)

	began := w.now
	var late []string
	for range 3 {
		late = append(late, w.ask(indosat, 5*time.Minute, false))
	}
	w.want("otp-sms-indosat", detect.Degraded, detect.CauseOTPLate)
	w.want("otp-sms-telkomsel", detect.Operational, detect.CauseNone)
	if since := w.at("otp-sms-indosat").Since; !since.Equal(began) {
		t.Errorf("trouble since %v, want the first late request at %v", since, began)
	}

	for i, id := range late {
		w.wait(indosat, id, began.Add(time.Duration(i)*time.Minute), validity, true)
	}
	w.want("otp-sms-indosat", detect.Partial, detect.CauseOTPLate)
}

func TestRecoveryNeedsSeveralGoodCodes(t *testing.T) {
	w := newWorld(t)
	var late []string
	asked := w.now
	for range 3 {
		late = append(late, w.ask(indosat, validity, false))
	}
	w.want("otp-sms-indosat", detect.Major, detect.CauseOTPLate)
	for range 3 {
		w.ask(indosat, 4*time.Second, true)
	}
	w.want("otp-sms-indosat", detect.Major, detect.CauseOTPLate)
	// A code asked for in the trouble comes out of the queue: no relapse.
	w.wait(indosat, late[0], asked, 40*time.Minute, false)
	w.ask(indosat, 4*time.Second, true)
	w.want("otp-sms-indosat", detect.Operational, detect.CauseNone)
}

func TestYoungWaitsAreNoEvidence(t *testing.T) {
	w := newWorld(t)
	w.ask(indosat, 4*time.Second, true)
	for range 10 {
		w.ask(indosat, 2*time.Minute, false)
	}
	w.want("otp-sms-indosat", detect.Operational, detect.CauseNone)
	if waiting := w.at("otp-sms-indosat").Figures.Waiting; waiting != 10 {
		t.Errorf("%d codes waiting, want 10", waiting)
	}
}

func TestCodesThatNeverComeAreLost(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.ask(indosat, 3*validity, false)
	}
	w.want("otp-sms-indosat", detect.Major, detect.CauseOTPLost)
}

func TestConfirmedTroubleIsListenedToUntilACodeComesInTime(t *testing.T) {
	w := newWorld(t)
	w.ask(indosat, 4*time.Second, true)
	if got := w.detector.Demands(); len(got) != 0 {
		t.Errorf("demands %v while all is well, want none", got)
	}
	for range 3 {
		w.ask(indosat, validity, false)
	}
	if got := w.detector.Demands(); len(got) != 1 || got[0].Stream != indosat || got[0].Level != probes.LevelListen {
		t.Errorf("demands %v in confirmed trouble, want to listen on %s", got, indosat)
	}
	w.ask(indosat, 4*time.Second, true)
	if got := w.detector.Demands(); len(got) != 1 || got[0].Level != probes.LevelConfirm {
		t.Errorf("demands %v after a code in time, want more of them", got)
	}
	w.want("otp-sms-indosat", detect.Major, detect.CauseOTPLate)
}

func TestAChallengeOnALaterPageIsTheCaptchasTrouble(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.detector.Fold(probes.Result{
			Stream: indosat, Step: probes.StepRequestOTP, At: w.now, Verdict: probes.Down, Reason: probes.ReasonChallenge,
		})
		w.pass(time.Minute)
	}
	w.want(detect.ComponentCaptcha, detect.Major, detect.CauseCaptchaLoop)
	w.wantBlind("otp-sms-indosat", detect.BlindCaptcha)
}

func TestRefusedCodes(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		id := w.ask(indosat, 3*time.Second, true)
		w.submit(indosat, id, probes.Up, probes.ReasonNone)
	}
	for range 3 {
		id := w.ask(indosat, 3*time.Second, true)
		w.submit(indosat, id, probes.Down, probes.ReasonCodeRefused)
	}
	w.want("otp-sms-indosat", detect.Partial, detect.CauseOTPRejected)
}

// Whether a code in the junk folder has arrived is configured; the verdict
// carries it.
func TestCodesInTheJunkFolder(t *testing.T) {
	for _, test := range []struct {
		verdict probes.Verdict
		state   detect.State
		cause   detect.Cause
	}{
		{probes.Up, detect.Operational, ""},
		{probes.Down, detect.Major, detect.CauseOTPLate},
	} {
		w := newWorld(t)
		for range 5 {
			w.waits++
			w.detector.Fold(probes.Result{
				Stream: indosat, Step: probes.StepAwaitOTP, At: w.now, Verdict: test.verdict, Reason: probes.ReasonJunk,
				Wait: &probes.WaitAge{ID: fmt.Sprintf("wait-%d", w.waits), Requested: w.now, Age: 3 * time.Second, Validity: validity},
			})
			w.pass(time.Minute)
		}
		w.want("otp-sms-indosat", test.state, test.cause)
	}
}

func TestSilentReceiverIsNobodysFault(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		w.ask(indosat, 5*time.Second, true)
	}
	asked := w.now
	var waits []string
	for range 4 {
		waits = append(waits, w.ask(indosat, 30*time.Second, false))
	}
	w.listen(indosat, probes.Unknown)
	w.wantBlind("otp-sms-indosat", detect.BlindSilent)
	for i, id := range waits {
		w.wait(indosat, id, asked.Add(time.Duration(i)*time.Minute), validity, true)
	}
	w.wantBlind("otp-sms-indosat", detect.BlindSilent)

	w.listen(indosat, probes.Up)
	for i, id := range waits {
		w.wait(indosat, id, asked.Add(time.Duration(i)*time.Minute), 50*time.Minute, false)
	}
	w.wantBlind("otp-sms-indosat", detect.BlindSilent) // nothing shows yet that it passes codes on in time
	w.ask(indosat, 5*time.Second, true)
	w.want("otp-sms-indosat", detect.Operational, detect.CauseNone)
}

// TestAForwarderThatIsLateIsNobodysFault: what it hands over late it begins by
// not handing over, heartbeats too.
func TestAForwarderThatIsLateIsNobodysFault(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		w.ask(indosat, 5*time.Second, true)
	}
	w.listen(indosat, probes.Unknown)
	w.pass(20 * time.Minute)
	w.listen(indosat, probes.Up)
	for range 8 {
		w.ask(indosat, 21*time.Minute, true)
	}
	w.wantBlind("otp-sms-indosat", detect.BlindSilent)
	w.ask(indosat, 5*time.Second, true)
	w.want("otp-sms-indosat", detect.Operational, detect.CauseNone)
	for range 3 {
		w.ask(indosat, 21*time.Minute, true) // it has proved itself
	}
	w.want("otp-sms-indosat", detect.Partial, detect.CauseOTPLate)

	w.listen(indosat, probes.Unknown) // known to be in trouble, so lateness proves nothing about the receiver
	w.listen(indosat, probes.Up)
	w.want("otp-sms-indosat", detect.Partial, detect.CauseOTPLate)
}

func TestAReceiverIsDoubtedForTwoHours(t *testing.T) {
	w := newWorld(t)
	w.listen(indosat, probes.Unknown)
	w.listen(indosat, probes.Up)
	w.pass(2 * time.Hour)
	for range 3 {
		w.ask(indosat, 21*time.Minute, true)
	}
	w.want("otp-sms-indosat", detect.Major, detect.CauseOTPLate)
}

func TestPortalDown(t *testing.T) {
	w := newWorld(t)
	w.step(probes.StepOpen, probes.Up, "")
	w.step(probes.StepOpen, probes.Down, probes.ReasonStatus)
	w.want(detect.ComponentPortal, detect.Operational, detect.CauseNone)
	w.step(probes.StepOpen, probes.Down, probes.ReasonUnreachable)
	w.want(detect.ComponentPortal, detect.Major, detect.CausePortalDown)
	w.step(probes.StepOpen, probes.Up, "")
	w.step(probes.StepOpen, probes.Up, "")
	w.want(detect.ComponentPortal, detect.Major, detect.CausePortalDown)
	w.step(probes.StepOpen, probes.Up, "")
	w.want(detect.ComponentPortal, detect.Operational, detect.CauseNone)
}

func TestASlowPortalThatGoesDownIsCalledDown(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.step(probes.StepOpen, probes.Down, probes.ReasonSlow)
	}
	w.want(detect.ComponentPortal, detect.Degraded, detect.CausePortalSlow)
	w.step(probes.StepOpen, probes.Down, probes.ReasonTimeout)
	w.step(probes.StepOpen, probes.Down, probes.ReasonSlow)
	w.want(detect.ComponentPortal, detect.Degraded, detect.CausePortalSlow)
	w.step(probes.StepOpen, probes.Down, probes.ReasonSlow)
	down := w.now
	for range 3 {
		w.step(probes.StepOpen, probes.Down, probes.ReasonStatus)
	}
	w.want(detect.ComponentPortal, detect.Major, detect.CausePortalDown)
	if since := w.at(detect.ComponentPortal).Since; !since.Equal(down) {
		t.Errorf("down since %v, want %v", since, down)
	}
	// Once down it is not called slow because some pages come, late.
	for range 3 {
		w.step(probes.StepOpen, probes.Down, probes.ReasonSlow)
	}
	w.want(detect.ComponentPortal, detect.Major, detect.CausePortalDown)
}

func TestOneHiccupDoesNotConfirmItself(t *testing.T) {
	w := newWorld(t)
	w.step(probes.StepOpen, probes.Up, "")
	for range 5 { // five journeys hit the same second
		w.detector.Fold(probes.Result{Step: probes.StepOpen, At: w.now, Verdict: probes.Down, Reason: probes.ReasonTimeout})
		w.pass(200 * time.Millisecond)
	}
	w.want(detect.ComponentPortal, detect.Operational, detect.CauseNone)
}

func TestCaptchaLoopAndBrokenCaptcha(t *testing.T) {
	for reason, cause := range map[probes.Reason]detect.Cause{
		probes.ReasonChallenge:     detect.CauseCaptchaLoop,
		probes.ReasonImage:         detect.CauseCaptchaBroken,
		probes.ReasonAnswerRefused: detect.CauseCaptchaBroken,
	} {
		w := newWorld(t)
		for _, verdict := range []probes.Verdict{probes.Up, probes.Up, probes.Down, probes.Down, probes.Up, probes.Down} {
			said := reason
			if verdict == probes.Up {
				said = ""
			}
			w.step(probes.StepCaptcha, verdict, said)
		}
		w.want(detect.ComponentCaptcha, detect.Partial, cause)
		for range 6 {
			w.step(probes.StepCaptcha, probes.Up, "")
		}
		w.want(detect.ComponentCaptcha, detect.Operational, detect.CauseNone)
	}
}

func TestBlockedStepsBecomeUnknownWithTheReason(t *testing.T) {
	w := newWorld(t)
	w.ask(indosat, 5*time.Second, true)
	w.step(probes.StepCaptcha, probes.Up, "")
	for range 50 {
		w.step(probes.StepCaptcha, probes.Down, probes.ReasonImage)
	}
	w.want("otp-sms-indosat", detect.Operational, detect.CauseNone)
	for range 20 {
		w.step(probes.StepCaptcha, probes.Down, probes.ReasonImage)
	}
	w.wantBlind("otp-sms-indosat", detect.BlindCaptcha)
	w.want(detect.ComponentCaptcha, detect.Major, detect.CauseCaptchaBroken)
}

// When the portal is back, what was not reached meanwhile is not stale before
// its turn has come.
func TestWhatWasBlockedHasItsTurnFirst(t *testing.T) {
	w := newWorld(t)
	w.ask(indosat, 5*time.Second, true)
	w.step(probes.StepCaptcha, probes.Up, "")
	for range 90 {
		w.step(probes.StepOpen, probes.Down, probes.ReasonUnreachable)
	}
	w.wantBlind(detect.ComponentCaptcha, detect.BlindPortal)
	w.wantBlind("otp-sms-indosat", detect.BlindPortal)
	for range 3 {
		w.step(probes.StepOpen, probes.Up, "")
	}
	w.want(detect.ComponentPortal, detect.Operational, detect.CauseNone)
	w.wantBlind(detect.ComponentCaptcha, detect.BlindPortal)
	w.wantBlind("otp-sms-indosat", detect.BlindPortal)
	for range 6 {
		w.step(probes.StepOpen, probes.Up, "")
	}
	w.wantBlind(detect.ComponentCaptcha, detect.BlindStale) // its turn came and it was not measured
	w.wantBlind("otp-sms-indosat", detect.BlindPortal)
	w.ask(indosat, 5*time.Second, true)
	w.want("otp-sms-indosat", detect.Operational, detect.CauseNone)
}

func TestOwnLineIsNobodysFault(t *testing.T) {
	w := newWorld(t)
	w.step(probes.StepOpen, probes.Up, "")
	for range 3 {
		w.step(probes.StepOpen, probes.Unknown, probes.ReasonOwnLine)
	}
	w.wantBlind(detect.ComponentPortal, detect.BlindLine)
	w.wantBlind("otp-sms-indosat", detect.BlindLine)
	w.step(probes.StepOpen, probes.Up, "")
	w.want(detect.ComponentPortal, detect.Operational, detect.CauseNone)
}

// TestWhatWasNotMeasuredSinceOurLineCameBack is not blind for another reason,
// of which the team would be told anew.
func TestWhatWasNotMeasuredSinceOurLineCameBack(t *testing.T) {
	w := newWorld(t)
	w.step(probes.StepOpen, probes.Up, "")
	w.step(probes.StepCaptcha, probes.Up, "")
	for range 10 {
		w.step(probes.StepOpen, probes.Unknown, probes.ReasonOwnLine)
	}
	w.step(probes.StepOpen, probes.Up, "")
	w.want(detect.ComponentPortal, detect.Operational, detect.CauseNone)
	w.wantBlind(detect.ComponentCaptcha, detect.BlindLine)
	w.step(probes.StepCaptcha, probes.Up, "")
	w.want(detect.ComponentCaptcha, detect.Operational, detect.CauseNone)
	w.pass(20 * time.Minute)
	w.wantBlind(detect.ComponentCaptcha, detect.BlindStale)
}

func TestAWaitThatGoesOnIsNoSignOfOurOwnLine(t *testing.T) {
	w := newWorld(t)
	w.ask(indosat, 5*time.Second, true)
	asked := w.now
	w.step(probes.StepOpen, probes.Unknown, probes.ReasonOwnLine)
	w.step(probes.StepOpen, probes.Unknown, probes.ReasonOwnLine)
	w.wantBlind("otp-sms-indosat", detect.BlindLine)
	w.wait(indosat, "wait-on", asked, validity, true) // its verdict is down, by the clock alone
	w.wantBlind("otp-sms-indosat", detect.BlindLine)
	w.step(probes.StepOpen, probes.Up, probes.ReasonNone)
	w.want("otp-sms-indosat", detect.Operational, detect.CauseNone)
}

func TestWhatWasOnItsWayWhileOurLineWasDownIsNoEvidence(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		w.ask(probes.StreamEmail, 5*time.Second, true)
	}
	asked := w.now
	for i := range 3 {
		w.wait(probes.StreamEmail, fmt.Sprint("cut-", i), asked, time.Minute, true)
	}
	w.step(probes.StepOpen, probes.Unknown, probes.ReasonOwnLine)
	w.step(probes.StepOpen, probes.Unknown, probes.ReasonOwnLine)
	w.wait(probes.StreamEmail, "cut-3", asked, time.Minute, true) // first told of while it is down
	w.step(probes.StepOpen, probes.Up, probes.ReasonNone)
	for i := range 4 {
		w.wait(probes.StreamEmail, fmt.Sprint("cut-", i), asked, 9*time.Minute, false)
	}
	w.want("otp-email", detect.Operational, detect.CauseNone)

	for range 3 {
		w.ask(probes.StreamEmail, 9*time.Minute, true) // late by itself
	}
	w.want("otp-email", detect.Degraded, detect.CauseOTPLate)
}

func TestOldMeasurementsAreNotTrusted(t *testing.T) {
	w := newWorld(t)
	w.step(probes.StepOpen, probes.Up, "")
	w.pass(time.Hour)
	w.wantBlind(detect.ComponentPortal, detect.BlindStale)
}

// TestUnknownResultsChangeNothing: whatever was folded, results that say
// nothing about the portal neither confirm trouble nor end it.
func TestUnknownResultsChangeNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		verdicts := rapid.SliceOfN(rapid.SampledFrom([]probes.Verdict{probes.Up, probes.Down}), 0, 12).Draw(rt, "before")
		for _, verdict := range verdicts {
			w.step(probes.StepOpen, verdict, probes.ReasonStatus)
			w.step(probes.StepCaptcha, verdict, probes.ReasonImage)
		}
		before := states(w.detector.Assess(w.now))
		for range rapid.IntRange(1, 10).Draw(rt, "unknowns") {
			for _, step := range []probes.Step{probes.StepOpen, probes.StepCaptcha} {
				w.detector.Fold(probes.Result{Step: step, At: w.now, Verdict: probes.Unknown, Reason: probes.ReasonShutdown})
			}
		}
		if after := states(w.detector.Assess(w.now)); after != before {
			rt.Fatalf("states went from %s to %s on results that say nothing", before, after)
		}
	})
}

// TestACloneGoesItsOwnWay: folding into a clone leaves the original as it was.
func TestACloneGoesItsOwnWay(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		w.ask(indosat, 5*time.Second, true)
		w.step(probes.StepOpen, probes.Up, "")
	}
	before := states(w.detector.Assess(w.now))
	original := w.detector
	w.detector = original.Clone()
	for range 5 {
		w.ask(indosat, validity, false)
		w.step(probes.StepOpen, probes.Down, probes.ReasonStatus)
		w.step(probes.StepCaptcha, probes.Down, probes.ReasonImage)
	}
	if after := states(original.Assess(w.now.Add(-15 * time.Minute))); after != before {
		t.Errorf("the original went from %s to %s", before, after)
	}
	if worst := detect.Worst(w.detector.Assess(w.now)); worst != detect.Major {
		t.Errorf("the clone's worst state is %s, want %s", worst, detect.Major)
	}
}

func states(assessments []detect.Assessment) string {
	var said string
	for _, a := range assessments {
		said += fmt.Sprintf("%s=%s/%s ", a.Component, a.State, a.Cause)
	}
	return said
}

func TestAStreamThatTheOwnerStopsIsUnknownAndSaysSo(t *testing.T) {
	w := newWorld(t)
	tell := func(stream probes.Stream, step probes.Step, verdict probes.Verdict, reason probes.Reason) {
		w.detector.Fold(probes.Result{Stream: stream, Step: step, At: w.now, Verdict: verdict, Reason: reason})
		w.pass(time.Minute)
	}
	for range 6 {
		w.ask(telkomsel, 5*time.Second, true)
		w.ask(indosat, 5*time.Second, true)
	}
	w.step(probes.StepOpen, probes.Up, probes.ReasonNone)
	w.step(probes.StepOpen, probes.Up, probes.ReasonNone)

	begun := w.now
	tell(telkomsel, probes.StepRequestOTP, probes.Unknown, probes.ReasonStopped)
	if got := w.at("otp-sms-telkomsel"); got.State != detect.Operational {
		t.Errorf("after one answer that was not for us it is %s", got.State)
	}
	// What comes before the stop on the way is no end of it, nor is a code that
	// was on its way.
	tell(telkomsel, probes.StepOpen, probes.Up, probes.ReasonNone)
	w.ask(telkomsel, 5*time.Second, true)
	tell(telkomsel, probes.StepRequestOTP, probes.Unknown, probes.ReasonStopped)
	w.wantBlind("otp-sms-telkomsel", detect.BlindStopped)
	if got := w.at("otp-sms-telkomsel").Since; !got.Equal(begun) {
		t.Errorf("it is stopped since %s, want %s", got, begun)
	}
	for _, other := range []detect.Component{"otp-sms-indosat", detect.ComponentPortal} {
		if got := w.at(other); got.State != detect.Operational {
			t.Errorf("%s is %s (%s)", other, got.State, got.Blind)
		}
	}
	apart := w.detector.Clone()
	apart.Fold(probes.Result{Stream: telkomsel, Step: probes.StepRequestOTP, At: w.now, Verdict: probes.Up})
	w.wantBlind("otp-sms-telkomsel", detect.BlindStopped) // a clone goes its own way
	tell(telkomsel, probes.StepRequestOTP, probes.Up, probes.ReasonNone)
	if got := w.at("otp-sms-telkomsel"); got.State != detect.Operational {
		t.Errorf("when it may go on it is %s (%s)", got.State, got.Blind)
	}
}

package detect_test

import (
	"fmt"
	"testing"
	"time"

	"pantau/detect"
	"pantau/probes"

	"pgregory.net/rapid"
)

const validity = 10 * time.Minute

const (
	indosat   = probes.Stream("sms/indosat")
	telkomsel = probes.Stream("sms/telkomsel")
)

// world tells a detector a story, minute by minute.
type world struct {
	t        *testing.T
	detector *detect.Detector
	now      time.Time
	waits    int
}

func newWorld(t *testing.T) *world {
	return &world{
		t:   t,
		now: time.Date(2023, 5, 30, 1, 0, 0, 0, time.UTC),
		detector: detect.New(detect.Options{Validity: validity, Streams: []detect.StreamOptions{
			{Stream: probes.StreamPortal, Cadence: time.Minute},
			{Stream: probes.StreamCaptcha, Cadence: time.Minute},
			{Stream: telkomsel, Cadence: 15 * time.Minute},
			{Stream: indosat, Cadence: 15 * time.Minute},
			{Stream: probes.StreamEmail, Cadence: time.Minute},
		}}),
	}
}

func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

func (w *world) step(step probes.Step, verdict probes.Verdict, reason probes.Reason) {
	w.detector.Fold(probes.Result{Stream: probes.StreamPortal, Step: step, At: w.now, Verdict: verdict, Reason: reason})
	w.pass(time.Minute)
}

// ask requests a code and says how its wait went so far: the code arrived
// after age, or has not arrived at that age.
func (w *world) ask(stream probes.Stream, age time.Duration, arrived bool) string {
	w.waits++
	id := fmt.Sprintf("wait-%d", w.waits)
	w.wait(stream, id, w.now, age, !arrived)
	w.pass(time.Minute)
	return id
}

func (w *world) wait(stream probes.Stream, id string, requested time.Time, age time.Duration, open bool) {
	r := probes.Result{
		Stream: stream, Step: probes.StepAwaitOTP, At: requested.Add(age), Verdict: probes.Up,
		Wait: &probes.WaitAge{ID: id, Requested: requested, Age: age, Open: open, Validity: validity},
	}
	switch {
	case age >= validity:
		r.Verdict, r.Reason = probes.Down, probes.ReasonLate
	case open:
		r.Verdict, r.Reason = probes.Unknown, probes.ReasonWaiting
	}
	w.detector.Fold(r)
}

func (w *world) submit(stream probes.Stream, id string, verdict probes.Verdict, reason probes.Reason) {
	w.detector.Fold(probes.Result{
		Stream: stream, Step: probes.StepSubmitOTP, At: w.now, Verdict: verdict, Reason: reason,
		Wait: &probes.WaitAge{ID: id, Validity: validity},
	})
}

func (w *world) listen(stream probes.Stream, verdict probes.Verdict) {
	reason := probes.ReasonNone
	if verdict == probes.Unknown {
		reason = probes.ReasonSilent
	}
	w.detector.Fold(probes.Result{Stream: stream, Step: probes.StepListen, At: w.now, Verdict: verdict, Reason: reason})
}

func (w *world) at(component detect.Component) detect.Assessment {
	for _, a := range w.detector.Assess(w.now) {
		if a.Component == component {
			return a
		}
	}
	w.t.Fatalf("no component %q", component)
	return detect.Assessment{}
}

func (w *world) want(component detect.Component, state detect.State, cause detect.Cause) {
	w.t.Helper()
	if got := w.at(component); got.State != state || got.Cause != cause {
		w.t.Errorf("%s is %s (%s), want %s (%s)", component, got.State, got.Cause, state, cause)
	}
}

func (w *world) wantBlind(component detect.Component, blind detect.Blind) {
	w.t.Helper()
	if got := w.at(component); got.State != detect.Unknown || got.Blind != blind {
		w.t.Errorf("%s is %s (blind: %q), want unknown (blind: %q)", component, got.State, got.Blind, blind)
	}
}

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
	if got := w.detector.Demands(); len(got) != 1 || got[0] != (probes.Demand{Stream: indosat, Level: probes.LevelListen}) {
		t.Errorf("demands %v in confirmed trouble, want to listen on %s", got, indosat)
	}
	w.ask(indosat, 4*time.Second, true)
	if got := w.detector.Demands(); len(got) != 0 {
		t.Errorf("demands %v after a code in time, want the usual cadence", got)
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

func TestFigures(t *testing.T) {
	w := newWorld(t)
	for _, wait := range []time.Duration{40, 10, 20, 30, 50, 60, 70, 80, 90} {
		w.ask(indosat, wait*time.Second, true)
	}
	w.ask(indosat, 30*time.Minute, false)
	got := w.at("otp-sms-indosat").Figures
	want := detect.Figures{
		Window: 10 * time.Minute, Probes: 10, Good: 9,
		Median: 50 * time.Second, Typical: 90 * time.Second,
		Waiting: 1, Oldest: time.Minute,
	}
	if got != want {
		t.Errorf("figures %+v, want %+v", got, want)
	}
}

// TestFiguresInTroubleBeginWithIt: what was well before does not make a bad
// hour look better.
func TestFiguresInTroubleBeginWithIt(t *testing.T) {
	w := newWorld(t)
	for range 20 {
		w.ask(indosat, 4*time.Second, true)
		w.step(probes.StepCaptcha, probes.Up, "")
	}
	for range 3 {
		w.ask(indosat, validity, false)
		w.step(probes.StepCaptcha, probes.Down, probes.ReasonImage)
	}
	if got := w.at("otp-sms-indosat").Figures; got.Probes != 3 || got.Good != 0 {
		t.Errorf("%d of %d codes good, want 0 of 3", got.Good, got.Probes)
	}
	if got := w.at(detect.ComponentCaptcha).Figures; got.Probes != 3 || got.Good != 0 {
		t.Errorf("%d of %d captchas good, want 0 of 3", got.Good, got.Probes)
	}
}

// TestWhatIsOnItsWayCounts: two quick codes beside five that do not come are
// no quick stream.
func TestWhatIsOnItsWayCounts(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		w.ask(indosat, 5*time.Second, true)
	}
	for range 5 {
		w.ask(indosat, 4*time.Minute, false)
	}
	if f := w.at("otp-sms-indosat").Figures; f.Median != 0 || f.Typical != 0 {
		t.Errorf("half within %v and 9 of 10 within %v, want that neither can be said", f.Median, f.Typical)
	}
	for range 8 {
		w.ask(indosat, 6*time.Second, true)
	}
	w.ask(indosat, 2*time.Second, false) // so young that it says nothing
	if f := w.at("otp-sms-indosat").Figures; f.Median != 6*time.Second || f.Typical != 0 {
		t.Errorf("half within %v and 9 of 10 within %v, want 6s and that the other cannot be said", f.Median, f.Typical)
	}
}

// TestFiguresAfterTroubleBeginWithItsEnd: "working" beside figures of the
// trouble says two things at once.
func TestFiguresAfterTroubleBeginWithItsEnd(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.ask(indosat, validity, false)
		w.step(probes.StepCaptcha, probes.Down, probes.ReasonImage)
	}
	for range 6 {
		w.ask(indosat, 4*time.Second, true)
		w.step(probes.StepCaptcha, probes.Up, "")
	}
	for _, c := range []detect.Component{"otp-sms-indosat", detect.ComponentCaptcha} {
		a := w.at(c)
		if a.State != detect.Operational || a.Figures.Probes != 6 || a.Figures.Good != 6 || a.Figures.Window != w.now.Sub(a.Since) {
			t.Errorf("%s is %s with %+v, want the 6 good ones since %v", c, a.State, a.Figures, a.Since)
		}
	}
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

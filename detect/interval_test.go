package detect_test

import (
	"fmt"
	"testing"
	"time"

	"pantau/detect"
	"pantau/probes"
)

// within tells that a code came at an age within an interval, never for one
// that need not have come.
func (w *world) within(stream probes.Stream, earliest, latest time.Duration) string {
	w.waits++
	id := fmt.Sprintf("wait-%d", w.waits)
	r := probes.Result{
		Stream: stream, Step: probes.StepAwaitOTP, At: w.now, Verdict: probes.Unknown, Reason: probes.ReasonAmbiguous,
		Wait: &probes.WaitAge{ID: id, Requested: w.now, Age: min(latest, 12*validity), Validity: validity, AgeMin: earliest, AgeMax: latest},
	}
	w.detector.Fold(r)
	w.pass(time.Minute)
	return id
}

func TestAnIntervalIsEvidenceOnTheSideItLiesOn(t *testing.T) {
	const edge = validity / 2
	for _, test := range []struct {
		name             string
		earliest, latest time.Duration
		state            detect.State
		probes, good     int
	}{
		{"before the edge", time.Second, edge - 1, detect.Operational, 3, 3},
		{"over the edge", edge - 1, edge, detect.Unknown, 3, 3},
		{"from the edge on", edge, edge + 1, detect.Degraded, 3, 3},
		{"over the validity", edge, validity + 1, detect.Degraded, 0, 0},
		{"after the validity", validity + 1, 2 * validity, detect.Major, 3, 0},
		{"after the validity, or never", validity + 1, probes.Never, detect.Major, 3, 0},
		{"in time, or never", time.Second, probes.Never, detect.Unknown, 0, 0},
		{"everything", 0, probes.Never, detect.Unknown, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			for range 3 {
				w.within(indosat, test.earliest, test.latest)
			}
			got := w.at("otp-sms-indosat")
			if got.State != test.state || got.Figures.Probes != test.probes || got.Figures.Good != test.good {
				t.Errorf("%s with %d of %d good, want %s with %d of %d", got.State, got.Figures.Good, got.Figures.Probes, test.state, test.good, test.probes)
			}
		})
	}
}

func TestAnIntervalNeitherEndsTroubleNorRaisesSuspicion(t *testing.T) {
	w := newWorld(t)
	for range 4 {
		w.ask(indosat, 5*time.Second, true)
	}
	for range 20 {
		w.within(indosat, time.Second, probes.Never)
	}
	w.want("otp-sms-indosat", detect.Operational, detect.CauseNone)
	if demands := w.detector.Demands(); len(demands) > 0 {
		t.Errorf("the detector asks for %+v", demands)
	}
	for range 3 {
		w.ask(indosat, validity, false)
	}
	for range 20 {
		w.within(indosat, time.Second, probes.Never)
	}
	w.want("otp-sms-indosat", detect.Partial, detect.CauseOTPLate)
}

func TestADegradedReceiverIsNobodysFault(t *testing.T) {
	w := newWorld(t)
	for range 4 {
		w.ask(indosat, 5*time.Second, true)
	}
	w.wait(indosat, "before", w.now, validity/4, true)
	began := w.now
	degraded := probes.Result{Stream: indosat, Step: probes.StepListen, At: w.now, Verdict: probes.Unknown, Reason: probes.ReasonOverdue}
	w.detector.Fold(degraded)
	w.wait(indosat, "before", w.now, validity, true)
	for i := range 6 {
		w.wait(indosat, fmt.Sprint("during-", i), w.now, validity, true)
		w.pass(time.Minute)
	}
	w.wantBlind("otp-sms-indosat", detect.BlindDegraded)
	if got := w.at("otp-sms-indosat"); !got.Since.Equal(began) {
		t.Errorf("degraded since %s, want %s", got.Since, began)
	}
	w.listen(indosat, probes.Unknown) // and then it falls silent
	w.wantBlind("otp-sms-indosat", detect.BlindSilent)
	w.listen(indosat, probes.Up)
	w.wantBlind("otp-sms-indosat", detect.BlindSilent) // until it has proved itself
	w.ask(indosat, 5*time.Second, true)
	w.want("otp-sms-indosat", detect.Operational, detect.CauseNone)
}

func TestWaitsWhoseOwnHandsetIsInTroubleAreNoEvidence(t *testing.T) {
	for _, reason := range []probes.Reason{probes.ReasonOverdue, probes.ReasonSilent} {
		w := newWorld(t)
		for i := range 6 {
			for _, open := range []bool{true, false} {
				w.detector.Fold(probes.Result{
					Stream: indosat, Step: probes.StepAwaitOTP, At: w.now, Verdict: probes.Unknown, Reason: reason,
					Wait: &probes.WaitAge{ID: fmt.Sprint(i), Requested: w.now, Age: 2 * validity, Open: open, Validity: validity},
				})
			}
			w.pass(time.Minute)
		}
		w.wantBlind("otp-sms-indosat", detect.BlindYet)
	}
}

// variant tells what became of a run that tries what must be refused.
func (w *world) variant(variant probes.Variant, age time.Duration, try, last probes.Verdict, reason probes.Reason) {
	w.waits++
	id := fmt.Sprintf("wait-%d", w.waits)
	of := probes.Result{Stream: probes.StreamEmail, Step: probes.StepAwaitOTP, At: w.now, Verdict: probes.Up, Variant: variant}
	of.Wait = &probes.WaitAge{ID: id, Requested: w.now, Age: age, Validity: validity}
	w.detector.Fold(of)
	of.Step, of.Verdict, of.Reason, of.Wait = probes.StepSubmitOTP, try, reason, nil
	w.detector.Fold(of)
	if last != "" {
		of.Verdict, of.Reason, of.Wait = last, probes.ReasonNone, &probes.WaitAge{ID: id, Validity: validity}
		if last == probes.Down {
			of.Reason = probes.ReasonCodeRefused
		}
		w.detector.Fold(of)
	}
	w.pass(time.Minute)
}

func TestVariantsAreNoEvidenceOfLateness(t *testing.T) {
	w := newWorld(t)
	for range 10 {
		w.variant(probes.VariantExpired, 3*validity, probes.Up, "", "")
	}
	w.wantBlind("otp-email", detect.BlindYet)
	refused := probes.Result{
		Stream: probes.StreamEmail, Step: probes.StepRequestOTP, At: w.now, Verdict: probes.Down,
		Reason: probes.ReasonRequest, Variant: probes.VariantOlder,
	}
	for range 5 { // the portal does not give a second code so soon
		w.detector.Fold(refused)
	}
	w.wantBlind("otp-email", detect.BlindYet)
	if got := w.at("otp-email").Figures; got.Probes != 0 || got.Waiting != 0 {
		t.Errorf("the figures count %+v", got)
	}
}

func TestVariantsAreEvidenceOfAcceptance(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.ask(probes.StreamEmail, time.Second, true)
	}
	for range 3 {
		w.variant(probes.VariantOlder, time.Second, probes.Up, probes.Down, "")
	}
	w.want("otp-email", detect.Partial, detect.CauseOTPRejected)
	for range 4 {
		w.variant(probes.VariantOlder, time.Second, probes.Up, probes.Up, "")
	}
	w.want("otp-email", detect.Operational, detect.CauseNone)
}

func TestWhatThePortalDoesNotRefuseIsTheTeamsToKnow(t *testing.T) {
	w := newWorld(t)
	w.ask(probes.StreamEmail, time.Second, true)
	began := w.now
	w.variant(probes.VariantOlder, time.Second, probes.Down, "", probes.ReasonOlderAccepted)
	w.variant(probes.VariantExpired, time.Second, probes.Down, "", probes.ReasonWording)
	w.variant(probes.VariantOlder, time.Second, probes.Unknown, "", probes.ReasonShutdown)
	captcha := probes.Result{
		Stream: probes.StreamCaptcha, Step: probes.StepCaptcha, At: w.now, Verdict: probes.Down,
		Reason: probes.ReasonWrongAccepted, Variant: probes.VariantCaptcha,
	}
	w.detector.Fold(captcha)
	w.want("otp-email", detect.Operational, detect.CauseNone)
	w.wantBlind("captcha", detect.BlindYet)
	if got := w.at("otp-email"); fmt.Sprint(got.Lax) != "[older-accepted refused-otherwise]" || !got.LaxSince.Equal(began) {
		t.Errorf("the portal lets through %v since %s, want both since %s", got.Lax, got.LaxSince, began)
	}
	if got := w.at("captcha").Lax; len(got) != 1 {
		t.Errorf("the captcha lets through %v", got)
	}
	clone := w.detector.Clone()
	w.variant(probes.VariantOlder, time.Second, probes.Up, probes.Up, "")
	w.variant(probes.VariantExpired, time.Second, probes.Up, "", "")
	captcha.Verdict, captcha.Reason = probes.Up, probes.ReasonNone
	w.detector.Fold(captcha)
	for _, a := range w.detector.Assess(w.now) {
		if len(a.Lax) > 0 {
			t.Errorf("%s still lets through %v", a.Component, a.Lax)
		}
	}
	w.wantBlind("captcha", detect.BlindYet)
	for _, a := range clone.Assess(w.now) {
		if a.Component == "otp-email" && len(a.Lax) != 2 {
			t.Errorf("a clone made before lets through %v", a.Lax)
		}
	}
	captcha.Verdict, captcha.Reason = probes.Down, probes.ReasonImage
	for range 3 {
		captcha.At = w.now
		w.detector.Fold(captcha) // a picture that does not render keeps everybody out
		w.pass(time.Minute)
	}
	w.want("captcha", detect.Major, detect.CauseCaptchaBroken)
}

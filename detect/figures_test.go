package detect_test

import (
	"testing"
	"time"

	"pantau/detect"
	"pantau/probes"
)

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

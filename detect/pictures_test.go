package detect_test

import (
	"testing"
	"time"

	"pantau/detect"
	"pantau/probes"
)

// shown folds a bad step with a picture of its page.
func (w *world) shown(stream probes.Stream, step probes.Step, reason probes.Reason, picture string) {
	w.detector.Fold(probes.Result{Stream: stream, Step: step, At: w.now, Verdict: probes.Down, Reason: reason, Picture: picture})
	w.pass(time.Minute)
}

func (w *world) wantPicture(component detect.Component, want string) {
	w.t.Helper()
	if got := w.at(component).Picture; got != want {
		w.t.Errorf("the picture of %s is %q, want %q", component, got, want)
	}
}

func TestTroubleHasItsLastPicture(t *testing.T) {
	w := newWorld(t)
	w.step(probes.StepOpen, probes.Up, probes.ReasonNone)
	w.shown(probes.StreamPortal, probes.StepOpen, probes.ReasonStatus, "1.png")
	w.wantPicture(detect.ComponentPortal, "") // not confirmed
	w.shown(probes.StreamPortal, probes.StepOpen, probes.ReasonStatus, "2.png")
	w.wantPicture(detect.ComponentPortal, "2.png")
	w.shown(probes.StreamPortal, probes.StepOpen, probes.ReasonUnreachable, "") // nothing to be seen
	w.wantPicture(detect.ComponentPortal, "2.png")
	w.wantPicture(detect.ComponentCaptcha, "")
	for range 3 {
		w.step(probes.StepOpen, probes.Up, probes.ReasonNone)
	}
	w.wantPicture(detect.ComponentPortal, "")
	for range 2 {
		w.shown(probes.StreamPortal, probes.StepOpen, probes.ReasonUnreachable, "")
	}
	w.wantPicture(detect.ComponentPortal, "") // the one there was is of another trouble
}

func TestAPictureGoesWithTheComponentThatIsInTrouble(t *testing.T) {
	for _, test := range []struct {
		name      string
		stream    probes.Stream
		step      probes.Step
		reason    probes.Reason
		component detect.Component
	}{
		{"a captcha page that does not answer", probes.StreamCaptcha, probes.StepCaptcha, probes.ReasonStatus, detect.ComponentPortal},
		{"a captcha that repeats", probes.StreamCaptcha, probes.StepCaptcha, probes.ReasonChallenge, detect.ComponentCaptcha},
		{"a captcha that repeats later", indosat, probes.StepRequestOTP, probes.ReasonChallenge, detect.ComponentCaptcha},
		{"a broken captcha", probes.StreamCaptcha, probes.StepCaptcha, probes.ReasonImage, detect.ComponentCaptcha},
	} {
		w := newWorld(t)
		for range 3 {
			w.shown(test.stream, test.step, test.reason, "1.png")
		}
		for _, a := range w.detector.Assess(w.now) {
			want := ""
			if a.Component == test.component {
				want = "1.png"
			}
			if a.Picture != want {
				t.Errorf("%s: the picture of %s is %q, want %q", test.name, a.Component, a.Picture, want)
			}
		}
	}
	w := newWorld(t)
	for range 3 {
		id := w.ask(indosat, 3*time.Second, true)
		w.detector.Fold(probes.Result{
			Stream: indosat, Step: probes.StepSubmitOTP, At: w.now, Verdict: probes.Down, Reason: probes.ReasonCodeRefused, Picture: id + ".png",
			Wait: &probes.WaitAge{ID: id, Validity: validity},
		})
	}
	w.wantPicture("otp-sms-indosat", "wait-3.png")
}

func TestAClonesPicturesAreItsOwn(t *testing.T) {
	w := newWorld(t)
	before := w.detector.Clone()
	for range 2 {
		w.shown(probes.StreamPortal, probes.StepOpen, probes.ReasonStatus, "1.png")
	}
	w.detector = before
	for range 2 {
		w.shown(probes.StreamPortal, probes.StepOpen, probes.ReasonUnreachable, "")
	}
	w.wantPicture(detect.ComponentPortal, "")
}

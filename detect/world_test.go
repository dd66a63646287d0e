package detect_test

import (
	"fmt"
	"testing"
	"time"

	"pantau/detect"
	"pantau/probes"
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

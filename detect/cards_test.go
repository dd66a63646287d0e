package detect_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pantau/detect"
	"pantau/probes"
)

// askOn asks for a code on a SIM and says what became of it by age.
func (w *world) askOn(sim string, age time.Duration, arrived bool) string {
	id := w.requested(sim)
	w.wait(indosat, id, w.now, age, !arrived)
	w.pass(time.Minute)
	return id
}

// requested tells the detector of a request on a SIM.
func (w *world) requested(sim string) string {
	w.waits++
	id := fmt.Sprintf("wait-%d", w.waits)
	w.detector.Fold(probes.Result{
		Stream: indosat, Step: probes.StepRequestOTP, At: w.now, Verdict: probes.Unknown, Reason: probes.ReasonRequesting,
		Opened: &probes.Wait{ID: id, Key: sim},
	})
	return id
}

func (w *world) emptySIMs() []string { return w.at("otp-sms-indosat").EmptySIMs }

func (w *world) level() probes.Level {
	for _, d := range w.detector.Demands() {
		if d.Stream == indosat {
			return d.Level
		}
	}
	return probes.LevelNormal
}

// A SIM that never gets a code while five others do is empty, and nobody
// else's fault.
func TestOneEmptySIM(t *testing.T) {
	w := newWorld(t)
	for round := range 4 {
		for sim := range 6 {
			if sim == 2 {
				w.askOn("sim-2", 2*time.Hour, false)
			} else {
				w.askOn(fmt.Sprint("sim-", sim), 6*time.Second, true)
			}
			w.pass(14 * time.Minute)
		}
		if got, want := len(w.emptySIMs()) > 0, round >= 2; got != want {
			t.Errorf("after %d of its codes the SIM is taken for empty: %t", round+1, got)
		}
	}
	w.want("otp-sms-indosat", detect.Operational, detect.CauseNone)
	if got := w.emptySIMs(); !slices.Equal(got, []string{"sim-2"}) {
		t.Errorf("%v are taken for empty", got)
	}
	if f := w.at("otp-sms-indosat").Figures; f.Good != f.Probes || f.Waiting != 0 {
		t.Errorf("%d of %d good, %d waiting: its codes count", f.Good, f.Probes, f.Waiting)
	}
	if got := w.detector.Demands(); len(got) != 1 || !slices.Equal(got[0].EmptySIMs, []string{"sim-2"}) {
		t.Errorf("demands %v", got)
	}
	w.askOn("sim-2", 6*time.Second, true) // it was topped up
	if got := w.emptySIMs(); len(got) != 0 {
		t.Errorf("%v are taken for empty after a code came", got)
	}
}

// A code that comes late shows that the SIM can receive.
func TestALateCodeIsNoEmptySIM(t *testing.T) {
	w := newWorld(t)
	for range 4 {
		for sim := range 6 {
			age := 6 * time.Second
			if sim == 2 {
				age = 30 * time.Minute
			}
			w.askOn(fmt.Sprint("sim-", sim), age, true)
		}
	}
	if got := w.emptySIMs(); len(got) != 0 {
		t.Errorf("%v are taken for empty", got)
	}
}

// An operator that loses codes is not excused: its losses fall on any SIM.
func TestAnOperatorThatLosesCodesIsNotExcused(t *testing.T) {
	for _, lost := range []float64{0.5, 0.75, 1} {
		confirmed, excused := 0, 0
		for seed := range 100 {
			draw := rand.New(rand.NewPCG(uint64(seed), 5))
			w := newWorld(t)
			busy := map[int]time.Time{}
			ever := false
			for range 240 {
				sim := draw.IntN(6)
				if w.now.Before(busy[sim]) {
					w.pass(time.Minute)
					continue
				}
				arrived := draw.Float64() >= lost
				age := 6 * time.Second
				busy[sim] = w.now.Add(10 * time.Minute)
				if !arrived {
					age, busy[sim] = 10*time.Minute, w.now.Add(2*time.Hour)
				}
				w.askOn(fmt.Sprint("sim-", sim), age, arrived)
				ever = ever || w.at("otp-sms-indosat").State != detect.Operational
			}
			if ever {
				confirmed++
			}
			excused += len(w.emptySIMs())
		}
		if confirmed < 95 || excused > 20 {
			t.Errorf("%.0f %% lost: confirmed in %d of 100, %d of 600 SIMs taken for empty", 100*lost, confirmed, excused)
		}
	}
}

// A person who had no code has it from the portal: that is no SIM's fault.
func TestARefusedRequestSaysNothingAboutItsSIM(t *testing.T) {
	w := newWorld(t)
	for range 6 {
		id := w.requested("sim-1")
		w.detector.Fold(probes.Result{
			ID: id + "-answer", Stream: indosat, Step: probes.StepRequestOTP, At: w.now, Verdict: probes.Down, Reason: probes.ReasonRequest,
			Opened: &probes.Wait{ID: id, Key: "sim-1"},
		})
		w.askOn("sim-2", 6*time.Second, true)
	}
	if got := w.emptySIMs(); len(got) != 0 {
		t.Errorf("%v are taken for empty", got)
	}
}

func TestASuspicionIsLookedIntoAndDropped(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.ask(indosat, 6*time.Second, true)
	}
	if got := w.level(); got != probes.LevelNormal {
		t.Fatalf("all is well and the level is %s", got)
	}
	w.ask(indosat, 5*time.Minute, false)
	for good := range 4 {
		if got := w.level(); got != probes.LevelConfirm {
			t.Errorf("after %d good codes the level is %s, want %s", good, got, probes.LevelConfirm)
		}
		w.ask(indosat, 6*time.Second, true)
	}
	if got := w.level(); got != probes.LevelNormal {
		t.Errorf("four good codes later the level is %s", got)
	}
	w.want("otp-sms-indosat", detect.Operational, detect.CauseNone)
}

// Good codes are quicker to be known than bad ones; those asked for after one
// that is still out do not end a suspicion.
func TestASuspicionWaitsForWhatIsOut(t *testing.T) {
	w := newWorld(t)
	w.ask(indosat, 5*time.Minute, false)
	asked := w.now
	out := w.ask(indosat, 15*time.Second, false)
	for range 8 {
		w.ask(indosat, 6*time.Second, true)
	}
	if got := w.level(); got != probes.LevelConfirm {
		t.Errorf("a code is still out and the level is %s", got)
	}
	w.wait(indosat, out, asked, 40*time.Second, false)
	if got := w.level(); got != probes.LevelNormal {
		t.Errorf("it came, and the level is %s", got)
	}
}

func TestASuspicionThatIsConfirmedIsListenedTo(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.ask(indosat, validity, false)
	}
	if got := w.level(); got != probes.LevelListen {
		t.Errorf("confirmed, and the level is %s", got)
	}
	for good := range 4 {
		w.ask(indosat, 6*time.Second, true)
		if got, want := w.level(), probes.LevelConfirm; good < 3 && got != want {
			t.Errorf("after %d good codes the level is %s, want %s", good+1, got, want)
		}
	}
	w.want("otp-sms-indosat", detect.Operational, detect.CauseNone)
	if got := w.level(); got != probes.LevelNormal {
		t.Errorf("over, and the level is %s", got)
	}
}

// While codes are refused, one that merely comes is no sign of recovery.
func TestRecoveryOfRefusedCodesIsAnAcceptedOne(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.submit(indosat, w.ask(indosat, 6*time.Second, true), probes.Down, probes.ReasonCodeRefused)
	}
	w.want("otp-sms-indosat", detect.Major, detect.CauseOTPRejected)
	id := w.ask(indosat, 6*time.Second, true)
	if got := w.level(); got != probes.LevelNormal {
		t.Errorf("a code came, and the level is %s", got)
	}
	w.submit(indosat, id, probes.Up, probes.ReasonNone)
	if got := w.level(); got != probes.LevelConfirm {
		t.Errorf("a code was accepted, and the level is %s", got)
	}
}

func TestNoSuspicionWhileNothingCanBeHeard(t *testing.T) {
	w := newWorld(t)
	w.ask(indosat, 5*time.Minute, false)
	w.listen(indosat, probes.Unknown)
	if got := w.level(); got != probes.LevelNormal {
		t.Errorf("the receiver is silent and the level is %s: the money would be lost", got)
	}
}

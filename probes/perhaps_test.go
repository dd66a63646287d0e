package probes

import (
	"context"
	"testing"
	"time"

	"pantau/internal/secret"
	"pantau/simulator/portal"
)

// twoOut has two codes of one address on their way, and gives their waits and
// codes, the older first.
func (w *world) twoOut() (waits [2]Wait, codes [2]string) {
	w.t.Helper()
	w.holding = true
	for i := range waits {
		w.walkOnce("mail")
		w.mu.Lock()
		waits[i], codes[i] = w.expects[AddressKey(probeAddress)], w.codes[i]
		w.mu.Unlock()
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	over := make(chan struct{})
	go func() { w.prober.watch(ctx); close(over) }()
	w.t.Cleanup(func() { cancel(); <-over; w.prober.jobs.Wait() })
	return waits, codes
}

// A message that may answer two requests is typed where the last code was asked
// for, and the portal's word says whose it is. Without one both stay open.
func TestThePortalsWordOnWhoseACodeIs(t *testing.T) {
	for _, test := range []struct {
		name  string
		code  func(codes [2]string) string
		reach Reach
		owner int // of the waits, -1 for nobody
	}{
		{"the newest", func(codes [2]string) string { return codes[1] }, "", 1},
		{"the one before", func(codes [2]string) string { return codes[0] }, "", 0},
		{"no code of either", func([2]string) string { return "000000" }, "", -1},
		{"nothing may be typed", func(codes [2]string) string { return codes[1] }, ReachOTP, -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, portal.DressEreg, nil)
			waits, codes := w.twoOut()
			w.prober.gear.warden.told.Reach = test.reach
			a := Arrival{
				ID: "m", Received: time.Now().UTC(), Code: secret.New(test.code(codes)),
				Possible: []string{waits[0].ID, waits[1].ID},
			}
			if err := w.prober.Arrived(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			perhaps := 0
			for _, r := range w.recorded() {
				if r.Step == StepAwaitOTP && r.Reason == ReasonAmbiguous && r.Wait.Open && r.Verdict == Unknown {
					perhaps++
				}
			}
			if perhaps != 2 {
				t.Errorf("%d waits are said to be perhaps answered, want 2", perhaps)
			}
			if test.owner < 0 {
				time.Sleep(200 * time.Millisecond)
				if w.prober.find(waits[0].ID) == nil || w.prober.find(waits[1].ID) == nil {
					t.Error("a wait has ended without a word")
				}
				if test.reach != "" && w.portal.Usage().Verified != 0 {
					t.Error("a code was typed that must not be")
				}
				return
			}
			ended := w.until(func(r Result) bool { return r.Step == StepAwaitOTP && !r.Wait.Open })
			if ended.Wait.ID != waits[test.owner].ID || ended.Verdict != Up || w.prober.find(waits[1-test.owner].ID) == nil {
				t.Errorf("it ended %s with %s, want %s alone", ended.Wait.ID, ended.Verdict, waits[test.owner].ID)
			}
		})
	}
}

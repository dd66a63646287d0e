package probes

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestWhatIsNotKnownExactlyIsAnInterval: how early the message may have come is
// told with how late it came.
func TestWhatIsNotKnownExactlyIsAnInterval(t *testing.T) {
	for _, test := range []struct {
		name     string
		change   func(w *parked, a *Arrival)
		min, max time.Duration
	}{
		{"exactly", func(*parked, *Arrival) {}, 0, 0},
		{"one of several", func(w *parked, a *Arrival) { a.Earliest = w.since.Add(20 * time.Second) }, 20 * time.Second, time.Minute},
		{"asked for later than it seems", func(w *parked, _ *Arrival) { w.wait.Unsure = true }, time.Minute - 30*time.Second, time.Minute},
		{"both", func(w *parked, a *Arrival) {
			w.wait.Unsure, a.Earliest = true, w.since.Add(40*time.Second)
		}, 10 * time.Second, time.Minute},
		{"both, and no age below zero", func(w *parked, a *Arrival) {
			w.wait.Unsure, a.Earliest = true, w.since.Add(20*time.Second)
		}, 0, time.Minute},
		{"perhaps a copy of one before the restart", func(w *parked, _ *Arrival) {
			w.perhaps, w.again, w.maybeAt = true, true, 15*time.Second
		}, 15 * time.Second, time.Minute},
		{"another came before, in this process", func(w *parked, _ *Arrival) {
			w.perhaps, w.maybeAt = true, 15*time.Second
		}, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newQuiet(t)
				w.prober.options.Portal.Timeouts.Step = 30 * time.Second
				waiting := w.asked("run-1")
				time.Sleep(time.Minute)
				message := arrival("run-1", "482915")
				message.Received = time.Now()
				test.change(waiting, &message)
				if err := w.prober.Arrived(t.Context(), message); err != nil {
					t.Fatal(err)
				}
				all := w.recorded()
				if len(all) != 1 || all[0].Wait.AgeMin != test.min || all[0].Wait.AgeMax != test.max {
					t.Errorf("told %s, within %s and %s; want %s and %s", w.ages(), all[0].Wait.AgeMin, all[0].Wait.AgeMax, test.min, test.max)
				}
			})
		})
	}
}

package simulator

import (
	"testing"
	"testing/synctest"
	"time"

	"pantau/simulator/delivery"
)

func TestFaultsBeginAndEndByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var on []delivery.Fault
		b := &switchboard{apply: func(active []delivery.Fault) { on = active }}
		defer b.close()
		now := time.Now()
		_, err := b.add(
			delivery.Fault{Kind: delivery.CaptchaBroken, From: delivery.At(now.Add(time.Minute)), Until: delivery.At(now.Add(3 * time.Minute))},
			delivery.Fault{Kind: delivery.MonitorOffline, Until: delivery.At(now.Add(2 * time.Minute))},
		)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			after    time.Duration
			on, list int
		}{{0, 1, 2}, {59 * time.Second, 1, 2}, {time.Second, 2, 2}, {time.Minute, 1, 1}, {time.Minute, 0, 0}} {
			time.Sleep(step.after)
			synctest.Wait()
			if len(on) != step.on || len(b.list()) != step.list {
				t.Errorf("%s later: %d on and %d listed, want %d and %d", time.Since(now), len(on), len(b.list()), step.on, step.list)
			}
		}
	})
}

func TestEveryPresetIsValid(t *testing.T) {
	for _, validity := range []time.Duration{time.Second, 20 * time.Second, 90 * time.Second, 10 * time.Minute, time.Hour} {
		seen := map[string]bool{}
		for _, g := range groups(validity) {
			for _, p := range g.Presets {
				if err := p.Fault.Validate(); err != nil || seen[p.ID] {
					t.Errorf("%s at %s: %v, there before: %t", p.ID, validity, err, seen[p.ID])
				}
				seen[p.ID] = true
			}
		}
	}
}

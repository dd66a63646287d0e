package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"pantau/config"
	"pantau/probes"
)

// TestARestartRemembersThatItIsOne: whether a message is the second copy of one
// that the process before has taken is not known any more, so that it is no
// exact answer unless its stamp says so.
func TestARestartRemembersThatItIsOne(t *testing.T) {
	t.Setenv("PANTAU_FLOOD_KEY", floodKey)
	t.Setenv("PANTAU_FLOOD_SIM", "+6281200000001")
	settings, err := config.Load(floodConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	ask := func(id string) probes.Result {
		wait := probes.Wait{
			ID: id, Run: id, Journey: "sms", Stream: probes.SMS("telkomsel"), Key: "sim",
			Requested: now.UTC(), Validity: 10 * time.Minute, GiveUp: 2 * time.Hour,
		}
		return probes.Result{
			ID: id + "/asked", Run: id, Journey: "sms", Stream: wait.Stream, Step: probes.StepRequestOTP, At: wait.Requested,
			Verdict: probes.Unknown, Reason: probes.ReasonRequesting, Opened: &wait,
		}
	}
	var first []probes.Wait
	inService(t, settings, func(s *service) {
		result := ask("one")
		if err := s.engine.Record(t.Context(), []probes.Result{result}); err != nil {
			t.Fatal(err)
		}
		s.prober.Restore([]probes.Wait{*result.Opened})
		sendUnstamped(t, s, 2)
		first = openWaits(t, s)
		if err := s.engine.Record(t.Context(), []probes.Result{ask("two")}); err != nil {
			t.Fatal(err)
		}
	})
	if len(first) != 0 {
		t.Errorf("the first process has %d open waits after the message, want none", len(first))
	}
	inService(t, settings, func(s *service) {
		sendUnstamped(t, s, 6)
		if left := openWaits(t, s); len(left) != 1 || left[0].Perhaps.IsZero() {
			t.Errorf("after the restart %+v is open, want the wait that a message may have answered", left)
		}
	})
}

// inService runs do beside a running service.
func inService(t *testing.T, settings config.Config, do func(*service)) {
	t.Helper()
	s, err := newService(t.Context(), settings, io.Discard, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	do(s)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// sendUnstamped sends the n-th message of a flood, which must be a phone's.
func sendUnstamped(t *testing.T, s *service, n int) {
	t.Helper()
	if status := post(http.DefaultClient, floodRequest("http://"+s.page.Addr().String(), n)); status != http.StatusOK {
		t.Fatalf("the message is answered with %d, want 200", status)
	}
}

func openWaits(t *testing.T, s *service) []probes.Wait {
	t.Helper()
	waits, err := s.store.OpenWaits(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return waits
}

package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pantau/config"
	"pantau/incident"
	"pantau/probes"
	"pantau/store"
)

// memory is what a run by hand shares with the service and with other runs by
// hand, by way of the store: which SIMs a code is on its way to and which rest,
// what was spent, and how many codes the portal was asked for. What it measures
// is not kept: it was not made on the schedule that figures stand on. The nil
// memory is of a run that asks for nothing.
type memory struct{ store *store.Store }

// recall opens the memory that a run of the journey takes.
func recall(ctx context.Context, c config.Config, journey string) (*memory, error) {
	asks := func(j probes.Journey) bool {
		return j.Name == journey && (j.Control() || slices.Contains(j.Steps, probes.StepRequestOTP))
	}
	if !slices.ContainsFunc(c.Journeys, asks) {
		return nil, nil
	}
	opened, err := store.Open(ctx, c.Store)
	if err != nil {
		return nil, fmt.Errorf("looking up what was asked for before: %w", err)
	}
	return &memory{opened}, nil
}

// tell has prober know of what was asked for before.
func (m *memory) tell(ctx context.Context, c config.Config, prober *probes.Prober) error {
	if m == nil {
		return nil
	}
	for request, err := range m.store.RequestsSince(ctx, c.SpendingSince(time.Now())) {
		if err != nil {
			return err
		}
		prober.Rebuild(request)
	}
	waits, err := m.store.OpenWaits(ctx)
	if err != nil {
		return err
	}
	prober.Hold(slices.DeleteFunc(waits, func(w probes.Wait) bool { return time.Since(w.Requested) >= w.GiveUp }))
	return nil
}

// record keeps that something is about to be asked for, and that nothing is
// waited for any more. A wait that the run leaves behind stays open: the service
// goes on with it.
func (m *memory) record(ctx context.Context, results []probes.Result) error {
	var kept []probes.Result
	for _, r := range results {
		switch {
		case r.Reason == probes.ReasonRequesting:
			kept = append(kept, r)
		case r.Step.Awaits() && r.Wait != nil && !r.Wait.Open:
			kept = append(kept, over(r, r.Step, *r.Wait))
		case r.Step == probes.StepRequestOTP && r.Verdict == probes.Down && r.Opened != nil && !r.Opened.Unsure:
			kept = append(kept, over(r, probes.StepAwaitOTP, probes.WaitAge{
				ID: r.Opened.ID, Requested: r.Opened.Requested, Validity: r.Opened.Validity,
			}))
		}
	}
	if m == nil || len(kept) == 0 {
		return nil
	}
	return m.store.Commit(ctx, incident.Commit{Results: kept})
}

// over says that a wait has ended and nothing about how.
func over(r probes.Result, step probes.Step, wait probes.WaitAge) probes.Result {
	wait.Open, wait.AgeMin, wait.AgeMax = false, 0, 0
	return probes.Result{
		ID: wait.ID + "/by-hand", Run: r.Run, Journey: r.Journey, Stream: r.Stream, Step: step, At: r.At, Variant: r.Variant,
		Verdict: probes.Unknown, Reason: probes.ReasonShutdown, Evidence: "a run by hand; what it found is not kept", Wait: &wait,
	}
}

// Close closes the store.
func (m *memory) Close() error {
	if m == nil {
		return nil
	}
	return m.store.Close()
}

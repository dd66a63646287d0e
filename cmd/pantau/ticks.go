package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pantau/incident"
	"pantau/probes"

	"github.com/go-co-op/gocron/v2"
)

const (
	// keepResults is how long single results are kept, and pictures at most.
	keepResults = 180 * 24 * time.Hour
	// relisten is how long a heartbeat that has not changed goes unrecorded.
	relisten = time.Hour
)

// tick lets time pass for the parts that are told of it: heartbeats, stale
// measurements, retention.
func (s *service) tick(ctx context.Context) error {
	scheduler, err := gocron.NewScheduler()
	if err != nil {
		return fmt.Errorf("making the scheduler of ticks: %w", err)
	}
	heard := newHeard()
	jobs := []struct {
		every time.Duration
		task  func()
	}{
		{tickEvery(s.config.Portal.CodeValidity()), func() { s.listen(ctx, heard) }},
		{24 * time.Hour, func() { s.prune(ctx) }},
	}
	for _, job := range jobs {
		_, err := scheduler.NewJob(gocron.DurationJob(job.every), gocron.NewTask(job.task),
			gocron.WithStartAt(gocron.WithStartImmediately()), gocron.WithSingletonMode(gocron.LimitModeReschedule))
		if err != nil {
			return fmt.Errorf("scheduling ticks: %w", err)
		}
	}
	scheduler.Start()
	<-ctx.Done()
	if err := scheduler.Shutdown(); err != nil {
		return fmt.Errorf("stopping the scheduler of ticks: %w", err)
	}
	return nil
}

// listen records which streams can be heard, and lets time pass where nothing
// has changed.
func (s *service) listen(ctx context.Context, heard *heard) {
	now := time.Now().UTC()
	news := heard.news(s.inbox.Listen(now), now)
	err := s.engine.Record(ctx, news)
	if err != nil && ctx.Err() == nil && !errors.Is(err, incident.ErrStopped) {
		s.log.Error("recording heartbeats", "error", err)
	}
}

func (s *service) prune(ctx context.Context) {
	removed, err := s.store.Prune(ctx, time.Now().Add(-keepResults))
	if err != nil && ctx.Err() == nil {
		s.log.Error("removing old results", "error", err)
		return
	}
	s.log.Info("removed old results", "results", removed)
	if s.album == nil {
		return
	}
	if err := s.album.Prune(time.Now().Add(-keepResults)); err != nil {
		s.log.Error("removing old pictures", "error", err)
	}
}

// heard remembers what was last recorded of each stream's receivers, so that a
// heartbeat a second does not become a row a second.
type heard struct {
	last map[probes.Stream]probes.Result
}

func newHeard() *heard { return &heard{last: map[probes.Stream]probes.Result{}} }

// news are the results that say something new at now.
func (h *heard) news(results []probes.Result, now time.Time) []probes.Result {
	var news []probes.Result
	for _, r := range results {
		before, known := h.last[r.Stream]
		if !known || before.Verdict != r.Verdict || now.Sub(before.At) >= relisten {
			h.last[r.Stream] = r
			news = append(news, r)
		}
	}
	return news
}

package probes

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/go-co-op/gocron/v2"
)

// stopTimeout for the scheduler; its tasks only submit, so they end at once.
const stopTimeout = 5 * time.Second

// Run walks the journeys on their schedule until ctx ends. It returns when all
// that was under way has ended and is recorded. Waits stay in the store.
func (p *Prober) Run(ctx context.Context) error {
	scheduler, err := gocron.NewScheduler(gocron.WithLogger(p.deps.Log), gocron.WithStopTimeout(stopTimeout))
	if err != nil {
		return fmt.Errorf("making the scheduler: %w", err)
	}
	for _, j := range p.options.Journeys {
		_, err := scheduler.NewJob(
			gocron.DurationJob(j.Every),
			gocron.NewTask(func() { p.tick(ctx, j) }),
			gocron.WithName(j.Name),
			gocron.WithStartAt(gocron.WithStartDateTimePast(phase(j.Name, j.Every, time.Now()))),
		)
		if err != nil {
			return errors.Join(fmt.Errorf("scheduling journey %q: %w", j.Name, err), scheduler.Shutdown())
		}
	}
	scheduler.Start()
	p.watch(ctx)
	err = scheduler.Shutdown()
	p.jobs.Wait()
	if err != nil {
		return fmt.Errorf("stopping the scheduler: %w", err)
	}
	return nil
}

// phase is the last moment before now that belongs to the journey: its name
// decides the place within the interval, counted from the epoch. So journeys
// are spread, and a process that restarts often does not probe more often.
func phase(name string, every time.Duration, now time.Time) time.Time {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(name)) // never fails
	offset := time.Duration(hash.Sum64() % uint64(every))
	since := time.Duration((now.UnixNano() - int64(offset)) % int64(every))
	return now.Add(-since) // keeps the monotonic reading: a jump of the clock moves no tick
}

// tick starts a run of j when there can be one now, and counts why not.
func (p *Prober) tick(ctx context.Context, j Journey) {
	defer p.recovered("a tick")
	now := time.Now()
	p.mu.Lock()
	missed := missedTicks(p.ticked[j.Name], now, j.Every)
	p.ticked[j.Name] = now
	p.mu.Unlock()
	p.deps.Metrics.skipped(j.Name, skipLate, missed)
	r, why := p.begin(j, now, &watcher{})
	if why != skipNot {
		p.deps.Metrics.skipped(j.Name, why, 1)
		return
	}
	p.submit(ctx, func() { p.walk(ctx, r) }, func() { p.end(r) })
}

package probes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-co-op/gocron/v2"
)

// stopTimeout for the scheduler; its tasks only submit, so they end at once.
const stopTimeout = 5 * time.Second

// Run walks the journeys as the planner says until ctx ends. It returns when
// all that was under way has ended and is recorded. Waits stay in the store.
func (p *Prober) Run(ctx context.Context) error {
	scheduler, err := gocron.NewScheduler(gocron.WithLogger(p.deps.Log), gocron.WithStopTimeout(stopTimeout))
	if err != nil {
		return fmt.Errorf("making the scheduler: %w", err)
	}
	_, err = scheduler.NewJob(
		gocron.DurationJob(p.options.tickEvery()),
		gocron.NewTask(func() { p.tick(ctx, time.Now()) }),
		gocron.WithName("planner"),
	)
	if err != nil {
		return errors.Join(fmt.Errorf("scheduling the planner: %w", err), scheduler.Shutdown())
	}
	p.hear(ctx) // before anything else is sent
	scheduler.Start()
	p.watch(ctx)
	err = scheduler.Shutdown()
	p.jobs.Wait()
	if err != nil {
		return fmt.Errorf("stopping the scheduler: %w", err)
	}
	return nil
}

// tickEvery is how often the planner is asked: each second, and more often
// where codes live so short that a second matters.
func (o Options) tickEvery() time.Duration {
	shortest := o.Portal.CodeValidity() / 60
	for _, j := range o.Journeys {
		shortest = min(shortest, j.Every/10)
	}
	return min(max(shortest, 20*time.Millisecond), time.Second)
}

// tick asks the planner what begins now, begins it, and counts what does not.
func (p *Prober) tick(ctx context.Context, now time.Time) {
	defer p.recovered("a tick")
	p.mu.Lock()
	plan := p.planner.Tick(p.moment(now))
	spending := p.planner.Spending(p.moment(now))
	p.mu.Unlock()
	p.deps.Metrics.planned(spending)
	for _, skip := range plan.Skips {
		p.deps.Metrics.skipped(skip.Journey, skip.Why, skip.Slots)
	}
	for _, start := range plan.Starts {
		r := p.newRun(start, &watcher{})
		p.submit(ctx, func() { p.walk(ctx, r) }, func() { p.end(r) })
	}
}

// Rebuild takes in what a stored result says of money and SIMs. It is called
// before Run with the requests of the last day at least, the oldest first, and
// with all since the last known credit of the SIMs where that is configured.
func (p *Prober) Rebuild(r Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.planner.Rebuild(p.moment(time.Now()), r)
	if r.Step == StepRequestOTP && r.Reason == ReasonRequesting {
		p.gear.warden.asked(r.At)
	}
}

// Hold keeps the SIMs and shared mailboxes of waits from being asked for another
// code. Nobody here listens for theirs.
func (p *Prober) Hold(waits []Wait) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, wait := range waits {
		p.planner.Awaiting(p.moment(time.Now()), wait)
	}
}

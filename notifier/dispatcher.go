package notifier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"pantau/incident"
)

// expandAtOnce bounds one transaction of Expand.
const expandAtOnce = 100

// Dispatcher takes notices out of the outbox, makes deliveries of them and
// delivers these: one goroutine for each channel, so that none delays another.
type Dispatcher struct {
	outbox   Outbox
	channels []Channel
	patience patience
	poll     time.Duration
	log      *slog.Logger
	metrics  *Metrics

	wake  chan struct{}            // something was committed
	ready map[string]chan struct{} // by channel: there may be a delivery
}

// New makes a dispatcher; Run sets it to work. options must be valid; their
// Channels are not read, what counts is channels. log gets ids and problems,
// never texts or keys.
func New(outbox Outbox, channels []Channel, options Options, log *slog.Logger, metrics *Metrics) *Dispatcher {
	options = options.withDefaults()
	d := &Dispatcher{
		outbox:   outbox,
		channels: channels,
		patience: patience{options.Timeout, options.Settle, options.BackoffFirst, options.BackoffMax},
		poll:     options.Poll,
		log:      log,
		metrics:  metrics,
		wake:     make(chan struct{}, 1),
		ready:    make(map[string]chan struct{}, len(channels)),
	}
	for _, c := range channels {
		d.ready[c.Name] = make(chan struct{}, 1)
		metrics.expect(c.Name)
	}
	return d
}

// Wake says that notices were committed. It never waits; without it they are
// found at the next poll.
func (d *Dispatcher) Wake() { nudge(d.wake) }

// Run works until ctx ends. A post in flight is finished first, which takes no
// longer than the timeouts of its calls. The error is always nil; trouble with
// the outbox or a channel is logged and tried again.
func (d *Dispatcher) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	workers.Go(func() { d.repeat(ctx, d.wake, d.expand) })
	for _, c := range d.channels {
		workers.Go(func() {
			d.repeat(ctx, d.ready[c.Name], func(ctx context.Context) (bool, error) { return d.deliver(ctx, c) })
		})
	}
	workers.Wait()
	return nil
}

// repeat does step over and over: at once while there is more to do, else when
// called or after a poll's length.
func (d *Dispatcher) repeat(ctx context.Context, call <-chan struct{}, step func(context.Context) (more bool, err error)) {
	for ctx.Err() == nil {
		more, err := survive(ctx, step)
		if err != nil && ctx.Err() == nil {
			d.log.Error("dispatching notices", "error", err)
		}
		if more && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-call:
		case <-time.After(d.poll):
		}
	}
}

// survive turns a panic in step into its error.
func survive(ctx context.Context, step func(context.Context) (bool, error)) (more bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return step(ctx)
}

// expand makes deliveries of new notices and calls the channels.
func (d *Dispatcher) expand(ctx context.Context) (more bool, err error) {
	d.showBacklog(ctx)
	var unsaid []Delivery
	taken, err := d.outbox.Expand(ctx, expandAtOnce, func(n incident.Notice) []Delivery {
		deliveries := expand(d.channels, n)
		unsaid = append(unsaid, unsayable(deliveries)...)
		return deliveries
	})
	if err != nil {
		return false, fmt.Errorf("expanding notices: %w", err)
	}
	for _, given := range unsaid {
		d.metrics.giveUp(given)
		d.log.Error("delivery", "delivery", given.ID, "state", given.State, "problem", given.Problem)
	}
	if taken > 0 {
		for _, ready := range d.ready {
			nudge(ready)
		}
	}
	return taken == expandAtOnce, nil
}

func (d *Dispatcher) showBacklog(ctx context.Context) {
	backlog, can := d.outbox.(Backlog)
	if !can {
		return
	}
	queues, err := backlog.Backlog(ctx)
	if err != nil {
		d.log.Warn("counting deliveries", "error", err)
		return
	}
	d.metrics.show(d.channels, queues)
}

// deliver makes one attempt at one delivery of c, if one is due.
func (d *Dispatcher) deliver(ctx context.Context, c Channel) (more bool, err error) {
	job, before, found, err := d.outbox.Claim(ctx, c.Name, time.Now(), d.patience.lease())
	if err != nil {
		return false, fmt.Errorf("claiming a delivery of %s: %w", c.Name, err)
	}
	if !found {
		return false, nil
	}
	// What was claimed is carried through: a call cut off by our own end would
	// only leave it open whether something was posted.
	ctx = context.WithoutCancel(ctx)
	ended := attempt{c.Sender, d.patience, d.log}.run(ctx, job, before)
	return true, d.settle(ctx, ended)
}

func (d *Dispatcher) settle(ctx context.Context, ended Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, d.patience.timeout)
	defer cancel()
	switch err := d.outbox.Settle(ctx, ended); {
	case errors.Is(err, ErrLeaseLost):
		d.log.Warn("an attempt outlived its lease", "delivery", ended.ID, "attempt", ended.Attempt, "state", ended.State)
		return nil
	case err != nil:
		// It stays Sending; once the lease has run out the channel is asked.
		return fmt.Errorf("settling delivery %s as %s: %w", ended.ID, ended.State, err)
	}
	d.metrics.count(ended)
	level := slog.LevelInfo
	if ended.State != Sent {
		level = slog.LevelWarn
	}
	d.log.Log(ctx, level, "delivery", "delivery", ended.ID, "state", ended.State, "attempt", ended.Attempt, "problem", ended.Problem)
	return nil
}

// nudge leaves a call for a goroutine, or finds one lying there already.
func nudge(call chan<- struct{}) {
	select {
	case call <- struct{}{}:
	default:
	}
}

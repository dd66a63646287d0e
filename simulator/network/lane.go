package network

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
)

// lane does slow work of one handset, or of the mail server, a few at a time,
// so that a slow answer to one never holds up another.
type lane struct {
	name string
	jobs chan func(context.Context)
	log  *slog.Logger
}

const (
	laneWorkers = 4
	laneWaiting = 512 // what a phone's forwarder keeps; more is lost
)

func newLane(name string, log *slog.Logger) *lane {
	return &lane{name: name, jobs: make(chan func(context.Context), laneWaiting), log: log}
}

// put hands over work without waiting; it is lost when too much waits already.
func (l *lane) put(job func(context.Context)) {
	select {
	case l.jobs <- job:
	default:
		l.log.Warn("too much waits to be handed over; one message is lost", "lane", l.name)
	}
}

// run works until ctx ends and the work in hand is done.
func (l *lane) run(ctx context.Context) {
	var workers sync.WaitGroup
	for range laneWorkers {
		workers.Go(func() { l.work(ctx) })
	}
	workers.Wait()
}

func (l *lane) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case job := <-l.jobs:
			safely(l.log, func() { job(ctx) })
		}
	}
}

// safely does one item, whose panic must not end the process.
func safely(log *slog.Logger, do func()) {
	defer func() {
		if cause := recover(); cause != nil {
			log.Error("the simulated network panicked", "type", fmt.Sprintf("%T", cause), "stack", string(debug.Stack()))
		}
	}()
	do()
}

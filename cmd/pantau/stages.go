package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// stage is a part that runs until its context ends.
type stage struct {
	name string
	run  func(context.Context) error
}

// runStages runs all stages and, when ctx ends or one of them does, ends them
// in order, each before the next.
func runStages(ctx context.Context, stages ...stage) error {
	type ending struct {
		name string
		err  error
	}
	ended := make(chan ending, len(stages))
	stops, waits := make([]context.CancelFunc, len(stages)), make([]chan struct{}, len(stages))
	for i, part := range slices.Backward(stages) {
		// A stage outlives ctx: it is ended when its turn comes.
		alive, stop := context.WithCancel(context.WithoutCancel(ctx))
		stops[i], waits[i] = stop, make(chan struct{})
		go func() {
			defer close(waits[i])
			ended <- ending{part.name, part.run(alive)}
		}()
	}
	var errs []error
	select {
	case <-ctx.Done():
	case first := <-ended:
		errs = append(errs, fmt.Errorf("%s ended: %w", first.name, orByItself(first.err)))
	}
	for i := range stages {
		stops[i]()
		<-waits[i]
	}
	for len(ended) > 0 {
		if last := <-ended; last.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", last.name, last.err))
		}
	}
	return errors.Join(errs...)
}

// orByItself names an ending that gave no reason.
func orByItself(err error) error {
	if err == nil {
		return errors.New("by itself")
	}
	return err
}

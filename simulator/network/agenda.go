package network

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// agenda does things at their time, one after the other. What it does must be
// quick: slow work goes to a lane.
type agenda struct {
	mu    sync.Mutex
	items dues
	count uint64
	wake  chan struct{} // a nearer item came
}

type due struct {
	at    time.Time
	order uint64 // of items at one time the one entered first comes first
	do    func()
}

func newAgenda() *agenda { return &agenda{wake: make(chan struct{}, 1)} }

func (a *agenda) len() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.items)
}

func (a *agenda) enter(at time.Time, do func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count++
	heap.Push(&a.items, due{at: at, order: a.count, do: do})
	select {
	case a.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// run does what is due until ctx ends.
func (a *agenda) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		case <-timer.C:
		}
		for do := a.next(); do != nil && ctx.Err() == nil; do = a.next() {
			do()
		}
		timer.Reset(a.idle())
	}
}

// next takes out what is due now, nil when nothing is.
func (a *agenda) next() func() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.items) == 0 || a.items[0].at.After(time.Now()) {
		return nil
	}
	return heap.Pop(&a.items).(due).do
}

// idle is how long nothing is due.
func (a *agenda) idle() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.items) == 0 {
		return time.Hour
	}
	return max(0, time.Until(a.items[0].at))
}

type dues []due

func (d dues) Len() int { return len(d) }
func (d dues) Less(i, j int) bool {
	return d[i].at.Before(d[j].at) || d[i].at.Equal(d[j].at) && d[i].order < d[j].order
}
func (d dues) Swap(i, j int)  { d[i], d[j] = d[j], d[i] }
func (d *dues) Push(item any) { *d = append(*d, item.(due)) }
func (d *dues) Pop() any {
	last := len(*d) - 1
	item := (*d)[last]
	(*d)[last] = due{} // let go of what it does
	*d = (*d)[:last]
	return item
}

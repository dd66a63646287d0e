package delivery

import (
	"reflect"
	"time"
)

// Carrier takes messages through the faults that are on: into the queue that
// stands in their stream's way, and then through the Model. The running
// simulator and a replay use it in the same way.
//
// Instants must not go back from one call to the next.
type Carrier struct {
	model    *Model
	seed     uint64
	standing []*standing
	draining []*standing // removed, but their queues are not empty yet
	waiting  map[uint64]Message
	released []Release
}

// standing is a fault with the queue it made.
type standing struct {
	given Fault
	fault Fault // given, with the time it was set when it has no From
	queue *Queue
}

// Release is a message whose fate became known only after it was sent, because
// it stood in a queue.
type Release struct {
	Message Message
	Fate    Fate
}

// NewCarrier is a carrier without faults.
func NewCarrier(options Options) (*Carrier, error) {
	model, err := NewModel(options)
	if err != nil {
		return nil, err
	}
	return &Carrier{model: model, seed: options.Seed, waiting: make(map[uint64]Message)}, nil
}

// SetFaults replaces the faults; they must be valid. One that was there before
// goes on as it was. One without From begins at this instant, and one that is
// gone ends at it; its queue drains.
func (c *Carrier) SetFaults(faults []Fault, at time.Time) {
	before := c.standing
	c.standing = nil
	for _, fault := range faults {
		var kept *standing
		kept, before = take(before, fault)
		if kept == nil {
			kept = &standing{given: fault, fault: fault}
			if fault.From.IsZero() {
				kept.fault.From = At(at)
			}
		}
		c.standing = append(c.standing, kept)
	}
	for _, gone := range before {
		if gone.queue != nil {
			gone.queue.End(at)
			c.draining = append(c.draining, gone)
		}
	}
	c.run(at)
}

// take takes the fault out of the list, nil when it is not in it.
func take(list []*standing, fault Fault) (*standing, []*standing) {
	for i, one := range list {
		if reflect.DeepEqual(one.given, fault) {
			rest := append(append([]*standing(nil), list[:i]...), list[i+1:]...)
			return one, rest
		}
	}
	return nil, list
}

// Faults are those set, each with the instant it began.
func (c *Carrier) Faults() []Fault {
	var faults []Fault
	for _, one := range c.standing {
		faults = append(faults, one.fault)
	}
	return faults
}

// Send hands a message over at its At. The fate is known at once unless a queue
// is in the way; then the second result is false and Advance will give it.
func (c *Carrier) Send(message Message) (Fate, bool) {
	c.run(message.At)
	if queue := c.queueFor(message); queue != nil {
		c.waiting[message.ID] = message
		queue.Push(message.ID, message.At)
		return Fate{}, false
	}
	return c.model.Fate(message, c.Faults()), true
}

// Advance lets time pass and gives the messages that left a queue by then.
func (c *Carrier) Advance(to time.Time) []Release {
	c.run(to)
	released := c.released
	c.released = nil
	return released
}

// Queued says whether a queue is in the stream's way at this instant: its fault
// is on, or it has not drained yet and still explains lateness.
func (c *Carrier) Queued(stream string, at time.Time) bool {
	c.run(at)
	return c.queueFor(Message{Stream: stream}) != nil
}

// Busy says whether Advance can have something to give later.
func (c *Carrier) Busy() bool { return len(c.waiting) > 0 }

// catchUp is how much of a queue's past is lived through when its fault is set
// with a From that is long gone.
const catchUp = 24 * time.Hour

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (c *Carrier) run(to time.Time) {
	for _, one := range c.standing {
		if one.queue == nil && one.fault.Kind == OTPQueue && !to.Before(one.fault.From.Time) {
			one.queue = NewQueue(one.fault, c.seed, latest(one.fault.From.Time, to.Add(-catchUp)))
		}
		c.collect(one.queue, to)
	}
	open := c.draining[:0]
	for _, one := range c.draining {
		c.collect(one.queue, to)
		if one.queue.Open(to) {
			open = append(open, one)
		}
	}
	clear(c.draining[len(open):])
	c.draining = open
}

// collect takes out of the queue what has left it.
func (c *Carrier) collect(queue *Queue, to time.Time) {
	if queue == nil {
		return
	}
	for _, exit := range queue.Advance(to) {
		message := c.waiting[exit.ID]
		delete(c.waiting, exit.ID)
		c.released = append(c.released, Release{Message: message, Fate: c.after(message, exit)})
	}
}

// after is the fate of a message that has been through a queue. The wait lies
// before the message centre's stamp.
func (c *Carrier) after(message Message, exit Exit) Fate {
	if exit.Expired {
		return Fate{Lost: true, Why: OTPQueue}
	}
	wait := exit.At.Sub(message.At)
	onward := message
	onward.At = exit.At
	fate := c.model.Fate(onward, c.Faults())
	if fate.Why == "" && !fate.Lost {
		fate.Why = OTPQueue
	}
	if fate.Lost {
		return fate
	}
	fate.Stamp, fate.Delay = fate.Stamp+wait, fate.Delay+wait
	if fate.Again != 0 {
		fate.Again += wait
	}
	return fate
}

// queueFor is the newest queue that stands in the message's way, nil when none
// does. Every queue has been advanced to the same instant before.
func (c *Carrier) queueFor(message Message) *Queue {
	if message.Control {
		return nil
	}
	for _, list := range [][]*standing{c.standing, c.draining} {
		for i := len(list) - 1; i >= 0; i-- {
			one := list[i]
			if one.queue != nil && !one.queue.over && one.fault.Hits(message.Stream) {
				return one.queue
			}
		}
	}
	return nil
}

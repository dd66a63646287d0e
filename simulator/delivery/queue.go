package delivery

import (
	"math"
	"math/rand/v2"
	"time"
)

// Queue is the supplier's first-in-first-out queue of an otp-queue fault, as a
// simulation of single events.
//
// Messages of other people come as a Poisson process and ask again: whoever
// waits longer than re_request_after puts another message into the same queue,
// at most re_requests_at_most times. The server takes a random (exponential)
// time for each, on average 1/served_per_minute: served like clockwork, probes
// sent like clockwork would all be thrown away or all be served. What is older
// than expire_after is thrown away without being served.
//
// From the end of the fault nobody asks again, first requests fall to half the
// service rate, and the backlog drains. When the queue is then empty for the
// first time it is over.
//
// The line is at most a million long; beyond that other people's messages are
// turned away.
//
// Our own messages stand in the same line. They never ask again, because a
// monitor does not.
type Queue struct {
	fault  Fault
	random *rand.Rand
	start  time.Time // instants below are nanoseconds since it

	now      int64
	end      int64 // the fault's; never when it is still open
	over     bool
	expire   int64
	patience int64

	waiting     ring[place]
	left        uint64 // how many places have left the queue, so the first one waiting has this number
	impatient   ring[asker]
	nextRequest int64
	freeAt      int64 // when the server can take the next
	exits       []Exit
}

// place is one message in the line.
type place struct {
	since int64
	own   uint64 // 0 is somebody else's
}

// asker is somebody who will ask again at due, unless the first message has
// left the queue. Patience is the same for everybody, so askers stay in order.
// Somebody whose first message was thrown away has given up.
type asker struct {
	due   int64
	first uint64 // the number of the place of the first message
	asks  int
}

// Exit is one of our own messages leaving the queue.
type Exit struct {
	ID      uint64
	At      time.Time
	Expired bool // thrown away at At, not served
}

const (
	never       = math.MaxInt64
	longestLine = 1 << 20
)

// NewQueue begins an empty queue at start. The fault must be a valid otp-queue;
// its Until, when it has one, is the queue's end.
func NewQueue(fault Fault, seed uint64, start time.Time) *Queue {
	q := &Queue{
		fault:    fault,
		random:   rand.New(rand.NewPCG(seed, mixed("queue"+start.UTC().String()))),
		start:    start,
		end:      never,
		expire:   int64(fault.ExpireAfter),
		patience: int64(fault.ReRequestAfter),
	}
	if !fault.Until.IsZero() {
		q.end = q.since(fault.Until.Time)
	}
	q.nextRequest = q.gap(fault.ArrivalsPerMinute)
	return q
}

// Push puts one of our own messages, with an id that is not 0, at the end of
// the line; a queue that is over lets it out at once. Instants must not go
// back; one that does is taken for the latest seen.
func (q *Queue) Push(id uint64, at time.Time) {
	q.run(q.since(at))
	if q.over {
		q.exits = append(q.exits, Exit{ID: id, At: q.start.Add(time.Duration(q.now))})
		return
	}
	q.waiting.push(place{since: q.now, own: id})
}

// Advance lets time pass and gives our own messages that left, in order. Those
// that left before an instant that Push, End or Open was told are among them.
func (q *Queue) Advance(to time.Time) []Exit {
	q.run(q.since(to))
	exits := q.exits
	q.exits = nil
	return exits
}

// End ends the fault now, when it has no earlier end.
func (q *Queue) End(at time.Time) {
	q.run(q.since(at))
	q.end = min(q.end, q.now)
}

// Open says whether messages handed over at this instant go through the queue:
// until the fault has ended and the backlog has drained.
func (q *Queue) Open(at time.Time) bool {
	q.run(q.since(at))
	return !q.over
}

// Waiting is how many messages stand in the line, ours and others'.
func (q *Queue) Waiting() int { return q.waiting.count }

// Oldest is how long the first in the line has waited, 0 when nobody waits.
func (q *Queue) Oldest() time.Duration {
	if q.waiting.count == 0 {
		return 0
	}
	return time.Duration(q.now - q.waiting.first().since)
}

func (q *Queue) since(at time.Time) int64 { return int64(at.Sub(q.start)) }

// gap draws the time until the next event of a Poisson process.
func (q *Queue) gap(perMinute float64) int64 {
	return int64(q.random.ExpFloat64() * float64(time.Minute) / perMinute)
}

// run lets every event up to and including the instant happen, in its order.
func (q *Queue) run(to int64) {
	for !q.over && q.step(to) {
	}
	q.now = max(q.now, to)
}

// step lets the earliest event happen when it is not after the instant. Of
// events at one time the line moves first, so that nobody asks for what is
// just leaving.
func (q *Queue) step(to int64) bool {
	leaves, expired := q.nextToLeave()
	asks := int64(never)
	if q.impatient.count > 0 {
		asks = q.impatient.first().due
	}
	event := min(leaves, asks, q.nextRequest)
	if ends := max(q.end, q.now); q.waiting.count == 0 && ends <= min(event, to) {
		q.over, q.now = true, ends
		return false
	}
	if event > to {
		return false
	}
	q.now = max(q.now, event)
	switch event {
	case leaves:
		q.leave(expired)
	case asks:
		q.askAgain()
	default:
		q.request()
	}
	return true
}

// nextToLeave is when the first in the line leaves it, and whether by being
// thrown away.
func (q *Queue) nextToLeave() (at int64, expired bool) {
	if q.waiting.count == 0 {
		return never, false
	}
	since := q.waiting.first().since
	served, expires := max(since, q.freeAt), since+q.expire
	if expires < served {
		return expires, true
	}
	return served, false
}

func (q *Queue) leave(expired bool) {
	gone := q.waiting.pop()
	q.left++
	if !expired {
		q.freeAt = q.now + q.gap(q.fault.ServedPerMinute)
	}
	if gone.own != 0 {
		q.exits = append(q.exits, Exit{ID: gone.own, At: q.start.Add(time.Duration(q.now)), Expired: expired})
	}
}

// request is somebody's first.
func (q *Queue) request() {
	number, entered := q.enter()
	if q.now < q.end {
		if entered {
			q.expectAgain(asker{first: number})
		}
		q.nextRequest = q.now + q.gap(q.fault.ArrivalsPerMinute)
		return
	}
	q.nextRequest = q.now + q.gap(q.fault.ServedPerMinute/2)
}

// enter gives somebody a place in the line, and its number, unless it is full.
func (q *Queue) enter() (number uint64, entered bool) {
	if q.waiting.count >= longestLine {
		return 0, false
	}
	q.waiting.push(place{since: q.now})
	return q.left + uint64(q.waiting.count) - 1, true
}

func (q *Queue) askAgain() {
	who := q.impatient.pop()
	if who.first < q.left || q.now >= q.end {
		return
	}
	q.enter()
	who.asks++
	q.expectAgain(who)
}

func (q *Queue) expectAgain(who asker) {
	if who.asks < q.fault.ReRequestsAtMost {
		who.due = q.now + q.patience
		q.impatient.push(who)
	}
}

package notifier

import (
	"context"
	"errors"
	"time"

	"pantau/incident"
)

// ErrLeaseLost says that the delivery was claimed again after its lease ran
// out: what the later attempt finds stands, and this one's end is dropped.
var ErrLeaseLost = errors.New("the delivery was claimed by a later attempt")

// Outbox keeps deliveries; store implements it.
type Outbox interface {
	// Expand turns up to limit notices that have no deliveries yet into those
	// that expand gives, in one transaction, oldest first, and says how many
	// notices it took. A notice of which no delivery is made is done with too.
	Expand(ctx context.Context, limit int, expand func(incident.Notice) []Delivery) (int, error)

	// Claim takes the next delivery of channel that is due at now: one that is
	// Waiting or Unsure, or Sending with its lease run out, and of its thread
	// the lowest Number that is neither Sent nor Failed. It marks it Sending
	// with one more Attempt and a lease until now+lease (in Due), fills
	// ReplyTo and Root from the thread's sent deliveries, commits, and gives
	// it with the state it was in before. found is false when nothing is due.
	Claim(ctx context.Context, channel string, now time.Time, lease time.Duration) (d Delivery, before State, found bool, err error)

	// Settle writes how an attempt ended: State, Receipt, Due, Problem and
	// Finished. It changes nothing and gives ErrLeaseLost when another attempt
	// has begun since d was claimed.
	Settle(ctx context.Context, d Delivery) error
}

// Backlog is an Outbox that can say how much lies in it; the dispatcher shows
// it as a metric where it can.
type Backlog interface {
	// Backlog counts the deliveries that are neither Sent nor Failed.
	Backlog(ctx context.Context) ([]Queue, error)
}

// Queue is how many deliveries of a channel are in one state.
type Queue struct {
	Channel string
	State   State
	Count   int
}

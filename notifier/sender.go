package notifier

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Sender posts to one channel.
type Sender interface {
	// Send posts d once and gives the channel's receipt, "" where it gives
	// none. An error is a *Refusal when the channel certainly did not post;
	// any other error leaves open whether it did.
	Send(ctx context.Context, d Delivery) (receipt string, err error)
}

// Finder is a Sender whose channel can be asked what was posted.
type Finder interface {
	// Find looks for d among what the channel has posted since d.Began and
	// gives its receipt. found is false when it is certainly not there.
	Find(ctx context.Context, d Delivery) (receipt string, found bool, err error)
}

// Refusal is a channel's no: nothing was posted.
type Refusal struct {
	Problem string        // what the channel said, without secrets
	Retry   bool          // whether trying again can help
	After   time.Duration // how long the channel asks us to wait; 0 when it does not say
	// Duplicate says that the channel refused because the same text stands
	// there already, so that an earlier attempt may have worked after all.
	Duplicate bool
}

func (r *Refusal) Error() string {
	if r.After > 0 {
		return fmt.Sprintf("%s; again after %s", r.Problem, r.After)
	}
	return r.Problem
}

// refusalOf gives the Refusal in err, or nil when it is not known whether the
// channel acted.
func refusalOf(err error) *Refusal {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return refusal
	}
	return nil
}

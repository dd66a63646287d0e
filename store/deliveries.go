package store

import (
	"context"
	"fmt"
	"time"

	"pantau/notifier"
)

// deliveryLimit is how many deliveries a filter without a limit gives.
const deliveryLimit = 100

// DeliveryFilter chooses deliveries. An empty field chooses all.
type DeliveryFilter struct {
	Channel string
	Thread  string
	State   notifier.State
	Limit   int // 0 for 100
}

// DeliveryCount is how many deliveries of a channel are in a state.
type DeliveryCount struct {
	Channel string
	State   notifier.State
	Count   int
	Oldest  time.Time // when the oldest of them was created
}

const deliveryColumns = `d.id, d.notice, d.channel, d.thread, d.number, d.event, d.title, d.text, d.state, d.attempt,
	d.due, d.receipt, d.reply_to, d.root, d.problem, d.created, d.began, d.finished`

func deliveryFields(d *notifier.Delivery) []any {
	return []any{
		&d.ID, &d.Notice, &d.Channel, &d.Thread, &d.Number, &d.Event, foreign{&d.Title}, foreign{&d.Text},
		&d.State, &d.Attempt, instant{&d.Due}, foreign{&d.Receipt}, foreign{&d.ReplyTo}, foreign{&d.Root},
		foreign{&d.Problem}, instant{&d.Created}, instant{&d.Began}, instant{&d.Finished},
	}
}

// Deliveries gives the deliveries that filter chooses, newest first.
func (s *Store) Deliveries(ctx context.Context, filter DeliveryFilter) ([]notifier.Delivery, error) {
	limit := filter.Limit
	if limit <= 0 {
		limit = deliveryLimit
	}
	deliveries, err := collect(ctx, s.readers, deliveryFields, `
		SELECT `+deliveryColumns+` FROM deliveries d
		WHERE ($1 = '' OR d.channel = $1) AND ($2 = '' OR d.thread = $2) AND ($3 = '' OR d.state = $3)
		ORDER BY d.created DESC, d.number DESC, d.id DESC LIMIT $4`,
		filter.Channel, filter.Thread, string(filter.State), limit)
	if err != nil {
		return nil, fmt.Errorf("reading deliveries: %w", err)
	}
	return deliveries, nil
}

// CountDeliveries counts the deliveries by channel and state, in that order.
func (s *Store) CountDeliveries(ctx context.Context) ([]DeliveryCount, error) {
	fields := func(c *DeliveryCount) []any { return []any{&c.Channel, &c.State, &c.Count, instant{&c.Oldest}} }
	counts, err := collect(ctx, s.readers, fields, `
		SELECT channel, state, COUNT(*), MIN(created) FROM deliveries GROUP BY channel, state ORDER BY channel, state`)
	if err != nil {
		return nil, fmt.Errorf("counting deliveries: %w", err)
	}
	return counts, nil
}

// Retry makes a failed delivery due at once. It becomes Unsure and not
// Waiting: nobody knows what its attempts did, so the channel is asked before
// anything is said again. Later deliveries of its thread wait for it again.
func (s *Store) Retry(ctx context.Context, id string) error {
	done, err := s.writer.ExecContext(ctx, `
		UPDATE deliveries SET state = 'unknown', due = 0, finished = 0 WHERE id = $1 AND state = 'failed'`, id)
	if err != nil {
		return fmt.Errorf("retrying delivery %s: %w", id, err)
	}
	changed, err := done.RowsAffected()
	if err != nil {
		return fmt.Errorf("retrying delivery %s: %w", id, err)
	}
	if changed == 0 {
		return fmt.Errorf("retrying delivery %s: there is none that failed", id)
	}
	return nil
}

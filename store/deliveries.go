package store

import (
	"context"
	"fmt"

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

const deliveryColumns = `d.id, d.notice, d.channel, d.thread, d.number, d.event, d.title, d.text, d.state, d.attempt,
	d.due, d.receipt, d.reply_to, d.root, d.problem, d.created, d.began, d.finished`

func deliveryFields(d *notifier.Delivery) []any {
	return []any{
		&d.ID, &d.Notice, &d.Channel, &d.Thread, &d.Number, &d.Event,
		foreign{&d.Title},
		foreign{&d.Text},
		&d.State, &d.Attempt,
		instant{&d.Due},
		foreign{&d.Receipt},
		foreign{&d.ReplyTo},
		foreign{&d.Root},
		foreign{&d.Problem},
		instant{&d.Created},
		instant{&d.Began},
		instant{&d.Finished},
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

// CountDeliveries counts all deliveries by channel and state, in that order.
func (s *Store) CountDeliveries(ctx context.Context) ([]notifier.Queue, error) {
	return s.count(ctx, `SELECT channel, state, COUNT(*) FROM deliveries GROUP BY channel, state ORDER BY channel, state`)
}

// Backlog implements notifier.Backlog: it counts the deliveries that are
// neither Sent nor Failed.
func (s *Store) Backlog(ctx context.Context) ([]notifier.Queue, error) {
	return s.count(ctx, `
		SELECT channel, state, COUNT(*) FROM deliveries WHERE state IN ('waiting', 'unknown', 'sending')
		GROUP BY channel, state ORDER BY channel, state`)
}

func (s *Store) count(ctx context.Context, query string) ([]notifier.Queue, error) {
	fields := func(q *notifier.Queue) []any { return []any{&q.Channel, &q.State, &q.Count} }
	counts, err := collect(ctx, s.readers, fields, query)
	if err != nil {
		return nil, fmt.Errorf("counting deliveries: %w", err)
	}
	return counts, nil
}

// Retry makes a failed delivery due at once. A failed one was given up for a
// person to look at, and this is the person's word that it is not there: it
// becomes Waiting, and is sent without asking the channel first. Later
// deliveries of its thread wait for it again.
func (s *Store) Retry(ctx context.Context, id string) error {
	done, err := s.writer.ExecContext(ctx, `
		UPDATE deliveries SET state = 'waiting', due = 0, finished = 0 WHERE id = $1 AND state = 'failed'`, id)
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

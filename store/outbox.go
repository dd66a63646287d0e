package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"pantau/incident"
	"pantau/notifier"
)

// The dispatcher works from a Store.
var (
	_ notifier.Outbox  = (*Store)(nil)
	_ notifier.Backlog = (*Store)(nil)
)

const anyNewNotice = `SELECT 1 FROM notices WHERE expanded = 0 LIMIT 1`

// Expand implements notifier.Outbox. Only one Expand runs at a time, also
// among several processes: were a later notice of a thread to become visible
// first, it would be posted first. expand runs inside the transaction and must
// not use the Store.
func (s *Store) Expand(ctx context.Context, limit int, expand func(incident.Notice) []notifier.Delivery) (int, error) {
	count, err := s.expand(ctx, limit, expand)
	if err != nil {
		return 0, fmt.Errorf("expanding notices: %w", err)
	}
	return count, nil
}

func (s *Store) expand(ctx context.Context, limit int, expand func(incident.Notice) []notifier.Delivery) (count int, err error) {
	// Looking first keeps an idle dispatcher out of the writer's way.
	if found, err := exists(ctx, s.readers, anyNewNotice); err != nil || !found {
		return 0, err
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		if _, err := hold(ctx, tx, "outbox"); err != nil {
			return err
		}
		notices, err := collect(ctx, tx, noticeFields, `
			SELECT `+noticeColumns+` FROM notices n WHERE n.expanded = 0
			ORDER BY n.at, n.about, n.audience, n.number LIMIT $1`, limit)
		if err != nil {
			return err
		}
		for _, notice := range notices {
			if err := insertDeliveries(ctx, tx, notice.ID, expand(notice)); err != nil {
				return fmt.Errorf("notice %s: %w", notice.ID, err)
			}
		}
		count = len(notices)
		return nil
	})
	return count, err
}

func insertDeliveries(ctx context.Context, tx *sql.Tx, notice string, deliveries []notifier.Delivery) error {
	for _, d := range deliveries {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO deliveries (id, notice, channel, thread, number, event, title, text, state, attempt,
				due, receipt, reply_to, root, problem, created, began, finished)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
			deliveryFields(&d)...)
		if err != nil {
			return fmt.Errorf("delivery %s: %w", d.ID, err)
		}
	}
	_, err := tx.ExecContext(ctx, `UPDATE notices SET expanded = 1 WHERE id = $1`, notice)
	return err
}

// dueDelivery finds the delivery of channel $1 to attempt at $2. Of a thread
// only the first open delivery may go, and none while another is being sent,
// which a retried one could overtake. A retry goes behind what has been
// waiting since before its new due time, so that one channel's trouble with
// one thread does not hold up the others.
//
// It counts where NOT EXISTS would say the same: that PostgreSQL turns into a
// join, which it plans badly on a table it knows nothing about yet.
const dueDelivery = `
	SELECT ` + deliveryColumns + ` FROM deliveries d
	WHERE d.channel = $1 AND d.due <= $2 AND d.state IN ('waiting', 'unknown', 'sending')
		AND 0 = (
			SELECT COUNT(*) FROM deliveries e
			WHERE e.channel = d.channel AND e.thread = d.thread AND e.id <> d.id
				AND e.state IN ('waiting', 'unknown', 'sending')
				AND ((e.number, e.id) < (d.number, d.id) OR (e.state = 'sending' AND e.due > $2)))
	ORDER BY d.due, d.created, d.id LIMIT 1`

// Claim implements notifier.Outbox.
func (s *Store) Claim(ctx context.Context, channel string, now time.Time, lease time.Duration) (
	d notifier.Delivery, before notifier.State, found bool, err error,
) {
	d, before, found, err = s.claim(ctx, channel, now, lease)
	if err != nil {
		return notifier.Delivery{}, "", false, fmt.Errorf("claiming a delivery for %s: %w", channel, err)
	}
	return d, before, found, nil
}

func (s *Store) claim(ctx context.Context, channel string, now time.Time, lease time.Duration) (
	d notifier.Delivery, before notifier.State, found bool, err error,
) {
	// Looking first keeps an idle dispatcher out of the writer's way.
	if found, err := exists(ctx, s.readers, dueDelivery, channel, millis(now)); err != nil || !found {
		return d, "", false, err
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, dueDelivery+s.dialect.skipLocked, channel, millis(now)).Scan(deliveryFields(&d)...)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // another claimer was faster
		}
		if err != nil {
			return err
		}
		found, before = true, d.State
		return beginAttempt(ctx, tx, &d, now, lease)
	})
	return d, before, found, err
}

// beginAttempt marks d Sending in the row and in d, alike.
func beginAttempt(ctx context.Context, tx *sql.Tx, d *notifier.Delivery, now time.Time, lease time.Duration) error {
	d.State = notifier.Sending
	d.Attempt++
	d.Due = time.UnixMilli(millis(now.Add(lease))).UTC()
	if d.Began.IsZero() {
		d.Began = time.UnixMilli(millis(now)).UTC()
	}
	if err := joinThread(ctx, tx, d); err != nil {
		return fmt.Errorf("finding the thread of %s: %w", d.ID, err)
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE deliveries SET state = $1, attempt = $2, due = $3, began = $4, reply_to = $5, root = $6 WHERE id = $7`,
		string(d.State), d.Attempt, instant{&d.Due}, instant{&d.Began}, d.ReplyTo, d.Root, d.ID)
	return err
}

// joinThread sets what d answers: the thread's last post, and the root that
// post hangs from. The root is handed on from post to post, because after a
// retry the lowest number need not have been posted first.
func joinThread(ctx context.Context, tx *sql.Tx, d *notifier.Delivery) error {
	var receipt, root string
	err := tx.QueryRowContext(ctx, `
		SELECT receipt, root FROM deliveries
		WHERE channel = $1 AND thread = $2 AND state = 'sent' AND receipt <> ''
		ORDER BY number DESC, id DESC LIMIT 1`, d.Channel, d.Thread).Scan(&receipt, &root)
	if errors.Is(err, sql.ErrNoRows) {
		d.ReplyTo, d.Root = "", ""
		return nil
	}
	if root == "" {
		root = receipt
	}
	d.ReplyTo, d.Root = receipt, root
	return err
}

// Settle implements notifier.Outbox. Only the attempt that d was claimed for
// can settle it; it may do so again, as after an answer that was lost.
func (s *Store) Settle(ctx context.Context, d notifier.Delivery) error {
	done, err := s.writer.ExecContext(ctx, `
		UPDATE deliveries SET state = $1, receipt = $2, due = $3, problem = $4, finished = $5
		WHERE id = $6 AND attempt = $7`,
		string(d.State), foreign{&d.Receipt}, instant{&d.Due}, foreign{&d.Problem}, instant{&d.Finished},
		d.ID, d.Attempt)
	if err != nil {
		return fmt.Errorf("settling delivery %s: %w", d.ID, err)
	}
	settled, err := done.RowsAffected()
	if err != nil {
		return fmt.Errorf("settling delivery %s: %w", d.ID, err)
	}
	if settled == 0 {
		return notifier.ErrLeaseLost
	}
	return nil
}

// exists says whether query gives any row.
func exists(ctx context.Context, q queryer, query string, args ...any) (bool, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	return rows.Next(), rows.Err()
}

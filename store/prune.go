package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// pruneBatch bounds how long one step of Prune keeps writers waiting.
const pruneBatch = 500

// Prune removes the results known before the given instant with their
// arrivals, and the waits closed before it, and says how many results it
// removed. Open waits, states, incidents and notices stay. It works in small
// transactions; what it has done when ctx ends stays done.
func (s *Store) Prune(ctx context.Context, before time.Time) (results int64, err error) {
	results, err = s.pruneTable(ctx, `
		DELETE FROM results WHERE id IN (SELECT id FROM results WHERE at < $1 ORDER BY at LIMIT $2)`, before)
	if err != nil {
		return results, fmt.Errorf("pruning results: %w", err)
	}
	_, err = s.pruneTable(ctx, `
		DELETE FROM waits WHERE id IN (
			SELECT id FROM waits WHERE closed_at > 0 AND closed_at < $1 ORDER BY closed_at LIMIT $2)`, before)
	if err != nil {
		return results, fmt.Errorf("pruning waits: %w", err)
	}
	return results, nil
}

func (s *Store) pruneTable(ctx context.Context, statement string, before time.Time) (total int64, err error) {
	for {
		var removed int64
		err := s.write(ctx, func(tx *sql.Tx) error {
			done, err := tx.ExecContext(ctx, statement, millis(before), pruneBatch)
			if err != nil {
				return err
			}
			removed, err = done.RowsAffected()
			return err
		})
		if err != nil {
			return total, err
		}
		total += removed
		if removed < pruneBatch {
			return total, nil
		}
	}
}

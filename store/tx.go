package store

import (
	"context"
	"database/sql"
	"fmt"
)

// write runs do in one transaction: all of it is kept, or nothing when do
// fails, panics or ctx ends.
func (s *Store) write(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// read runs do on one state of the database.
func (s *Store) read(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := s.readers.BeginTx(ctx, &s.dialect.snapshot)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // there is nothing to keep
	return do(tx)
}

// hold takes the named counter's row until the transaction ends, so that its
// holders follow one another, and gives its value. An identity column would
// number rows in the order of inserts, which on PostgreSQL is not that of
// commits, and is written differently on the two databases.
func hold(ctx context.Context, tx *sql.Tx, counter string) (value int64, err error) {
	err = tx.QueryRowContext(ctx,
		`UPDATE counters SET value = value WHERE name = $1 RETURNING value`, counter).Scan(&value)
	if err != nil {
		return 0, fmt.Errorf("holding counter %s: %w", counter, err)
	}
	return value, nil
}

// queryer is a transaction or a pool.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// collect reads every row of a query. fields says where the columns of one row
// go.
func collect[T any](ctx context.Context, q queryer, fields func(*T) []any, query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var one T
		if err := rows.Scan(fields(&one)...); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// Package store keeps what must outlive the process: results, waits, states,
// incidents, notices and deliveries, in one SQLite file or in PostgreSQL,
// through one set of SQL.
//
// Instants are kept as UTC epoch milliseconds: what is finer is cut off, the
// way t.Truncate(time.Millisecond) does it. Durations are kept whole. Whoever
// must decide the same from live and from stored results cuts their instants
// before the first use.
//
// Text that came from outside may hold bytes that PostgreSQL cannot keep; they
// become U+FFFD on both databases, so that no message can spoil a commit.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Store is an open database. Its methods may be called at the same time.
type Store struct {
	writer  *sql.DB
	readers *sql.DB // the same as writer on PostgreSQL
	dialect dialect
}

// dialect is all that differs between the two databases once they are open.
type dialect struct {
	// skipLocked ends the query that claims a row, so that two claimers at
	// once take two rows. SQLite has one writer and needs nothing.
	skipLocked string
	// snapshot is how a reading transaction sees one state of the database
	// throughout. SQLite's always do.
	snapshot sql.TxOptions
}

// Open opens the database and brings its tables up to date. Other processes
// may do the same at the same time on PostgreSQL; a SQLite file belongs to one
// running process.
func Open(ctx context.Context, options Options) (*Store, error) {
	if err := options.Validate(); err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	open := openSQLite
	if options.postgres() {
		open = openPostgres
	}
	s, err := open(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	return s, nil
}

// Close waits for what is under way and closes the database. A second Close
// does nothing.
func (s *Store) Close() error {
	return errors.Join(s.readers.Close(), s.writer.Close())
}

// Ping says whether the database can be read now.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	if err := s.readers.QueryRowContext(ctx, `SELECT 1 FROM counters WHERE name = 'results'`).Scan(&one); err != nil {
		return fmt.Errorf("reading the store: %w", err)
	}
	return nil
}

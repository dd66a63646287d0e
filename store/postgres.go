package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// migrationLock is the advisory lock under which replicas that start together
// bring the tables up to date one after the other. Any fixed number does.
const migrationLock = 7_262_826

func openPostgres(ctx context.Context, options Options) (*Store, error) {
	config, err := pgx.ParseConfig(options.URL)
	if err != nil {
		return nil, err // pgx blanks passwords in it
	}
	if !options.Password.Empty() {
		config.Password = options.Password.Reveal()
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	db.SetConnMaxIdleTime(5 * time.Minute)
	if err := migratePostgres(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Store{writer: db, readers: db, dialect: dialect{
		skipLocked: " FOR UPDATE OF d SKIP LOCKED",
		snapshot:   sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead},
	}}, nil
}

// migratePostgres migrates under the lock. Goose's own lock does not cover its
// first look at the tables, where replicas on an empty database collide.
func migratePostgres(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connecting to PostgreSQL: %w", err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, int64(migrationLock)); err != nil {
		return fmt.Errorf("waiting for other migrations: %w", err)
	}
	err = migrate(ctx, db, goose.DialectPostgres)
	// The lock is the session's; it must go even when ctx has ended.
	_, unlockErr := conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, int64(migrationLock))
	return errors.Join(err, unlockErr)
}

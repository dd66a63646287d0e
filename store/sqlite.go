package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// readerConnections bounds the pool: each connection has its own page cache.
const readerConnections = 4

// openSQLite opens one connection that writes and a pool that can only read:
// SQLite has one writer at a time anyway, and waiting for it in Go is fair and
// ends with the context.
func openSQLite(ctx context.Context, options Options) (*Store, error) {
	path, err := filepath.Abs(options.path())
	if err != nil {
		return nil, err
	}
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	writer, err := sql.Open("sqlite", sqliteDSN(path, "immediate",
		"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)", "cache_size(-2048)",
		"journal_size_limit(8388608)"))
	if err != nil {
		return nil, err
	}
	writer.SetMaxOpenConns(1)
	// The writer goes first: a reader cannot turn a new file into WAL.
	if err := migrate(ctx, writer, goose.DialectSQLite3); err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	readers, err := sql.Open("sqlite", sqliteDSN(path, "deferred", "query_only(ON)", "cache_size(-1024)"))
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	readers.SetMaxOpenConns(readerConnections)
	readers.SetMaxIdleConns(readerConnections)
	return &Store{writer: writer, readers: readers, dialect: dialect{
		snapshot: sql.TxOptions{ReadOnly: true},
	}}, nil
}

// createPrivate makes the file before SQLite does, which would let everyone
// read it. SQLite gives its side files the same mode.
func createPrivate(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

func sqliteDSN(path, lock string, pragmas ...string) string {
	query := url.Values{"_txlock": {lock}, "_pragma": append(pragmas, fmt.Sprintf("busy_timeout(%d)", 5000))}
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	return dsn.String()
}

package store

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx", for making schemas
)

// start is when the tests' story begins.
var start = time.Date(2023, 5, 30, 1, 2, 3, 4_000_000, time.UTC)

// world is one empty database of its own.
type world struct {
	*Store
	t       testing.TB
	options Options
}

// onBoth runs the same test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, w *world)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newSQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newPostgres(t))
	})
}

func newSQLite(t testing.TB) *world {
	t.Helper()
	return newWorld(t, Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "pantau.db")})
}

// newPostgres makes a schema on the server in PANTAU_TEST_POSTGRES, which
// ".ci/postgres run" provides.
func newPostgres(t testing.TB) *world {
	t.Helper()
	server := os.Getenv("PANTAU_TEST_POSTGRES")
	if server == "" {
		t.Skip("PANTAU_TEST_POSTGRES names no PostgreSQL server; run through .ci/postgres run")
	}
	admin, err := sql.Open("pgx", server)
	must(t, err)
	schema := "t" + strings.ToLower(rand.Text())
	_, err = admin.Exec("CREATE SCHEMA " + schema)
	must(t, err)
	t.Cleanup(func() {
		_, err := admin.Exec("DROP SCHEMA " + schema + " CASCADE")
		must(t, err)
		must(t, admin.Close())
	})
	own, err := url.Parse(server)
	must(t, err)
	query := own.Query()
	query.Set("search_path", schema)
	own.RawQuery = query.Encode()
	return newWorld(t, Options{URL: own.String()})
}

func newWorld(t testing.TB, options Options) *world {
	t.Helper()
	w := &world{t: t, options: options, Store: open(t, options)}
	t.Cleanup(func() { must(t, w.Close()) })
	return w
}

func open(t testing.TB, options Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), options)
	must(t, err)
	return s
}

// restart closes the store and opens it again, as a new process does.
func (w *world) restart() {
	w.t.Helper()
	must(w.t, w.Close())
	w.Store = open(w.t, w.options)
}

// another is the same database as another process has it, where there can be
// one.
func (w *world) another() *Store {
	w.t.Helper()
	if !w.options.postgres() {
		return w.Store
	}
	s := open(w.t, w.options)
	w.t.Cleanup(func() { must(w.t, s.Close()) })
	return s
}

// dump gives every row of every table, each table in the order of its columns.
func (w *world) dump() string {
	w.t.Helper()
	var out strings.Builder
	for _, table := range w.tables() {
		rows, err := w.readers.Query("SELECT * FROM " + table + " ORDER BY 1, 2")
		must(w.t, err)
		columns, err := rows.Columns()
		must(w.t, err)
		fmt.Fprintln(&out, "#", table, columns)
		for rows.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for n := range values {
				into[n] = &values[n]
			}
			must(w.t, rows.Scan(into...))
			fmt.Fprintf(&out, "%v\n", values)
		}
		must(w.t, rows.Err())
		must(w.t, rows.Close())
	}
	return out.String()
}

// tables are all of ours, found in the database itself.
func (w *world) tables() []string {
	w.t.Helper()
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%' ORDER BY name`
	if w.options.postgres() {
		query = `SELECT table_name::text FROM information_schema.tables
			WHERE table_schema = current_schema() AND table_name NOT LIKE 'goose%' ORDER BY table_name`
	}
	tables, err := collect(w.t.Context(), w.readers, func(name *string) []any { return []any{name} }, query)
	must(w.t, err)
	if len(tables) < 9 {
		w.t.Fatalf("found only the tables %q", tables)
	}
	return tables
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestReopeningKeepsEverything(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		must(t, w.Commit(t.Context(), sampleCommit()))
		_, err := w.Expand(t.Context(), 10, toChannels("x", "slack"))
		must(t, err)
		before := w.dump()
		w.restart()
		if after := w.dump(); after != before {
			t.Errorf("after a restart the rows are\n%s\nwant\n%s", after, before)
		}
		must(t, w.Ping(t.Context()))
	})
}

func TestClosingTwiceIsHarmless(t *testing.T) {
	w := newSQLite(t)
	must(t, w.Close())
	must(t, w.Close())
	if err := w.Ping(t.Context()); err == nil {
		t.Error("a closed store can be read, want an error")
	}
}

func TestSeveralProcessesMayOpenAnEmptyDatabaseAtOnce(t *testing.T) {
	w := newPostgres(t)
	_, err := w.writer.Exec("DROP TABLE goose_db_version; DROP TABLE deliveries, notices, incident_updates, " +
		"incidents, component_states, waits, arrivals, results, counters")
	must(t, err)
	errs := make(chan error)
	for range 4 {
		go func() {
			s, err := Open(t.Context(), w.options)
			if err == nil {
				err = s.Close()
			}
			errs <- err
		}()
	}
	for range 4 {
		must(t, <-errs)
	}
	must(t, w.Ping(t.Context()))
}

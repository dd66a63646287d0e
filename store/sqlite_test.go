package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"pantau/incident"
	"pantau/notifier"
)

func TestSQLiteIsSetUpToLoseNothing(t *testing.T) {
	w := newSQLite(t)
	for _, test := range []struct {
		db           *sql.DB
		pragma, want string
	}{
		{w.writer, "journal_mode", "wal"},
		{w.writer, "synchronous", "2"}, // FULL
		{w.writer, "foreign_keys", "1"},
		{w.writer, "busy_timeout", "5000"},
		{w.readers, "query_only", "1"},
		{w.readers, "busy_timeout", "5000"},
	} {
		var got string
		must(t, test.db.QueryRow("PRAGMA "+test.pragma).Scan(&got))
		if got != test.want {
			t.Errorf("%s is %s, want %s", test.pragma, got, test.want)
		}
	}
	if _, err := w.readers.Exec(`DELETE FROM counters`); err == nil {
		t.Error("a reader could write")
	}
	if _, err := w.writer.Exec(`INSERT INTO arrivals VALUES ('none', '', '', '', 0, 0, 0, '')`); err == nil {
		t.Error("an arrival without its result was stored, so that references are not checked")
	}
}

func TestReadersGoOnDuringALongWrite(t *testing.T) {
	w := newSQLite(t)
	must(t, w.Commit(t.Context(), sampleCommit()))
	err := w.write(t.Context(), func(tx *sql.Tx) error {
		if _, err := tx.Exec(`DELETE FROM waits`); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE incidents SET status = 'resolved', resolved_at = 1`); err != nil {
			return err
		}
		// All of these must answer while the write is open, from before it.
		for range readerConnections + 1 {
			incidents, err := w.Incidents(t.Context(), start)
			if err != nil || len(incidents) != 1 {
				return fmt.Errorf("read %d incidents (%w), want 1", len(incidents), err)
			}
		}
		if _, found, err := claimed(w); err != nil || found {
			return fmt.Errorf("an idle claim gave %v (%w), want nothing and no waiting", found, err)
		}
		if len(w.results(start)) != 3 {
			return fmt.Errorf("the results were not read")
		}
		return nil
	})
	must(t, err)
}

func claimed(w *world) (d notifier.Delivery, found bool, err error) {
	d, _, found, err = w.Claim(w.t.Context(), "x", start, lease)
	return d, found, err
}

// TestTheBusyQueriesUseAnIndex asks the planner, because what reads a whole
// table is fast in every test and slow after a year.
func TestTheBusyQueriesUseAnIndex(t *testing.T) {
	w := newSQLite(t)
	for _, test := range []struct {
		query, want string
		args        []any
	}{
		{dueDelivery, "SEARCH d USING INDEX deliveries_open (channel=?)", []any{"x", 1}},
		{dueDelivery, "SEARCH e USING INDEX deliveries_open (channel=? AND thread=?)", []any{"x", 1}},
		{anyNewNotice, "USING COVERING INDEX notices_new", nil},
		{openWaits, "USING INDEX waits_closed (closed_at=?)", nil},
		{firstResult, "USING COVERING INDEX results_at", []any{1}},
		{nextResults, "SEARCH r USING INDEX results_seq (seq>?)", []any{1, 1, 1}},
		{`UPDATE waits SET closed_at = $1 WHERE run = $2`, "waits_run", []any{1, "x"}},
	} {
		plan, err := collect(t.Context(), w.writer, func(row *[4]any) []any { return []any{&row[0], &row[1], &row[2], &row[3]} },
			"EXPLAIN QUERY PLAN "+test.query, test.args...)
		must(t, err)
		if got := fmt.Sprint(plan); !strings.Contains(got, test.want) {
			t.Errorf("%s\nis planned as %s\nwant %s", test.query, got, test.want)
		}
	}
}

func TestTheWriterWaitsItsTurnAndEndsWithItsContext(t *testing.T) {
	w := newSQLite(t)
	ended := make(chan error, 1)
	err := w.write(t.Context(), func(*sql.Tx) error {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		ended <- w.Commit(ctx, sampleCommit())
		return nil
	})
	must(t, err)
	if err := <-ended; err == nil {
		t.Error("a commit behind a long write gave no error when its context ended")
	}
	must(t, w.Commit(t.Context(), incident.Commit{}))
}

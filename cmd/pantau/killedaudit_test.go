package main

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// snapshot is what a database held at one moment, by table and row.
type snapshot map[string]map[string]string

// The rows that must never change once they are committed. Each query gives an
// id and what belongs to it for good.
func immutable() map[string]string {
	return map[string]string{
		"incidents":  `SELECT id, opened_at FROM incidents`,
		"updates":    `SELECT id, incident || '|' || number || '|' || status || '|' || at || '|' || body || '|' || advice FROM incident_updates`,
		"notices":    `SELECT id, about || '|' || number || '|' || event || '|' || audience || '|' || at || '|' || title || '|' || post || '|' || body FROM notices`,
		"deliveries": `SELECT id, notice || '|' || channel || '|' || thread || '|' || number || '|' || event || '|' || title || '|' || text FROM deliveries`,
		"receipts":   `SELECT id, receipt FROM deliveries WHERE state = 'sent'`,
		"results":    `SELECT id, verdict || '|' || reason || '|' || at FROM results`,
	}
}

// snapshot reads a copy of the database as the killed one left it: whoever
// opens the file itself might mend what the next one has to.
func (k *killer) snapshot() snapshot {
	k.t.Helper()
	path := k.copyDatabase()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		k.t.Fatal(err)
	}
	defer db.Close()
	all := snapshot{}
	for table, query := range immutable() {
		if all[table], err = pairs(k.t.Context(), db, query); err != nil && !strings.Contains(err.Error(), "no such table") {
			k.t.Fatalf("reading %s: %v", table, err)
		}
	}
	return all
}

// copyDatabase copies the file with what is beside it and gives the copy's
// path.
func (k *killer) copyDatabase() string {
	k.t.Helper()
	path := filepath.Join(k.copies, "pantau.db")
	for _, suffix := range []string{"-shm", "-wal", ""} {
		_ = os.Remove(path + suffix) // of the copy before
	}
	for _, suffix := range []string{"", "-wal"} {
		if err := copyFile(path+suffix, k.w.database+suffix); err != nil && !os.IsNotExist(err) {
			k.t.Fatal(err)
		}
	}
	return path
}

func copyFile(to, from string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		_ = target.Close()
		return err
	}
	return target.Close()
}

func pairs(ctx context.Context, db *sql.DB, query string) (map[string]string, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]string{}
	for rows.Next() {
		var id, content string
		if err := rows.Scan(&id, &content); err != nil {
			return nil, err
		}
		all[id] = content
	}
	return all, rows.Err()
}

// ledger is everything that any snapshot has held.
type ledger struct{ snapshot }

func newLedger() *ledger { return &ledger{snapshot{}} }

// keep wants everything that was ever committed in now, unchanged, and adds
// what is new.
func (l *ledger) keep(t *testing.T, now snapshot) {
	t.Helper()
	for table := range immutable() {
		for id, content := range l.snapshot[table] {
			switch got, there := now[table][id]; {
			case !there:
				t.Errorf("%s: %s was committed and is gone", table, id)
			case got != content:
				t.Errorf("%s: %s was committed as\n\t%s\nand is now\n\t%s", table, id, content, got)
			}
		}
		if l.snapshot[table] == nil {
			l.snapshot[table] = map[string]string{}
		}
		maps.Copy(l.snapshot[table], now[table])
	}
}

// told is a delivery as the database has it at the end.
type told struct {
	ID, Notice, Channel, Thread, Event, Title, Text, State, Receipt, Problem string
	Number, Attempt                                                          int
}

// audit compares what was to be said with what stands on X and Slack.
func (k *killer) audit(kills int) {
	k.t.Helper()
	db, err := sql.Open("sqlite", k.copyDatabase())
	if err != nil {
		k.t.Fatal(err)
	}
	defer db.Close()
	deliveries, err := readDeliveries(k.t.Context(), db)
	if err != nil {
		k.t.Fatal(err)
	}
	k.everyNoticeIsDelivered(deliveries)
	lost, doubled := 0, 0
	for _, channel := range []string{"x", "slack-public", "slack-it"} {
		l, d := k.saidOnce(channel, deliveries)
		lost, doubled = lost+l, doubled+d
	}
	k.incidentsAreWhole(db)
	again := 0
	for _, d := range deliveries {
		again += min(d.Attempt-1, 1)
	}
	k.t.Logf("%d kills: %d results, %d incidents with %d updates, %d notices, %d deliveries (%d took more than one attempt); %d lost, %d doubled",
		kills, len(k.committed.snapshot["results"]), len(k.committed.snapshot["incidents"]), len(k.committed.snapshot["updates"]),
		len(k.committed.snapshot["notices"]), len(deliveries), again, lost, doubled)
}

func readDeliveries(ctx context.Context, db *sql.DB) ([]told, error) {
	rows, err := db.QueryContext(ctx, `
		SELECT id, notice, channel, thread, event, title, text, state, receipt, problem, number, attempt
		FROM deliveries ORDER BY thread, channel, number`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []told
	for rows.Next() {
		var d told
		err := rows.Scan(&d.ID, &d.Notice, &d.Channel, &d.Thread, &d.Event, &d.Title, &d.Text, &d.State,
			&d.Receipt, &d.Problem, &d.Number, &d.Attempt)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, rows.Err()
}

// everyNoticeIsDelivered wants one delivery of each notice to each channel of
// its audience, sent.
func (k *killer) everyNoticeIsDelivered(deliveries []told) {
	k.t.Helper()
	missing := map[string]bool{}
	for id := range k.committed.snapshot["notices"] {
		if strings.HasSuffix(id, "/it") {
			missing[id+"/slack-it"] = true
			continue
		}
		missing[id+"/x"], missing[id+"/slack-public"] = true, true
	}
	for _, d := range deliveries {
		if !missing[d.ID] {
			k.t.Errorf("delivery %s is of no notice", d.ID)
		}
		delete(missing, d.ID)
		if d.State != "sent" {
			k.t.Errorf("delivery %s is %s: %s", d.ID, d.State, d.Problem)
		}
	}
	for id := range missing {
		k.t.Errorf("there is no delivery %s", id)
	}
}

// standing is one post as its channel shows it.
type standing struct{ id, key, answers string }

// saidOnce wants each delivery of a channel to stand there once, with the
// receipt it was given, in the order of its thread and in answer to its first,
// and nothing else to stand there.
func (k *killer) saidOnce(channel string, deliveries []told) (lost, doubled int) {
	k.t.Helper()
	posts := k.standing(channel)
	stands := map[string][]int{}
	for at, post := range posts {
		stands[post.key] = append(stands[post.key], at)
	}
	root, last, number := map[string]string{}, map[string]int{}, map[string]int{}
	for _, d := range deliveries {
		if d.Channel != channel {
			continue
		}
		key := d.ID
		if channel == "x" {
			key = d.Text
		}
		places := stands[key]
		delete(stands, key)
		if len(places) != 1 {
			lost, doubled = lost+max(0, 1-len(places)), doubled+max(0, len(places)-1)
			k.t.Errorf("%s stands %d times on %s, want once (after %d attempts): %s", d.ID, len(places), channel, d.Attempt, d.Text)
			continue
		}
		post, at := posts[places[0]], places[0]
		if number[d.Thread]+1 != d.Number || d.Number > 1 && at < last[d.Thread] || post.answers != root[d.Thread] || post.id != d.Receipt {
			k.t.Errorf("%s stands at place %d as %q in answer to %q, want it behind place %d as %q in answer to %q",
				d.ID, at, post.id, post.answers, last[d.Thread], d.Receipt, root[d.Thread])
		}
		number[d.Thread], last[d.Thread] = d.Number, at
		root[d.Thread] = cmp.Or(root[d.Thread], post.id)
	}
	for key, places := range stands {
		doubled += len(places)
		k.t.Errorf("%q stands on %s, and nobody was to say it", key, channel)
	}
	return lost, doubled
}

// standing is what stands on a channel: on X a text is unique, on Slack a
// message carries the delivery's id.
func (k *killer) standing(channel string) []standing {
	k.t.Helper()
	var all []standing
	if channel == "x" {
		for _, p := range k.w.Social().X.Posts() {
			one := standing{id: p.ID, key: p.Text}
			if p.InReplyTo != "" {
				one.answers = p.ConversationID
			}
			all = append(all, one)
		}
		return all
	}
	in := map[string]string{"slack-public": k.w.keys.slackAll, "slack-it": k.w.keys.slackOne}[channel]
	for _, m := range k.w.Social().Slack.Messages() {
		var metadata struct {
			Payload struct {
				ID string `json:"id"`
			} `json:"event_payload"`
		}
		if m.Channel != in {
			continue
		}
		if err := json.Unmarshal(m.Metadata, &metadata); err != nil {
			k.t.Errorf("a message without the delivery's id: %s", m.Text)
		}
		all = append(all, standing{m.TS, metadata.Payload.ID, m.ThreadTS})
	}
	return all
}

// incidentsAreWhole wants each incident opened once and resolved at last, its
// updates numbered without a gap, and no trouble with two incidents.
func (k *killer) incidentsAreWhole(db *sql.DB) {
	k.t.Helper()
	opened, err := pairs(k.t.Context(), db, `SELECT id, cause || '|' || opened_at FROM incidents ORDER BY opened_at`)
	if err != nil {
		k.t.Fatal(err)
	}
	events, err := pairs(k.t.Context(), db, `
		SELECT about || ' for ' || audience, group_concat(event, ' ') FROM (SELECT * FROM notices ORDER BY number) GROUP BY about, audience`)
	if err != nil {
		k.t.Fatal(err)
	}
	for thread, told := range events {
		all := strings.Fields(told)
		first, final, once := "opened", "resolved", strings.Count(told, "opened") == 1 && strings.Count(told, "resolved") == 1
		if strings.HasPrefix(thread, "BLIND-") {
			first, final, once = "blind", "sighted", len(all) == 2
		}
		if all[0] != first || all[len(all)-1] != final || !once {
			k.t.Errorf("%s was told %v, want %s first, %s last, and each once", thread, all, first, final)
		}
	}
	k.oneIncidentForEachTrouble(opened)
}

// oneIncidentForEachTrouble wants each incident to follow from a trouble that
// was brought about, and no other from the same.
func (k *killer) oneIncidentForEachTrouble(opened map[string]string) {
	k.t.Helper()
	of := map[int]string{}
	for _, id := range slices.Sorted(maps.Keys(opened)) {
		cause, millis, _ := strings.Cut(opened[id], "|")
		var at int64
		_, _ = fmt.Sscan(millis, &at)
		trouble := slices.IndexFunc(k.troubles, func(s troubled) bool {
			return slices.Contains(s.causes, cause) && !time.UnixMilli(at).Before(s.from) && time.UnixMilli(at).Before(s.until.Add(8*time.Second))
		})
		switch {
		case trouble < 0:
			k.t.Errorf("%s (%s) was opened at %s without a trouble", id, cause, time.UnixMilli(at).Format(time.TimeOnly))
		case of[trouble] != "":
			k.t.Errorf("%s and %s (%s) are one trouble", of[trouble], id, cause)
		}
		of[trouble] = id
	}
}

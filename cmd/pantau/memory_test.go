package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pantau/probes"
)

// TestRunsByHandKeepToTheRules: what a run asked for is known to the next, so that
// a card is not asked twice, money is counted and the owner's cap holds.
func TestRunsByHandKeepToTheRules(t *testing.T) {
	t.Parallel()
	w := newTestWorld(t, 16*time.Second)
	raw, err := os.ReadFile(w.config)
	if err != nil {
		t.Fatal(err)
	}
	permission := filepath.Join(filepath.Dir(w.config), "izin.yaml")
	once := strings.Replace(allowed("submit", time.Now().Add(time.Hour)), "otp_requests_per_day: 9", "otp_requests_per_day: 1", 1)
	if err := os.WriteFile(permission, []byte(once), 0o600); err != nil {
		t.Fatal(err)
	}
	oneCard := strings.Replace(string(raw), "sim_spacing: 16s", "sim_spacing: 10m", 1)
	var kept []string
	for line := range strings.Lines(oneCard) {
		if !strings.Contains(line, "{id: telkomsel-") || strings.Contains(line, "{id: telkomsel-1,") || strings.Contains(line, "name: Telkomsel") {
			kept = append(kept, line)
		}
	}
	w.write(t, strings.Join(kept, ""))

	code, stdout, stderr := pantau(t, w.env, "probe", "sms-telkomsel", "--config", w.config)
	if code != exitDone {
		t.Fatalf("the first run: exit code %d, %s%s", code, stdout, stderr)
	}
	code, stdout, stderr = pantau(t, w.env, "probe", "sms-telkomsel", "--config", w.config)
	if code != exitFailed || !strings.Contains(stderr, "cannot run now: its SIMs or mailbox rest between two codes") {
		t.Errorf("a second run with the same card: exit code %d, %s%s", code, stdout, stderr)
	}

	w.write(t, "authorisation: "+permission+"\n"+strings.Join(kept, ""))
	code, stdout, stderr = pantau(t, w.env, "probe", "email", "--config", w.config)
	if code != exitFailed || !strings.Contains(stdout, "in 24 hours as the portal's owner allows: 1") {
		t.Errorf("a second code of one a day: exit code %d, %s%s", code, stdout, stderr)
	}
	code, _, stderr = pantau(t, w.env, "probe", "captcha", "--config", w.config)
	if code != exitDone {
		t.Errorf("a run without a code: exit code %d, %s", code, stderr)
	}
	w.keepsOnlyRequests(t)
}

// keepsOnlyRequests wants nothing in the database that figures could be made of,
// and no wait that a service would go on with.
func (w *world) keepsOnlyRequests(t *testing.T) {
	t.Helper()
	db, err := sql.Open("sqlite", w.database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	count := func(query string) (n int) {
		if err := db.QueryRow(query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(`SELECT COUNT(*) FROM results WHERE verdict <> '` + string(probes.Unknown) + `'`); n != 0 {
		t.Errorf("%d results of runs by hand are kept, want none that say anything", n)
	}
	if requests, open := count(`SELECT COUNT(*) FROM results WHERE reason = 'requesting'`), count(`SELECT COUNT(*) FROM waits WHERE closed_at = 0`); requests != 1 || open != 0 {
		t.Errorf("%d requests are kept and %d waits are open, want 1 and 0", requests, open)
	}
}

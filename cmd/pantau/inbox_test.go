package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pantau/inbox"
)

const modemText = "Kode OTP e-Registration Anda: 482915. Berlaku 10 menit."

// fromSMSD is what smsd says to RunOnReceive of one message, or of none.
func fromSMSD(text string) []string {
	env := []string{"PANTAU_TEST_GAMMU=gammu-key"}
	if text == "" {
		return env
	}
	return append(env, "PHONE_ID=modem-1", "SMS_MESSAGES=1", "SMS_1_NUMBER=DJP", "DECODED_PARTS=1", "DECODED_1_TEXT="+text)
}

// TestInboxGammu: a message of smsd is never lost and never handed over twice,
// whatever else is wrong.
func TestInboxGammu(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var taken []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var h inbox.HandedOver
		_ = json.Unmarshal(body, &h)
		mu.Lock()
		defer mu.Unlock()
		taken = append(taken, h.Text)
	}))
	defer server.Close()
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	queue := filepath.Join(t.TempDir(), "queue")
	known, unknown := "${env:PANTAU_TEST_GAMMU}", "${file:"+queue+"/no-such-key}"
	file := filepath.Join(t.TempDir(), "file") // no folder can be made in it

	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name               string
		text               string
		queue, url, secret string
		code, queued       int
	}{
		{"the server is away", "first", queue, away.URL, known, exitDone, 1},
		{"the secret cannot be read", "second", queue, server.URL, unknown, exitUsage, 2},
		{"the server is back", "third " + modemText, queue, server.URL, known, exitDone, 0},
		{"nothing new", "", queue, server.URL, known, exitDone, 0},
		{"there is no queue", "fourth", file + "/queue", server.URL, known, exitDone, 0},
	} {
		code, stdout, stderr := pantau(t, fromSMSD(test.text), "inbox", "gammu",
			"--queue", test.queue, "--url", test.url, "--secret", test.secret, "IN20260101_000000_00_DJP_00.txt")
		if code != test.code || stdout != "" || strings.Contains(stderr, "482915") {
			t.Errorf("%s: exit code %d, want %d; it says %q and %q", test.name, code, test.code, stdout, stderr)
		}
		if names, err := filepath.Glob(queue + "/*"); err != nil || len(names) != test.queued {
			t.Errorf("%s: %d files in the queue (%v), want %d", test.name, len(names), err, test.queued)
		}
	}
	if got, want := strings.Join(taken, ", "), "first, second, third "+modemText+", fourth"; got != want {
		t.Errorf("the server was given %q, want %q", got, want)
	}
}

package inbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	spooledMessage = "IN20230530_120000_00_+62811canary_00.txt"
	queuedMessage  = "1685422800000-ABC.json"
)

func TestFoldersOfGammuAreLookedInto(t *testing.T) {
	now := time.Date(2023, 5, 30, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name    string
		files   map[string]time.Duration // how old
		folder  string                   // what is told, or part of the error
		queue   string
		isWrong bool
	}{
		{"empty", nil, "nothing waits", "nothing waits", false},
		{"what is no message", map[string]time.Duration{"note.txt": time.Hour, "1-X.part": time.Hour, "OUT1.txt": time.Hour}, "nothing waits", "nothing waits", false},
		{"just come", map[string]time.Duration{spooledMessage: 5 * time.Second, queuedMessage: time.Minute}, "1 files of messages wait", "1 files of messages wait", false},
		{"of a clock ahead", map[string]time.Duration{spooledMessage: -time.Hour, queuedMessage: -time.Hour}, "1 files of messages wait", "1 files of messages wait", false},
		{"old", map[string]time.Duration{
			spooledMessage: time.Minute, strings.Replace(spooledMessage, "_00.", "_01.", 1): 26 * time.Hour,
			queuedMessage: spoolStuck,
		}, "2 files of messages in FOLDER are taken by nobody, the oldest since 2023-05-29T10:00:00Z", "1 files of messages in FOLDER are taken by nobody", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			for name, age := range test.files {
				path := filepath.Join(folder, name)
				if err := os.WriteFile(path, []byte("canary"), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Chtimes(path, now.Add(-age), now.Add(-age)); err != nil {
					t.Fatal(err)
				}
			}
			for _, each := range []struct {
				check func(time.Time) (string, error)
				want  string
			}{{Gammu{Folder: folder}.CheckFolder, test.folder}, {Gammu{Queue: folder}.CheckQueue, test.queue}} {
				told, err := each.check(now)
				if err != nil {
					told = err.Error()
				}
				if (err != nil) != test.isWrong || !strings.HasPrefix(told, strings.Replace(each.want, "FOLDER", folder, 1)) {
					t.Errorf("got %q, %v, want %q", told, err, each.want)
				}
				if strings.Contains(told, "canary") {
					t.Errorf("the number or the text of a message is said: %q", told)
				}
			}
			if left, _ := os.ReadDir(folder); len(left) != len(test.files) {
				t.Errorf("%d files are left, want the %d that were there", len(left), len(test.files))
			}
		})
	}
}

func TestFoldersOfGammuThatCannotBeUsed(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(folder, "none")
	for path, want := range map[string]string{
		missing:                   missing + " is not there; write the inboxpath",
		file:                      file + " is a file and no folder",
		filepath.Join(file, "in"): "cannot be looked at: not a directory",
	} {
		if _, err := (Gammu{Folder: path}).CheckFolder(time.Now()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := (Gammu{Queue: missing}).CheckQueue(time.Now()); err == nil || !strings.Contains(err.Error(), "as --queue") {
		t.Errorf("got %v, want what to do about a queue that is not there", err)
	}
}

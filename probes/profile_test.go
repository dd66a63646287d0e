package probes

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestOnlyProfilesOfTheDeadAreSwept(t *testing.T) {
	folder := t.TempDir()
	used, err := newProfile(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{profilePrefix + "dead/profile/Default", profilePrefix + "young", "other-folder"} {
		if err := os.MkdirAll(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, profilePrefix+"file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{profilePrefix + "dead", profilePrefix + "file", "other-folder", filepath.Base(used.dir)} {
		if err := os.Chtimes(filepath.Join(folder, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	sweepProfiles(folder, time.Now())
	for name, want := range map[string]bool{
		profilePrefix + "dead": false, profilePrefix + "young": true, profilePrefix + "file": true, "other-folder": true, filepath.Base(used.dir): true,
	} {
		if _, err := os.Lstat(filepath.Join(folder, name)); (err == nil) != want {
			t.Errorf("%s is there: %t, want %t", name, err == nil, want)
		}
	}
	used.remove()
	if _, err := os.Lstat(used.dir); err == nil {
		t.Error("a profile is there after it was removed")
	}
}

package probes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func taken(at time.Time, bytes int) Picture {
	return Picture{Run: "abc234", Journey: "captcha", Step: StepRequestOTP, At: at, PNG: make([]byte, bytes)}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

func TestAnAlbumKeepsTheNewest(t *testing.T) {
	start := time.Date(2026, 5, 26, 18, 0, 0, 0, time.FixedZone("WIB", 7*60*60))
	for _, test := range []struct {
		name  string
		files int
		bytes int64
		sizes []int
		want  []int // which of them are left, by their place in sizes
	}{
		{"within both", 3, 100, []int{10, 10, 10}, []int{0, 1, 2}},
		{"too many", 2, 100, []int{10, 10, 10}, []int{1, 2}},
		{"too big", 9, 25, []int{10, 10, 10}, []int{1, 2}},
		{"one that is too big by itself", 9, 25, []int{10, 10, 30}, []int{2}},
		{"small ones after it", 9, 25, []int{30, 10, 10}, []int{1, 2}},
		{"one only", 1, 100, []int{10, 10}, []int{1}},
	} {
		dir := filepath.Join(t.TempDir(), "a", "pictures")
		a, err := OpenAlbum(dir)
		if err != nil {
			t.Fatal(err)
		}
		a.files, a.bytes = test.files, test.bytes
		for i, size := range test.sizes {
			p := taken(start.Add(time.Duration(i)*time.Millisecond), size)
			if name, err := a.Keep(p); err != nil || name != p.Name() {
				t.Fatalf("%s: kept as %q, %v", test.name, name, err)
			}
		}
		var want []string
		for _, i := range test.want {
			want = append(want, taken(start.Add(time.Duration(i)*time.Millisecond), 0).Name())
		}
		if got := strings.Join(names(t, dir), " "); got != strings.Join(want, " ") {
			t.Errorf("%s: %s is left, want %s", test.name, got, want)
		}
	}
	if got, want := taken(start, 0).Name(), "20260526T110000.000Z-abc234-request-otp.png"; got != want {
		t.Errorf("the name is %s, want %s", got, want)
	}
}

func TestAnAlbumIsItsOwnersAndLeavesOtherFilesAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pictures")
	a, err := OpenAlbum(dir)
	if err != nil {
		t.Fatal(err)
	}
	a.files = 1
	for _, name := range []string{"notes.txt", "20260101T000000.000Z-abc-open.png.bak", halfWritten + "1"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	old, fresh := taken(now.Add(-time.Hour), 5), taken(now, 5)
	for _, p := range []Picture{fresh, old} { // in any order
		if _, err := a.Keep(p); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"20260101T000000.000Z-abc-open.png.bak", fresh.Name(), "notes.txt"}
	if got := names(t, dir); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%q is left, want %q", got, want)
	}
	for path, mode := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, fresh.Name()): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s has mode %v, want %v (%v)", path, info.Mode().Perm(), mode, err)
		}
	}
	if err := a.Prune(now.Add(-time.Minute)); err != nil || len(names(t, dir)) != 3 {
		t.Errorf("a picture was removed before its time: %q, %v", names(t, dir), err)
	}
	if err := a.Prune(now.Add(time.Minute)); err != nil || len(names(t, dir)) != 2 {
		t.Errorf("%q is left after its time, %v", names(t, dir), err)
	}
}

func TestWhetherPicturesCanBeKept(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		folder:                             "",
		filepath.Join(folder, "new"):       "",
		filepath.Join(folder, "no", "new"): "no such file",
		file:                               "is not a folder",
		filepath.Join(file, "new"):         "not a directory",
	} {
		err := CheckAlbum(dir)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", dir, err, want)
		}
	}
	if left := names(t, folder); len(left) != 1 {
		t.Errorf("the check left %q", left)
	}
	if _, err := OpenAlbum(filepath.Join(file, "new")); err == nil {
		t.Error("a folder was made within a file")
	}
}

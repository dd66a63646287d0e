package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pantau/internal/secret"
)

func TestOptions(t *testing.T) {
	for _, test := range []struct {
		name     string
		options  Options
		wantPath string
		wantErr  string
	}{
		{"nothing", Options{}, "", "url: is empty"},
		{"only the scheme", Options{URL: "sqlite:"}, "", "url: is empty"},
		{"bare path", Options{URL: "data/pantau.db"}, "data/pantau.db", ""},
		{"absolute", Options{URL: "sqlite:/var/lib/pantau/pantau.db"}, "/var/lib/pantau/pantau.db", ""},
		{"memory", Options{URL: "sqlite::memory:"}, "", "must be a file"},
		{"another database", Options{URL: "mysql://host/db"}, "", "scheme that is not known"},
		{"a URL's slashes", Options{URL: "sqlite://pantau.db"}, "", "scheme that is not known"},
		{"password for a file", Options{URL: "x.db", Password: secret.New("canary")}, "", "password: is for PostgreSQL"},
		{"postgres", Options{URL: "postgres://pantau@db/pantau", Password: secret.New("canary")}, "", ""},
		{"socket", Options{URL: "postgresql:///pantau?host=/run/postgresql"}, "", ""},
		{"password in the URL", Options{URL: "postgres://pantau:canary@db/pantau"}, "", "holds a password"},
		{"password in the query", Options{URL: "postgres://db/pantau?password=canary"}, "", "holds a password"},
		{"broken URL", Options{URL: "postgres://pantau:canary@db:port/%zz"}, "", "is not a URL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.options.Validate()
			switch {
			case test.wantErr == "" && err != nil:
				t.Errorf("got %v, want no error", err)
			case test.wantErr != "" && (err == nil || !strings.Contains(err.Error(), test.wantErr)):
				t.Errorf("got %v, want an error with %q", err, test.wantErr)
			case err != nil && strings.Contains(err.Error(), "canary"):
				t.Errorf("the error shows the password: %v", err)
			case test.wantPath != "" && test.options.path() != test.wantPath:
				t.Errorf("the path is %q, want %q", test.options.path(), test.wantPath)
			}
		})
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	must(t, os.WriteFile(text, []byte(strings.Repeat("not a database\n", 100)), 0o600))
	for _, test := range []struct {
		name    string
		options Options
		wantErr string
	}{
		{"no folder", Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "none", "pantau.db")}, "no such file or directory"},
		{"not a database", Options{URL: text}, "not a database"},
		{"no server", Options{URL: "postgres://pantau@127.0.0.1:1/pantau", Password: secret.New("canary")}, "connect"},
		{"not valid", Options{}, "url: is empty"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := Open(t.Context(), test.options)
			if err == nil {
				must(t, s.Close())
			}
			if err == nil || !strings.Contains(err.Error(), test.wantErr) {
				t.Fatalf("got %v, want an error with %q", err, test.wantErr)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestAnAwkwardPathIsTakenAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?mode=ro#%41&_pragma=x.db")
	w := newWorld(t, Options{URL: "sqlite:" + path})
	must(t, w.Commit(t.Context(), sampleCommit()))
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, want 0600", info.Mode().Perm())
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	must(t, err)
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v (%v), want 0600", file, info.Mode(), err)
		}
	}
}

package probes

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// script is a program of its own in a new folder.
func script(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chromium")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWhatIsWrongWithABrowserIsSaid(t *testing.T) {
	for _, test := range []struct{ name, path, want string }{
		{"missing", "/nonexistent/chromium", "there is no Chromium at /nonexistent/chromium; install it"},
		{"may not be run", script(t, "#!/bin/sh\n", 0o600), "it does not start: "},
		{"ends at once", script(t, "#!/bin/sh\necho no display here >&2\nexit 3\n", 0o700), "no display here"},
		{"hangs", script(t, "#!/bin/sh\nwhile :; do sleep 0.1; done\n", 0o700), "it does not start: "},
		{"is something else", script(t, "#!/bin/sh\nexec cat\n", 0o700), "it does not start: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			temporary := t.TempDir()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			err := CheckBrowser(ctx, Browser{Path: test.path, temporary: temporary})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			wantNothingLeft(t, temporary)
		})
	}
}

func TestABrowserThatIsThereIsFine(t *testing.T) {
	t.Parallel()
	o := Options{}
	inChromium(t)(&o)
	if err := CheckBrowser(t.Context(), o.Browser); err != nil {
		t.Error(err)
	}
}

func TestWhichChromiumIsTooOld(t *testing.T) {
	for product, want := range map[string]string{
		"HeadlessChrome/118.0.0.0":      "",
		"Chrome/156.0.8078.79":          "",
		"HeadlessChrome/117.9.9.9":      "version 117 is too old, want 118 or later",
		"HeadlessChrome/73.0.3683.75":   "version 73 is too old",
		"":                              "says no version",
		"Firefox":                       "says no version",
		"HeadlessChrome/dev.0.3683.75":  "says no version",
		"HeadlessChrome/-1.0.3683.75":   "too old",
		"HeadlessChrome/1180.0.3683.75": "",
	} {
		err := checkProduct(product)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want %q", product, err, want)
		}
	}
}

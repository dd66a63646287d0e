package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pantau/config"
)

// setSecrets gives every ${env:…} in text a value that could be one.
func setSecrets(t *testing.T, text string) {
	t.Helper()
	for i, found := range regexp.MustCompile(`\$\{env:([A-Z0-9_]+)\}`).FindAllStringSubmatch(text, -1) {
		value := "secret-" + found[1]
		if strings.HasPrefix(found[1], "PANTAU_SIM_") {
			value = "+6281200000" + string(rune('0'+i/10%10)) + string(rune('0'+i%10)) + "0"
		}
		t.Setenv(found[1], value)
	}
}

func TestTheExampleIsValid(t *testing.T) {
	raw, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	setSecrets(t, string(raw))
	c, err := config.Load("../config.yaml")
	if err != nil {
		t.Fatalf("config.yaml has mistakes:\n%v", err)
	}
	if n := len(c.Streams()); n != 6 {
		t.Errorf("%d streams are measured, want 6: %v", n, c.Streams())
	}
	if len(c.Notify.Channels) != 3 || len(c.SIMs) != 12 {
		t.Errorf("%d channels and %d SIMs, want 3 and 12", len(c.Notify.Channels), len(c.SIMs))
	}
}

func TestTheExampleWithoutItsSecretsNamesEachOfThem(t *testing.T) {
	_, err := config.Load("../config.yaml")
	if err == nil {
		t.Fatal("no error without secrets")
	}
	raw, readErr := os.ReadFile("../config.yaml")
	if readErr != nil {
		t.Fatal(readErr)
	}
	wanted := strings.Count(string(raw), "${env:PANTAU_")
	if got := strings.Count(err.Error(), "is not set"); got != wanted {
		t.Errorf("%d secrets are named as missing, want %d:\n%v", got, wanted, err)
	}
	for line := range strings.Lines(err.Error()) {
		if !regexp.MustCompile(`^\.\./config\.yaml:\d+:\d+: [a-z_.\[\]0-9]+: the environment variable PANTAU_\w+ is not set\n?$`).MatchString(line) {
			t.Errorf("unexpected line %q", line)
		}
	}
}

// TestBadSamples: each file in testdata/bad begins with the exact messages it
// must give, one `# want: ` line each, and is otherwise the good sample with a
// mistake in it.
func TestBadSamples(t *testing.T) {
	setSecrets(t, "${env:PANTAU_SIM_A} ${env:PANTAU_SIM_B} ${env:PANTAU_SECRET}")
	samples, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(samples) < 20 {
		t.Fatalf("%d samples (%v), want at least 20", len(samples), err)
	}
	for _, path := range samples {
		t.Run(filepath.Base(path), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for line := range strings.Lines(string(raw)) {
				if message, ok := strings.CutPrefix(line, "# want: "); ok {
					want = append(want, strings.TrimSpace(message))
				}
			}
			_, err = config.Parse(filepath.Base(path), raw)
			if err == nil {
				t.Fatalf("no mistake was found, want\n%s", strings.Join(want, "\n"))
			}
			if got := err.Error(); got != strings.Join(want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
			}
		})
	}
}

func TestTheGoodSampleIsGood(t *testing.T) {
	setSecrets(t, "${env:PANTAU_SIM_A} ${env:PANTAU_SIM_B} ${env:PANTAU_SECRET}")
	if _, err := config.Load("testdata/good.yaml"); err != nil {
		t.Errorf("the sample that the bad ones are made from has mistakes:\n%v", err)
	}
}

// TestNoErrorShowsASecret: what was put into the file by mistake is not
// repeated, wherever it stands.
func TestNoErrorShowsASecret(t *testing.T) {
	const canary = "canary-4f1d"
	good, err := os.ReadFile("testdata/good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		strings.ReplaceAll(string(good), "${env:PANTAU_SECRET}", canary),
		strings.ReplaceAll(string(good), "${env:PANTAU_SIM_A}", canary),
		string(good) + "\n  bad indent: [" + canary,
	} {
		_, err := config.Parse("config.yaml", []byte(bad))
		if err == nil {
			t.Fatal("no mistake was found")
		}
		if strings.Contains(err.Error(), canary) {
			t.Errorf("the error repeats what may be a secret:\n%v", err)
		}
	}
}

func TestAMissingFile(t *testing.T) {
	_, err := config.Load(filepath.Join(t.TempDir(), "none.yaml"))
	if err == nil || !strings.Contains(err.Error(), "none.yaml: no such file") {
		t.Errorf("got %v, want the missing file named", err)
	}
}

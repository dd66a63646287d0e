package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"pantau/simulator"
	"pantau/simulator/delivery"
)

// browserSettings are portalSettings whose journeys run in Chromium, set up as
// browser says. They are written into a new folder, with the store.
func browserSettings(t *testing.T, address, browser, more string) (file string) {
	t.Helper()
	folder := t.TempDir()
	text := portalSettings(address, "browser: {"+browser+"}\n"+more, "")
	text = strings.ReplaceAll(text, "every: 1s}", "every: 1s, browser: true}")
	text = strings.Replace(text, "pantau.db", filepath.Join(folder, "pantau.db"), 1)
	file = filepath.Join(folder, "config.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestCheckSaysWhatIsWrongWithTheBrowser(t *testing.T) {
	t.Parallel()
	portal := startPortal(t).URL()
	broken := filepath.Join(t.TempDir(), "chromium")
	if err := os.WriteFile(broken, []byte("#!/bin/sh\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, path, want string }{
		{"missing", "/nonexistent/chromium", "WRONG  browser       Chromium: there is no Chromium at /nonexistent/chromium; install it"},
		{"broken", broken, "WRONG  browser       Chromium: it does not start: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			code, stdout, _ := pantau(t, []string{"PANTAU_TEST_ORACLE=" + testOracle}, "check", "--config", browserSettings(t, portal, fmt.Sprintf("path: %q", test.path), ""))
			if code != exitFailed || !strings.Contains(stdout, test.want) {
				t.Errorf("exit code %d, want %d with %q:\n%s", code, exitFailed, test.want, stdout)
			}
			if !strings.Contains(stdout, "WRONG  portal        open: unknown (browser): our own browser does not start") {
				t.Errorf("the portal is not said to be unknown:\n%s", stdout)
			}
		})
	}
}

// needsChromium gives the environment of a program that starts Chromium. Of that
// nothing may be left in the folder for what is temporary.
func needsChromium(t *testing.T) (env []string) {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("Chromium is not installed")
	}
	// Not t.TempDir: Chromium's socket there must have a short path.
	temporary, err := os.MkdirTemp("/tmp", "pantau")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if left, _ := os.ReadDir(temporary); len(left) > 0 {
			t.Errorf("%s and %d more are left over", left[0].Name(), len(left)-1)
		}
		_ = os.RemoveAll(temporary)
	})
	return []string{"PANTAU_TEST_ORACLE=" + testOracle, "TMPDIR=" + temporary}
}

func breakPortal(t *testing.T, portal *simulator.Simulator, faults ...delivery.Fault) {
	t.Helper()
	if err := portal.SetFaults(faults); err != nil {
		t.Fatal(err)
	}
}

// wantPicture wants a file that only its owner can read and that is a picture.
func wantPicture(t *testing.T, path string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if taken, err := png.Decode(bytes.NewReader(raw)); err != nil || taken.Bounds().Dx() < 300 {
		t.Errorf("%s is no picture: %v", path, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s has mode %v, %v", path, info.Mode().Perm(), err)
	}
}

func TestProbeKeepsAPictureWhereItIsTold(t *testing.T) {
	t.Parallel()
	env := needsChromium(t)
	portal := startPortal(t)
	file, folder := browserSettings(t, portal.URL(), "", ""), t.TempDir()
	code, stdout, stderr := pantau(t, env, "probe", "portal", "--config", file, "--screenshot", folder)
	if left, _ := os.ReadDir(folder); code != exitDone || len(left) > 0 {
		t.Errorf("a page that is right: exit code %d and %d pictures\n%s%s", code, len(left), stdout, stderr)
	}
	breakPortal(t, portal, delivery.Fault{Kind: delivery.PortalDown, How: delivery.HowHTTP503})
	code, stdout, stderr = pantau(t, env, "probe", "portal", "--config", file, "--json", "--screenshot", folder)
	var told jsonStep
	if err := json.NewDecoder(strings.NewReader(stdout)).Decode(&told); err != nil || code != exitFailed || told.Picture == "" {
		t.Fatalf("exit code %d, %v:\n%s%s", code, err, stdout, stderr)
	}
	wantPicture(t, filepath.Join(folder, told.Picture))
	if !strings.Contains(stderr, "picture of open: "+filepath.Join(folder, told.Picture)) {
		t.Errorf("standard error is %q", stderr)
	}
	if left, _ := os.ReadDir(filepath.Join(filepath.Dir(file), "pictures")); len(left) > 0 {
		t.Error("a picture is in the folder of serve too")
	}
	code, _, stderr = pantau(t, env, "probe", "portal", "--config", file, "--screenshot", filepath.Join(folder, "none"))
	if code != exitUsage {
		t.Errorf("a folder that is not there: exit code %d, want %d: %s", code, exitUsage, stderr)
	}
}

// TestServeKeepsPicturesAsEvidence breaks a portal that is looked at in Chromium:
// the alert to the team names a picture, and it is there.
func TestServeKeepsPicturesAsEvidence(t *testing.T) {
	t.Parallel()
	env := needsChromium(t)
	portal := startPortal(t)
	team := "notify: {channels: [{name: team, kind: console, audience: it}]}\n"
	file := browserSettings(t, portal.URL(), "", team)
	p := launch(t, env, "serve", "--config", file)
	p.line("page: ", 20*time.Second)
	folder := filepath.Join(filepath.Dir(file), "pictures")
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("the folder of pictures: %v, %v", info, err)
	}
	breakPortal(t, portal, delivery.Fault{Kind: delivery.PortalDown, How: delivery.HowHTTP503})
	named := regexp.MustCompile(`\d{8}T\d{6}\.\d{3}Z-[a-z0-9]+-open\.png`)
	eventually(t, "an alert with a picture", 60*time.Second, func() error {
		if !named.MatchString(p.stdout.String()) {
			return errors.New("there is none:\n" + lastOf(p.stdout.String(), 2000))
		}
		return nil
	})
	wantPicture(t, filepath.Join(folder, named.FindString(p.stdout.String())))
	page, err := get(p.line("page: ", time.Second))
	if err != nil || strings.Contains(page, ".png") || p.interrupt(30*time.Second) != exitDone {
		t.Error("the page names a picture, or the end was not in order")
	}
}

func TestCheckSaysWherePicturesGo(t *testing.T) {
	t.Parallel()
	env := needsChromium(t)
	portal := startPortal(t).URL()
	full := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(full, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ pictures, want string }{
		{"off", "ok     pictures      none are kept"},
		{"", "/pictures\n"},
		{full, "WRONG  pictures      " + full + ": " + full + " is not a folder"},
	} {
		file := browserSettings(t, portal, fmt.Sprintf("pictures: %q", test.pictures), "")
		code, stdout, _ := pantau(t, env, "check", "--config", file)
		if !strings.Contains(stdout, test.want) || !strings.Contains(stdout, "ok     browser       Chromium") {
			t.Errorf("pictures %q: exit code %d, want %q:\n%s", test.pictures, code, test.want, stdout)
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(file), "pictures")); err == nil {
			t.Error("check made the folder")
		}
	}
}

package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pantau/simulator/delivery"
)

func TestCommandLine(t *testing.T) {
	t.Parallel()
	missing := t.TempDir() + "/config.yaml"
	for _, test := range []struct {
		name      string
		arguments []string
		code      int
		stdout    []string
		stderr    []string
	}{
		{"version", []string{"version"}, exitDone, []string{"pantau ", "built with go1."}, nil},
		{"help", []string{"--help"}, exitDone, []string{"Usage: pantau <command>", "demo", "serve", "check", "probe", "version"}, nil},
		{"help of a command", []string{"demo", "--help"}, exitDone, []string{"--listen", "--portal-listen", "--metrics-listen", "--data"}, nil},
		{"no command", nil, exitUsage, nil, []string{"expected one of"}},
		{"unknown command", []string{"watch"}, exitUsage, nil, []string{"watch"}},
		{"unknown flag", []string{"demo", "--fast"}, exitUsage, nil, []string{"--fast"}},
		{"a word too many", []string{"version", "please"}, exitUsage, nil, []string{"please"}},
		{"codes too short-lived", []string{"demo", "--validity", "1s"}, exitUsage, nil, []string{"--validity is 1s, want at least 15s"}},
		{"serve without a configuration", []string{"serve", "--config", missing}, exitUsage, nil, []string{missing, "no such file"}},
		{"check without a configuration", []string{"check", "--config", missing}, exitUsage, nil, []string{missing, "no such file"}},
		{"probe without a configuration", []string{"probe", "portal", "--config", missing}, exitUsage, nil, []string{missing, "no such file"}},
		{"probe without a journey", []string{"probe"}, exitUsage, nil, []string{"<journey>"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := pantau(t, nil, test.arguments...)
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			wantsAll(t, "standard output", stdout, test.stdout)
			wantsAll(t, "standard error", stderr, test.stderr)
			if test.code == exitDone && stderr != "" {
				t.Errorf("standard error %q, want nothing", stderr)
			}
		})
	}
}

// wantsAll wants every text in said.
func wantsAll(t *testing.T, where, said string, texts []string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(said, text) {
			t.Errorf("%s %q, want it to say %q", where, said, text)
		}
	}
}

// Several mistakes are all said at once, each with its place.
func TestServeSaysEveryMistake(t *testing.T) {
	t.Parallel()
	w := newTestWorld(t, 16*time.Second)
	good, err := os.ReadFile(w.config)
	if err != nil {
		t.Fatal(err)
	}
	bad := strings.NewReplacer("kind: x\n", "kind: twiter\n", "silence: 3.2s", "silence: soon").Replace(string(good))
	w.write(t, "colour: blue\n"+bad)
	code, stdout, stderr := pantau(t, w.env, "serve", "--config", w.config)
	if code != exitUsage || stdout != "" {
		t.Errorf("exit code %d with output %q, want %d and nothing", code, stdout, exitUsage)
	}
	wantsAll(t, "standard error", stderr, []string{
		w.config + ":1:1: colour: ", `"twiter" is unknown; one of x, slack, console`, "inbox.silence: ",
	})
	if lines := strings.Count(strings.TrimSpace(stderr), "\n") + 1; lines != 3 {
		t.Errorf("%d lines, want one for each of 3 mistakes:\n%s", lines, stderr)
	}
}

func TestServeWithoutASecret(t *testing.T) {
	t.Parallel()
	w := newTestWorld(t, 16*time.Second)
	env := slices.DeleteFunc(slices.Clone(w.env), func(v string) bool { return strings.HasPrefix(v, "PANTAU_SLACK_TOKEN=") })
	code, _, stderr := pantau(t, env, "serve", "--config", w.config)
	if code != exitUsage {
		t.Errorf("exit code %d, want %d", code, exitUsage)
	}
	wantsAll(t, "standard error", stderr, []string{"PANTAU_SLACK_TOKEN is not set", "notify.channels[1].token", "notify.channels[2].token"})
}

// TestProbe walks the whole way of a code, from a process that has nothing but
// a configuration.
func TestProbe(t *testing.T) {
	t.Parallel()
	w := newTestWorld(t, 16*time.Second)
	steps := []string{"open", "captcha", "request-otp", "await-otp", "submit-otp"}

	code, stdout, stderr := pantau(t, w.env, "probe", "sms-telkomsel", "--config", w.config)
	if code != exitDone || stderr != "" {
		t.Errorf("exit code %d, want %d; standard error %q", code, exitDone, stderr)
	}
	if got := stepsOf(stdout); !slices.Equal(got, steps) {
		t.Errorf("steps that are up: %v, want %v:\n%s", got, steps, stdout)
	}
	wantsAll(t, "the run", stdout, []string{
		"at the handset", "forwarder and our line", "verdict  up: the code came ", "and the portal accepted it\nfault    nobody's",
	})
	w.saysNoNumber(t, stdout)

	code, stdout, _ = pantau(t, w.env, "probe", "email", "--json", "--config", w.config)
	if code != exitDone {
		t.Errorf("by e-mail: exit code %d, want %d", code, exitDone)
	}
	if got := jsonStepsOf(t, stdout); !slices.Equal(got, steps) {
		t.Errorf("by e-mail, steps that are up: %v, want %v:\n%s", got, steps, stdout)
	}
	var verdict jsonVerdict
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &verdict); err != nil || verdict.Step != "verdict" || verdict.Verdict != "up" || verdict.Fault != "" {
		t.Errorf("the last line is %s, want a verdict", lines[len(lines)-1])
	}

	code, _, stderr = pantau(t, w.env, "probe", "sms-tri", "--config", w.config)
	if code != exitFailed || !strings.Contains(stderr, `"sms-tri" is not configured`) {
		t.Errorf("a journey that is not there: exit code %d and %q", code, stderr)
	}

	if err := w.SetFaults([]delivery.Fault{{Kind: delivery.CaptchaBroken}}); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr = pantau(t, w.env, "probe", "sms-telkomsel", "--config", w.config)
	if code != exitFailed || !strings.Contains(stderr, "journey sms-telkomsel: down") {
		t.Errorf("a broken captcha: exit code %d and %q, want %d", code, stderr, exitFailed)
	}
	if got := stepsOf(stdout); !slices.Equal(got, []string{"open"}) || !strings.Contains(stdout, "captcha      down") {
		t.Errorf("a broken captcha shows as:\n%s", stdout)
	}
	wantsAll(t, "the run", stdout, []string{"verdict  down: the captcha's picture is broken\nfault    the portal"})
	if err := w.nothingPosted(); err != nil {
		t.Error(err)
	}
}

// saysNoNumber wants no card's number in what is said.
func (w *world) saysNoNumber(t *testing.T, said string) {
	t.Helper()
	for _, sim := range w.keys.sims {
		if strings.Contains(said, strings.TrimPrefix(sim.Number.Reveal(), "+62")) {
			t.Errorf("the number of %s is said:\n%s", sim.ID, said)
		}
	}
}

// TestProbeWhenHandsetsClocksAreOff has the phones' clocks, and the message
// centre's, a minute behind, which their heartbeats tell while the code is on
// its way.
func TestProbeWhenHandsetsClocksAreOff(t *testing.T) {
	t.Parallel()
	w := newTestWorld(t, 16*time.Second)
	if err := w.SetFaults([]delivery.Fault{
		{Kind: delivery.ClockJump, By: delivery.Duration(time.Minute)},
		{
			Kind: delivery.OTPDelay, Streams: []string{"sms/telkomsel"}, Late: 1,
			Median: delivery.Duration(5 * time.Second), P95: delivery.Duration(6 * time.Second),
		},
	}); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := pantau(t, w.env, "probe", "sms-telkomsel", "--config", w.config)
	if code != exitDone {
		t.Errorf("exit code %d, want %d; standard error %q", code, exitDone, stderr)
	}
	wantsAll(t, "the run", stdout, []string{
		"at the operator's centre  not known", "portal, supplier and operator\n", "forwarder and our line\n",
		"the handset's clock is 1m", " behind ours, and is corrected\n", "verdict  up: ",
	})
}

// TestProbeWhenNothingIsHeard has no handset to hear the code with: that says
// nothing about the portal.
func TestProbeWhenNothingIsHeard(t *testing.T) {
	t.Parallel()
	w := newTestWorld(t, 16*time.Second)
	if err := w.SetFaults([]delivery.Fault{{Kind: delivery.HandsetOffline, Streams: []string{"sms/telkomsel"}}}); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := pantau(t, w.env, "probe", "sms-telkomsel", "--config", w.config)
	if code != exitFailed || !strings.Contains(stderr, "journey sms-telkomsel: unknown") {
		t.Errorf("exit code %d and %q, want %d", code, stderr, exitFailed)
	}
	wantsAll(t, "the run", stdout, []string{
		"await-otp    down ", "listen       unknown ", "verdict  unknown: nothing is heard", "fault    our own handset or card\nbecause  handset ",
	})
	w.saysNoNumber(t, stdout)
}

// stepsOf are the steps that the terminal shows as up.
func stepsOf(stdout string) []string {
	var steps []string
	for line := range strings.Lines(stdout) {
		if fields := strings.Fields(line); len(fields) > 2 && fields[1] == "up" {
			steps = append(steps, fields[0])
		}
	}
	return steps
}

func jsonStepsOf(t *testing.T, stdout string) []string {
	t.Helper()
	var steps []string
	for line := range strings.Lines(stdout) {
		var s jsonStep
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatalf("%q is not JSON: %v", line, err)
		}
		if s.Verdict == "up" && s.Step != "verdict" {
			steps = append(steps, string(s.Step))
		}
	}
	return steps
}

func TestCheck(t *testing.T) {
	t.Parallel()
	w := newTestWorld(t, 16*time.Second)
	code, stdout, stderr := pantau(t, w.env, "check", "--config", w.config)
	if code != exitDone || strings.Contains(stdout, "WRONG") {
		t.Errorf("exit code %d, want %d:\n%s%s", code, exitDone, stdout, stderr)
	}
	for _, want := range []string{"configuration", "store", "reference", "receivers", "open", "captcha", " x\n", "slack-public", "slack-it", "everything answers"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("nothing is said of %q:\n%s", want, stdout)
		}
	}

	wrong := append(slices.Clone(w.env), "PANTAU_SLACK_TOKEN=xoxb-wrong-token", "PANTAU_ORACLE_SECRET=wrong-oracle-secret")
	code, stdout, stderr = pantau(t, wrong, "check", "--config", w.config)
	if code != exitFailed || !strings.Contains(stderr, "found something wrong") {
		t.Errorf("wrong keys: exit code %d and %q, want %d", code, stderr, exitFailed)
	}
	var named []string
	for line := range strings.Lines(stdout) {
		if fields := strings.Fields(line); len(fields) > 2 && fields[0] == "WRONG" {
			named = append(named, strings.TrimSuffix(fields[2], ":"))
		}
	}
	if want := []string{"captcha", "slack-public", "slack-it"}; !slices.Equal(named, want) {
		t.Errorf("wrong keys: %v are named, want %v:\n%s", named, want, stdout)
	}
	if said := stdout + stderr; strings.Contains(said, "xoxb-wrong-token") || strings.Contains(said, "wrong-oracle-secret") {
		t.Errorf("a key is said:\n%s", said)
	}
	if err := w.nothingPosted(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(w.database); err == nil {
		t.Error("check made a database")
	}
}

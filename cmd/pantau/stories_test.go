package main

import (
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// The stories run the demo as a visitor does: a process of its own, real HTTP,
// SMTP and webhooks over loopback, faults by the control address. Codes are
// valid for 16 s in them; with the real ten minutes everything takes 37 times
// as long.

// turns is how long a story waits for the detector to be sure.
const turns = 45 * time.Second

// trouble wants one component in trouble with an incident open on it.
func trouble(component string) func(summary) error {
	return func(s summary) error {
		if state := s.state(component); !inTrouble(state) {
			return fmt.Errorf("%s is %s", component, state)
		}
		if len(s.Incidents) != 1 {
			return fmt.Errorf("%d incidents, want 1", len(s.Incidents))
		}
		return nil
	}
}

// unknown wants components that cannot be measured.
func unknown(components ...string) func(summary) error {
	return func(s summary) error {
		for _, c := range components {
			if state := s.state(c); state != "unknown" {
				return fmt.Errorf("%s is %s", c, state)
			}
		}
		return nil
	}
}

func TestStoryLateCodesOfOneOperator(t *testing.T) {
	t.Parallel()
	d := startDemo(t)

	d.breaks(`{"kind":"otp-delay","streams":["sms/indosat"],"late":0.9,"median":"14m","p95":"55m"}`)
	d.wants("late codes of Indosat", turns, trouble("otp-sms-indosat"))
	d.says("", "Kode OTP melalui SMS ke nomor Indosat terlambat",
		"Gunakan email untuk menerima OTP", "Nomor Telkomsel dan XL menerima kode tepat waktu")
	d.says("en/", "Use e-mail for the OTP", "Telkomsel and XL numbers receive codes in time")
	d.wantsPosts(onX, "SMS ke nomor Indosat sedang terlambat")
	d.wantsPosts(onSlackPublic, "SMS ke nomor Indosat terlambat")
	d.wantsThreadsBegun(onSlackIT, 1)

	d.mends()
	d.wants("the end of the trouble", 90*time.Second, allWell)
	d.wantsThread(onX, "SMS ke nomor Indosat sedang terlambat", "pulih")
	d.wantsThread(onSlackPublic, "SMS ke nomor Indosat terlambat", "pulih")
	d.wantsThread(onSlackIT, "otp-late — otp-sms-indosat", "resolved: otp-late")
	d.says("en/incidents/"+incidentOfThisYear(1), "worked again")
	d.wantOnlyTrouble("otp-sms-indosat")
	d.ends()
}

func TestStoryCaptchaLoop(t *testing.T) {
	t.Parallel()
	d := startDemo(t)

	d.breaks(`{"kind":"captcha-loop","probability":0.9}`)
	d.wants("a captcha that repeats", turns, trouble("captcha"))
	d.says("", "Captcha muncul berulang", "jendela privat")
	d.says("en/", "The captcha keeps repeating", "private window")
	d.wantsPosts(onX, "captcha e-Reg muncul berulang")
	d.wantsPosts(onSlackPublic, "Captcha muncul berulang")
	d.wantsThreadsBegun(onSlackIT, 1)

	d.mends()
	d.wants("the end of the trouble", 60*time.Second, allWell)
	d.wantsThread(onX, "captcha e-Reg muncul berulang", "pulih")
	d.wantsThread(onSlackPublic, "Captcha muncul berulang", "pulih")
	d.wantsThread(onSlackIT, "captcha-loop — captcha", "resolved: captcha-loop")
	d.wantOnlyTrouble("captcha")
	d.ends()
}

func TestStoryPortalDown(t *testing.T) {
	t.Parallel()
	d := startDemo(t)

	d.breaks(`{"kind":"portal-down","how":"http-503"}`)
	d.wants("a portal that is down", turns, trouble("portal"))
	d.says("", "e-Reg tidak dapat diakses")
	d.says("en/", "e-Reg is unavailable")
	d.wantsPosts(onX, "e-Reg tidak dapat diakses sejak")
	d.wantsPosts(onSlackPublic, "e-Reg tidak dapat diakses")
	d.wantsThreadsBegun(onSlackIT, 1)
	d.wants("a captcha that nobody reaches", turns, unknown("captcha"))
	wantMetric(t, d, `pantau_component_state{component="portal",state="major_outage"} 1`)

	d.mends()
	d.wants("the end of the trouble", 60*time.Second, allWell)
	d.wantsThread(onX, "e-Reg tidak dapat diakses sejak", "pulih")
	d.wantsThread(onSlackPublic, "e-Reg tidak dapat diakses", "pulih")
	d.wantsThread(onSlackIT, "portal-down — portal", "resolved: portal-down")
	d.wantOnlyTrouble("portal")
	d.ends()
}

func TestStoryHandsetsOfOneOperatorOffline(t *testing.T) {
	t.Parallel()
	d := startDemo(t)

	d.breaks(`{"kind":"handset-offline","streams":["sms/xl"]}`)
	d.wants("a stream that is not heard", turns, unknown("otp-sms-xl"))
	d.says("", "Belum dapat kami ukur")
	d.wantsPosts(onSlackIT, "Cannot be measured: otp-sms-xl")
	wantMetric(t, d, `pantau_component_state{component="otp-sms-xl",state="unknown"} 1`)
	wantFor(t, d, 20*time.Second, unknown("otp-sms-xl"))

	d.mends()
	d.wants("the stream to be heard again", turns, allWell)
	d.wantsPosts(onSlackIT, "Cannot be measured: otp-sms-xl", "Measured again: otp-sms-xl")
	wantFor(t, d, 10*time.Second, allWell)
	d.wantsNoPublicWord()
	d.wantsNoIncident()
	d.wantOnlyTrouble()
	d.ends()
}

func TestStoryOwnLineCut(t *testing.T) {
	t.Parallel()
	d := startDemo(t)

	d.breaks(`{"kind":"monitor-offline"}`)
	everything := []string{"portal", "captcha", "otp-sms-telkomsel", "otp-sms-indosat", "otp-sms-xl", "otp-email"}
	d.wants("a monitor that knows it is blind", turns, unknown(everything...))
	d.wantsThreadsBegun(onSlackIT, 1)
	wantFor(t, d, 15*time.Second, unknown(everything...))

	d.mends()
	d.wants("sight", turns, allWell)
	wantFor(t, d, 10*time.Second, allWell)
	d.wantsNoPublicWord()
	d.wantsNoIncident()
	d.wantOnlyTrouble()
	d.ends()
}

func TestStoryNothingHappens(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	d.says("healthz", "ok")
	d.says("readyz", "ready")
	d.says("", "<html lang=\"id\">")
	d.says("en/", "<html lang=\"en\">")
	d.says("robots.txt", "User-agent")
	wantMetric(t, d, `pantau_probe_otp_wait_seconds_count{stream="email"}`)
	t.Run("promtool", func(t *testing.T) { wantCleanMetrics(t, d) })
	wantFor(t, d, 20*time.Second, allWell)
	d.wantsNoPublicWord()
	d.wantsNoIncident()
	d.ends()
}

// wantFor wants the summary to stay as check wants it for a while.
func wantFor(t *testing.T, d *demo, while time.Duration, check func(summary) error) {
	t.Helper()
	for until := time.Now().Add(while); time.Now().Before(until); time.Sleep(200 * time.Millisecond) {
		s, err := d.summary()
		if err := errors.Join(err, check(s)); err != nil {
			t.Fatal(err)
		}
	}
}

// wantsThreadsBegun waits until a channel has so many threads, whatever was
// added to them.
func (d *demo) wantsThreadsBegun(channel string, want int) {
	d.t.Helper()
	eventually(d.t, "a thread on "+channel, 20*time.Second, func() error {
		posts, err := d.posts()
		if err != nil {
			return err
		}
		begun := 0
		for _, post := range posts[channel] {
			if post.answers == "" {
				begun++
			}
		}
		if begun != want {
			return fmt.Errorf("%d threads, want %d: %q", begun, want, posts[channel])
		}
		return nil
	})
}

func wantMetric(t *testing.T, d *demo, line string) {
	t.Helper()
	eventually(t, "a metric", 5*time.Second, func() error {
		metrics, err := get(d.metrics)
		if err == nil && !strings.Contains(metrics, line) {
			err = fmt.Errorf("no %s", line)
		}
		return err
	})
}

// wantCleanMetrics gives the metrics to promtool.
func wantCleanMetrics(t *testing.T, d *demo) {
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("promtool is not installed (Debian package prometheus)")
	}
	metrics, err := get(d.metrics)
	if err != nil {
		t.Fatal(err)
	}
	check := exec.Command("promtool", "check", "metrics")
	check.Stdin = strings.NewReader(metrics)
	if said, err := check.CombinedOutput(); err != nil || len(said) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, said)
	}
}

// incidentOfThisYear is the id of the n-th one.
func incidentOfThisYear(n int) string {
	return fmt.Sprintf("INC-%d-%03d", time.Now().In(time.FixedZone("WIB", 7*60*60)).Year(), n)
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	taken, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	go func() { _ = http.Serve(taken, http.NotFoundHandler()) }()
	for _, flag := range []string{"--listen", "--portal-listen", "--metrics-listen"} {
		t.Run(flag, func(t *testing.T) {
			arguments := []string{"demo", "--listen", "127.0.0.1:0", "--portal-listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"}
			p := launch(t, nil, append(arguments, flag, taken.Addr().String())...)
			if code := p.exit(20 * time.Second); code != exitFailed {
				t.Errorf("exit code %d, want %d", code, exitFailed)
			}
			for _, want := range []string{taken.Addr().String(), "address already in use"} {
				if !strings.Contains(p.stderr.String(), want) {
					t.Errorf("standard error %q, want it to say %q", p.stderr, want)
				}
			}
		})
	}
}

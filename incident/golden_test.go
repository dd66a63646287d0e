package incident_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pantau/detect"
	"pantau/incident"
	"pantau/internal/words"
)

var update = flag.Bool("update", false, "write what is said now to testdata/golden")

// story is a course of events whose notices are kept for people to read.
type story struct {
	name string
	tell func(*desk)
}

// stories are every cause from its first word to its last, and what else can
// be heard on the way.
func stories() []story {
	lasting := func(state detect.State, cause detect.Cause, components ...detect.Component) func(*desk) {
		return func(d *desk) {
			d.set(state, cause, components...)
			d.pass(35 * time.Minute)
			d.set(detect.Operational, detect.CauseNone, components...)
			d.pass(7 * time.Minute)
		}
	}
	email := detect.ComponentEmail
	return []story{
		{"portal-down", lasting(detect.Major, detect.CausePortalDown, detect.ComponentPortal)},
		{"portal-slow", lasting(detect.Degraded, detect.CausePortalSlow, detect.ComponentPortal)},
		{"portal-slow that becomes portal-down", slowThenDown},
		{"captcha-loop", lasting(detect.Partial, detect.CauseCaptchaLoop, detect.ComponentCaptcha)},
		{"captcha-broken", lasting(detect.Major, detect.CauseCaptchaBroken, detect.ComponentCaptcha)},
		{"otp-late: one operator, not expired yet", lasting(detect.Degraded, detect.CauseOTPLate, indosat)},
		{"otp-late: one operator", lasting(detect.Partial, detect.CauseOTPLate, indosat)},
		{"otp-late: every operator", lasting(detect.Major, detect.CauseOTPLate, telkomsel, indosat, xl)},
		{"otp-late: e-mail", lasting(detect.Partial, detect.CauseOTPLate, email)},
		{"otp-late: every way", lasting(detect.Partial, detect.CauseOTPLate, telkomsel, indosat, xl, email)},
		{"otp-lost: one operator", lasting(detect.Major, detect.CauseOTPLost, indosat)},
		{"otp-lost: every way", lasting(detect.Major, detect.CauseOTPLost, telkomsel, indosat, xl, email)},
		{"otp-rejected: one operator", lasting(detect.Partial, detect.CauseOTPRejected, indosat)},
		{"otp-rejected: every way", lasting(detect.Major, detect.CauseOTPRejected, telkomsel, indosat, xl, email)},
		{"late codes that cannot be measured any more", lateThenBlind},
		{"handsets that fall silent", silent},
	}
}

func slowThenDown(d *desk) {
	d.set(detect.Degraded, detect.CausePortalSlow, detect.ComponentPortal)
	d.pass(8 * time.Minute)
	d.set(detect.Major, detect.CausePortalDown, detect.ComponentPortal)
	d.pass(time.Minute)
}

func lateThenBlind(d *desk) {
	d.set(detect.Partial, detect.CauseOTPLate, indosat)
	d.look()
	d.blind(detect.BlindSilent, indosat)
	d.pass(31 * time.Minute)
}

func silent(d *desk) {
	d.blind(detect.BlindSilent, telkomsel, indosat)
	d.pass(12 * time.Minute)
	d.sight()
	d.look()
}

// TestNoticesAreAsTheyWere keeps every text that goes out in one place, where
// a press officer can read it: testdata/golden/official.md and independent.md.
func TestNoticesAreAsTheyWere(t *testing.T) {
	for _, publisher := range []string{"official", "independent"} {
		var page strings.Builder
		fmt.Fprintf(&page, "# Every notice of an %s publisher\n\nWritten by `go test ./incident -update`; change the playbooks, not this file.\n", publisher)
		for _, s := range stories() {
			d := newDesk(t, publisher == "independent")
			s.tell(d)
			fmt.Fprintf(&page, "\n## %s\n", s.name)
			for _, n := range d.said {
				writeNotice(&page, n)
			}
		}
		path := filepath.Join("testdata", "golden", publisher+".md")
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(page.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if line, is, was := firstDifference(page.String(), string(want)); line > 0 {
			t.Errorf("%s:%d says\n%s\nwas\n%s\n(-update takes it over)", path, line, is, was)
		}
	}
}

func writeNotice(page *strings.Builder, n incident.Notice) {
	to := "to the public"
	if n.Audience == incident.IT {
		to = "to the IT team"
	}
	fmt.Fprintf(page, "\n### %s WIB, %s, %s\n", words.Clock(words.English, n.At), n.Event, to)
	for _, lang := range words.Langs() {
		if n.Audience == incident.Public {
			fmt.Fprintf(page, "\nX, %s (%d):\n\n> %s\n", lang, len([]rune(n.Post.In(lang))), n.Post.In(lang))
		}
		fmt.Fprintf(page, "\nSlack and mail, %s:\n\n> **%s**\n>\n> %s\n", lang, n.Title.In(lang),
			strings.ReplaceAll(n.Body.In(lang), "\n", "  \n> "))
	}
}

// firstDifference gives the number of the first line that differs, from 1, and
// both versions of it; 0 when none does.
func firstDifference(a, b string) (line int, is, was string) {
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range max(len(as), len(bs)) {
		is, was = "", ""
		if i < len(as) {
			is = as[i]
		}
		if i < len(bs) {
			was = bs[i]
		}
		if is != was || i >= len(as) || i >= len(bs) {
			return i + 1, is, was
		}
	}
	return 0, "", ""
}

package incident_test

import (
	"strings"
	"testing"
	"time"

	"pantau/detect"
	"pantau/incident"

	"pgregory.net/rapid"
)

func TestOneOperatorLateFromOpeningToResolved(t *testing.T) {
	d := newDesk(t, false)
	d.pass(10 * time.Minute)
	d.wantEvents(incident.Public, "")

	d.set(detect.Partial, detect.CauseOTPLate, indosat)
	d.look()
	d.wantEvents(incident.Public, "opened")
	post := d.lastPost()
	if want := "Kawan Pajak, kode OTP e-Reg melalui SMS ke nomor Indosat sedang terlambat. Mohon maaf. " +
		"Silakan gunakan OTP melalui email. Mohon tidak meminta kode SMS sebelum pukul 09.50 WIB. " +
		"Kabar berikutnya pukul 09.20 WIB."; post.ID != want {
		t.Errorf("the post says\n%s\nwant\n%s", post.ID, want)
	}
	if want := "e-Reg codes by SMS to Indosat numbers are late. We are sorry. Please use e-mail. " +
		"Request no SMS code before 09:50 WIB. Next update 09:20 WIB."; post.EN != want {
		t.Errorf("the post says\n%s\nwant\n%s", post.EN, want)
	}
	advice := adviceOf(d.state.Incidents[0])
	for _, want := range []string{
		"9 dari 10 kode uji melalui email tiba dalam 20 detik",
		"Nomor Telkomsel dan XL menerima kode tepat waktu.",
		"masukkan kode yang terakhir diterima", "KPP terdekat",
	} {
		if !strings.Contains(advice, want) {
			t.Errorf("the advice is %q, want it to say %q", advice, want)
		}
	}

	d.pass(5 * time.Minute)
	d.set(detect.Operational, detect.CauseNone, indosat)
	d.look()
	d.wantEvents(incident.Public, "opened")
	if status := d.state.Incidents[0].Status; status != incident.Monitoring {
		t.Errorf("the incident is %s after recovery, want %s", status, incident.Monitoring)
	}
	d.pass(6 * time.Minute)
	d.wantEvents(incident.Public, "opened resolved")
	d.wantEvents(incident.IT, "opened resolved")
	if post := d.lastPost().ID; !strings.Contains(post, "pulih sejak pukul 08.55 WIB setelah terganggu selama 5 menit") {
		t.Errorf("the last post is %q, want the time of recovery and the length", post)
	}
	inc := d.state.Incidents[0]
	if inc.ID != "INC-2023-001" || inc.Impact != incident.ImpactMajor || inc.ResolvedAt.IsZero() {
		t.Errorf("incident %+v, want INC-2023-001, major, resolved", inc)
	}
	d.pass(time.Hour)
	d.wantEvents(incident.Public, "opened resolved")
}

func TestOperatorsThatFollowAreAnnouncedTogether(t *testing.T) {
	d := newDesk(t, false)
	d.set(detect.Partial, detect.CauseOTPLate, indosat)
	d.look()
	d.pass(time.Minute)
	d.set(detect.Partial, detect.CauseOTPLate, telkomsel)
	d.pass(time.Minute)
	d.set(detect.Partial, detect.CauseOTPLate, xl)
	d.pass(10 * time.Minute)
	d.wantEvents(incident.Public, "opened updated")
	if post := d.lastPost().ID; !strings.Contains(post, "Telkomsel, Indosat, dan XL masih terlambat") {
		t.Errorf("the second post is %q, want all three operators", post)
	}
}

func TestRefusedCodesOfLateStreamsBelongToTheLateIncident(t *testing.T) {
	d := newDesk(t, false)
	d.set(detect.Partial, detect.CauseOTPLate, indosat)
	d.look()
	d.set(detect.Partial, detect.CauseOTPRejected, indosat)
	d.pass(20 * time.Minute)
	if n := len(d.state.Incidents); n != 1 {
		t.Errorf("%d incidents, want 1", n)
	}
	d.set(detect.Partial, detect.CauseCaptchaLoop, detect.ComponentCaptcha)
	d.look()
	if n := len(d.state.Incidents); n != 2 {
		t.Errorf("%d incidents, want the captcha's own beside the codes'", n)
	}
}

func TestPromisedUpdatesCome(t *testing.T) {
	d := newDesk(t, false)
	d.set(detect.Major, detect.CausePortalDown, detect.ComponentPortal)
	d.pass(95 * time.Minute)
	d.wantEvents(incident.Public, "opened updated updated updated")
	for i, n := range d.said {
		if n.Audience == incident.Public && n.Number != i/2+1 {
			t.Errorf("notice %s has number %d, want %d", n.ID, n.Number, i/2+1)
		}
	}
}

func TestARelapseIsSaid(t *testing.T) {
	d := newDesk(t, false)
	d.set(detect.Major, detect.CausePortalDown, detect.ComponentPortal)
	d.pass(2 * time.Minute)
	d.set(detect.Operational, detect.CauseNone, detect.ComponentPortal)
	d.pass(2 * time.Minute)
	d.set(detect.Major, detect.CausePortalDown, detect.ComponentPortal)
	d.pass(2 * time.Minute)
	d.set(detect.Operational, detect.CauseNone, detect.ComponentPortal)
	d.pass(10 * time.Minute)
	// The public was never told that it was over.
	d.wantEvents(incident.Public, "opened resolved")
	d.wantEvents(incident.IT, "opened updated resolved")
}

func TestWhatCannotBeSeenChangesNothingButThePromiseIsKept(t *testing.T) {
	d := newDesk(t, false)
	d.set(detect.Partial, detect.CauseOTPLate, indosat)
	d.look()
	d.blind(detect.BlindSilent, indosat)
	d.pass(29 * time.Minute)
	d.wantEvents(incident.Public, "opened")
	d.pass(2 * time.Minute)
	d.wantEvents(incident.Public, "opened updated")
	if post := d.lastPost(); !strings.Contains(post.ID, "tidak dapat diukur") || strings.Contains(post.ID, "terlambat") {
		t.Errorf("the post says %q of what cannot be seen", post.ID)
	}
	if status := d.state.Incidents[0].Status; status != incident.Investigating {
		t.Errorf("the incident became %s while nothing could be seen", status)
	}
}

// TestAPromiseIsKeptWhateverTheTeamHears: what was said to the team alone does
// not put off the word the public was promised, and neither does a recovery
// that is still watched.
func TestAPromiseIsKeptWhateverTheTeamHears(t *testing.T) {
	d := newDesk(t, false)
	d.set(detect.Degraded, detect.CauseOTPLate, indosat)
	d.look()
	promised := d.now.Add(30 * time.Minute)
	d.pass(20 * time.Minute)
	d.set(detect.Major, detect.CauseOTPLate, indosat)
	d.pass(8 * time.Minute)
	d.wantEvents(incident.Public, "opened")
	d.wantEvents(incident.IT, "opened updated")
	if got := d.state.Incidents[0].Updates[1].NextBy; !got.Equal(promised) {
		t.Errorf("the page promises the next word for %v, want %v as before", got, promised)
	}
	d.set(detect.Operational, detect.CauseNone, indosat)
	d.pass(3 * time.Minute)
	d.wantEvents(incident.Public, "opened updated")
	if post := d.lastPost().ID; !strings.Contains(post, "masih dipantau") {
		t.Errorf("the promised post says %q, want that it is watched", post)
	}
	d.pass(5 * time.Minute)
	d.wantEvents(incident.Public, "opened updated resolved")
}

func TestASlowPortalThatGoesDownIsSaid(t *testing.T) {
	d := newDesk(t, false)
	d.set(detect.Degraded, detect.CausePortalSlow, detect.ComponentPortal)
	d.pass(time.Minute)
	d.set(detect.Major, detect.CausePortalDown, detect.ComponentPortal)
	d.pass(time.Minute)
	d.wantEvents(incident.Public, "opened updated")
	if post := d.lastPost().ID; !strings.Contains(post, "e-Reg tidak dapat diakses sejak pukul 08.41 WIB") {
		t.Errorf("the post says %q, want that the portal is down", post)
	}
	inc := d.state.Incidents[0]
	if inc.Cause != detect.CausePortalDown || inc.Title.EN != "e-Reg is unavailable" || len(d.state.Incidents) != 1 {
		t.Errorf("%d incidents, %s, %q; want one that is now of a portal that is down", len(d.state.Incidents), inc.Cause, inc.Title.EN)
	}
}

func TestIncidentsAreCountedPerYear(t *testing.T) {
	d := newDesk(t, false)
	d.state.Incidents = []incident.Incident{
		{ID: "INC-2023-041", Status: incident.Resolved}, {ID: "INC-2022-977", Status: incident.Resolved},
	}
	d.set(detect.Major, detect.CausePortalDown, detect.ComponentPortal)
	d.look()
	if id := d.state.Incidents[0].ID; id != "INC-2023-042" {
		t.Errorf("the incident is %s, want INC-2023-042", id)
	}
}

// TestThreadsAlternate: whatever the components do, what an audience hears of
// one incident begins with "opened", ends at most once with "resolved", and is
// numbered without a gap; and no two open incidents share a component.
func TestThreadsAlternate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(t, false)
		for range rapid.IntRange(1, 40).Draw(rt, "changes") {
			i := rapid.IntRange(0, len(d.assessed)-1).Draw(rt, "component")
			a := &d.assessed[i]
			a.State = rapid.SampledFrom(detect.States()).Draw(rt, "state")
			a.Cause, a.Blind, a.Since = detect.CauseNone, detect.BlindNot, d.now
			if a.State.Trouble() {
				a.Cause = rapid.SampledFrom(causesOf(a.Component)).Draw(rt, "cause")
			}
			if a.State == detect.Unknown {
				a.Blind = detect.BlindStale
			}
			d.pass(time.Duration(rapid.IntRange(1, 40).Draw(rt, "halfminutes")) * 30 * time.Second)
			disjoint(rt, d.state.Incidents)
		}
		threads := map[string][]incident.Notice{}
		for _, n := range d.said {
			key := n.About + "/" + string(n.Audience)
			threads[key] = append(threads[key], n)
		}
		for key, thread := range threads {
			for i, n := range thread {
				first := n.Event == incident.EventOpened || n.Event == incident.EventBlind
				last := n.Event == incident.EventResolved || n.Event == incident.EventSighted
				if n.Number != i+1 || first != (i == 0) || last && i != len(thread)-1 {
					rt.Fatalf("thread %s: notice %d is %s with number %d", key, i+1, n.Event, n.Number)
				}
			}
		}
	})
}

func causesOf(c detect.Component) []detect.Cause {
	switch c {
	case detect.ComponentPortal:
		return []detect.Cause{detect.CausePortalDown, detect.CausePortalSlow}
	case detect.ComponentCaptcha:
		return []detect.Cause{detect.CauseCaptchaLoop, detect.CauseCaptchaBroken}
	default:
		return []detect.Cause{detect.CauseOTPLate, detect.CauseOTPLost, detect.CauseOTPRejected}
	}
}

func disjoint(t *rapid.T, incidents []incident.Incident) {
	seen := map[detect.Component]string{}
	for _, inc := range incidents {
		if !inc.Open() {
			continue
		}
		for _, c := range inc.Components {
			if other, ok := seen[c]; ok {
				t.Fatalf("%s is part of %s and of %s, both open", c, other, inc.ID)
			}
			seen[c] = inc.ID
		}
	}
}

package incident_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pantau/detect"
	"pantau/incident"
	"pantau/internal/words"
	"pantau/probes"

	"pgregory.net/rapid"
)

const (
	telkomsel = detect.Component("otp-sms-telkomsel")
	indosat   = detect.Component("otp-sms-indosat")
	xl        = detect.Component("otp-sms-xl")
)

// desk is a press office: the test says how the components stand, and reads
// what was said.
type desk struct {
	t        testing.TB
	policy   *incident.Policy
	state    incident.State
	now      time.Time
	assessed []detect.Assessment
	said     []incident.Notice
}

func streams() []probes.Stream {
	return []probes.Stream{
		probes.StreamPortal, probes.StreamCaptcha,
		probes.SMS("telkomsel"), probes.SMS("indosat"), probes.SMS("xl"), probes.StreamEmail,
	}
}

func newDesk(t testing.TB, independent bool) *desk {
	t.Helper()
	books, err := incident.DefaultPlaybooks()
	if err != nil {
		t.Fatal(err)
	}
	publisher := ""
	if independent {
		publisher = "Pantau Layanan Publik"
	}
	d := &desk{
		t:   t,
		now: time.Date(2023, 5, 30, 8, 40, 0, 0, words.WIB()),
		policy: incident.NewPolicy(incident.PolicyOptions{
			Playbooks: books, Streams: streams(), Publisher: publisher, Validity: 10 * time.Minute,
			Operators: map[string]string{"telkomsel": "Telkomsel", "indosat": "Indosat", "xl": "XL"},
		}),
	}
	for _, s := range streams() {
		d.assessed = append(d.assessed, detect.Assessment{
			Component: detect.ComponentOf(s), State: detect.Operational, Since: d.now.Add(-time.Hour),
			MeasuredAt: d.now, Figures: figures(detect.Operational),
		})
	}
	return d
}

// figures are such as belong to a state.
func figures(state detect.State) detect.Figures {
	switch state {
	case detect.Degraded:
		return detect.Figures{Window: 5 * time.Minute, Waiting: 5, Oldest: 5 * time.Minute}
	case detect.Partial:
		return detect.Figures{Window: 20 * time.Minute, Probes: 8, Good: 4, Median: 9 * time.Minute, Waiting: 3, Oldest: 18 * time.Minute}
	case detect.Major:
		return detect.Figures{Window: 20 * time.Minute, Probes: 8, Waiting: 6, Oldest: 19 * time.Minute}
	default:
		return detect.Figures{Window: 2 * time.Hour, Probes: 10, Good: 10, Median: 6 * time.Second, Typical: 20 * time.Second}
	}
}

func (d *desk) set(state detect.State, cause detect.Cause, components ...detect.Component) {
	for i := range d.assessed {
		if slices.Contains(components, d.assessed[i].Component) {
			d.assessed[i].State, d.assessed[i].Cause, d.assessed[i].Since = state, cause, d.now
			d.assessed[i].Figures = figures(state)
			if f := &d.assessed[i].Figures; !strings.HasPrefix(string(d.assessed[i].Component), "otp-") {
				f.Probes, f.Waiting, f.Oldest, f.Typical, f.Median = max(f.Probes, 3), 0, 0, 0, 0
			}
		}
	}
}

func (d *desk) blind(reason detect.Blind, components ...detect.Component) {
	d.set(detect.Unknown, detect.CauseNone, components...)
	for i := range d.assessed {
		if slices.Contains(components, d.assessed[i].Component) {
			d.assessed[i].Blind = reason
		}
	}
}

// sight lets everything be measured and well.
func (d *desk) sight() {
	for i := range d.assessed {
		d.assessed[i].Blind = detect.BlindNot
		d.set(detect.Operational, detect.CauseNone, d.assessed[i].Component)
	}
}

// pass lets time go by with the desk looking every half minute.
func (d *desk) pass(total time.Duration) {
	for end := d.now.Add(total); d.now.Before(end); d.now = d.now.Add(30 * time.Second) {
		d.look()
	}
}

func (d *desk) look() {
	decision := d.policy.Next(d.state, d.assessed, d.now)
	d.state = decision.State
	d.said = append(d.said, decision.Notices...)
}

// events are what one audience heard, in order.
func (d *desk) events(audience incident.Audience) string {
	var events []string
	for _, n := range d.said {
		if n.Audience == audience {
			events = append(events, string(n.Event))
		}
	}
	return strings.Join(events, " ")
}

func (d *desk) wantEvents(audience incident.Audience, want string) {
	d.t.Helper()
	if got := d.events(audience); got != want {
		d.t.Errorf("%s heard %q, want %q", audience, got, want)
	}
}

func (d *desk) lastPost() words.Text {
	for _, n := range slices.Backward(d.said) {
		if n.Audience == incident.Public {
			return n.Post
		}
	}
	return words.Text{}
}

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

func adviceOf(inc incident.Incident) string {
	var said []string
	for _, advice := range inc.Updates[0].Advice {
		said = append(said, advice.ID)
	}
	return strings.Join(said, " | ")
}

func TestNothingIsAdvisedThatWasNotMeasured(t *testing.T) {
	d := newDesk(t, false)
	d.blind(detect.BlindStale, detect.ComponentEmail)
	d.set(detect.Major, detect.CauseOTPLate, telkomsel, indosat, xl)
	d.look()
	said := d.lastPost().ID + adviceOf(d.state.Incidents[0])
	for _, never := range []string{"gunakan OTP melalui email", "Gunakan email", "menerima kode tepat waktu", "kode yang terakhir diterima"} {
		if strings.Contains(said, never) {
			t.Errorf("%q was said although it was not measured: %s", never, said)
		}
	}
	if !strings.Contains(said, "Telkomsel, Indosat, dan XL") {
		t.Errorf("%q does not name the operators", said)
	}
	if n := len(d.state.Incidents); n != 1 {
		t.Errorf("%d incidents, want one for one cause", n)
	}
}

func TestSlowCodesAreNotCalledExpired(t *testing.T) {
	d := newDesk(t, false)
	d.set(detect.Degraded, detect.CauseOTPLate, indosat)
	d.look()
	body := d.state.Incidents[0].Updates[0].Body
	if strings.Contains(body.ID, "masa berlakunya habis") || strings.Contains(body.EN, "expired") {
		t.Errorf("slow codes are called expired: %v", body)
	}
	d.set(detect.Partial, detect.CauseOTPLate, indosat)
	d.look()
	latest := d.state.Incidents[0].Updates[1]
	if !strings.Contains(latest.Body.ID, "masa berlakunya habis") {
		t.Errorf("codes that expire are called %q", latest.Body.ID)
	}
	d.wantEvents(incident.Public, "opened")
}

func TestAnIndependentPublisherDoesNotSpeakForTheAuthority(t *testing.T) {
	for _, cause := range detect.Causes() {
		d := newDesk(t, true)
		d.set(detect.Major, cause, componentFor(cause))
		d.pass(45 * time.Minute)
		d.set(detect.Operational, detect.CauseNone, componentFor(cause))
		d.pass(15 * time.Minute)
		d.wantEvents(incident.Public, "opened updated resolved")
		for _, n := range d.said {
			for _, text := range []string{n.Post.ID, n.Post.EN, n.Body.ID, n.Body.EN} {
				for _, never := range []string{"Kawan Pajak", "ohon maaf", "sorry", "kami", "We ", " we ", "our IT", "is ours"} {
					if n.Audience == incident.Public && strings.Contains(text, never) {
						t.Errorf("%s: an independent publisher says %q: %s", cause, never, text)
					}
				}
			}
			if n.Audience == incident.Public && n.Event == incident.EventOpened && !strings.Contains(n.Post.ID, "Pantau Layanan Publik") {
				t.Errorf("%s: an independent publisher does not say who measures: %s", cause, n.Post.ID)
			}
		}
	}
}

func componentFor(cause detect.Cause) detect.Component {
	switch cause {
	case detect.CausePortalDown, detect.CausePortalSlow:
		return detect.ComponentPortal
	case detect.CauseCaptchaBroken, detect.CauseCaptchaLoop:
		return detect.ComponentCaptcha
	default:
		return indosat
	}
}

// TestEveryPostFits: with the longest fills, in every cause and condition.
func TestEveryPostFits(t *testing.T) {
	for _, independent := range []bool{false, true} {
		for n := range 2 * len(detect.Causes()) {
			cause, codes := detect.Causes()[n/2], []detect.Component{telkomsel, indosat, xl}
			if n%2 == 1 {
				codes = append(codes, detect.ComponentEmail)
			}
			d := newDesk(t, independent)
			affected := []detect.Component{componentFor(cause)}
			if affected[0] == indosat {
				affected = codes
			}
			d.now = time.Date(2023, 9, 30, 23, 10, 0, 0, words.WIB()) // every time needs its date
			d.set(detect.Partial, cause, affected...)
			d.pass(45 * time.Minute)
			d.now = d.now.Add(35 * time.Hour)
			d.set(detect.Operational, detect.CauseNone, affected...)
			d.pass(15 * time.Minute)
			for _, n := range d.said {
				for _, lang := range words.Langs() {
					text := n.Post.In(lang)
					if n.Audience == incident.Public && (text == "" || len([]rune(text)) > 255) {
						t.Errorf("%s (independent %v): %d characters, want 1 to 255: %s", cause, independent, len([]rune(text)), text)
					}
					if strings.ContainsAny(text+n.Title.In(lang)+n.Body.In(lang), "{}") {
						t.Errorf("%s: a placeholder was left: %s", cause, text)
					}
				}
			}
		}
	}
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

func TestABlockedWayIsNotRecommended(t *testing.T) {
	d := newDesk(t, false)
	d.set(detect.Major, detect.CauseCaptchaBroken, detect.ComponentCaptcha)
	d.set(detect.Partial, detect.CauseOTPLate, indosat)
	d.look()
	for _, inc := range d.state.Incidents {
		if advice := adviceOf(inc); strings.Contains(advice, "email untuk") || strings.Contains(advice, "Nomor Telkomsel") {
			t.Errorf("%s advises %q behind a captcha that does not work", inc.ID, advice)
		}
	}
}

func TestTheEndIsNotAnnouncedUnderTheHeadlineOfTheTrouble(t *testing.T) {
	d := newDesk(t, false)
	d.set(detect.Partial, detect.CauseOTPLate, indosat)
	d.look()
	d.set(detect.Operational, detect.CauseNone, indosat)
	d.pass(10 * time.Minute)
	last := d.said[len(d.said)-2]
	want := words.Text{ID: "Pulih: OTP e-Reg melalui SMS ke nomor Indosat", EN: "Working again: e-Reg OTP by SMS to Indosat numbers"}
	if last.Event != incident.EventResolved || last.Title != want {
		t.Errorf("the last notice is %s, titled %v, want %v", last.Event, last.Title, want)
	}
	if title := d.state.Incidents[0].Title.EN; title != "OTP codes by SMS to Indosat numbers are late" {
		t.Errorf("the incident is remembered as %q", title)
	}
}

func TestABlindMonitorTellsTheTeamOnce(t *testing.T) {
	d := newDesk(t, false)
	d.blind(detect.BlindSilent, telkomsel)
	d.pass(2 * time.Hour)
	d.sight()
	d.pass(10 * time.Minute)
	d.wantEvents(incident.Public, "")
	d.wantEvents(incident.IT, "blind sighted")
	if len(d.state.Incidents) != 0 {
		t.Error("a blind monitor opened an incident")
	}
	if body := d.said[0].Body.EN; !strings.Contains(body, "otp-sms-telkomsel") || !strings.Contains(body, "handsets give no heartbeat") {
		t.Errorf("the team was told %q, want what is blind and why", body)
	}
}

// A restart forgets nothing that the team was told: a spell of two operators
// that began with one, which is heard again, goes on as the same, and its end is
// told even if nothing is dark any more when we look first.
func TestASpellOutlivesARestart(t *testing.T) {
	for _, stillDark := range []bool{true, false} {
		d := newDesk(t, false)
		d.blind(detect.BlindSilent, telkomsel)
		d.pass(5 * time.Minute)
		d.blind(detect.BlindSilent, xl)
		d.pass(5 * time.Minute)
		d.set(detect.Operational, detect.CauseNone, telkomsel)
		d.pass(5 * time.Minute)

		states := slices.Clone(d.assessed) // as recorded
		if !stillDark {
			d.sight()
		}
		d.state.Blind = incident.SpellsOf(d.said, states)
		d.pass(5 * time.Minute)
		d.sight()
		d.pass(5 * time.Minute)
		d.wantEvents(incident.IT, "blind sighted")
		if last := d.said[len(d.said)-1]; last.About != d.said[0].About || !strings.Contains(last.Title.EN, "otp-sms-xl") {
			t.Errorf("still dark %v: the end is told in %s as %q, want in %s and of otp-sms-xl", stillDark, last.About, last.Title.EN, d.said[0].About)
		}
		if left := incident.SpellsOf(d.said[1:], d.assessed); len(left) != 0 {
			t.Errorf("still dark %v: %v is not over, want nothing left", stillDark, left)
		}
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

package statuspage

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pantau/detect"
	"pantau/incident"
	"pantau/internal/words"
)

var at = time.Date(2023, 5, 30, 12, 0, 0, 0, words.WIB())

func states(states ...detect.State) []detect.Assessment {
	ids := []detect.Component{detect.ComponentPortal, detect.ComponentCaptcha, "otp-sms-xl", detect.ComponentEmail}
	var all []detect.Assessment
	for i, state := range states {
		all = append(all, detect.Assessment{
			Component: ids[i], State: state, Figures: detect.Figures{Probes: 20, Good: 20, Typical: time.Duration(i) * time.Second},
		})
	}
	return all
}

// ways are the components that carry codes, in the given states.
func ways(codes ...detect.State) []detect.Assessment {
	return states(append([]detect.State{up, up}, codes...)...)[2:]
}

func open(status incident.Status, impact incident.Impact, components ...detect.Component) incident.Incident {
	return incident.Incident{
		ID: string(impact), Status: status, Impact: impact, Components: components, Updates: []incident.Update{{Status: status}},
	}
}

func windowOver(components ...detect.Component) []incident.Maintenance {
	return []incident.Maintenance{{ID: "m", Components: components, From: at, Until: at.Add(time.Hour)}}
}

const (
	up      = detect.Operational
	slow    = detect.Degraded
	partial = detect.Partial
	down    = detect.Major
	worked  = detect.Maintained
	unknown = detect.Unknown
)

func TestHeadline(t *testing.T) {
	minor := open(incident.Investigating, incident.ImpactMinor, "otp-sms-xl")
	critical := open(incident.Identified, incident.ImpactCritical, detect.ComponentPortal)
	watched := open(incident.Monitoring, incident.ImpactCritical, detect.ComponentCaptcha)
	gone := open(incident.Investigating, incident.ImpactCritical, "otp-sms-xl")
	blocking := open(incident.Investigating, incident.ImpactCritical, detect.ComponentPortal)
	blocking.ID = "portal"
	for name, row := range map[string]struct {
		components  []detect.Assessment
		incidents   []incident.Incident
		maintenance []incident.Maintenance
		measured    bool
		topic       topic
		state       detect.State
		about       string
	}{
		"nothing known":               {nil, nil, nil, false, topicNotYet, unknown, ""},
		"not measured yet":            {states(unknown, unknown), nil, nil, false, topicNotYet, unknown, ""},
		"all well":                    {states(up, up, up, up), nil, nil, true, topicWell, up, ""},
		"one unknown is not green":    {states(up, up, unknown, up), nil, nil, true, topicPartUnknown, unknown, ""},
		"all unknown":                 {states(unknown, unknown), nil, nil, true, topicUnknown, unknown, ""},
		"unknown beside maintenance":  {states(unknown, worked), nil, nil, true, topicUnknown, unknown, ""},
		"trouble without incident":    {states(up, slow, unknown), nil, nil, true, topicTrouble, slow, ""},
		"worst incident first":        {states(down, up, slow), []incident.Incident{minor, critical}, nil, true, topicIncident, down, "critical"},
		"watched comes last":          {states(up, up, slow), []incident.Incident{watched, minor}, nil, true, topicIncident, slow, "minor"},
		"watched before all is well":  {states(up, up, up), []incident.Incident{watched}, nil, true, topicIncident, up, "critical"},
		"incident of what is unseen":  {states(up, up, unknown), []incident.Incident{minor}, nil, true, topicIncident, slow, "minor"},
		"maintenance":                 {states(worked, worked), nil, windowOver(detect.ComponentPortal), true, topicMaintenance, worked, ""},
		"maintenance explains":        {states(down, up), []incident.Incident{critical}, windowOver(detect.ComponentPortal), true, topicMaintenance, worked, ""},
		"maintenance does not":        {states(worked, up, down), []incident.Incident{minor}, windowOver(detect.ComponentPortal), true, topicIncident, down, "minor"},
		"trouble outside maintenance": {states(worked, down), nil, windowOver(detect.ComponentPortal), true, topicTrouble, down, ""},
		"one way is left":             {states(up, up, down, up), []incident.Incident{gone}, nil, true, topicIncident, partial, "critical"},
		"no way is left":              {states(up, up, down, down), []incident.Incident{gone}, nil, true, topicIncident, down, "critical"},
		"one way left but not seen":   {states(up, up, down, unknown), []incident.Incident{gone}, nil, true, topicIncident, down, "critical"},
		"one way left, no incident":   {states(up, up, down, up), nil, nil, true, topicTrouble, partial, ""},
		"what is in the way of all":   {states(down, up, down, up), []incident.Incident{gone, blocking}, nil, true, topicIncident, down, "portal"},
		"an incident that said nothing is not spoken of": {
			states(up), []incident.Incident{{Status: incident.Investigating, Impact: incident.ImpactCritical}}, nil, true, topicWell, up, "",
		},
		"a resolved one neither": {
			states(up), []incident.Incident{open(incident.Resolved, incident.ImpactCritical)}, nil, true, topicWell, up, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := incident.Situation{At: at, Components: row.components, Incidents: row.incidents, Maintenances: row.maintenance}
			if row.measured {
				s.LastResult = at
			}
			head := headlineOf(s)
			if head.topic != row.topic || head.state != row.state || head.incident.ID != row.about {
				t.Errorf("topic %d, state %s, about %q; want %d, %s, %q", head.topic, head.state, head.incident.ID, row.topic, row.state, row.about)
			}
		})
	}
}

func TestOneSentenceIsSaidFirst(t *testing.T) {
	for said, want := range map[string]string{
		"":                                  "",
		"Captcha muncul berulang":           "Captcha muncul berulang",
		"Sejak pukul 10.25 WIB lambat.":     "Sejak pukul 10.25 WIB lambat.",
		"Lambat. Dalam 2 jam, 3 dari 9.":    "Lambat.",
		"Captcha berulang. Ini bukan. Ya.":  "Captcha berulang.",
		"Hubungi 1500200, mis. pada Senin.": "Hubungi 1500200, mis. pada Senin.",
		"Apa itu? Éh.":                      "Apa itu?",
	} {
		if got := firstSentence(said); got != want {
			t.Errorf("the first sentence of %q is %q, want %q", said, got, want)
		}
	}
}

func TestMaintenanceEndsWhenItSays(t *testing.T) {
	m := windowOver(detect.ComponentPortal)[0]
	for offset, want := range map[time.Duration]bool{-1: false, 0: true, time.Hour - 1: true, time.Hour: false} {
		if got := isRunning(m, at.Add(offset)); got != want {
			t.Errorf("%s after its start it runs: %t, want %t", offset, got, want)
		}
	}
}

func TestRecommended(t *testing.T) {
	for name, row := range map[string]struct {
		components []detect.Assessment
		want       detect.Component
	}{
		"nothing":                      {nil, ""},
		"every way works":              {states(up, up, up, up), ""},
		"mail instead of SMS":          {states(up, up, down, up), detect.ComponentEmail},
		"mail instead of the unseen":   {states(up, up, unknown, up), detect.ComponentEmail},
		"SMS instead of mail":          {states(up, up, up, slow), "otp-sms-xl"},
		"no way works":                 {states(up, up, slow, down), ""},
		"a slow portal is not a block": {states(slow, up, down, up), detect.ComponentEmail},
		"the portal is in the way":     {states(down, up, down, up), ""},
		"the captcha is not seen":      {states(up, unknown, down, up), ""},
		"during maintenance":           {states(worked, up, down, up), ""},
	} {
		if got := recommended(incident.Situation{Components: row.components}); got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
	unproven := states(up, up, down, up)
	unproven[3].Figures = detect.Figures{}
	if got := recommended(incident.Situation{Components: unproven}); got != "" {
		t.Errorf("%q is recommended although no code came through it", got)
	}
}

func newSpeaker(t *testing.T, lang words.Lang, options Options) *speaker {
	t.Helper()
	catalogue, err := words.Load()
	if err != nil {
		t.Fatal(err)
	}
	options, err = options.withDefaults(catalogue)
	if err != nil {
		t.Fatal(err)
	}
	return &speaker{lang: lang, catalogue: catalogue, options: options}
}

func TestTheHonestWait(t *testing.T) {
	figures := func(probes, good int, typical, median time.Duration) detect.Figures {
		return detect.Figures{Window: 2 * time.Hour, Probes: probes, Good: good, Typical: typical, Median: median}
	}
	for name, row := range map[string]struct {
		cause   detect.Cause
		figures detect.Figures
		want    string
	}{
		"healthy":          {"", figures(48, 48, 40*time.Second, 6*time.Second), "9 dari 10 kode uji tiba dalam 40 detik (2 jam terakhir)"},
		"few, all there":   {"", figures(3, 3, 40*time.Second, 6*time.Second), "3 dari 3 kode uji tiba dalam 40 detik (2 jam terakhir)"},
		"few, one late":    {"", figures(9, 8, 40*time.Second, 6*time.Second), "8 dari 9 kode uji tiba tepat waktu dan diterima (2 jam terakhir)"},
		"half late":        {detect.CauseOTPLate, figures(31, 12, 0, 12*time.Minute), "Separuh kode uji tiba setelah lebih dari 12 menit; kode hanya berlaku 10 menit"},
		"exactly in time":  {detect.CauseOTPLate, figures(31, 20, 0, 10*time.Minute), "Separuh kode uji tiba dalam 10 menit; kurang dari 9 dari 10 sudah tiba (2 jam terakhir)"},
		"a long tail":      {detect.CauseOTPLate, figures(31, 20, 14*time.Minute, 3*time.Minute), "Separuh kode uji tiba dalam 3 menit, tetapi 9 dari 10 baru tiba dalam 14 menit; kode hanya berlaku 10 menit"},
		"most are missing": {detect.CauseOTPLost, figures(31, 2, 0, 0), "Kurang dari separuh kode uji sudah tiba (2 jam terakhir); kode hanya berlaku 10 menit"},
		"refused":          {detect.CauseOTPRejected, figures(31, 2, 40*time.Second, 5*time.Second), "Kode uji tiba, tetapi hanya 2 dari 31 diterima portal (2 jam terakhir)"},
		"only awaited":     {detect.CauseOTPLate, detect.Figures{Waiting: 3, Oldest: 6 * time.Minute}, "Belum ada kode uji yang tiba; kode hanya berlaku 10 menit"},
		"nothing decided":  {"", figures(0, 0, 0, 0), "Belum ada kode uji yang selesai diukur"},
	} {
		s := newSpeaker(t, words.Indonesian, Options{})
		a := detect.Assessment{State: up, Cause: row.cause, Figures: row.figures}
		got, counted := s.figure(a)
		if got != row.want || s.err != nil {
			t.Errorf("%s: %q, %v, want %q", name, got, s.err, row.want)
		}
		count := fmt.Sprintf("%d dari %d", row.figures.Good, row.figures.Probes)
		if said := got + " " + strings.Join(s.notes(a, at, counted), " "); row.figures.Probes > 0 && strings.Count(said, count) != 1 {
			t.Errorf("%s: says %q %d times, want once: %s", name, count, strings.Count(said, count), said)
		}
	}
}

func TestRailStaysOnItsScale(t *testing.T) {
	validity := 10 * time.Minute
	last := -1.0
	for _, age := range []time.Duration{-time.Second, 0, time.Second, time.Minute, validity, 15 * time.Minute, 40 * time.Hour} {
		p := place(age, validity)
		if p < last || p < 0 || p > 100 {
			t.Errorf("%s lies at %.1f %%, after %.1f %%", age, p, last)
		}
		last = p
	}
	s := newSpeaker(t, words.English, Options{Validity: 20 * time.Second})
	r := s.rail(detect.Figures{Probes: 5, Median: time.Second, Waiting: 1, Oldest: time.Hour})
	if !r.Open || r.Band != "100%" || r.Ring != "98%" || r.Dot == "" {
		t.Errorf("rail is %+v, want an open band and marks inside", r)
	}
	if got := r.Ticks[2]; got.Said != "20 seconds" || got.At != r.Expired {
		t.Errorf("last tick is %+v, want the validity at %s", got, r.Expired)
	}
}

func TestOTPStepSumsUpTheWays(t *testing.T) {
	for name, row := range map[string]struct {
		ways []detect.State
		want detect.State
	}{
		"all work":          {[]detect.State{up, up}, up},
		"one is slow":       {[]detect.State{up, slow}, slow},
		"one is gone":       {[]detect.State{up, down}, partial},
		"all are gone":      {[]detect.State{down, down}, down},
		"one is not seen":   {[]detect.State{up, unknown}, unknown},
		"gone and not seen": {[]detect.State{unknown, down}, down},
		"all in the works":  {[]detect.State{worked, worked}, worked},
	} {
		s := newSpeaker(t, words.English, Options{})
		if got, want := s.otpStep(ways(row.ways...), detect.BlindNot).Class, s.look(row.want).Class; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestABlockedCodeIsNotShownAsWorking(t *testing.T) {
	for name, row := range map[string]struct {
		components []detect.Assessment
		class      string
		note       string
	}{
		"nothing in the way":      {states(up, up, up, up), "ok", ""},
		"the portal is down":      {states(down, unknown, up, up), "blind", "halaman pendaftaran"},
		"the captcha is":          {states(up, down, up, up), "blind", "captcha"},
		"some get through":        {states(partial, partial, up, up), "ok", ""},
		"known to be worse still": {states(up, down, down, down), "down", ""},
	} {
		s := newSpeaker(t, words.Indonesian, Options{})
		steps := s.steps(incident.Situation{At: at, Components: row.components})
		got := steps[len(steps)-1]
		if got.Class != row.class || !strings.Contains(strings.Join(got.Notes, " "), row.note) || (row.note == "") != (len(got.Notes) == 0) {
			t.Errorf("%s: the code's step is %+v, want %q and a note with %q", name, got, row.class, row.note)
		}
	}
}

func TestSlowPagesAreNotCalledFailed(t *testing.T) {
	s := newSpeaker(t, words.English, Options{})
	a := detect.Assessment{
		Component: detect.ComponentPortal, State: slow, Cause: detect.CausePortalSlow,
		Figures: detect.Figures{Window: time.Minute, Probes: 20, Good: 2},
	}
	want := "2 of 20 pages opened quickly enough (last 1 minute)"
	if got := s.step(a, at).Notes; len(got) != 1 || got[0] != want {
		t.Errorf("a slow portal says %q, want %q", got, want)
	}
}

func TestNamesAreDrawnTogether(t *testing.T) {
	components := []detect.Component{detect.ComponentCaptcha, "otp-sms-telkomsel", "otp-sms-xl", "payment"}
	s := newSpeaker(t, words.Indonesian, Options{Components: []Component{{ID: "payment", Name: words.Text{ID: "Pembayaran", EN: "Payment"}}}})
	if got, want := s.list(components), "Captcha, Pembayaran, dan OTP melalui SMS ke nomor Telkomsel dan XL"; got != want {
		t.Errorf("list is %q, want %q", got, want)
	}
	if got := s.name("otp-sms-xl"); got != "OTP melalui SMS ke nomor XL" {
		t.Errorf("name is %q", got)
	}
	if got := s.name("unheard-of"); got != "unheard-of" {
		t.Errorf("a component nobody named is %q, want its id", got)
	}
}

func TestConfiguredOrderHidesNothing(t *testing.T) {
	s := newSpeaker(t, words.English, Options{Components: []Component{{ID: detect.ComponentEmail}, {ID: "never"}}})
	var got []string
	for _, a := range s.arranged(states(up, up, down, up)) {
		got = append(got, string(a.Component)+"="+string(a.State))
	}
	want := "otp-email=operational never=unknown portal=operational captcha=operational otp-sms-xl=major_outage"
	if strings.Join(got, " ") != want {
		t.Errorf("order is %v, want %s", got, want)
	}
}

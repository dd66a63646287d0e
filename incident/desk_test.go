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

func adviceOf(inc incident.Incident) string {
	var said []string
	for _, advice := range inc.Updates[0].Advice {
		said = append(said, advice.ID)
	}
	return strings.Join(said, " | ")
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

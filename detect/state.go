// Package detect folds results into the state of each component: what works,
// since when, and how sure we are. It is pure: it reads no clock, network or
// database, so the same results give the same states in production, after a
// restart and in a replay.
package detect

import (
	"strings"
	"time"

	"pantau/probes"
)

// Component is what the public sees: "portal", "captcha",
// "otp-sms-telkomsel", "otp-email".
type Component string

// The components that exist whatever operators are configured.
const (
	ComponentPortal  Component = "portal"
	ComponentCaptcha Component = "captcha"
	ComponentEmail   Component = "otp-email"
)

// ComponentOf is the component that shows what is measured on stream.
func ComponentOf(stream probes.Stream) Component {
	if operator := stream.Operator(); operator != "" {
		return Component(smsPrefix + operator)
	}
	if stream == probes.StreamEmail {
		return ComponentEmail
	}
	return Component(stream)
}

// smsPrefix begins the component of every operator's text messages.
const smsPrefix = "otp-sms-"

// Operator is whose text messages the component shows, "" where it shows none.
func (c Component) Operator() string {
	operator, isSMS := strings.CutPrefix(string(c), smsPrefix)
	if !isSMS {
		return ""
	}
	return operator
}

// CarriesOTP says whether codes travel on the component.
func (c Component) CarriesOTP() bool { return c == ComponentEmail || c.Operator() != "" }

// State of a component, in the words of the Statuspage API, and Unknown for
// when the monitor cannot see.
type State string

// The states. Unknown is neither green nor the portal's fault.
const (
	Operational State = "operational"
	Degraded    State = "degraded_performance"
	Partial     State = "partial_outage"
	Major       State = "major_outage"
	Maintained  State = "under_maintenance"
	Unknown     State = "unknown"
)

// Cause is what a component's trouble looks like; each has a playbook.
type Cause string

// The causes a detector can name.
const (
	CauseNone          Cause = ""
	CauseOTPLate       Cause = "otp-late"
	CauseOTPLost       Cause = "otp-lost"
	CauseOTPRejected   Cause = "otp-rejected"
	CauseCaptchaLoop   Cause = "captcha-loop"
	CauseCaptchaBroken Cause = "captcha-broken"
	CausePortalDown    Cause = "portal-down"
	CausePortalSlow    Cause = "portal-slow"
)

// Blind is why a component is Unknown.
type Blind string

// The reasons for not seeing.
const (
	BlindNot    Blind = ""
	BlindYet    Blind = "not-measured-yet"
	BlindStale  Blind = "stale"           // no measurement for too long
	BlindSilent Blind = "receiver-silent" // our handsets give no heartbeat, or did not and have not proved themselves since
	BlindLine   Blind = "own-line"        // our own connection is down
	// BlindDegraded: what our handsets get is handed over late, so that nothing
	// can be said of how long it was on its way.
	BlindDegraded Blind = "receiver-degraded"
	BlindStopped  Blind = "stopped"            // the portal's owner does not allow it (any more)
	BlindCaptcha  Blind = "blocked-by-captcha" // the step was not reached
	BlindPortal   Blind = "blocked-by-portal"  // the step was not reached
	// BlindSIMs is never a component's: some of our SIMs look empty, and the
	// others still measure it. See Assessment.EmptySIMs.
	BlindSIMs Blind = "sim-empty"
	// BlindLax is never a component's either, see Assessment.Lax.
	BlindLax Blind = "lax"
)

// Assessment is how one component stands.
type Assessment struct {
	Component  Component
	State      State
	Measured   State     // what the last measurements said; differs from State where that is Unknown, "" before any
	Cause      Cause     // "" unless State is Degraded, Partial or Major
	Blind      Blind     // "" unless State is Unknown
	Since      time.Time // when this state began, as well as can be told
	MeasuredAt time.Time // the last result that said something; zero when none did
	Figures    Figures
	// EmptySIMs are our SIMs that look as if their credit was used up, since
	// EmptySince; what became of their codes is not counted.
	EmptySIMs  []string
	EmptySince time.Time
	// Fault is whose it looks like, for the team alone: nothing of it is said in
	// public. The zero Fault while nothing is wrong.
	Fault Fault
	// Picture is of the last page that was not as it should be in this trouble,
	// the name of its file, for the team alone; "" for none.
	Picture string
	// Lax are the reasons for which the portal did not refuse what it must, as
	// the newest try of each kind found, since LaxSince. It keeps nobody from
	// registering and is the team's to know.
	Lax      []probes.Reason
	LaxSince time.Time
}

// Figures are what was measured on a component within Window before now, for
// people to read. Window reaches back two hours for 10-minute codes, and no
// further than to the beginning of the present state: good codes from before
// would make a bad hour look well, and late ones a good hour bad. For a
// component that carries no codes only Probes and Good are set.
type Figures struct {
	Window  time.Duration
	Probes  int           // decided probes in the window
	Good    int           // of them: in time, and accepted where submitted
	Typical time.Duration // 9 of 10 arrived within it; 0 when fewer than 9 of 10 arrived
	Median  time.Duration // half had arrived within it; 0 when fewer than half arrived
	Waiting int           // codes on their way now
	Oldest  time.Duration // age of the oldest of them
}

// Causes are all causes, in the order a list shows them.
func Causes() []Cause {
	return []Cause{
		CausePortalDown, CausePortalSlow, CauseCaptchaLoop, CauseCaptchaBroken,
		CauseOTPLate, CauseOTPLost, CauseOTPRejected,
	}
}

// Trouble says whether the state is one of the portal's own that a person
// would notice.
func (s State) Trouble() bool { return s == Degraded || s == Partial || s == Major }

// States are all states, best first.
func States() []State {
	return []State{Operational, Degraded, Partial, Major, Maintained, Unknown}
}

// Measures is the component that a result is evidence about.
func Measures(r probes.Result) Component {
	switch r.Step {
	case probes.StepOpen:
		return ComponentPortal
	case probes.StepCaptcha:
		return ComponentCaptcha
	default:
		return ComponentOf(r.Stream)
	}
}

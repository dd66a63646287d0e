package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pantau/detect"
	"pantau/internal/words"
	"pantau/probes"
)

// PolicyOptions are what a Policy has to know.
type PolicyOptions struct {
	Playbooks *Playbooks
	Streams   []probes.Stream   // in the order the public sees them
	Operators map[string]string // names of operators by id; a missing one is its id, capitalised
	Validity  time.Duration     // of a code; all waiting times are in proportion
	// Publisher is who measures and speaks, where that is not the portal's
	// owner; "" for the owner.
	Publisher string
}

// Policy decides what follows from how the components stand.
type Policy struct {
	books     *Playbooks
	streams   []probes.Stream
	operators map[string]string
	publisher string
	validity  time.Duration
}

// NewPolicy makes a Policy.
func NewPolicy(o PolicyOptions) *Policy {
	return &Policy{
		books: o.Playbooks, streams: o.Streams, operators: o.Operators,
		publisher: o.Publisher, validity: o.Validity,
	}
}

// nextUpdate is when the public hears again: 30 minutes for 10-minute codes.
func (p *Policy) nextUpdate() time.Duration { return 3 * p.validity }

// retryAfter is how long people are asked to request no code: one hour for
// 10-minute codes, as the authority advised in 2023.
func (p *Policy) retryAfter() time.Duration { return 6 * p.validity }

// settle is how long a change of the affected components is watched before it
// is announced: operators that fail together do not fail in the same second.
func (p *Policy) settle() time.Duration { return p.validity / 2 }

// dwell is how long everything must have been well before "resolved".
func (p *Policy) dwell() time.Duration { return p.validity / 2 }

func (p *Policy) operatorName(id string) string {
	if name, ok := p.operators[id]; ok {
		return name
	}
	if id == "" {
		return id
	}
	return strings.ToUpper(id[:1]) + id[1:]
}

// State is what Policy remembers between decisions. It is rebuilt from stored
// incidents, and by SpellsOf from what the team was told.
type State struct {
	Incidents []Incident // newest first, at least those of this year and all open ones
	Blind     []Spell
}

// Spell is a time in which components could not be measured for one reason.
type Spell struct {
	Reason     detect.Blind
	Since      time.Time
	Components []detect.Component
	SIMs       []string        // of detect.BlindSIMs: our SIMs that look empty
	Lax        []probes.Reason // of detect.BlindLax: what the portal did not refuse
}

// Decision is what follows: the next state, and what is new in it.
type Decision struct {
	State   State
	Changed []Incident
	Notices []Notice
}

// Next decides what follows from how the components stand at now. It changes
// nothing it was given.
func (p *Policy) Next(s State, assessed []detect.Assessment, now time.Time) Decision {
	d := &decision{policy: p, now: now, assessed: map[detect.Component]detect.Assessment{}}
	for _, a := range assessed {
		d.assessed[a.Component] = a
	}
	groups, fresh := assign(s.Incidents, assessed)
	for i, inc := range s.Incidents {
		if inc.Open() {
			inc = d.follow(inc, groups[i])
		}
		d.state.Incidents = append(d.state.Incidents, inc)
	}
	for _, group := range fresh {
		d.open(group)
	}
	d.blindness(s.Blind, assessed)
	return d.result()
}

// family puts causes together that are one trouble to the public.
func family(cause detect.Cause) string {
	switch cause {
	case detect.CauseOTPLate, detect.CauseOTPLost:
		return "codes"
	case detect.CauseCaptchaLoop, detect.CauseCaptchaBroken:
		return "captcha"
	case detect.CausePortalDown, detect.CausePortalSlow:
		return "portal"
	default:
		return string(cause)
	}
}

// assign gives each troubled component to the open incident it belongs to: the
// one it is part of already, so that refused codes of late streams stay with
// the late incident, else one of the same family. What is left is grouped by
// family, each group a new incident.
func assign(incidents []Incident, assessed []detect.Assessment) (map[int][]detect.Assessment, [][]detect.Assessment) {
	assigned := map[int][]detect.Assessment{}
	var fresh [][]detect.Assessment
	for _, a := range assessed {
		if !a.State.Trouble() {
			continue
		}
		if i := belongsTo(incidents, a); i >= 0 {
			assigned[i] = append(assigned[i], a)
			continue
		}
		same := func(group []detect.Assessment) bool { return family(group[0].Cause) == family(a.Cause) }
		if i := slices.IndexFunc(fresh, same); i >= 0 {
			fresh[i] = append(fresh[i], a)
			continue
		}
		fresh = append(fresh, []detect.Assessment{a})
	}
	return assigned, fresh
}

func belongsTo(incidents []Incident, a detect.Assessment) int {
	part := slices.IndexFunc(incidents, func(i Incident) bool {
		return i.Open() && slices.Contains(i.Components, a.Component)
	})
	if part >= 0 {
		return part
	}
	return slices.IndexFunc(incidents, func(i Incident) bool {
		return i.Open() && family(i.Cause) == family(a.Cause)
	})
}

// nextID counts incidents per year in WIB.
func nextID(incidents []Incident, now time.Time) string {
	prefix := fmt.Sprintf("INC-%d-", now.In(words.WIB()).Year())
	highest := 0
	for _, inc := range incidents {
		var n int
		if _, err := fmt.Sscanf(inc.ID, prefix+"%d", &n); err == nil {
			highest = max(highest, n)
		}
	}
	return fmt.Sprintf("%s%03d", prefix, highest+1)
}

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
	Playbooks   *Playbooks
	Streams     []probes.Stream   // in the order the public sees them
	Operators   map[string]string // names of operators by id; a missing one is its id, capitalised
	Independent bool              // the publisher is not the portal's owner
	Validity    time.Duration     // of a code; all waiting times are in proportion
}

// Policy decides what follows from how the components stand.
type Policy struct {
	books       *Playbooks
	streams     []probes.Stream
	operators   map[string]string
	independent bool
	validity    time.Duration
}

// NewPolicy makes a Policy.
func NewPolicy(o PolicyOptions) *Policy {
	return &Policy{
		books: o.Playbooks, streams: o.Streams, operators: o.Operators,
		independent: o.Independent, validity: o.Validity,
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
// incidents; Blind follows from the assessments.
type State struct {
	Incidents []Incident // newest first, at least those of this year and all open ones
	Blind     []Spell
}

// Spell is a time in which components could not be measured for one reason.
type Spell struct {
	Reason     detect.Blind
	Since      time.Time
	Components []detect.Component
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

// decision is one call of Next while it is being made.
type decision struct {
	policy   *Policy
	now      time.Time
	assessed map[detect.Component]detect.Assessment
	state    State
	changed  []Incident
	notices  []Notice
}

func (d *decision) result() Decision {
	return Decision{State: d.state, Changed: d.changed, Notices: d.notices}
}

// open begins an incident on a group of troubled components.
func (d *decision) open(group []detect.Assessment) {
	worst := slices.MaxFunc(group, func(a, b detect.Assessment) int {
		return ImpactOf(a.State).Rank() - ImpactOf(b.State).Rank()
	})
	first := slices.MinFunc(group, func(a, b detect.Assessment) int { return a.Since.Compare(b.Since) })
	inc := Incident{
		ID: nextID(d.state.Incidents, d.now), Cause: worst.Cause, Status: Investigating,
		Components: componentsOf(group), StartedAt: first.Since, OpenedAt: d.now,
	}
	f := d.facts(inc, componentsOf(group))
	inc.Title = f.text(d.book(inc).Title)
	inc = d.update(inc, f, change{
		status: Investigating, event: EventOpened, group: group, told: []Audience{Public, IT},
		body: d.book(inc).Body, advice: d.advice(inc), post: d.book(inc).Post,
	})
	d.state.Incidents = slices.Insert(d.state.Incidents, 0, inc)
}

// follow decides what an open incident has come to. group are its components
// that are in trouble now.
func (d *decision) follow(inc Incident, group []detect.Assessment) Incident {
	latest := inc.latest()
	switch {
	case len(group) == 0 && d.hidden(inc):
		return inc // what cannot be seen changes nothing
	case len(group) == 0 && inc.Status != Monitoring:
		return d.recovering(inc)
	case len(group) == 0 && d.now.Sub(latest.At) >= d.policy.dwell():
		return d.resolve(inc)
	case len(group) == 0:
		return inc
	case inc.Status == Monitoring, d.now.Sub(latest.At) >= d.policy.settle() && !sameComponents(latest, group, d.assessed):
		return d.goesOn(inc, group, []Audience{Public, IT})
	case !latest.NextBy.IsZero() && !d.now.Before(latest.NextBy):
		return d.goesOn(inc, group, []Audience{Public, IT})
	case worse(inc.Impact, group):
		return d.goesOn(inc, group, []Audience{IT})
	default:
		return inc
	}
}

// hidden says whether part of the incident cannot be judged now.
func (d *decision) hidden(inc Incident) bool {
	return slices.ContainsFunc(inc.Components, func(c detect.Component) bool {
		state := d.assessed[c].State
		return state == detect.Unknown || state == detect.Maintained
	})
}

func (d *decision) goesOn(inc Incident, group []detect.Assessment, told []Audience) Incident {
	for _, c := range componentsOf(group) {
		if !slices.Contains(inc.Components, c) {
			inc.Components = append(slices.Clone(inc.Components), c)
		}
	}
	book := d.book(inc)
	f := d.facts(inc, componentsOf(group))
	inc.Title = f.text(book.Title)
	return d.update(inc, f, change{
		status: Investigating, event: EventUpdated, group: group, told: told,
		body: book.Update, advice: d.advice(inc), post: book.PostUpdate,
	})
}

// recovering tells the page, and nobody else yet, that things look well.
func (d *decision) recovering(inc Incident) Incident {
	common := d.policy.books.common
	return d.update(inc, d.facts(inc, inc.Components), change{
		status: Monitoring, body: common.Monitoring.Body, advice: common.Resolved.Advice,
	})
}

func (d *decision) resolve(inc Incident) Incident {
	resolved := d.policy.books.common.Resolved
	f := d.facts(inc, inc.Components)
	inc.ResolvedAt = d.now
	return d.update(inc, f, change{
		status: Resolved, event: EventResolved, told: []Audience{Public, IT},
		body: resolved.Body, advice: resolved.Advice, post: resolved.Post,
	})
}

// advice is the playbook's, and always at last where to turn to.
func (d *decision) advice(inc Incident) []Sentence {
	return slices.Concat(d.book(inc).Advice, d.policy.books.common.LastAdvice)
}

func (d *decision) book(inc Incident) Playbook { return d.policy.books.causes[inc.Cause] }

func (d *decision) facts(inc Incident, affected []detect.Component) facts {
	return facts{policy: d.policy, now: d.now, incident: inc, affected: d.inOrder(affected), assessed: d.assessed}
}

// inOrder sorts components as the public sees them.
func (d *decision) inOrder(components []detect.Component) []detect.Component {
	var sorted []detect.Component
	for _, stream := range d.policy.streams {
		if c := detect.ComponentOf(stream); slices.Contains(components, c) {
			sorted = append(sorted, c)
		}
	}
	return sorted
}

// sameComponents says whether the last update named just those in trouble. A
// component that cannot be seen now still counts as named.
func sameComponents(latest Update, group []detect.Assessment, assessed map[detect.Component]detect.Assessment) bool {
	now := componentsOf(group)
	for _, affected := range latest.Components {
		unseen := assessed[affected.Component].State == detect.Unknown
		if !unseen && !slices.Contains(now, affected.Component) {
			return false
		}
		now = slices.DeleteFunc(now, func(c detect.Component) bool { return c == affected.Component })
	}
	return len(now) == 0
}

func worse(impact Impact, group []detect.Assessment) bool {
	return slices.ContainsFunc(group, func(a detect.Assessment) bool {
		return ImpactOf(a.State).Rank() > impact.Rank()
	})
}

func componentsOf(group []detect.Assessment) []detect.Component {
	var components []detect.Component
	for _, a := range group {
		components = append(components, a.Component)
	}
	return components
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

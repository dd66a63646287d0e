package incident

import (
	"slices"
	"time"

	"pantau/detect"
)

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

// everybody hears what changes the picture; the team alone hears the rest.
func everybody() []Audience { return []Audience{Public, IT} }

// open begins an incident on a group of troubled components.
func (d *decision) open(group []detect.Assessment) {
	inc := Incident{
		ID: nextID(d.state.Incidents, d.now), Cause: worst(group).Cause, Status: Investigating,
		Components: componentsOf(group), StartedAt: beganFirst(group).Since, OpenedAt: d.now,
	}
	book := d.book(inc)
	inc = d.update(inc, change{
		status: Investigating, event: EventOpened, group: group, told: everybody(), title: book.Title,
		body: book.Body, advice: d.advice(inc), post: book.Post,
	})
	d.state.Incidents = slices.Insert(d.state.Incidents, 0, inc)
}

// follow decides what an open incident has come to. group are its components
// that are in trouble now.
func (d *decision) follow(inc Incident, group []detect.Assessment) Incident {
	if len(group) == 0 {
		return d.quiet(inc)
	}
	told := inc.lastTold(Public)
	settled := d.now.Sub(told.At) >= d.policy.settle()
	worse := worse(inc.Impact, group)
	switch {
	case d.due(inc), settled && !sameComponents(told, group, d.assessed), worse && d.causeOf(inc, group) != inc.Cause:
		return d.goesOn(inc, group, everybody())
	case inc.Status == Monitoring, worse:
		// The public was not told that it was over, so need not be told that
		// it was not.
		return d.goesOn(inc, group, []Audience{IT})
	default:
		return inc
	}
}

// quiet follows an incident of which no component is in trouble now.
func (d *decision) quiet(inc Incident) Incident {
	switch {
	case d.hidden(inc) && d.due(inc):
		return d.outOfSight(inc)
	case d.hidden(inc):
		return inc // what cannot be seen changes nothing
	case inc.Status != Monitoring:
		return d.watch(inc, nil)
	case d.now.Sub(inc.EndedAt()) >= d.policy.dwell():
		return d.resolve(inc)
	case d.due(inc):
		return d.watch(inc, everybody())
	default:
		return inc
	}
}

// due says whether the public was promised a word by now.
func (d *decision) due(inc Incident) bool {
	promised := inc.latest().NextBy
	return !promised.IsZero() && !d.now.Before(promised)
}

// causeOf is what the incident is about now. A cause of another family does
// not change it: refused codes of late streams are part of the lateness.
func (d *decision) causeOf(inc Incident, group []detect.Assessment) detect.Cause {
	if cause := worst(group).Cause; family(cause) == family(inc.Cause) {
		return cause
	}
	return inc.Cause
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
	before := inc.Cause
	inc.Cause = d.causeOf(inc, group)
	book := d.book(inc)
	c := change{
		status: Investigating, event: EventUpdated, group: group, told: told, title: book.Title,
		body: book.Update, advice: d.advice(inc), post: book.PostUpdate,
	}
	if inc.Cause != before {
		c.body, c.post = book.Body, book.Post // the first word of it: nothing is "still" so
	}
	return d.update(inc, c)
}

// outOfSight keeps the promise of a word while there is nothing to be seen.
func (d *decision) outOfSight(inc Incident) Incident {
	hidden := d.policy.books.common.Hidden
	return d.update(inc, change{
		status: inc.Status, event: EventUpdated, told: everybody(), title: d.book(inc).Title,
		body: hidden.Body, advice: d.policy.books.common.LastAdvice, post: hidden.Post,
	})
}

// watch says that things look well: on the page alone, unless a word was
// promised for now.
func (d *decision) watch(inc Incident, told []Audience) Incident {
	common := d.policy.books.common
	return d.update(inc, change{
		status: Monitoring, event: EventUpdated, told: told, title: d.book(inc).Title,
		body: common.Monitoring.Body, advice: common.Resolved.Advice, post: common.Monitoring.Body,
	})
}

func (d *decision) resolve(inc Incident) Incident {
	resolved := d.policy.books.common.Resolved
	inc.ResolvedAt = d.now
	return d.update(inc, change{
		status: Resolved, event: EventResolved, told: everybody(), title: d.book(inc).Title,
		headline: resolved.Title, body: resolved.Body, advice: resolved.Advice, post: resolved.Post,
	})
}

// advice is the playbook's, and always at last where to turn to.
func (d *decision) advice(inc Incident) []Sentence {
	return slices.Concat(d.book(inc).Advice, d.policy.books.common.LastAdvice)
}

func (d *decision) book(inc Incident) Playbook { return d.policy.books.causes[inc.Cause] }

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

// sameComponents says whether an update named just those in trouble. A
// component that cannot be seen now still counts as named.
func sameComponents(told Update, group []detect.Assessment, assessed map[detect.Component]detect.Assessment) bool {
	now := componentsOf(group)
	for _, affected := range told.Components {
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

func beganFirst(group []detect.Assessment) detect.Assessment {
	return slices.MinFunc(group, func(a, b detect.Assessment) int { return a.Since.Compare(b.Since) })
}

func worst(group []detect.Assessment) detect.Assessment {
	return slices.MaxFunc(group, func(a, b detect.Assessment) int {
		return ImpactOf(a.State).Rank() - ImpactOf(b.State).Rank()
	})
}

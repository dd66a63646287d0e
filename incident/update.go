package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pantau/detect"
	"pantau/internal/words"
)

// change is an update about to be made.
type change struct {
	status   Status
	event    Event
	group    []detect.Assessment // components in trouble now; none once all are well
	told     []Audience
	title    words.Text // of the incident
	headline words.Text // of the notices, where it is not the title
	body     []Sentence
	advice   []Sentence
	post     []Sentence
}

// update adds an update to inc and the notices that tell of it.
func (d *decision) update(inc Incident, c change) Incident {
	affected := componentsOf(c.group)
	if len(affected) == 0 {
		affected = inc.Components
	}
	f := facts{
		policy: d.policy, now: d.now, incident: inc, affected: d.inOrder(affected), assessed: d.assessed,
		since: inc.StartedAt, next: d.nextWord(inc, c),
	}
	if len(c.group) > 0 {
		f.since = beganFirst(c.group).Since
	}
	number := len(inc.Updates) + 1
	u := Update{
		ID: fmt.Sprintf("%s/%d", inc.ID, number), Number: number, Status: c.status, At: d.now,
		Body: f.say(c.body), Advice: f.list(c.advice), NextBy: f.next,
		Components: d.affected(inc, f.affected), Told: c.told,
	}
	inc.Status, inc.Title = c.status, f.text(c.title)
	inc.Updates = append(slices.Clone(inc.Updates), u)
	for _, a := range c.group {
		if impact := ImpactOf(a.State); impact.Rank() > inc.Impact.Rank() {
			inc.Impact = impact
		}
	}
	for _, audience := range c.told {
		d.notices = append(d.notices, d.notice(inc, u, f, c, audience))
	}
	d.changed = append(d.changed, inc)
	return inc
}

// nextWord is when the public hears again: what it was promised, until it is
// told something and promised anew.
func (d *decision) nextWord(inc Incident, c change) time.Time {
	switch {
	case c.status == Resolved:
		return time.Time{}
	case slices.Contains(c.told, Public):
		return d.now.Add(d.policy.nextUpdate())
	default:
		return inc.latest().NextBy
	}
}

// affected lists components with their state and what was last said of it.
func (d *decision) affected(inc Incident, components []detect.Component) []Affected {
	var list []Affected
	for _, c := range components {
		list = append(list, Affected{Component: c, Old: inc.stateOf(c), New: d.assessed[c].State})
	}
	return list
}

// notice says an update to one audience.
func (d *decision) notice(inc Incident, u Update, f facts, c change, audience Audience) Notice {
	n := Notice{
		ID:    fmt.Sprintf("%s/%d/%s", inc.ID, u.Number, audience),
		About: inc.ID, Number: inc.told(audience), Event: c.event, Audience: audience, At: d.now,
		Title: inc.Title, Post: f.say(c.post), Body: bodyOf(u, f),
	}
	if !c.headline.IsZero() {
		n.Title = f.text(c.headline)
	}
	if audience == IT {
		n.Title = alertTitle(inc, u)
		n.Post, n.Body = n.Title, d.alert(inc, u, f)
	}
	return n
}

// bodyOf is the whole update for chat and mail: what happens, what to do, when
// there is more.
func bodyOf(u Update, f facts) words.Text {
	return f.each(func(lang words.Lang) string {
		lines := []string{u.Body.In(lang)}
		for _, advice := range u.Advice {
			lines = append(lines, "• "+advice.In(lang))
		}
		if !u.NextBy.IsZero() {
			lines = append(lines, words.Fill(f.policy.books.common.Phrases.NextUpdate.In(lang), f.fills(lang)))
		}
		return strings.Join(lines, "\n")
	})
}

// EndedAt is when the trouble was first seen to be over, zero while it is not.
func (i Incident) EndedAt() time.Time {
	var ended time.Time
	for _, u := range i.Updates {
		switch {
		case u.Status == Resolved:
		case u.Status != Monitoring:
			ended = time.Time{}
		case ended.IsZero():
			ended = u.At
		}
	}
	return ended
}

func (i Incident) latest() Update {
	if len(i.Updates) == 0 {
		return Update{}
	}
	return i.Updates[len(i.Updates)-1]
}

// lastTold is the latest update that an audience got a notice of.
func (i Incident) lastTold(audience Audience) Update {
	for _, u := range slices.Backward(i.Updates) {
		if slices.Contains(u.Told, audience) {
			return u
		}
	}
	return Update{}
}

// stateOf is what the incident last said of a component.
func (i Incident) stateOf(c detect.Component) detect.State {
	for _, u := range slices.Backward(i.Updates) {
		for _, a := range u.Components {
			if a.Component == c {
				return a.New
			}
		}
	}
	return detect.Operational
}

// told counts the updates an audience got a notice of.
func (i Incident) told(audience Audience) int {
	n := 0
	for _, u := range i.Updates {
		if slices.Contains(u.Told, audience) {
			n++
		}
	}
	return n
}

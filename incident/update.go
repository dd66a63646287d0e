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
	status Status
	event  Event
	group  []detect.Assessment // components in trouble now
	told   []Audience
	body   []Sentence
	advice []Sentence
	post   []Sentence
}

// update adds an update to inc and the notices that tell of it.
func (d *decision) update(inc Incident, f facts, c change) Incident {
	number := len(inc.Updates) + 1
	u := Update{
		ID: fmt.Sprintf("%s/%d", inc.ID, number), Number: number, Status: c.status, At: d.now,
		Body: f.say(c.body), Advice: f.list(c.advice), Components: d.affected(inc, c.group), Told: c.told,
	}
	if c.status != Resolved && c.status != Monitoring {
		u.NextBy = d.now.Add(d.policy.nextUpdate())
	}
	inc.Status = c.status
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

// affected lists the components an update is about, those in trouble or, once
// none is, all of the incident's, with what was last said of them.
func (d *decision) affected(inc Incident, group []detect.Assessment) []Affected {
	components := componentsOf(group)
	if len(components) == 0 {
		components = inc.Components
	}
	var list []Affected
	for _, c := range d.inOrder(components) {
		list = append(list, Affected{Component: c, Old: inc.stateOf(c), New: d.assessed[c].State})
	}
	return list
}

// notice says an update to one audience.
func (d *decision) notice(inc Incident, u Update, f facts, c change, audience Audience) Notice {
	number := inc.told(audience)
	n := Notice{
		ID:    fmt.Sprintf("%s/%d/%s", inc.ID, u.Number, audience),
		About: inc.ID, Number: number, Event: c.event, Audience: audience, At: d.now,
		Title: inc.Title, Post: f.say(c.post), Body: bodyOf(u, f),
	}
	if audience == IT {
		n.Title = d.itTitle(inc, u)
		n.Post, n.Body = n.Title, d.itBody(inc, u)
	}
	return n
}

// bodyOf is the whole update for chat and mail: what happens, what to do, when
// there is more.
func bodyOf(u Update, f facts) words.Text {
	in := func(lang words.Lang) string {
		paragraphs := []string{u.Body.In(lang)}
		for _, advice := range u.Advice {
			paragraphs = append(paragraphs, "• "+advice.In(lang))
		}
		if !u.NextBy.IsZero() {
			paragraphs = append(paragraphs, nextLine(lang)+f.clock(lang, u.NextBy)+".")
		}
		return strings.Join(paragraphs, "\n")
	}
	return words.Text{ID: in(words.Indonesian), EN: in(words.English)}
}

func nextLine(lang words.Lang) string {
	if lang == words.English {
		return "Next update by "
	}
	return "Kabar berikutnya paling lambat "
}

// endedAt is when the trouble was seen to be over, zero before.
func (i Incident) endedAt() time.Time {
	var ended time.Time
	for _, u := range i.Updates {
		if u.Status == Monitoring {
			ended = u.At
		} else if u.Status != Resolved {
			ended = time.Time{}
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

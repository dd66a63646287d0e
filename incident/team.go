package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pantau/detect"
	"pantau/internal/words"
)

// itTitle is the headline of an alert: severity, what, where.
func (d *decision) itTitle(inc Incident, u Update) words.Text {
	said := fmt.Sprintf("[%s] %s %s: %s — %s", inc.Impact, inc.ID, u.Status, inc.Cause, joinComponents(inc.Components))
	return words.Text{ID: said, EN: said}
}

// itBody is the alert on one screen: since when, how each component stands
// with the figures behind it, and what the public was told.
func (d *decision) itBody(inc Incident, u Update) words.Text {
	var lines []string
	lines = append(lines, "Since "+inc.StartedAt.In(words.WIB()).Format("2006-01-02 15:04:05 WIB")+".")
	for _, c := range d.inOrder(inc.Components) {
		lines = append(lines, d.itComponent(c))
	}
	public := "not told of this update"
	if slices.Contains(u.Told, Public) {
		public = "told: " + u.Body.ID
	}
	lines = append(lines, "Public "+public)
	said := strings.Join(lines, "\n")
	return words.Text{ID: said, EN: said}
}

func (d *decision) itComponent(c detect.Component) string {
	a := d.assessed[c]
	line := fmt.Sprintf("%s: %s, %d of %d probes good in %s", c, a.State, a.Figures.Good, a.Figures.Probes, a.Figures.Window)
	if a.Figures.Waiting > 0 {
		line += fmt.Sprintf("; %d codes on their way, the oldest for %s", a.Figures.Waiting, a.Figures.Oldest.Round(time.Second))
	}
	return line
}

func joinComponents(components []detect.Component) string {
	var names []string
	for _, c := range components {
		names = append(names, string(c))
	}
	return strings.Join(names, ", ")
}

// blindToTell are the reasons for not seeing that the IT team has to mend. The
// others follow from the portal's own trouble or from having just started.
func blindToTell() []detect.Blind {
	return []detect.Blind{detect.BlindLine, detect.BlindSilent, detect.BlindStale}
}

// blindness tells the IT team once when components go dark for a reason, and
// once when the last of them is seen again.
func (d *decision) blindness(before []Spell, assessed []detect.Assessment) {
	for _, reason := range blindToTell() {
		spell, was := d.dark(reason, assessed), spellOf(before, reason)
		switch {
		case len(spell.Components) == 0 && was == nil:
			continue
		case len(spell.Components) == 0:
			d.notices = append(d.notices, d.sighted(*was))
			continue
		case was == nil:
			d.notices = append(d.notices, d.blinded(spell))
		default:
			spell.Since = was.Since
		}
		d.state.Blind = append(d.state.Blind, spell)
	}
}

// dark is what cannot be measured now for reason.
func (d *decision) dark(reason detect.Blind, assessed []detect.Assessment) Spell {
	spell := Spell{Reason: reason}
	for _, a := range assessed {
		if a.State != detect.Unknown || a.Blind != reason {
			continue
		}
		if len(spell.Components) == 0 || a.Since.Before(spell.Since) {
			spell.Since = a.Since
		}
		spell.Components = append(spell.Components, a.Component)
	}
	return spell
}

func spellOf(spells []Spell, reason detect.Blind) *Spell {
	for i := range spells {
		if spells[i].Reason == reason {
			return &spells[i]
		}
	}
	return nil
}

func (d *decision) blinded(s Spell) Notice {
	said := d.policy.books.common.Blind
	return d.spellNotice(s, 1, EventBlind, said.Title, said.Body)
}

func (d *decision) sighted(s Spell) Notice {
	said := d.policy.books.common.Blind
	return d.spellNotice(s, 2, EventSighted, said.SightedTitle, said.SightedBody)
}

func (d *decision) spellNotice(s Spell, number int, event Event, title, body words.Text) Notice {
	about := fmt.Sprintf("BLIND-%s-%s", s.Since.UTC().Format("20060102T150405Z"), s.Reason)
	f := facts{policy: d.policy, now: d.now}
	fill := func(t words.Text) words.Text {
		in := func(lang words.Lang) string {
			return words.Fill(t.In(lang), map[string]string{
				"components": joinComponents(s.Components),
				"since":      f.clock(lang, s.Since),
				"ended":      f.clock(lang, d.now),
				"duration":   words.Duration(lang, d.now.Sub(s.Since)),
				"reason":     d.policy.books.common.Blind.Reasons[s.Reason].In(lang),
			})
		}
		return words.Text{ID: in(words.Indonesian), EN: in(words.English)}
	}
	return Notice{
		ID: fmt.Sprintf("%s/%d/%s", about, number, IT), About: about, Number: number,
		Event: event, Audience: IT, At: d.now, Title: fill(title), Post: fill(title), Body: fill(body),
	}
}

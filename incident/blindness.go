package incident

import (
	"fmt"
	"strings"
	"time"

	"pantau/detect"
	"pantau/internal/words"
)

// blindToTell are the reasons for not seeing that the IT team has to mend. The
// others follow from the portal's own trouble or from having just started.
func blindToTell() []detect.Blind {
	return []detect.Blind{detect.BlindLine, detect.BlindSilent, detect.BlindDegraded, detect.BlindStale, detect.BlindStopped, detect.BlindSIMs, detect.BlindLax}
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
		since, is := darkSince(a, reason)
		if !is {
			continue
		}
		if len(spell.Components) == 0 || since.Before(spell.Since) {
			spell.Since = since
		}
		spell.Components = append(spell.Components, a.Component)
		switch reason {
		case detect.BlindSIMs:
			spell.SIMs = append(spell.SIMs, a.EmptySIMs...)
		case detect.BlindLax:
			spell.Lax = append(spell.Lax, a.Lax...)
		}
	}
	return spell
}

// A spell's thread is named after when and why it began.
const (
	spellThread = "BLIND-"
	spellSince  = "20060102T150405Z" // UTC
)

func (s Spell) thread() string {
	return spellThread + s.Since.UTC().Format(spellSince) + "-" + string(s.Reason)
}

// SpellsOf are the spells that the team was told of and that are not over yet,
// for a State after a restart: last are the last notices of all threads, oldest
// first, states the last recorded ones of the components.
func SpellsOf(last []Notice, states []detect.Assessment) []Spell {
	var spells []Spell
	for _, n := range last {
		began, reason, named := strings.Cut(strings.TrimPrefix(n.About, spellThread), "-")
		since, err := time.Parse(spellSince, began)
		if n.Event != EventBlind || !named || err != nil {
			continue
		}
		spell := Spell{Reason: detect.Blind(reason), Since: since}
		for _, a := range states {
			if a.State == detect.Unknown && a.Blind == spell.Reason {
				spell.Components = append(spell.Components, a.Component)
			}
		}
		spells = append(spells, spell)
	}
	return spells
}

// darkSince says whether, and since when, reason keeps the component or a share
// of our SIMs from being measured, or what the portal does not refuse is told.
func darkSince(a detect.Assessment, reason detect.Blind) (since time.Time, is bool) {
	switch reason {
	case detect.BlindSIMs:
		return a.EmptySince, len(a.EmptySIMs) > 0
	case detect.BlindLax:
		return a.LaxSince, len(a.Lax) > 0
	}
	return a.Since, a.State == detect.Unknown && a.Blind == reason
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
	said := d.policy.books.common.spell(s.Reason)
	return d.spellNotice(s, 1, EventBlind, said.Title, said.Body)
}

func (d *decision) sighted(s Spell) Notice {
	said := d.policy.books.common.spell(s.Reason)
	return d.spellNotice(s, 2, EventSighted, said.SightedTitle, said.SightedBody)
}

func (d *decision) spellNotice(s Spell, number int, event Event, title, body words.Text) Notice {
	about := s.thread()
	f := facts{policy: d.policy, now: d.now}
	fill := func(t words.Text) words.Text {
		in := func(lang words.Lang) string {
			return words.Fill(t.In(lang), map[string]string{
				"components": joinComponents(s.Components),
				"sims":       strings.Join(s.SIMs, ", "),
				"faults":     d.policy.books.common.faults(s.Lax, lang),
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

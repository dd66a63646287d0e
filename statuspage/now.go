package statuspage

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"pantau/detect"
	"pantau/incident"
	"pantau/internal/words"
)

// now is the answer to "is it them or me?".
type now struct {
	look
	Sentence string
	Long     bool // too long for the largest type
	Notes    []note
}

// longSentence is the length in characters from which it is set smaller, so
// that what to do still fits on a telephone's first screen.
const longSentence = 140

// note is a line below the sentence; it may lead somewhere.
type note struct {
	Text string
	Href string
}

// stamp says when the page was made and how long it may be relied on. Before
// anything is measured it is empty.
type stamp struct {
	Made, Measured, Trust *instant
	Note                  string
}

func (s *speaker) now(head headline, sit incident.Situation) now {
	n := now{look: s.look(head.state), Sentence: s.sentence(head)}
	if head.topic == topicIncident {
		// What follows, such as figures of a time that has passed, stands with
		// its time in the incident's own section.
		n.Sentence = firstSentence(n.Sentence)
	}
	n.Long = utf8.RuneCountInString(n.Sentence) > longSentence
	if head.topic == topicPartUnknown {
		n.Word = s.say("state.part-unknown")
	}
	switch head.topic {
	case topicNotYet:
		n.Notes = append(n.Notes, note{Text: s.say("now.first-note")})
	case topicUnknown, topicPartUnknown:
		n.Notes = append(n.Notes, note{Text: s.say("now.blind-note")})
	case topicIncident:
		if by := latest(head.incident).NextBy; sit.At.Before(by) {
			n.Notes = append(n.Notes, note{Text: s.say("now.next-update", "at", s.atClock(by, sit.At))})
		}
	}
	for _, other := range head.others {
		n.Notes = append(n.Notes, note{Text: s.in(latest(other).Body), Href: "#" + other.ID})
	}
	if head.maintenance != nil && head.topic != topicMaintenance {
		n.Notes = append(n.Notes, note{Text: s.maintenanceSentence(*head.maintenance), Href: "#" + head.maintenance.ID})
	}
	if next := nextMaintenance(sit); next != nil {
		from := words.MomentIn(s.lang, next.From, words.WIB())
		n.Notes = append(n.Notes, note{Text: s.say("now.next-maintenance", "from", from), Href: "#" + next.ID})
	}
	return n
}

func (s *speaker) sentence(head headline) string {
	service := s.options.Service
	switch head.topic {
	case topicIncident:
		return s.in(latest(head.incident).Body)
	case topicMaintenance:
		return s.maintenanceSentence(*head.maintenance)
	case topicTrouble:
		if head.state == detect.Degraded {
			return s.say("now.slow", "service", service, "components", s.list(head.components))
		}
		return s.say("now.trouble", "service", service, "components", s.list(head.components))
	case topicNotYet:
		return s.say("now.not-yet", "service", service)
	case topicUnknown:
		return s.say("now.unknown", "service", service, "since", s.atClock(head.since, head.at))
	case topicPartUnknown:
		return s.say("now.unknown-part", "components", s.list(head.components))
	default:
		return s.say("now.all-well", "service", service)
	}
}

// firstSentence cuts off what follows the first sentence: a dot, question or
// exclamation mark, a space and a capital letter begin another one.
func firstSentence(said string) string {
	for i, r := range said {
		if !strings.ContainsRune(".?!", r) {
			continue
		}
		next, spaced := strings.CutPrefix(said[i+1:], " ")
		if letter, _ := utf8.DecodeRuneInString(next); spaced && unicode.IsUpper(letter) {
			return said[:i+1]
		}
	}
	return said
}

// maintenanceSentence speaks of the whole service when its pages are part of
// the maintenance, because nothing else can be used without them.
func (s *speaker) maintenanceSentence(m incident.Maintenance) string {
	until := words.Moment(s.lang, words.LastMinute(m.Until))
	if slices.Contains(m.Components, detect.ComponentPortal) {
		return s.say("now.maintenance", "service", s.options.Service, "until", until)
	}
	return s.say("now.maintenance-part", "until", until, "components", s.list(m.Components))
}

func nextMaintenance(sit incident.Situation) *incident.Maintenance {
	for _, m := range sit.Maintenances {
		if sit.At.Before(m.From) {
			return &m
		}
	}
	return nil
}

func (s *speaker) stamp(sit incident.Situation) stamp {
	if sit.At.IsZero() {
		return stamp{}
	}
	until := sit.At.Add(s.options.TrustFor)
	made, trust := s.clock(sit.At, sit.At), s.clock(until, sit.At)
	st := stamp{Made: &made, Trust: &trust, Note: s.say("stamp.note", "until", trust.Said)}
	if !sit.LastResult.IsZero() {
		measured := s.clock(sit.LastResult, sit.At)
		st.Measured = &measured
	}
	return st
}

package statuspage

import (
	"slices"

	"pantau/incident"
	"pantau/internal/words"
)

// todo is what to do now.
type todo struct {
	Heading  string
	Intro    string
	Ordered  bool // advice comes in order of use, checks do not
	Items    []string
	Contacts []Linked
}

func (s *speaker) todo(head headline, sit incident.Situation) todo {
	t := todo{Heading: s.say("do.heading"), Contacts: s.links(s.options.Contacts)}
	switch head.topic {
	case topicWell:
		t.Heading, t.Intro, t.Items = s.say("do.heading-well"), s.say("do.intro-well"), s.checks(sit)
	case topicPartUnknown:
		t.Intro, t.Items = s.say("do.intro-well"), s.checks(sit)
	case topicUnknown:
		t.Intro, t.Items = s.say("do.intro-unknown"), s.checks(sit)
	case topicNotYet:
		t.Intro = s.say("do.first")
	case topicMaintenance:
		until := words.Moment(s.lang, words.LastMinute(head.maintenance.Until))
		t.Intro = s.say("do.maintenance", "until", until)
	case topicTrouble:
		t.Intro = s.say("do.trouble")
	case topicIncident:
		t.Ordered, t.Items = true, s.advice(head.incident)
	}
	for _, other := range head.others {
		t.Items = appendNew(t.Items, s.advice(other)...)
	}
	t.Ordered = t.Ordered && len(t.Items) > 1
	return t
}

// advice is what the latest update of an incident says to do.
func (s *speaker) advice(i incident.Incident) []string {
	var items []string
	for _, text := range latest(i).Advice {
		items = appendNew(items, s.in(text))
	}
	return items
}

func appendNew(items []string, more ...string) []string {
	for _, item := range more {
		if !slices.Contains(items, item) {
			items = append(items, item)
		}
	}
	return items
}

// checks answer "is it me?" while everything is measured to be well.
func (s *speaker) checks(sit incident.Situation) []string {
	if len(s.options.SelfChecks) > 0 {
		var items []string
		for _, check := range s.options.SelfChecks {
			items = append(items, s.in(check))
		}
		return items
	}
	items := []string{s.say("check.number")}
	var supported []string
	for _, a := range sit.Components {
		if operator := a.Component.Operator(); operator != "" {
			supported = append(supported, operatorName(operator))
		}
	}
	if len(supported) > 0 {
		items = append(items, s.say("check.operator", "supported", words.And(s.lang, supported)))
	}
	return append(items, s.say("check.credit"), s.say("check.used"), s.say("check.spam"), s.say("check.private"))
}

func (s *speaker) links(links []Link) []Linked {
	var said []Linked
	for _, link := range links {
		said = append(said, Linked{Text: s.in(link.Text), URL: link.URL})
	}
	return said
}

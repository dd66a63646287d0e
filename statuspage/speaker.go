package statuspage

import (
	"fmt"
	"strings"
	"time"

	"pantau/detect"
	"pantau/incident"
	"pantau/internal/words"
)

// speaker says what a page needs in one language. It keeps the first error, so
// that a page is built in one go and either said whole or not at all.
type speaker struct {
	lang      words.Lang
	catalogue *words.Catalogue
	options   Options
	err       error
}

// say gives a text; fills are names and values in turn.
func (s *speaker) say(key string, fills ...string) string {
	named := make(words.Fills, len(fills)/2)
	for i := 0; i+1 < len(fills); i += 2 {
		named[fills[i]] = fills[i+1]
	}
	said, err := s.catalogue.Say(s.lang, key, named)
	if err != nil && s.err == nil {
		s.err = err
	}
	return said
}

// in gives what someone else wrote in this page's language, and the other
// one's where it is missing: better foreign than silent.
func (s *speaker) in(text words.Text) string {
	if said := text.In(s.lang); said != "" {
		return said
	}
	return text.ID + text.EN
}

// instant is a moment for people and for programs.
type instant struct {
	ISO  string // RFC 3339 in WIB
	Said string
}

func (s *speaker) moment(t time.Time) instant {
	return instant{ISO: t.In(words.WIB()).Format(time.RFC3339), Said: words.Moment(s.lang, t)}
}

// clock is the time of day, with the date where it is not the same day as ref:
// "14.05 WIB", "26 Mei 2023 pukul 14.05 WIB".
func (s *speaker) clock(t, ref time.Time) instant {
	i := s.moment(t)
	if words.Date(s.lang, t) == words.Date(s.lang, ref) {
		i.Said = words.Clock(s.lang, t) + " WIB"
	}
	return i
}

// atClock is clock inside a sentence: "pukul 14.05 WIB".
func (s *speaker) atClock(t, ref time.Time) string {
	said := s.clock(t, ref).Said
	if s.lang == words.Indonesian && words.Date(s.lang, t) == words.Date(s.lang, ref) {
		return "pukul " + said
	}
	return said
}

func (s *speaker) duration(d time.Duration) string { return words.Duration(s.lang, d) }

func (s *speaker) number(n int) string { return words.Number(s.lang, n) }

// look is how a state appears: the same in every place of the page.
type look struct {
	Class string // of the colour
	Glyph string // of the shape, so that nobody depends on colour
	Word  string
}

func (s *speaker) look(state detect.State) look {
	switch state {
	case detect.Operational:
		return look{"ok", "ok", s.say("state.operational")}
	case detect.Degraded:
		return look{"slow", "slow", s.say("state.degraded")}
	case detect.Partial:
		return look{"part", "part", s.say("state.partial")}
	case detect.Major:
		return look{"down", "down", s.say("state.major")}
	case detect.Maintained:
		return look{"work", "work", s.say("state.maintenance")}
	default:
		return look{"blind", "blind", s.unmeasured()}
	}
}

func (s *speaker) unmeasured() string {
	if s.options.Publisher == Official {
		return s.say("state.unknown.official")
	}
	return s.say("state.unknown")
}

func (s *speaker) blind(why detect.Blind) string {
	switch why {
	case detect.BlindStale:
		return s.say("blind.stale")
	case detect.BlindSilent:
		return s.say("blind.silent")
	case detect.BlindDegraded:
		return s.say("blind.degraded")
	case detect.BlindLine:
		return s.say("blind.line")
	case detect.BlindStopped:
		return s.say("blind.stopped")
	case detect.BlindCaptcha:
		return s.say("blind.captcha")
	case detect.BlindPortal:
		return s.say("blind.portal")
	default:
		return s.say("blind.yet")
	}
}

func (s *speaker) status(status incident.Status) string {
	switch status {
	case incident.Investigating:
		return s.say("status.investigating")
	case incident.Identified:
		return s.say("status.identified")
	case incident.Monitoring:
		return s.say("status.monitoring")
	case incident.Resolved:
		return s.say("status.resolved")
	default:
		if s.err == nil {
			s.err = fmt.Errorf("saying incident status %q: no such status", status)
		}
		return ""
	}
}

// name is what a component is called.
func (s *speaker) name(component detect.Component) string {
	if name := s.configuredName(component); name != "" {
		return name
	}
	switch component {
	case detect.ComponentPortal:
		return s.say("component.portal")
	case detect.ComponentCaptcha:
		return s.say("component.captcha")
	case detect.ComponentEmail:
		return s.say("component.otp-email")
	}
	if operator := component.Operator(); operator != "" {
		return s.say("component.otp-sms", "operator", operatorName(operator))
	}
	return string(component)
}

func (s *speaker) names(components []detect.Component) []string {
	names := make([]string, 0, len(components))
	for _, c := range components {
		names = append(names, s.name(c))
	}
	return names
}

// list names components in a sentence. Operators are drawn together, because
// three times "OTP by SMS to … numbers" is read by nobody, and come last,
// because what follows a list of them reads as one of them.
func (s *speaker) list(components []detect.Component) string {
	var names, operators []string
	for _, c := range components {
		if operator := c.Operator(); operator != "" && s.configuredName(c) == "" {
			operators = append(operators, operatorName(operator))
			continue
		}
		names = append(names, s.name(c))
	}
	if len(operators) > 0 {
		names = append(names, s.say("component.otp-sms", "operator", words.And(s.lang, operators)))
	}
	return words.And(s.lang, names)
}

// configuredName is what the settings call a component, "" when they do not.
func (s *speaker) configuredName(component detect.Component) string {
	for _, c := range s.options.Components {
		if c.ID == component {
			return s.in(c.Name)
		}
	}
	return ""
}

// operatorName writes an operator as it writes itself: "telkomsel" is
// "Telkomsel"; names of two or three letters are abbreviations: "XL".
func operatorName(operator string) string {
	if len(operator) <= 2 {
		return strings.ToUpper(operator)
	}
	return strings.ToUpper(operator[:1]) + operator[1:]
}

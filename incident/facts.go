package incident

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"pantau/detect"
	"pantau/internal/words"
)

// facts are what a text about one incident may say: all of it was measured.
type facts struct {
	policy   *Policy
	now      time.Time
	incident Incident
	affected []detect.Component // in trouble now; at the end, all that were
	since    time.Time          // when the trouble there is now began; at the end, when it all began
	next     time.Time          // when the public hears again; zero at the end
	assessed map[detect.Component]detect.Assessment
}

// holds says whether a condition of a playbook's sentence is met.
func (f facts) holds(when Condition) bool {
	switch when {
	case WhenOfficial:
		return f.policy.publisher == ""
	case WhenIndependent:
		return f.policy.publisher != ""
	case WhenCodesAffected:
		return f.any(isWay)
	case WhenPagesAffected:
		return f.any(func(c detect.Component) bool { return !isWay(c) })
	case WhenSMSAffected:
		return f.any(isSMS)
	case WhenAllSMSAffected:
		return f.allAffected(isSMS)
	case WhenAllWaysAffected:
		return f.allAffected(isWay)
	case WhenEmailAffected:
		return f.isAffected(detect.ComponentEmail)
	case WhenEmailWorks:
		return f.works(detect.ComponentEmail)
	case WhenSMSWorks:
		return len(f.workingOperators()) > 0
	case WhenCodesExpire:
		return f.someExpire()
	case WhenCodesSlow:
		return !f.someExpire()
	case WhenCodesUsable:
		return f.someInTime()
	default:
		return false // unknown conditions do not pass LoadPlaybooks
	}
}

// works says whether codes to component are measured and in time, and can be
// asked for: a way that is blocked is not recommended.
func (f facts) works(component detect.Component) bool {
	a := f.assessed[component]
	return a.State == detect.Operational && a.Figures.Typical > 0 && !f.isAffected(component) && !f.blocked()
}

// blocked says whether the steps before the code are not seen to let people
// through.
func (f facts) blocked() bool {
	for _, c := range []detect.Component{detect.ComponentPortal, detect.ComponentCaptcha} {
		a, exists := f.assessed[c]
		if exists && a.State != detect.Operational && a.State != detect.Degraded {
			return true
		}
	}
	return false
}

func (f facts) isAffected(component detect.Component) bool {
	return slices.Contains(f.affected, component)
}

func (f facts) any(kind func(detect.Component) bool) bool {
	return slices.ContainsFunc(f.affected, kind)
}

// allAffected says whether there are two or more components of a kind and all
// of them are affected: of one alone, "all" says nothing.
func (f facts) allAffected(kind func(detect.Component) bool) bool {
	n := 0
	for _, stream := range f.policy.streams {
		if c := detect.ComponentOf(stream); kind(c) {
			n++
			if !f.isAffected(c) {
				return false
			}
		}
	}
	return n >= 2
}

// smsPrefix begins the component of every operator's text messages.
const smsPrefix = "otp-sms-"

func isSMS(c detect.Component) bool { return strings.HasPrefix(string(c), smsPrefix) }

// isWay says whether codes travel on the component.
func isWay(c detect.Component) bool { return c == detect.ComponentEmail || isSMS(c) }

// someExpire says whether a good part of the codes of an affected component
// comes too late to be used, and not merely late.
func (f facts) someExpire() bool {
	for _, c := range f.affected {
		if state := f.assessed[c].State; state == detect.Partial || state == detect.Major {
			return true
		}
	}
	return false
}

// someInTime says whether some codes were measured to be of use on every
// affected component, since its trouble began.
func (f facts) someInTime() bool {
	for _, c := range f.affected {
		if f.assessed[c].Figures.Good == 0 {
			return false
		}
	}
	return len(f.affected) > 0
}

// operators are the names of the operators among components, in their order.
func (f facts) operators(components []detect.Component) []string {
	var names []string
	for _, c := range components {
		if id, isSMS := strings.CutPrefix(string(c), smsPrefix); isSMS {
			names = append(names, f.policy.operatorName(id))
		}
	}
	return names
}

func (f facts) workingOperators() []string {
	var working []detect.Component
	for _, stream := range f.policy.streams {
		if c := detect.ComponentOf(stream); stream.Operator() != "" && f.works(c) {
			working = append(working, c)
		}
	}
	return f.operators(working)
}

// each says something in both languages.
func (f facts) each(say func(words.Lang) string) words.Text {
	return words.Text{ID: say(words.Indonesian), EN: say(words.English)}
}

// say joins the sentences whose conditions hold.
func (f facts) say(sentences []Sentence) words.Text {
	return f.each(func(lang words.Lang) string { return f.sayIn(lang, sentences) })
}

func (f facts) sayIn(lang words.Lang, sentences []Sentence) string {
	var said []string
	fills := f.fills(lang)
	for _, s := range sentences {
		if f.all(s.When) {
			said = append(said, strings.TrimSpace(words.Sentence(words.Fill(s.In(lang), fills))))
		}
	}
	return strings.Join(said, " ")
}

// list gives one text for each sentence whose conditions hold.
func (f facts) list(sentences []Sentence) []words.Text {
	var said []words.Text
	for _, s := range sentences {
		if f.all(s.When) {
			said = append(said, f.text(s.Text))
		}
	}
	return said
}

func (f facts) text(t words.Text) words.Text {
	return f.each(func(lang words.Lang) string { return words.Sentence(words.Fill(t.In(lang), f.fills(lang))) })
}

func (f facts) all(conditions []Condition) bool {
	for _, when := range conditions {
		if !f.holds(when) {
			return false
		}
	}
	return true
}

// fills gives every placeholder a value in lang.
func (f facts) fills(lang words.Lang) map[string]string {
	channel := f.channel(lang)
	ended := f.incident.EndedAt()
	if ended.IsZero() {
		ended = f.now
	}
	service := f.policy.books.causes[f.incident.Cause].Service.In(lang)
	return map[string]string{
		"publisher":   f.policy.publisher,
		"channel":     channel,
		"sms":         f.sms(lang),
		"service":     words.Fill(service, map[string]string{"channel": channel}),
		"since":       f.clock(lang, f.since),
		"ended":       clockOnly(lang, ended),
		"next":        f.clock(lang, f.next),
		"retry":       f.clock(lang, f.now.Add(f.policy.retryAfter())),
		"duration":    words.Duration(lang, ended.Sub(f.incident.StartedAt)),
		"email_wait":  words.Duration(lang, f.assessed[detect.ComponentEmail].Figures.Typical),
		"sms_working": words.And(lang, f.workingOperators()),
		"figures":     f.figures(lang),
	}
}

// channel is what codes travel by: "email dan SMS ke nomor Indosat dan XL".
// Mail comes first, because behind the operators it reads as one of them.
func (f facts) channel(lang words.Lang) string {
	var channels []string
	if f.isAffected(detect.ComponentEmail) {
		channels = append(channels, f.policy.books.common.Phrases.EmailChannel.In(lang))
	}
	if sms := f.sms(lang); sms != "" {
		channels = append(channels, sms)
	}
	return words.And(lang, channels)
}

// sms is the text messages that are affected: "SMS ke nomor Indosat dan XL".
func (f facts) sms(lang words.Lang) string {
	operators := f.operators(f.affected)
	if len(operators) == 0 {
		return ""
	}
	return words.Fill(f.policy.books.common.Phrases.SMSChannel.In(lang), map[string]string{"operators": words.And(lang, operators)})
}

// figures is what was measured on the affected components, in one sentence; ""
// while no probe has come to its end.
func (f facts) figures(lang words.Lang) string {
	var good, probed int
	var window time.Duration
	for _, c := range f.affected {
		measured := f.assessed[c].Figures
		good, probed, window = good+measured.Good, probed+measured.Probes, max(window, measured.Window)
	}
	if probed == 0 {
		return ""
	}
	phrases := f.policy.books.common.Phrases
	phrase := phrases.FiguresSteps
	switch {
	case f.any(isWay):
		phrase = phrases.FiguresCodes
	case f.incident.Cause == detect.CausePortalSlow:
		phrase = phrases.FiguresSlow
	}
	return words.Fill(phrase.In(lang), map[string]string{
		"window": words.Duration(lang, window),
		"good":   strconv.Itoa(good),
		"probes": strconv.Itoa(probed),
	})
}

// clock says a time of today by the clock and any other with its date.
func (f facts) clock(lang words.Lang, t time.Time) string {
	if words.Date(lang, t) != words.Date(lang, f.now) {
		return words.Moment(lang, t)
	}
	return clockOnly(lang, t)
}

// clockOnly is for times so near that the day needs no saying.
func clockOnly(lang words.Lang, t time.Time) string {
	if lang == words.English {
		return words.Clock(lang, t) + " WIB"
	}
	return "pukul " + words.Clock(lang, t) + " WIB"
}

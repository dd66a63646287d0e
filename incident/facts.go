package incident

import (
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
	assessed map[detect.Component]detect.Assessment
}

// holds says whether a condition of a playbook's sentence is met.
func (f facts) holds(when Condition) bool {
	switch when {
	case WhenOfficial:
		return !f.policy.independent
	case WhenIndependent:
		return f.policy.independent
	case WhenSMSAffected:
		return len(f.operators(f.affected)) > 0
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

// works says whether codes to component are measured and in time.
func (f facts) works(component detect.Component) bool {
	a := f.assessed[component]
	return a.State == detect.Operational && a.Figures.Typical > 0 && !f.isAffected(component)
}

func (f facts) isAffected(component detect.Component) bool {
	for _, c := range f.affected {
		if c == component {
			return true
		}
	}
	return false
}

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

// someInTime says whether every affected component still lets some through.
func (f facts) someInTime() bool {
	for _, c := range f.affected {
		if f.assessed[c].State == detect.Major {
			return false
		}
	}
	return len(f.affected) > 0
}

// operators are the names of the operators among components, in their order.
func (f facts) operators(components []detect.Component) []string {
	var names []string
	for _, c := range components {
		if id, isSMS := strings.CutPrefix(string(c), "otp-sms-"); isSMS {
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

// say joins the sentences whose conditions hold.
func (f facts) say(sentences []Sentence) words.Text {
	return words.Text{ID: f.sayIn(words.Indonesian, sentences), EN: f.sayIn(words.English, sentences)}
}

func (f facts) sayIn(lang words.Lang, sentences []Sentence) string {
	var said []string
	fills := f.fills(lang)
	for _, s := range sentences {
		if f.all(s.When) {
			said = append(said, words.Sentence(words.Fill(s.In(lang), fills)))
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
	return words.Text{
		ID: words.Sentence(words.Fill(t.ID, f.fills(words.Indonesian))),
		EN: words.Sentence(words.Fill(t.EN, f.fills(words.English))),
	}
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
	ended := f.incident.endedAt()
	if ended.IsZero() {
		ended = f.now
	}
	service := f.policy.books.causes[f.incident.Cause].Service.In(lang)
	return map[string]string{
		"channel":     channel,
		"service":     words.Fill(service, map[string]string{"channel": channel}),
		"since":       f.clock(lang, f.incident.StartedAt),
		"ended":       clockOnly(lang, ended),
		"next":        f.clock(lang, f.now.Add(f.policy.nextUpdate())),
		"retry":       f.clock(lang, f.now.Add(f.policy.retryAfter())),
		"duration":    words.Duration(lang, ended.Sub(f.incident.StartedAt)),
		"email_wait":  words.Duration(lang, f.assessed[detect.ComponentEmail].Figures.Typical),
		"sms_working": words.And(lang, f.workingOperators()),
		"figures":     f.figures(lang),
	}
}

// channel is what codes travel by: "SMS ke nomor Indosat dan XL".
func (f facts) channel(lang words.Lang) string {
	var channels []string
	if operators := f.operators(f.affected); len(operators) > 0 {
		fill := map[string]string{"operators": words.And(lang, operators)}
		channels = append(channels, words.Fill(f.policy.books.common.Phrases.SMSChannel.In(lang), fill))
	}
	if f.isAffected(detect.ComponentEmail) {
		channels = append(channels, f.policy.books.common.Phrases.EmailChannel.In(lang))
	}
	return words.And(lang, channels)
}

// figures is what was measured on the affected components, in one sentence.
func (f facts) figures(lang words.Lang) string {
	var good, probed int
	var window time.Duration
	phrase := f.policy.books.common.Phrases.FiguresSteps
	for _, c := range f.affected {
		measured := f.assessed[c].Figures
		good, probed, window = good+measured.Good, probed+measured.Probes, measured.Window
		if strings.HasPrefix(string(c), "otp-") {
			phrase = f.policy.books.common.Phrases.FiguresCodes
		}
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

package incident

import (
	"strconv"
	"strings"
	"time"

	"pantau/detect"
	"pantau/internal/words"
)

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
		"publisher":     f.policy.publisher,
		"channel":       channel,
		"sms":           f.sms(lang),
		"service":       words.Fill(service, map[string]string{"channel": channel}),
		"since":         f.clock(lang, f.since),
		"ended":         clockOnly(lang, ended),
		"next":          f.clock(lang, f.next),
		"retry":         f.clock(lang, f.now.Add(f.policy.retryAfter())),
		"duration":      words.Duration(lang, ended.Sub(f.incident.StartedAt)),
		"email_figures": f.emailFigures(lang),
		"sms_working":   words.And(lang, f.workingOperators()),
		"figures":       f.figures(lang),
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

// emailFigures is how codes by mail come: in what time, or where that cannot be
// said, how many in time.
func (f facts) emailFigures(lang words.Lang) string {
	phrases, measured := f.policy.books.common.Phrases, f.assessed[detect.ComponentEmail].Figures
	if measured.Typical > 0 {
		return fill(phrases.EmailTypical, lang, "wait", words.Duration(lang, measured.Typical))
	}
	return fill(phrases.EmailCount, lang, "good", strconv.Itoa(measured.Good), "probes", strconv.Itoa(measured.Probes))
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
	case f.incident.Cause == detect.CauseOTPRejected:
		phrase = phrases.FiguresTaken
	case f.any(detect.Component.CarriesOTP):
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

// fill says a text with names and values in turn.
func fill(text words.Text, lang words.Lang, named ...string) string {
	fills := make(map[string]string, len(named)/2)
	for i := 0; i+1 < len(named); i += 2 {
		fills[named[i]] = named[i+1]
	}
	return words.Fill(text.In(lang), fills)
}

package statuspage

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"pantau/detect"
	"pantau/incident"
)

// way is one way an OTP travels, as a card.
type way struct {
	look
	ID          string // of the element
	Name        string
	Recommended bool
	Figure      string   // the honest wait, or why there is none
	Notes       []string // smaller, below
	Rail        *rail    // nil where nothing was measured
}

// ways are the cards, the most useful first.
func (s *speaker) ways(sit incident.Situation) []way {
	assessments := slices.DeleteFunc(slices.Clone(sit.Components), func(a detect.Assessment) bool {
		return !a.Component.CarriesOTP()
	})
	slices.SortStableFunc(assessments, func(a, b detect.Assessment) int {
		return severity(a.State) - severity(b.State)
	})
	best, blocked := recommended(sit), blocker(sit) != detect.BlindNot
	cards := make([]way, 0, len(assessments))
	for _, a := range assessments {
		card := s.way(a, sit.At)
		if blocked && a.State != detect.Unknown && !a.MeasuredAt.IsZero() {
			card.Notes = append(card.Notes, s.say("way.last", "at", s.atClock(a.MeasuredAt, sit.At)))
		}
		card.Recommended = a.Component == best
		if card.Recommended {
			cards = slices.Insert(cards, 0, card)
			continue
		}
		cards = append(cards, card)
	}
	return cards
}

// recommended is the way to choose instead of another that does not work: mail
// where it works, because it costs no credit and hangs on no operator, else
// the quickest. It is "" while every way works, and while the steps before
// the code are not seen to work: a way that is blocked is never recommended.
func recommended(sit incident.Situation) detect.Component {
	var works []detect.Assessment
	ways := 0
	for _, a := range sit.Components {
		if !a.Component.CarriesOTP() {
			if a.State != detect.Operational && a.State != detect.Degraded {
				return ""
			}
			continue
		}
		ways++
		if a.State == detect.Operational && a.Figures.Good > 0 {
			works = append(works, a)
		}
	}
	if len(works) == 0 || len(works) == ways {
		return ""
	}
	return slices.MinFunc(works, func(a, b detect.Assessment) int {
		if mail := boolRank(b.Component == detect.ComponentEmail) - boolRank(a.Component == detect.ComponentEmail); mail != 0 {
			return mail
		}
		return int(a.Figures.Typical - b.Figures.Typical)
	}).Component
}

func (s *speaker) way(a detect.Assessment, now time.Time) way {
	card := way{look: s.look(a.State), ID: string(a.Component), Name: s.wayName(a.Component)}
	switch a.State {
	case detect.Unknown:
		card.Figure = s.blind(a.Blind)
		if !a.MeasuredAt.IsZero() {
			card.Notes = []string{s.say("way.last", "at", s.atClock(a.MeasuredAt, now))}
		}
		return card
	case detect.Maintained:
		card.Figure = s.say("way.maintained")
		return card
	}
	var counted bool
	card.Figure, counted = s.figure(a)
	card.Notes = s.notes(a, now, counted)
	if a.Figures.Probes > 0 {
		card.Rail = s.rail(a.Figures)
	}
	return card
}

// wayName is short inside a list of ways, unless the settings name it.
func (s *speaker) wayName(component detect.Component) string {
	if name := s.configuredName(component); name != "" {
		return name
	}
	if operator := component.Operator(); operator != "" {
		return s.say("way.sms", "operator", operatorName(operator))
	}
	return s.say("way.email")
}

// figure is the honest wait in one sentence, and whether that has the count of
// codes in it already. Half the codes being late says more than nine in ten;
// nine in ten of fewer than ten codes is all of them.
func (s *speaker) figure(a detect.Assessment) (said string, counted bool) {
	f := a.Figures
	window, validity := s.duration(f.Window), s.duration(s.options.Validity)
	probes, good := s.number(f.Probes), s.number(f.Good)
	switch {
	case f.Probes == 0 && f.Waiting > 0:
		return s.say("way.awaited", "validity", validity), false
	case f.Probes == 0:
		return s.say("way.none"), true
	case a.Cause == detect.CauseOTPRejected:
		return s.say("way.refused", "good", good, "probes", probes, "window", window), true
	case f.Median == 0:
		return s.say("way.most-missing", "window", window, "validity", validity), false
	case f.Median > s.options.Validity:
		return s.say("way.late", "median", s.duration(f.Median), "validity", validity), false
	case f.Typical == 0:
		return s.say("way.half", "median", s.duration(f.Median), "window", window), false
	case f.Typical > s.options.Validity:
		return s.say("way.tail", "median", s.duration(f.Median), "typical", s.duration(f.Typical), "validity", validity), false
	case f.Probes < 10 && f.Good < f.Probes:
		return s.say("way.few", "good", good, "probes", probes, "window", window), true
	case f.Probes < 10:
		return s.say("way.all", "probes", probes, "typical", s.duration(f.Typical), "window", window), true
	default:
		return s.say("way.typical", "typical", s.duration(f.Typical), "window", window), false
	}
}

// notes say how many probes stand behind the figure, what is still on its way,
// and since when it is so.
func (s *speaker) notes(a detect.Assessment, now time.Time, counted bool) []string {
	f := a.Figures
	var notes []string
	if f.Probes > 0 && !counted {
		notes = append(notes, s.say("way.count", "good", s.number(f.Good), "probes", s.number(f.Probes)))
	}
	if f.Waiting > 0 {
		notes = append(notes, s.say("way.waiting", "waiting", s.number(f.Waiting), "oldest", s.duration(f.Oldest)))
	}
	if a.State != detect.Operational && !a.Since.IsZero() {
		notes = append(notes, s.say("path.since", "since", s.atClock(a.Since, now)))
	}
	return notes
}

// rail draws the wait against the validity of a code. Positions are shares of
// its width in percent, ready for SVG.
type rail struct {
	Band    string // end of the band: 9 of 10 codes
	Open    bool   // fewer than 9 of 10 arrived: the band has no end
	Dot     string // half of the codes; "" when fewer arrived
	Ring    string // the oldest code on its way; "" when none is
	Expired string // where a code stops being valid
	Beyond  string // the width from there to the end
	Ticks   []tick
}

type tick struct {
	At   string
	Said string
}

// railEnd is the last age on the rail, in validities: what comes later sits at
// the end.
const railEnd = 1.5

// place gives an age's position. The root spreads the seconds in which a code
// usually arrives without hiding the minutes in which it does not.
func place(age, validity time.Duration) float64 {
	share := float64(age) / (railEnd * float64(validity))
	return 100 * math.Sqrt(min(max(share, 0), 1))
}

func percent(p float64) string {
	said := strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.1f", p), "0"), ".")
	return said + "%"
}

func (s *speaker) rail(f detect.Figures) *rail {
	validity := s.options.Validity
	expired := place(validity, validity)
	r := &rail{Expired: percent(expired), Beyond: percent(100 - expired)}
	r.Band, r.Open = "100%", f.Typical == 0
	if !r.Open {
		// A code that is there at once still shows as a mark.
		r.Band = percent(max(place(f.Typical, validity), 2))
	}
	if f.Median > 0 {
		r.Dot = percent(inside(place(f.Median, validity)))
	}
	if f.Waiting > 0 {
		r.Ring = percent(inside(place(f.Oldest, validity)))
	}
	for _, age := range []time.Duration{validity / 10, validity / 2, validity} {
		r.Ticks = append(r.Ticks, tick{At: percent(place(age, validity)), Said: s.duration(age)})
	}
	return r
}

// inside keeps a round mark from being cut at the edges.
func inside(p float64) float64 { return min(max(p, 2), 98) }

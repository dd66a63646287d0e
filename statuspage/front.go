package statuspage

import (
	"slices"
	"time"
	"unicode/utf8"

	"pantau/detect"
	"pantau/incident"
	"pantau/internal/words"
)

// frame is what every page has around its content.
type frame struct {
	Lang        string
	Title       string // of the document
	Description string // one sentence, for previews in chats
	Canonical   string // absolute; "" without a base URL
	Alternates  []alternate
	Home        string
	Site        string // title of the site
	Switch      alternate
	Portal      string
	Service     string
	About       string
	Accounts    []Linked
}

// alternate is the same page in a language.
type alternate struct {
	Lang string
	Href string
	Name string
}

// Linked is a place to turn to, in one language.
type Linked struct {
	Text string
	URL  string
}

// front is the page at / and /en/.
type front struct {
	frame
	Now          now
	Stamp        stamp
	Todo         todo
	Steps        []step
	Ways         []way
	Measured     bool // some way has a rail, which needs its key
	Unsupported  string
	Validity     string
	Open         []incidentView
	Maintenances []maintenanceView
	Past         []incidentView
}

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

// todo is what to do now.
type todo struct {
	Heading  string
	Intro    string
	Ordered  bool // advice comes in order of use, checks do not
	Items    []string
	Contacts []Linked
}

// step is one station of the way through registration.
type step struct {
	look
	Name  string
	Notes []string
	Href  string
}

// front builds the whole view from a situation.
func (s *speaker) front(sit incident.Situation) front {
	sit.Components = s.arranged(sit.Components)
	head := headlineOf(sit)
	view := front{
		Now:          s.now(head, sit),
		Stamp:        s.stamp(sit),
		Todo:         s.todo(head, sit),
		Steps:        s.steps(sit),
		Ways:         s.ways(sit),
		Unsupported:  words.And(s.lang, s.options.Unsupported),
		Validity:     s.duration(s.options.Validity),
		Open:         s.openIncidents(sit),
		Maintenances: s.maintenances(sit),
		Past:         s.pastIncidents(sit),
	}
	view.Measured = slices.ContainsFunc(view.Ways, func(w way) bool { return w.Rail != nil })
	view.frame = s.frame("/", view.Now.Word, view.Now.Sentence)
	return view
}

// arranged puts components in configured order. One that is configured and not
// measured is shown as such; one that is measured and not configured is not
// hidden, it comes last.
func (s *speaker) arranged(measured []detect.Assessment) []detect.Assessment {
	if len(s.options.Components) == 0 {
		return measured
	}
	rest := slices.Clone(measured)
	arranged := make([]detect.Assessment, 0, len(rest))
	for _, c := range s.options.Components {
		at := slices.IndexFunc(rest, func(a detect.Assessment) bool { return a.Component == c.ID })
		if at < 0 {
			arranged = append(arranged, detect.Assessment{Component: c.ID, State: detect.Unknown, Blind: detect.BlindYet})
			continue
		}
		arranged = append(arranged, rest[at])
		rest = slices.Delete(rest, at, at+1)
	}
	return append(arranged, rest...)
}

func (s *speaker) now(head headline, sit incident.Situation) now {
	n := now{look: s.look(head.state), Sentence: s.sentence(head)}
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
		if by := latest(head.incident).NextBy; !by.IsZero() {
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

func (s *speaker) todo(head headline, sit incident.Situation) todo {
	t := todo{Heading: s.say("do.heading"), Contacts: s.links(s.options.Contacts)}
	switch head.topic {
	case topicWell:
		t.Heading, t.Intro, t.Items = s.say("do.heading-well"), s.say("do.intro-well"), s.checks(sit)
	case topicUnknown, topicPartUnknown:
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
		if operator := operatorOf(a.Component); operator != "" {
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

// steps are the stations: each component that carries no code, then all the
// ways of a code as one.
func (s *speaker) steps(sit incident.Situation) []step {
	var steps []step
	var ways []detect.Assessment
	for _, a := range sit.Components {
		if isWay(a.Component) {
			ways = append(ways, a)
			continue
		}
		steps = append(steps, s.step(a, sit.At))
	}
	if len(ways) > 0 {
		steps = append(steps, s.otpStep(ways))
	}
	return steps
}

func (s *speaker) step(a detect.Assessment, now time.Time) step {
	st := step{look: s.look(a.State), Name: s.name(a.Component)}
	if a.State == detect.Unknown {
		st.Notes = append(st.Notes, s.blind(a.Blind))
	}
	if a.State != detect.Operational && !a.Since.IsZero() {
		st.Notes = append(st.Notes, s.say("path.since", "since", s.atClock(a.Since, now)))
	}
	if f := a.Figures; f.Probes > 0 && a.State != detect.Unknown && a.State != detect.Maintained {
		st.Notes = append(st.Notes, s.say("path.good",
			"good", s.number(f.Good), "probes", s.number(f.Probes), "window", s.duration(f.Window)))
	}
	return st
}

// otpStep sums up the ways: as bad as the worst of them, but not "not usable"
// while one works, and not green while one cannot be seen.
func (s *speaker) otpStep(ways []detect.Assessment) step {
	counts := make(map[detect.State]int)
	var state detect.State
	for _, a := range ways {
		counts[a.State]++
		if state == "" || severity(a.State) > severity(state) {
			state = a.State
		}
	}
	if state == detect.Major && counts[detect.Major] < len(ways) {
		state = detect.Partial
	}
	st := step{look: s.look(state), Name: s.say("path.otp"), Href: "#otp"}
	if state == detect.Unknown && counts[detect.Operational] > 0 {
		st.Word = s.say("state.part-unknown")
	}
	return st
}

// frame is built for a page at path, the Indonesian one.
func (s *speaker) frame(path, title, description string) frame {
	o := s.options
	f := frame{
		Lang: string(s.lang), Title: title + " · " + s.in(o.Title), Description: description,
		Home: localPath(s.lang, "/"), Site: s.in(o.Title), Portal: o.PortalURL, Service: o.Service,
		About: s.about(), Accounts: s.links(o.Accounts),
	}
	if o.BaseURL != "" {
		f.Canonical = o.BaseURL + localPath(s.lang, path)
	}
	for _, lang := range words.Langs() {
		a := alternate{Lang: string(lang), Href: o.BaseURL + localPath(lang, path), Name: languageName(lang)}
		f.Alternates = append(f.Alternates, a)
		if lang != s.lang {
			a.Href = localPath(lang, path)
			f.Switch = a
		}
	}
	return f
}

func (s *speaker) about() string {
	owner := s.in(s.options.Owner)
	if s.options.Publisher == Independent {
		return s.say("about.independent", "publisher", s.options.PublisherName, "owner", owner)
	}
	return s.say("about.official", "owner", owner)
}

// localPath is the address of a page in a language.
func localPath(lang words.Lang, path string) string {
	if lang == words.English {
		return "/en" + path
	}
	return path
}

// languageName is how a language calls itself.
func languageName(lang words.Lang) string {
	if lang == words.English {
		return "English"
	}
	return "Bahasa Indonesia"
}

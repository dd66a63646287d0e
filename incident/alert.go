package incident

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pantau/detect"
	"pantau/internal/words"
)

// alertTexts are the lines of an alert to the IT team.
type alertTexts struct {
	Since     words.Text                  `yaml:"since"`
	Lasted    words.Text                  `yaml:"lasted"`
	Component words.Text                  `yaml:"component"`
	Changed   words.Text                  `yaml:"changed"`
	Codes     words.Text                  `yaml:"codes"`
	Steps     words.Text                  `yaml:"steps"`
	Waiting   words.Text                  `yaml:"waiting"`
	Working   words.Text                  `yaml:"working"`
	Unseen    words.Text                  `yaml:"unseen"`
	Suspect   words.Text                  `yaml:"suspect"`
	Picture   words.Text                  `yaml:"picture"`
	Fault     words.Text                  `yaml:"fault"`
	Parties   map[detect.Party]words.Text `yaml:"parties"`
	Told      words.Text                  `yaml:"told"`
	Untold    words.Text                  `yaml:"untold"`
}

func (a alertTexts) check() error {
	var problems []error
	for _, party := range detect.Parties() {
		problems = append(problems, checkText("alert.parties."+string(party), a.Parties[party]))
	}
	return errors.Join(errors.Join(problems...),
		checkText("alert.fault", a.Fault, "component", "party", "evidence"),
		checkText("alert.since", a.Since, "since", "delay"), checkText("alert.lasted", a.Lasted, "since", "duration"),
		checkText("alert.component", a.Component, "component", "state"),
		checkText("alert.changed", a.Changed, "component", "state", "old"),
		checkText("alert.codes", a.Codes, "good", "probes", "window"),
		checkText("alert.steps", a.Steps, "good", "probes", "window"),
		checkText("alert.waiting", a.Waiting, "waiting", "oldest"),
		checkText("alert.working", a.Working, "components"), checkText("alert.unseen", a.Unseen, "components"),
		checkText("alert.suspect", a.Suspect, "suspect"), checkText("alert.picture", a.Picture, "component", "picture"),
		checkText("alert.told", a.Told, "body"), checkText("alert.untold", a.Untold),
	)
}

// Party is how a party is called to the team.
func (p *Playbooks) Party(party detect.Party) words.Text { return p.common.Alert.Parties[party] }

// alertTitle is the headline of an alert: severity, what, where. It is the
// same in both languages, because it is searched for.
func alertTitle(inc Incident, u Update) words.Text {
	said := fmt.Sprintf("[%s] %s %s: %s — %s", inc.Impact, inc.ID, u.Status, inc.Cause, joinComponents(inc.Components))
	return words.Text{ID: said, EN: said}
}

// alert is one screen: since when, how each component stands with the figures
// behind it, what works, whose fault it looks like, what the public was told.
func (d *decision) alert(inc Incident, u Update, f facts) words.Text {
	texts := d.policy.books.common.Alert
	return f.each(func(lang words.Lang) string {
		lines := []string{d.alertTimes(inc, u, f, lang)}
		for _, c := range d.inOrder(inc.Components) {
			lines = append(lines, d.alertComponent(u, c, lang))
		}
		others := func(line words.Text, states ...detect.State) {
			if in := d.othersIn(inc, states...); len(in) > 0 {
				lines = append(lines, fill(line, lang, "components", joinComponents(in)))
			}
		}
		others(texts.Working, detect.Operational)
		others(texts.Unseen, detect.Unknown, detect.Maintained)
		if u.Status == Investigating {
			lines = append(lines, d.alertFault(inc, f, lang)...)
			lines = append(lines, d.alertPictures(inc, lang)...)
		}
		if slices.Contains(u.Told, Public) {
			lines = append(lines, fill(texts.Told, lang, "body", u.Body.In(lang)))
		} else {
			lines = append(lines, texts.Untold.In(lang))
		}
		return strings.Join(lines, "\n")
	})
}

// alertFault is whose fault it looks like, measured for each component and,
// where nothing was measured for that, what the playbook makes one think of.
func (d *decision) alertFault(inc Incident, f facts, lang words.Lang) []string {
	texts := d.policy.books.common.Alert
	var lines []string
	for _, c := range d.inOrder(inc.Components) {
		if fault := d.assessed[c].Fault; fault.Party != detect.PartyNone {
			lines = append(lines, fill(texts.Fault, lang, "component", string(c),
				"party", texts.Parties[fault.Party].In(lang), "evidence", strings.Join(fault.Evidence, "; ")))
		}
	}
	if suspect := f.sayIn(lang, d.book(inc).Suspect); len(lines) == 0 && suspect != "" {
		lines = append(lines, fill(texts.Suspect, lang, "suspect", suspect))
	}
	return lines
}

// alertPictures are the pictures there are of what is wrong.
func (d *decision) alertPictures(inc Incident, lang words.Lang) []string {
	var lines []string
	for _, c := range d.inOrder(inc.Components) {
		if name := d.assessed[c].Picture; name != "" {
			lines = append(lines, fill(d.policy.books.common.Alert.Picture, lang, "component", string(c), "picture", name))
		}
	}
	return lines
}

func (d *decision) alertTimes(inc Incident, u Update, f facts, lang words.Lang) string {
	texts := d.policy.books.common.Alert
	since := f.clock(lang, inc.StartedAt)
	if ended := inc.EndedAt(); u.Status == Resolved && !ended.IsZero() {
		return fill(texts.Lasted, lang, "since", since, "duration", words.Duration(lang, ended.Sub(inc.StartedAt)))
	}
	return fill(texts.Since, lang, "since", since, "delay", words.Duration(lang, inc.OpenedAt.Sub(inc.StartedAt)))
}

// alertComponent is one component with its state, what it was before, and the
// figures behind it.
func (d *decision) alertComponent(u Update, c detect.Component, lang words.Lang) string {
	texts, a := d.policy.books.common.Alert, d.assessed[c]
	said := []string{fill(texts.Component, lang, "component", string(c), "state", string(a.State))}
	for _, was := range u.Components {
		if was.Component == c && was.Old != a.State {
			said[0] = fill(texts.Changed, lang, "component", string(c), "state", string(a.State), "old", string(was.Old))
		}
	}
	if a.Figures.Probes > 0 {
		line := texts.Steps
		if c.CarriesOTP() {
			line = texts.Codes
		}
		said = append(said, fill(line, lang, "good", strconv.Itoa(a.Figures.Good),
			"probes", strconv.Itoa(a.Figures.Probes), "window", words.Duration(lang, a.Figures.Window)))
	}
	if a.Figures.Waiting > 0 {
		said = append(said, fill(texts.Waiting, lang, "waiting", strconv.Itoa(a.Figures.Waiting),
			"oldest", words.Duration(lang, a.Figures.Oldest)))
	}
	return strings.Join(said, " ")
}

// othersIn are the components outside inc that are in one of the states.
func (d *decision) othersIn(inc Incident, states ...detect.State) []detect.Component {
	var in []detect.Component
	for _, stream := range d.policy.streams {
		c := detect.ComponentOf(stream)
		if !slices.Contains(inc.Components, c) && slices.Contains(states, d.assessed[c].State) {
			in = append(in, c)
		}
	}
	return in
}

func joinComponents(components []detect.Component) string {
	var names []string
	for _, c := range components {
		names = append(names, string(c))
	}
	return strings.Join(names, ", ")
}

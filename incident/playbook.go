package incident

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"pantau/detect"
	"pantau/internal/words"
	"pantau/probes"

	"github.com/goccy/go-yaml"
)

//go:embed playbooks/*.yaml
var embedded embed.FS

// Condition is a fact that must hold for a sentence to be said: nothing is
// said that was not measured.
type Condition string

// The conditions a playbook may name.
const (
	WhenOfficial        Condition = "official"
	WhenIndependent     Condition = "independent"
	WhenCodesAffected   Condition = "codes-affected"
	WhenPagesAffected   Condition = "pages-affected"
	WhenSMSAffected     Condition = "sms-affected"
	WhenAllSMSAffected  Condition = "all-sms-affected"
	WhenEmailAffected   Condition = "email-affected"
	WhenAllWaysAffected Condition = "all-ways-affected"
	WhenEmailWorks      Condition = "email-works"
	WhenSMSWorks        Condition = "sms-works"
	WhenCodesExpire     Condition = "codes-expire"
	WhenCodesSlow       Condition = "codes-slow"
	WhenCodesUsable     Condition = "codes-usable"
)

func conditions() []Condition {
	return []Condition{
		WhenOfficial, WhenIndependent, WhenCodesAffected, WhenPagesAffected,
		WhenSMSAffected, WhenAllSMSAffected, WhenEmailAffected, WhenAllWaysAffected,
		WhenEmailWorks, WhenSMSWorks, WhenCodesExpire, WhenCodesSlow, WhenCodesUsable,
	}
}

// placeholders are the names a playbook's texts may hold; facts.fills gives
// every one of them a value.
func placeholders() []string {
	return []string{
		"publisher", "channel", "sms", "service", "since", "ended", "next", "retry",
		"duration", "email_figures", "sms_working", "figures",
	}
}

// Sentence is one sentence in both languages, and when it may be said.
type Sentence struct {
	words.Text `yaml:",inline"`
	When       []Condition `yaml:"when"`
}

// Playbook is what is said about one cause.
type Playbook struct {
	Cause      detect.Cause `yaml:"cause"`
	Service    words.Text   `yaml:"service"`
	Title      words.Text   `yaml:"title"`
	Body       []Sentence   `yaml:"body"`
	Update     []Sentence   `yaml:"update"`
	Advice     []Sentence   `yaml:"advice"`
	Suspect    []Sentence   `yaml:"suspect"` // whose fault it looks like, for the IT team
	Post       []Sentence   `yaml:"post"`
	PostUpdate []Sentence   `yaml:"post_update"`
}

// common is said under every cause.
type common struct {
	Resolved struct {
		Title  words.Text `yaml:"title"`
		Body   []Sentence `yaml:"body"`
		Advice []Sentence `yaml:"advice"`
		Post   []Sentence `yaml:"post"`
	} `yaml:"resolved"`
	Monitoring struct {
		Body []Sentence `yaml:"body"`
	} `yaml:"monitoring"`
	Hidden struct {
		Body []Sentence `yaml:"body"`
		Post []Sentence `yaml:"post"`
	} `yaml:"hidden"`
	LastAdvice []Sentence `yaml:"last_advice"`
	Phrases    struct {
		SMSChannel   words.Text `yaml:"sms_channel"`
		EmailChannel words.Text `yaml:"email_channel"`
		FiguresCodes words.Text `yaml:"figures_codes"`
		FiguresTaken words.Text `yaml:"figures_taken"`
		FiguresSteps words.Text `yaml:"figures_steps"`
		FiguresSlow  words.Text `yaml:"figures_slow"`
		EmailTypical words.Text `yaml:"email_typical"`
		EmailCount   words.Text `yaml:"email_count"`
		NextUpdate   words.Text `yaml:"next_update"`
	} `yaml:"phrases"`
	Alert alertTexts `yaml:"alert"`
	Blind struct {
		Said    spellTexts                  `yaml:",inline"`
		Reasons map[detect.Blind]words.Text `yaml:"reasons"`
	} `yaml:"blind"`
	SIMs spellTexts `yaml:"sims"` // the same for SIMs that look empty
	Lax  struct {
		Said    spellTexts                   `yaml:",inline"`
		Reasons map[probes.Reason]words.Text `yaml:"reasons"`
	} `yaml:"lax"` // the same for what the portal does not refuse
}

// spellTexts tell the IT team that something is not measured, and that it is
// again.
type spellTexts struct {
	Title        words.Text `yaml:"title"`
	Body         words.Text `yaml:"body"`
	SightedTitle words.Text `yaml:"sighted_title"`
	SightedBody  words.Text `yaml:"sighted_body"`
}

func (c common) spell(reason detect.Blind) spellTexts {
	switch reason {
	case detect.BlindSIMs:
		return c.SIMs
	case detect.BlindLax:
		return c.Lax.Said
	default:
		return c.Blind.Said
	}
}

// faults says what the portal does not refuse, each once.
func (c common) faults(reasons []probes.Reason, lang words.Lang) string {
	var said []string
	for _, reason := range reasons {
		if text := c.Lax.Reasons[reason].In(lang); !slices.Contains(said, text) {
			said = append(said, text)
		}
	}
	return strings.Join(said, "; ")
}

// Playbooks are all of them, checked.
type Playbooks struct {
	causes map[detect.Cause]Playbook
	common common
}

// DefaultPlaybooks are the ones built in.
func DefaultPlaybooks() (*Playbooks, error) {
	folder, err := fs.Sub(embedded, "playbooks")
	if err != nil {
		return nil, err
	}
	return LoadPlaybooks(folder)
}

// LoadPlaybooks reads common.yaml and one file for each cause from folder. It
// reports every mistake at once: an unknown key, a cause without a playbook, a
// sentence missing in one language, an unknown placeholder or condition.
func LoadPlaybooks(folder fs.FS) (*Playbooks, error) {
	names, err := fs.Glob(folder, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("listing playbooks: %w", err)
	}
	books := &Playbooks{causes: map[detect.Cause]Playbook{}}
	var problems []error
	for _, name := range names {
		if err := books.read(folder, name); err != nil {
			problems = append(problems, fmt.Errorf("playbook %s: %w", name, err))
		}
	}
	for _, cause := range detect.Causes() {
		if _, ok := books.causes[cause]; !ok {
			problems = append(problems, fmt.Errorf("playbook %s.yaml: missing; every cause needs one", cause))
		}
	}
	if len(books.common.LastAdvice) == 0 {
		problems = append(problems, errors.New("playbook common.yaml: missing, or without last_advice"))
	}
	return books, errors.Join(problems...)
}

func (p *Playbooks) read(folder fs.FS, name string) error {
	raw, err := fs.ReadFile(folder, name)
	if err != nil {
		return err
	}
	if name == "common.yaml" {
		if err := yaml.UnmarshalWithOptions(raw, &p.common, yaml.Strict()); err != nil {
			return err
		}
		return p.common.check()
	}
	var book Playbook
	if err := yaml.UnmarshalWithOptions(raw, &book, yaml.Strict()); err != nil {
		return err
	}
	if want := strings.TrimSuffix(path.Base(name), ".yaml"); string(book.Cause) != want {
		return fmt.Errorf("cause: %q, want the file's name %q", book.Cause, want)
	}
	p.causes[book.Cause] = book
	return book.check()
}

func (b Playbook) check() error {
	return errors.Join(
		checkText("service", b.Service, "channel"), checkText("title", b.Title, "channel"),
		checkSentences("body", b.Body), checkSentences("update", b.Update),
		checkSentences("advice", b.Advice), checkSentences("suspect", b.Suspect),
		checkSentences("post", b.Post), checkSentences("post_update", b.PostUpdate),
	)
}

func (c common) check() error {
	return errors.Join(
		checkText("resolved.title", c.Resolved.Title, "service"),
		checkSentences("resolved.body", c.Resolved.Body), checkSentences("resolved.advice", c.Resolved.Advice),
		checkSentences("resolved.post", c.Resolved.Post), checkSentences("monitoring.body", c.Monitoring.Body),
		checkSentences("hidden.body", c.Hidden.Body), checkSentences("hidden.post", c.Hidden.Post),
		checkSentences("last_advice", c.LastAdvice), c.checkPhrases(), c.Alert.check(), c.checkBlind(),
	)
}

func (c common) checkPhrases() error {
	return errors.Join(
		checkText("phrases.sms_channel", c.Phrases.SMSChannel, "operators"),
		checkText("phrases.email_channel", c.Phrases.EmailChannel),
		checkText("phrases.figures_codes", c.Phrases.FiguresCodes, "window", "good", "probes"),
		checkText("phrases.figures_taken", c.Phrases.FiguresTaken, "window", "good", "probes"),
		checkText("phrases.figures_steps", c.Phrases.FiguresSteps, "window", "good", "probes"),
		checkText("phrases.figures_slow", c.Phrases.FiguresSlow, "window", "good", "probes"),
		checkText("phrases.email_typical", c.Phrases.EmailTypical, "wait"),
		checkText("phrases.email_count", c.Phrases.EmailCount, "good", "probes"),
		checkText("phrases.next_update", c.Phrases.NextUpdate, "next"),
	)
}

func (c common) checkBlind() error {
	problems := []error{
		checkText("blind.title", c.Blind.Said.Title, "components"),
		checkText("blind.body", c.Blind.Said.Body, "components", "since", "reason"),
		checkText("blind.sighted_title", c.Blind.Said.SightedTitle, "components"),
		checkText("blind.sighted_body", c.Blind.Said.SightedBody, "components", "ended", "duration"),
	}
	problems = append(problems,
		checkText("sims.title", c.SIMs.Title, "components"),
		checkText("sims.body", c.SIMs.Body, "components", "sims", "since"),
		checkText("sims.sighted_title", c.SIMs.SightedTitle, "components"),
		checkText("sims.sighted_body", c.SIMs.SightedBody, "components", "sims", "ended", "duration"),
	)
	problems = append(problems, c.checkLax()...)
	for _, blind := range blindToTell() {
		if blind == detect.BlindSIMs || blind == detect.BlindLax {
			continue // has texts of its own
		}
		problems = append(problems, checkText("blind.reasons."+string(blind), c.Blind.Reasons[blind]))
	}
	return errors.Join(problems...)
}

func (c common) checkLax() []error {
	said := c.Lax.Said
	problems := []error{
		checkText("lax.title", said.Title, "components"),
		checkText("lax.body", said.Body, "components", "faults", "since"),
		checkText("lax.sighted_title", said.SightedTitle, "components"),
		checkText("lax.sighted_body", said.SightedBody, "components", "ended", "duration"),
	}
	for _, reason := range probes.Checked() {
		problems = append(problems, checkText("lax.reasons."+string(reason), c.Lax.Reasons[reason]))
	}
	return problems
}

func checkSentences(key string, sentences []Sentence) error {
	if len(sentences) == 0 {
		return fmt.Errorf("%s: no sentence", key)
	}
	var problems []error
	for i, sentence := range sentences {
		place := fmt.Sprintf("%s[%d]", key, i)
		problems = append(problems, checkText(place, sentence.Text, placeholders()...))
		for _, when := range sentence.When {
			if !slices.Contains(conditions(), when) {
				problems = append(problems, fmt.Errorf("%s.when: %q is unknown; one of %v", place, when, conditions()))
			}
		}
	}
	return errors.Join(problems...)
}

func checkText(place string, text words.Text, known ...string) error {
	if text.ID == "" || text.EN == "" {
		return fmt.Errorf("%s: needs a text in both languages, id and en", place)
	}
	id, en := words.Placeholders(text.ID), words.Placeholders(text.EN)
	if !slices.Equal(id, en) {
		return fmt.Errorf("%s: id has the placeholders %v, en has %v", place, id, en)
	}
	for _, name := range id {
		if !slices.Contains(known, name) {
			return fmt.Errorf("%s: {%s} is unknown; one of %v", place, name, known)
		}
	}
	return nil
}

package inbox

import (
	"errors"
	"fmt"
	"regexp"
)

// template is how codes look in the messages of one sender.
type template struct {
	pattern   *regexp.Regexp
	code, ref int // submatch numbers; ref is -1 without one
}

func newTemplate(text string) (template, error) {
	pattern, err := regexp.Compile(text)
	if err != nil {
		return template{}, fmt.Errorf("is not a regular expression: %w", err)
	}
	t := template{pattern: pattern, code: pattern.SubexpIndex("code"), ref: pattern.SubexpIndex("ref")}
	if t.code < 0 {
		return template{}, errors.New("has no group (?P<code>…)")
	}
	if more := pattern.NumSubexp() - 1; more > 1 || (more == 1 && t.ref < 0) {
		return template{}, errors.New("has groups besides code and ref; write others as (?:…)")
	}
	for i, name := range pattern.SubexpNames() {
		if (name == "code" && i != t.code) || (name == "ref" && i != t.ref) {
			return template{}, fmt.Errorf("has the group %s twice", name)
		}
	}
	return t, nil
}

// found is one place where a code seems to stand.
type found struct {
	code span
	ref  string
}

func (t template) find(text string) []found {
	var all []found
	for _, at := range t.pattern.FindAllStringSubmatchIndex(text, -1) {
		if at[2*t.code] < 0 {
			continue
		}
		f := found{code: span{at[2*t.code], at[2*t.code+1]}}
		if t.ref >= 0 && at[2*t.ref] >= 0 {
			f.ref = text[at[2*t.ref]:at[2*t.ref+1]]
		}
		all = append(all, f)
	}
	return all
}

// rule is a compiled Sender.
type rule struct {
	sender    *regexp.Regexp
	templates []template
}

func newRules(senders []Sender) ([]rule, error) {
	var rules []rule
	for _, s := range senders {
		pattern := s.Sender
		if pattern == "" {
			pattern = ".*"
		}
		sender, err := regexp.Compile(`(?is)^(?:` + pattern + `)$`)
		if err != nil {
			return nil, fmt.Errorf("compiling a sender: %w", err)
		}
		r := rule{sender: sender}
		for _, text := range s.Templates {
			t, err := newTemplate(text)
			if err != nil {
				return nil, fmt.Errorf("compiling a template: %w", err)
			}
			r.templates = append(r.templates, t)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

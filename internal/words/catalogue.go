package words

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed page.yaml
var pageTexts []byte

// Fills are the values of a text's placeholders, by name without braces.
type Fills map[string]string

// Catalogue holds the texts of the pages by key. It is read once and never
// changes, so that it may be shared.
type Catalogue struct {
	entries map[string]entry
}

// entry is one text cut at its placeholders, once for each language.
type entry map[Lang][]piece

// piece is plain text or, when it has a name, a placeholder.
type piece struct {
	text string
	name string
}

// Load reads the embedded catalogue. It reports every text that lacks a
// language, and every one whose languages do not have the same placeholders.
func Load() (*Catalogue, error) { return parse(pageTexts) }

func parse(file []byte) (*Catalogue, error) {
	var texts map[string]Text
	if err := yaml.NewDecoder(bytes.NewReader(file), yaml.Strict()).Decode(&texts); err != nil {
		return nil, fmt.Errorf("reading the catalogue of texts: %w", err)
	}
	c := &Catalogue{entries: make(map[string]entry, len(texts))}
	var mistakes []error
	for key, text := range texts {
		e, err := newEntry(text)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("text %q: %w", key, err))
			continue
		}
		c.entries[key] = e
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	return c, nil
}

func newEntry(text Text) (entry, error) {
	e := entry{}
	for _, lang := range Langs() {
		said := text.In(lang)
		if strings.TrimSpace(said) == "" {
			return nil, fmt.Errorf("says nothing in %q", lang)
		}
		pieces, err := cut(said)
		if err != nil {
			return nil, fmt.Errorf("in %q: %w", lang, err)
		}
		e[lang] = pieces
	}
	id, en := placeholders(e[Indonesian]), placeholders(e[English])
	if !slices.Equal(id, en) {
		return nil, fmt.Errorf("placeholders are %v in %q, want %v as in %q", en, English, id, Indonesian)
	}
	return e, nil
}

// cut takes "at {time}." apart into "at ", {time} and ".".
func cut(text string) ([]piece, error) {
	var pieces []piece
	for text != "" {
		before, rest, found := strings.Cut(text, "{")
		if strings.Contains(before, "}") {
			return nil, fmt.Errorf("%q has } without {", text)
		}
		if before != "" {
			pieces = append(pieces, piece{text: before})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || name == "" || strings.ContainsAny(name, "{ ") {
			return nil, fmt.Errorf("%q has a placeholder without a plain name", text)
		}
		pieces = append(pieces, piece{name: name})
		text = after
	}
	return pieces, nil
}

// placeholders are the names in pieces, sorted, each once.
func placeholders(pieces []piece) []string {
	var names []string
	for _, p := range pieces {
		if p.name != "" {
			names = append(names, p.name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Say gives the text under key. It is an error when the key does not exist,
// when a placeholder is not filled, and when a fill has no placeholder: a
// sentence with a hole in it must not reach anyone.
func (c *Catalogue) Say(lang Lang, key string, fills Fills) (string, error) {
	pieces, known := c.entries[key][lang]
	if !known {
		return "", fmt.Errorf("saying %q in %q: no such text", key, lang)
	}
	names := placeholders(pieces)
	for name := range fills {
		if !slices.Contains(names, name) {
			return "", fmt.Errorf("saying %q: no placeholder {%s}, want %v", key, name, names)
		}
	}
	var said strings.Builder
	for _, p := range pieces {
		if p.name == "" {
			said.WriteString(p.text)
			continue
		}
		fill, filled := fills[p.name]
		if !filled {
			return "", fmt.Errorf("saying %q: placeholder {%s} is not filled", key, p.name)
		}
		said.WriteString(fill)
	}
	return said.String(), nil
}

// Keys are the keys of all texts, sorted.
func (c *Catalogue) Keys() []string {
	keys := make([]string, 0, len(c.entries))
	for key := range c.entries {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

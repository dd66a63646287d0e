package words

import (
	"strings"
	"testing"
)

func TestTheCatalogueIsWhole(t *testing.T) {
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Keys()) < 100 {
		t.Fatalf("%d texts, want the whole catalogue", len(c.Keys()))
	}
	for _, key := range c.Keys() {
		for _, lang := range Langs() {
			fills := Fills{}
			for _, name := range placeholders(c.entries[key][lang]) {
				fills[name] = "…"
			}
			said, err := c.Say(lang, key, fills)
			if err != nil {
				t.Error(err)
			}
			if strings.ContainsAny(said, "{}") || said != strings.TrimSpace(said) {
				t.Errorf("%s in %s says %q", key, lang, said)
			}
		}
	}
}

// The manner of words.md, as far as a machine can hold it.
func TestTheCatalogueKeepsItsManner(t *testing.T) {
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	never := map[Lang][]string{
		Indonesian: {" lewat ", "kamu", "Kawan Pajak", "24.00", "e-mail"},
		English:    {"degraded", "midnight", "24:00", "Kawan Pajak"},
	}
	own := map[Lang][]string{Indonesian: {" kami "}, English: {" we ", " our ", " us "}}
	for _, key := range c.Keys() {
		for _, lang := range Langs() {
			said := " " + plain(c.entries[key][lang]) + " "
			for _, word := range never[lang] {
				if strings.Contains(said, word) {
					t.Errorf("%s in %s says %q in %q", key, lang, word, said)
				}
			}
			for _, word := range own[lang] {
				if strings.Contains(said, word) && !strings.HasSuffix(key, ".official") {
					t.Errorf("%s in %s says %q in %q, which an independent publisher must not", key, lang, word, said)
				}
			}
		}
	}
}

func plain(pieces []piece) string {
	var said strings.Builder
	for _, p := range pieces {
		said.WriteString(p.text)
	}
	return said.String()
}

func TestMistakesInACatalogueAreRefused(t *testing.T) {
	for name, row := range map[string]struct{ file, want string }{
		"one language":          {"a: {id: Ya}", `text "a": says nothing in "en"`},
		"blank":                 {"a: {id: ' ', en: Yes}", `says nothing in "id"`},
		"unknown field":         {"a: {id: Ya, en: Yes, fr: Oui}", "fr"},
		"twice":                 {"a: {id: Ya, en: Yes}\na: {id: Ya, en: Yes}", "a"},
		"placeholder missing":   {"a: {id: '{n} kode', en: codes}", "placeholders are [] in \"en\", want [n]"},
		"placeholders differ":   {"a: {id: '{n}', en: '{m}'}", "want [n]"},
		"brace left open":       {"a: {id: 'a {n', en: 'a {n'}", "without a plain name"},
		"brace never opened":    {"a: {id: 'a n}', en: 'a n}'}", "} without {"},
		"brace in a brace":      {"a: {id: '{a{b}}', en: '{a{b}}'}", "without a plain name"},
		"name with a space":     {"a: {id: '{a b}', en: '{a b}'}", "without a plain name"},
		"empty name":            {"a: {id: '{}', en: '{}'}", "without a plain name"},
		"not a map of texts":    {"[a, b]", "reading the catalogue"},
		"closed before it ends": {"a: {id: '{n}}', en: '{n}}'}", "} without {"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse([]byte(row.file))
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error is %v, want one with %q", err, row.want)
			}
		})
	}
}

func TestSayRefusesHoles(t *testing.T) {
	c, err := parse([]byte("wait: {id: 'tiba dalam {time}, {time}', en: 'there in {time}'}"))
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		key   string
		fills Fills
		want  string // of the text, or of the error
		fails bool
	}{
		"filled":           {"wait", Fills{"time": "{time} detik"}, "tiba dalam {time} detik, {time} detik", false},
		"empty fill":       {"wait", Fills{"time": ""}, "tiba dalam , ", false},
		"no fills":         {"wait", nil, "{time} is not filled", true},
		"another fill too": {"wait", Fills{"time": "1", "n": "2"}, "no placeholder {n}", true},
		"no such key":      {"waits", nil, "no such text", true},
	} {
		t.Run(name, func(t *testing.T) {
			said, err := c.Say(Indonesian, row.key, row.fills)
			switch {
			case row.fails && (err == nil || !strings.Contains(err.Error(), row.want)):
				t.Errorf("error is %v, want one with %q", err, row.want)
			case !row.fails && (err != nil || said != row.want):
				t.Errorf("says %q, %v, want %q", said, err, row.want)
			}
		})
	}
}

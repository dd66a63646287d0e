package inbox

import (
	"regexp"
	"strings"

	"pantau/internal/secret"
)

// reading is what a message says: its code, and the reference id it repeats.
type reading struct {
	code      secret.Value
	reference string
}

// extract finds the one code in m. Three forms are known: the templates of its
// sender, the built-in form when no sender is configured at all, and the
// origin-bound last line. When they give no code, or more than one, there is
// none: a wrong code would be refused by the portal and be held against it.
func extract(rules []rule, m Message) (reading, Why) {
	templates, known := templatesFor(rules, strings.TrimSpace(m.Sender.Reveal()))
	codes, references := map[string]bool{}, map[string]bool{}
	why := WhyNoForm
	for _, text := range texts(m) {
		r := newReader(text)
		for _, t := range templates {
			r.template(t)
		}
		if len(rules) == 0 {
			r.plainForm()
		}
		r.originBound()
		for code := range r.codes {
			codes[code] = true
		}
		for reference := range r.references {
			references[reference] = true
		}
		if r.dropped {
			why = WhyNotCode
		}
	}
	switch {
	case len(codes) == 0 && !known:
		return reading{}, WhySender
	case len(codes) == 0:
		return reading{}, why
	case len(codes) > 1:
		return reading{}, WhySeveral
	}
	return reading{code: secret.New(only(codes)), reference: only(references)}, ""
}

// only is the one member of set, "" when there are none or several: two
// references are as good as none.
func only(set map[string]bool) string {
	if len(set) != 1 {
		return ""
	}
	for member := range set {
		return member
	}
	return ""
}

// templatesFor gives what may be read from sender. Without any rule every
// sender is known.
func templatesFor(rules []rule, sender string) (templates []template, known bool) {
	for _, r := range rules {
		if r.sender.MatchString(sender) {
			templates, known = append(templates, r.templates...), true
		}
	}
	return templates, known || len(rules) == 0
}

// reader collects what one text says.
type reader struct {
	text       string
	others     []span // numbers and references that are no codes
	numbers    []span
	codes      map[string]bool
	references map[string]bool
	dropped    bool // something had the form of a code and was none
}

// references as they are usually written: "R-4F7K2M", "Ref: 4F7K2M".
var usualReference = regexp.MustCompile(
	`\b(?:R|REF)-[A-Z0-9]{4,12}\b|\b(?i:ref(?:erensi|erence)?(?: (?:id|no|nomor|number))?)[.:#]{0,2} ?\b([A-Z0-9]{4,16})\b`)

func newReader(text string) *reader {
	r := &reader{text: text, codes: map[string]bool{}, references: map[string]bool{}}
	for _, at := range otherNumbers.FindAllStringIndex(text, -1) {
		r.others = append(r.others, span{at[0], at[1]})
	}
	for _, at := range usualReference.FindAllStringSubmatchIndex(text, -1) {
		reference := span{at[0], at[1]}
		if at[2] >= 0 {
			reference = span{at[2], at[3]}
		}
		if at[2] >= 0 && !strings.ContainsAny(text[reference.from:reference.to], "0123456789") {
			continue // "REF KODE …"
		}
		r.others = append(r.others, reference)
		r.references[text[reference.from:reference.to]] = true
	}
	r.numbers = numbers(text, r.others)
	return r
}

// template takes what t finds, where it is a whole code.
func (r *reader) template(t template) {
	for _, f := range t.find(r.text) {
		code, ok := r.whole(f.code)
		if !ok {
			r.dropped = true
			continue
		}
		r.codes[code] = true
		if f.ref != "" {
			r.references[f.ref] = true
		}
	}
}

// whole gives the code that stands at s, if a code does and nothing around it
// belongs to it.
func (r *reader) whole(s span) (string, bool) {
	for s.from < s.to && strings.ContainsRune(" \n", rune(r.text[s.from])) {
		s.from++
	}
	for s.from < s.to && strings.ContainsRune(" \n", rune(r.text[s.to-1])) {
		s.to--
	}
	code := strings.NewReplacer(" ", "", "-", "").Replace(r.text[s.from:s.to])
	if !codeLike.MatchString(code) || strings.Contains(code, kringPajak) {
		return "", false
	}
	if !standsAlone(r.text, s) || touches(r.others, s) {
		return "", false
	}
	for _, n := range r.numbers {
		if n.overlaps(s) && (n.from < s.from || n.to > s.to) {
			return "", false
		}
	}
	return code, true
}

var codeLike = regexp.MustCompile(`^[0-9A-Za-z]{4,10}$`)

// The built-in form: a number of four to eight digits, in one to three groups,
// in the same sentence as a word for it and not far behind ("Kode OTP Anda:
// 482915"), or right before one ("482915 adalah kode OTP Anda").
var (
	codeWord   = regexp.MustCompile(`(?i)\b(?:kode|code|otp|token|pin|sandi)\b`)
	sentence   = regexp.MustCompile(`[.!?](?:\s|$)`)
	wordBehind = regexp.MustCompile(`(?i)^ (?:adalah|ialah|merupakan|is) [^.!?\n]{0,20}\b(?:kode|code|otp|token|pin|sandi)\b`)
)

// reach is how many bytes may stand between the word and the number.
const reach = 80

func (r *reader) plainForm() {
	words := codeWord.FindAllStringIndex(r.text, -1)
	for _, n := range r.numbers {
		if !r.named(words, n) {
			continue
		}
		code, ok := plainCode(r.text[n.from:n.to])
		if !ok || !standsAlone(r.text, n) {
			r.dropped = true
			continue
		}
		r.codes[code] = true
	}
}

// named says whether the text calls the number n a code.
func (r *reader) named(words [][]int, n span) bool {
	if wordBehind.MatchString(r.text[n.to:]) {
		return true
	}
	for _, word := range words {
		between := n.from - word[1]
		if between >= 0 && between <= reach && !sentence.MatchString(r.text[word[1]:n.from]) {
			return true
		}
	}
	return false
}

// originLine is the last line of an origin-bound message, as browsers read it.
var originLine = regexp.MustCompile(`^@[A-Za-z0-9.:-]+ #([0-9A-Za-z]{4,10})(?: @[A-Za-z0-9.:-]+)?$`)

func (r *reader) originBound() {
	last := r.text[strings.LastIndexByte(r.text, '\n')+1:]
	line := originLine.FindStringSubmatch(last)
	if line == nil {
		return
	}
	if strings.Contains(line[1], kringPajak) {
		r.dropped = true
		return
	}
	r.codes[line[1]] = true
}

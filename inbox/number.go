package inbox

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A code is this long without its spaces and hyphens. The built-in form asks
// for digits and no more than eight, so that phone numbers, NPWP (15 digits)
// and NIK (16) are never codes.
const (
	minCode      = 4
	maxCode      = 10
	maxPlainCode = 8
)

// kringPajak is the tax authority's telephone line, which stands below many
// of its messages and looks like a code of seven digits.
const kringPajak = "1500200"

// span is a piece of a text, from its first byte to behind its last.
type span struct{ from, to int }

func (s span) overlaps(o span) bool { return s.from < o.to && o.from < s.to }

func touches(all []span, s span) bool {
	for _, o := range all {
		if o.overlaps(s) {
			return true
		}
	}
	return false
}

// otherNumbers are numbers that say what they are: durations, sums of money,
// dates and times of day.
var otherNumbers = regexp.MustCompile(`(?i)` + strings.Join([]string{
	`\b[0-9]{1,3} ?(?:menit|mnt|minutes?|mins?|jam|hours?|hrs?|hari|days?|kali|times)\b`,
	`\b[0-9]{1,5} ?(?:detik|dtk|seconds?|secs?)\b`,
	`\b(?:Rp|IDR)\.? ?[0-9][0-9.,]*`,
	`\b[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}\b`,
	`\b[0-9]{4}[-/.][0-9]{2}[-/.][0-9]{2}\b`,
	`\b[0-9]{1,2}[ -](?:jan|feb|mar|apr|mei|may|jun|jul|agu|aug|sep|okt|oct|nov|des|dec)[a-z]*\.?(?:[ -][0-9]{2,4})?\b`,
	`\b[0-9]{1,2}[.:][0-9]{2}(?:[.:][0-9]{2})?(?: ?(?:WIB|WITA|WIT)\b|\b)`,
}, `|`))

var digitRuns = regexp.MustCompile(`[0-9]+`)

// numbers gives the numbers in text that are not among others, each with all
// groups that belong to it: "3174 0112 3456 7890" is one number, and so is
// "01.234.567.8-901.000". What a group belongs to can only be seen by what
// stands around it, which RE2 cannot do.
func numbers(text string, others []span) []span {
	var found []span
	open := false // the last number found may go on
	for _, at := range digitRuns.FindAllStringIndex(text, -1) {
		group := span{at[0], at[1]}
		if touches(others, group) {
			open = false
			continue
		}
		last := len(found) - 1
		if open && joined(text[found[last].to:group.from]) {
			found[last].to = group.to
			continue
		}
		found, open = append(found, group), true
	}
	return found
}

// joined says whether what stands between two groups makes them one number.
func joined(between string) bool {
	return len(between) == 1 && strings.Contains(" -./,:'+_", between)
}

// What stands before or behind digits when the rest of the number was made
// unreadable: "0812-xxxx-8901".
var (
	maskBefore = regexp.MustCompile(`(?i)(?:[*•]|xx)[ -]?$`)
	maskBehind = regexp.MustCompile(`(?i)^[ -]?(?:[*•]|xx)`)
)

// standsAlone says whether s is no part of a longer word, of a number with a
// plus or a percent sign, of a money sum, or of a masked number.
func standsAlone(text string, s span) bool {
	if out, is := emphasised(text, s); is {
		s = out
	} else if maskBefore.MatchString(text[max(0, s.from-8):s.from]) || maskBehind.MatchString(text[s.to:min(len(text), s.to+8)]) {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(text[:s.from])
	after, _ := utf8.DecodeRuneInString(text[s.to:])
	return !partOfWord(before) && before != '+' && before != '$' && !partOfWord(after) && after != '%'
}

// emphasised gives s with the asterisks around it that make it bold, as in
// *482915*: one or two, as many on both sides. What they hide in a masked number
// has digits outside of them.
func emphasised(text string, s span) (span, bool) {
	before, behind := strings.TrimRight(text[:s.from], "*"), strings.TrimLeft(text[s.to:], "*")
	out := span{len(before), len(text) - len(behind)}
	left, right := s.from-out.from, out.to-s.to
	return out, left == right && (left == 1 || left == 2)
}

func partOfWord(r rune) bool {
	return r == '_' || r == '@' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// plainCode gives the digits of a number that can be a code as it stands, or
// in two or three groups: "482915", "4829 15", "482-915", "48 29 15".
func plainCode(number string) (string, bool) {
	groups := strings.FieldsFunc(number, func(r rune) bool { return r < '0' || r > '9' })
	code := strings.Join(groups, "")
	switch {
	case len(code) < minCode || len(code) > maxPlainCode || strings.Contains(code, kringPajak):
		return "", false
	case len(groups) == 1:
		return code, true
	case strings.ContainsAny(number, "./,:'+_"):
		return "", false
	case len(groups) == 2:
		return code, within(groups, 2, 4)
	case len(groups) == 3:
		return code, !strings.Contains(number, "-") && within(groups, 2, 2)
	}
	return "", false
}

func within(groups []string, least, most int) bool {
	for _, group := range groups {
		if len(group) < least || len(group) > most {
			return false
		}
	}
	return true
}

package words

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// placeholder is {name}: lower-case letters and underscores in braces.
var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// Placeholders are the names in braces in template, sorted, each once.
func Placeholders(template string) []string {
	var names []string
	for _, found := range placeholder.FindAllString(template, -1) {
		names = append(names, found[1:len(found)-1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Fill puts values in place of {name}. A name without a value stays as it is,
// so that a mistake is seen and not swallowed; catalogues and playbooks are
// checked for such names when they are loaded.
func Fill(template string, values map[string]string) string {
	return placeholder.ReplaceAllStringFunc(template, func(found string) string {
		if value, ok := values[strings.Trim(found, "{}")]; ok {
			return value
		}
		return found
	})
}

// Sentence begins text with a capital letter, but for names that are written
// small, such as "e-Reg".
func Sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 || strings.HasPrefix(text[size:], "-") {
		return text
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

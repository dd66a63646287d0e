package inbox

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// mostText is how many bytes of a text are read. Codes stand at the beginning
// of what people are to read.
const mostText = 16 << 10

// texts are the readings of m in which a code may stand: its plain text, and
// what a person sees of its HTML, each below the subject.
func texts(m Message) []string {
	var all []string
	for _, body := range []string{m.Text.Reveal(), seen(m.HTML.Reveal())} {
		if strings.TrimSpace(body) != "" {
			all = append(all, tidy(m.Subject.Reveal()+"\n"+body))
		}
	}
	if len(all) == 0 {
		all = append(all, tidy(m.Subject.Reveal()))
	}
	return all
}

// seen is the text of an HTML document without what is not shown. Elements
// that stand beside each other in a line are not separated, so that a code
// with a span per digit is one word.
func seen(document string) string {
	var text strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(document))
	for hidden := false; ; {
		switch tokens.Next() {
		case html.ErrorToken:
			return text.String()
		case html.TextToken:
			if !hidden {
				text.WriteString(html.UnescapeString(lineEnds.Replace(string(tokens.Raw()))))
			}
			hidden = false
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := tokens.TagName()
			hidden = unseen(string(name))
			text.WriteString(separator(string(name)))
		case html.EndTagToken:
			name, _ := tokens.TagName()
			hidden = false
			text.WriteString(separator(string(name)))
		}
	}
}

// lineEnds makes line ends in the source of an HTML document plain spaces.
var lineEnds = strings.NewReplacer("\r", " ", "\n", " ")

// unseen says whether the text right after this tag is not shown.
func unseen(tag string) bool {
	switch tag {
	case "script", "style", "title", "noscript":
		return true
	}
	return false
}

// separator is what a tag puts between the texts around it.
func separator(tag string) string {
	switch tag {
	case "a", "abbr", "b", "bdi", "bdo", "big", "code", "em", "font", "i", "kbd", "label", "mark",
		"o:p", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "tt", "u", "var", "wbr":
		return ""
	case "td", "th":
		return " "
	}
	return "\n"
}

// tidy makes every kind of space one space and every kind of hyphen one
// hyphen, drops what has no width, and joins digits spelled apart.
func tidy(text string) string {
	if len(text) > mostText {
		text = text[:mostText]
		text = text[:strings.LastIndexAny(text, " \r\n")+1] // a cut number is another number
	}
	text = strings.Map(plain, strings.ToValidUTF8(text, "\uFFFD"))
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return joinSpelled(strings.Join(lines, "\n"))
}

func plain(r rune) rune {
	switch r {
	case '\u00A0', '\u2007', '\u2009', '\u200A', '\u202F', '\u3000', '\t':
		return ' '
	case '\u2010', '\u2011', '\u2012', '\u2013', '\u2212':
		return '-'
	case '\u00AD', '\u200B', '\u200C', '\u200D', '\u200E', '\u200F', '\u2060', '\uFEFF':
		return -1
	case '\r':
		return '\n'
	}
	return r
}

var spelled = regexp.MustCompile(`\b[0-9](?:[ \n-][0-9]\b){3,}`)

// joinSpelled writes "4 8 2 9 1 5" and "4-8-2-9-1-5" as "482915": digits in
// boxes of their own.
func joinSpelled(text string) string {
	return spelled.ReplaceAllStringFunc(text, func(digits string) string {
		return strings.NewReplacer(" ", "", "\n", "", "-", "").Replace(digits)
	})
}

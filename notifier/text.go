package notifier

import (
	"cmp"
	"sort"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"

	"pantau/incident"
	"pantau/internal/words"
)

// clean brings text into composed form (NFC) and takes out what is no
// writing: control characters, with which a terminal can be taken over, and
// the signs that turn the direction of reading.
func clean(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t', r == '\r', r == '\u2028', r == '\u2029':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == unicode.ReplacementChar:
			return -1
		default:
			return r
		}
	}, text)
	return strings.TrimSpace(norm.NFC.String(text))
}

// whole is what n says where there is room: its body, else its post.
func whole(n incident.Notice, lang words.Lang) string {
	return clean(cmp.Or(n.Body.In(lang), n.Post.In(lang)))
}

// cut shortens text to limit, as weigh counts it: after the last sentence that
// fits, so that what is left is true, or else after the last word, with an
// ellipsis.
func cut(text string, limit int, weigh func(string) int) string {
	if weigh(text) <= limit {
		return text
	}
	if head := strings.TrimSpace(fitting(text, limit, weigh, uniseg.FirstSentenceInString)); head != "" {
		return head
	}
	limit -= weigh("…")
	head := strings.TrimSpace(fitting(text, limit, weigh, uniseg.FirstWordInString))
	return cmp.Or(head, strings.TrimSpace(fitting(text, limit, weigh, grapheme))) + "…"
}

// split takes text apart into pieces of at most limit each, between sentences,
// or else between words, or else between characters. Nothing but white space
// is lost.
func split(text string, limit int, weigh func(string) int) []string {
	var pieces []string
	for text = strings.TrimSpace(text); text != ""; {
		head := text
		if weigh(text) > limit {
			head = cmp.Or(
				fitting(text, limit, weigh, uniseg.FirstSentenceInString),
				fitting(text, limit, weigh, uniseg.FirstWordInString),
				fitting(text, limit, weigh, grapheme),
				text)
		}
		pieces = append(pieces, strings.TrimSpace(head))
		text = strings.TrimSpace(text[len(head):])
	}
	return pieces
}

// fitting is the longest beginning of text that consists of whole parts, as
// next takes them off, and weighs at most limit without the space at its end.
func fitting(text string, limit int, weigh func(string) int, next func(string, int) (string, string, int)) string {
	var ends []int
	for end, rest, state := 0, text, -1; rest != ""; {
		var part string
		part, rest, state = next(rest, state)
		end += len(part)
		ends = append(ends, end)
	}
	// Halving, because weighing each beginning of a long text takes too long.
	tooMuch := sort.Search(len(ends), func(i int) bool { return weigh(strings.TrimSpace(text[:ends[i]])) > limit })
	if tooMuch == 0 {
		return ""
	}
	return text[:ends[tooMuch-1]]
}

func grapheme(text string, state int) (first, rest string, newState int) {
	first, rest, _, newState = uniseg.FirstGraphemeClusterInString(text, state)
	return first, rest, newState
}

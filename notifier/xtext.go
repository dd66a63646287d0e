package notifier

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"

	"pantau/incident"
	"pantau/internal/words"
)

const (
	xLimit     = 280 // weighted characters of a post
	xURLWeight = 23  // of any address, because X puts its own short one in its place
)

// xManner is how notices read on X.
type xManner struct {
	include IncludeLink
	link    string
}

// write gives the post: what the notice says, for a later post of a thread
// the mark, and the link where it is wanted. What is too long loses whole
// sentences; before that the link gives way, because words help more.
func (m xManner) write(n incident.Notice, lang words.Lang) (title, text string) {
	text = withoutMentions(clean(cmp.Or(n.Post.In(lang), n.Body.In(lang), n.Title.In(lang))))
	if text == "" {
		return "", ""
	}
	mark := ""
	if n.Number > 1 {
		mark = " " + xMark(n, lang)
	}
	text = cut(text, xLimit-weighted(mark), weighted) + mark
	linked := text + " " + m.link
	wanted := m.include == LinkAlways || m.include == LinkRoot && n.Number <= 1
	if wanted && weighted(linked) <= xLimit {
		return "", linked
	}
	return "", text
}

// xMark tells the posts of a thread apart, for readers and for X, which
// refuses a text that stands there already: "(14.05 WIB · 3)".
func xMark(n incident.Notice, lang words.Lang) string {
	return fmt.Sprintf("(%s WIB · %d)", words.Clock(lang, n.At), n.Number)
}

var (
	addressed = regexp.MustCompile(`[\w.+-]*[@＠]+[\w.-]*`)
	mail      = regexp.MustCompile(`^[\w.+-]+@[\w-]+(\.[\w-]+)+\.?$`)
	// xLink is an address with its scheme, or a bare host, which X links too.
	xLink = regexp.MustCompile(`(?i)https?://[!-~]*[\w/]|\b(?:[a-z0-9-]+\.)+[a-z]{2,}\b(?:/[!-~]*[\w/])?`)
	short = regexp.MustCompile(`https?://t\.co/\w+`)
)

// withoutMentions drops the at sign of @name, so that nobody is called by what
// we post. The full-width sign is no way out: X takes it for a mention too. A
// mail address stays as it is; X does not read it as a mention.
func withoutMentions(text string) string {
	return addressed.ReplaceAllStringFunc(text, func(found string) string {
		if mail.MatchString(found) {
			return found
		}
		return strings.NewReplacer("@", "", "＠", "").Replace(found)
	})
}

// weighted is the length of text as X counts it (twitter-text, configuration
// 3): on the composed form; most alphabets 1 a character, all else 2; an emoji
// 2, however it is put together; an address 23. Where X's own tables would be
// needed to be exact it counts too much rather than too little.
func weighted(text string) int {
	text = norm.NFC.String(text)
	total, last := 0, 0
	for _, at := range xLink.FindAllStringIndex(text, -1) {
		total += weightOfWriting(text[last:at[0]]) + weightOfLink(text[at[0]:at[1]])
		last = at[1]
	}
	return total + weightOfWriting(text[last:])
}

func weightOfLink(link string) int {
	if strings.Contains(link, "://") {
		return xURLWeight
	}
	return max(xURLWeight, len(link)) // perhaps no host at all, but a full stop without a space
}

func weightOfWriting(text string) int {
	total := 0
	for clusters := uniseg.NewGraphemes(text); clusters.Next(); {
		runes := clusters.Runes()
		if isEmojiSequence(runes) {
			total += 2
			continue
		}
		for _, r := range runes {
			total += weightOfRune(r)
		}
	}
	return total
}

func weightOfRune(r rune) int {
	switch {
	case r <= 4351, 8192 <= r && r <= 8205, 8208 <= r && r <= 8223, 8242 <= r && r <= 8247:
		return 1
	default:
		return 2
	}
}

// isEmojiSequence knows a character of several code points to be one emoji:
// symbols begin after the scripts and their punctuation, a keycap begins with
// a digit.
func isEmojiSequence(cluster []rune) bool {
	if len(cluster) < 2 {
		return false
	}
	const firstSymbol, firstIdeograph, presentation, keycap = 0x2190, 0x2E80, 0xFE0F, 0x20E3
	return cluster[0] >= firstSymbol && (cluster[0] < firstIdeograph || 0x1F000 <= cluster[0] && cluster[0] < 0x20000) ||
		cluster[1] == presentation || cluster[len(cluster)-1] == keycap
}

// sameOnX says whether posted is what X shows for ours: it may have escaped
// three characters, closed up white space and put its short address in the
// place of ours. Each short address stands for one run without spaces; so
// nothing has to be known about what X takes for a link.
func sameOnX(ours, posted string) bool {
	ours = closedUp(ours)
	if ours == closedUp(posted) {
		return true
	}
	posted = closedUp(strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(posted))
	var pattern strings.Builder
	last := 0
	for _, at := range short.FindAllStringIndex(posted, -1) {
		pattern.WriteString(regexp.QuoteMeta(posted[last:at[0]]) + `\S+`)
		last = at[1]
	}
	pattern.WriteString(regexp.QuoteMeta(posted[last:]))
	same, err := regexp.MatchString("^"+pattern.String()+"$", ours)
	return err == nil && same
}

func closedUp(text string) string {
	return strings.Join(strings.Fields(norm.NFC.String(text)), " ")
}

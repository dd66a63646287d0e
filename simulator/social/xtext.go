package social

import (
	"hash/fnv"
	"regexp"
	"strconv"
	"strings"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"
)

// longestText is X's limit for a post, in weighted characters.
const longestText = 280

// linkWeight is the weight of any link: the length of its short form.
const linkWeight = 23

// links finds what X makes a link of: an address with its scheme, or a bare host
// under a top-level domain. X knows all of those; the ones here are enough for a
// stand-in.
var links = regexp.MustCompile(`(?i)\b(?:https?://[^\s<>"]*[^\s<>".,;:!?)\]'’”]|(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|org|net|info|biz|edu|gov|xyz|app|dev|id|io|co|me|uk|sg|my)\b(?:/[^\s<>"]*[^\s<>".,;:!?)\]'’”])?)`)

// weightedLength is how X counts text.
func weightedLength(text string) int {
	text = norm.NFC.String(text)
	weight, from := 0, 0
	for _, link := range links.FindAllStringIndex(text, -1) {
		weight += weightOf(text[from:link[0]]) + linkWeight
		from = link[1]
	}
	return weight + weightOf(text[from:])
}

func weightOf(text string) int {
	weight := 0
	for state := -1; text != ""; {
		var cluster string
		cluster, text, _, state = uniseg.FirstGraphemeClusterInString(text, state)
		if isEmoji(cluster) {
			weight += 2
			continue
		}
		for _, r := range cluster {
			weight += runeWeight(r)
		}
	}
	return weight
}

// runeWeight is from the configuration of twitter-text 3.
func runeWeight(r rune) int {
	switch {
	case r <= 4351, r >= 8192 && r <= 8205, r >= 8208 && r <= 8223, r >= 8242 && r <= 8247:
		return 1
	}
	return 2
}

// isEmoji says whether a cluster is shown as one emoji, of however many code
// points: a pictograph, a flag, a keycap, or a sign made one by U+FE0F.
func isEmoji(cluster string) bool {
	return strings.ContainsFunc(cluster, func(r rune) bool {
		return r == 0xFE0F || r == 0x20E3 || (r >= 0x1F000 && r <= 0x1FAFF)
	})
}

// link is a link in a post, as X tells it beside the text.
type link struct {
	URL         string `json:"url"`
	ExpandedURL string `json:"expanded_url"`
	DisplayURL  string `json:"display_url"`
}

// shown is text as X gives it back: links shortened, and then &, < and >
// escaped. The links are told beside it.
func shown(text string) (string, []link) {
	var found []link
	text = links.ReplaceAllStringFunc(text, func(address string) string {
		l := link{URL: shortLink(address), ExpandedURL: address, DisplayURL: address}
		if _, host, hasScheme := strings.Cut(address, "://"); hasScheme {
			l.DisplayURL = host
		} else {
			l.ExpandedURL = "http://" + address
		}
		found = append(found, l)
		return l.URL
	})
	return htmlEscapes.Replace(text), found
}

var htmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// shortLink gives address its t.co name of 23 characters, the same every time,
// which X does not promise.
func shortLink(address string) string {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(address)) // never fails
	name := strconv.FormatUint(sum.Sum64(), 36)
	name = strings.Repeat("0", 10) + name
	return "https://t.co/" + name[len(name)-10:]
}

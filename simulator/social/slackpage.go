package social

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// slackView is the page /slack/, which shows one channel.
type slackView struct {
	Workspace string
	Faults    []string
	Channels  []slackChannelView
	Channel   SlackChannel
	Threads   []slackThreadView // newest first
}

type slackChannelView struct {
	SlackChannel
	Count   int
	Current bool
}

type slackThreadView struct {
	First   slackMessageView
	Replies []slackMessageView // oldest first
}

type slackMessageView struct {
	Sender, Initials string
	At, DateTime     string
	Edited           bool
	Parts            []slackPart
}

// slackPart is a paragraph of a message.
type slackPart struct {
	Kind string // "header", "context", "divider" or "text"
	Text []span
}

// page shows the channel that ?channel= names by ID, or the first.
func (s *Slack) page(w http.ResponseWriter, r *http.Request) {
	current, found := s.channelByID(r.URL.Query().Get("channel"))
	if !found {
		current = s.workspace.Channels[0]
	}
	counts, messages := map[string]int{}, s.Messages()
	for _, m := range messages {
		counts[m.Channel]++
	}
	view := slackView{
		Workspace: s.workspace.Name, Faults: faultNotes(s.Faults()), Channel: current,
		Threads: s.threads(messages, current.ID, time.Now()),
	}
	for _, c := range s.workspace.Channels {
		view.Channels = append(view.Channels, slackChannelView{c, counts[c.ID], c == current})
	}
	showPage(w, "slack.html", view)
}

func (s *Slack) threads(messages []Message, channel string, now time.Time) []slackThreadView {
	replies := map[string][]slackMessageView{}
	for _, m := range messages {
		if m.Channel == channel && m.ThreadTS != "" {
			replies[m.ThreadTS] = append(replies[m.ThreadTS], s.messageView(m, now))
		}
	}
	var threads []slackThreadView
	for _, m := range slices.Backward(messages) {
		if m.Channel == channel && m.ThreadTS == "" && len(threads) < threadsOnPage {
			threads = append(threads, slackThreadView{s.messageView(m, now), replies[m.TS]})
		}
	}
	return threads
}

func (s *Slack) messageView(m Message, now time.Time) slackMessageView {
	return slackMessageView{
		Sender: s.workspace.BotName, Initials: initials(s.workspace.BotName),
		At: clock(m.CreatedAt, now), DateTime: stamp(m.CreatedAt),
		Edited: !m.EditedAt.IsZero(), Parts: slackParts(m),
	}
}

// slackParts shows the blocks of a message, or its text when it has none.
func slackParts(m Message) []slackPart {
	var blocks []block
	_ = json.Unmarshal(m.Blocks, &blocks) // they were read when they came; none is none
	var parts []slackPart
	for _, b := range blocks {
		parts = append(parts, b.parts()...)
	}
	if len(parts) == 0 {
		parts = []slackPart{{"text", mrkdwn(m.Text)}}
	}
	return parts
}

func (b block) parts() []slackPart {
	texts := append([]blockText{}, b.Fields...)
	kind := "text"
	switch b.Type {
	case "divider":
		return []slackPart{{Kind: "divider"}}
	case "header", "context":
		kind = b.Type
	}
	if b.Text != nil {
		texts = append([]blockText{*b.Text}, texts...)
	}
	var parts []slackPart
	for _, t := range append(texts, b.Elements...) {
		switch {
		case t.Text == "":
		case t.Type == "plain_text":
			parts = append(parts, slackPart{kind, []span{{Text: string(t.Text)}}})
		default:
			parts = append(parts, slackPart{kind, mrkdwn(string(t.Text))})
		}
	}
	return parts
}

// marks are the parts of Slack's mrkdwn that the page knows: links, bold, code,
// italics.
var marks = regexp.MustCompile("<(https?://[^|>\\s]+)(?:\\|([^>]*))?>|\\*([^*\n]+)\\*|`([^`\n]+)`|\\b_([^_\n]+)_\\b")

// mrkdwn takes Slack's markup apart; what is none stays as it is.
func mrkdwn(text string) []span {
	var spans []span
	from := 0
	for _, at := range marks.FindAllStringSubmatchIndex(text, -1) {
		spans = append(spans, span{Text: slackUnescapes.Replace(text[from:at[0]])}, marked(text, at))
		from = at[1]
	}
	return append(spans, span{Text: slackUnescapes.Replace(text[from:])})
}

// marked gives the span of one match of marks.
func marked(text string, at []int) span {
	group := func(n int) string {
		if at[2*n] < 0 {
			return ""
		}
		return slackUnescapes.Replace(text[at[2*n]:at[2*n+1]])
	}
	switch href, label := group(1), group(2); {
	case href != "" && label != "":
		return span{Text: label, Href: href}
	case href != "":
		return span{Text: href, Href: href}
	case group(3) != "":
		return span{Text: group(3), Bold: true}
	case group(4) != "":
		return span{Text: group(4), Code: true}
	}
	return span{Text: group(5), Italic: true}
}

var slackUnescapes = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

package notifier

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"pantau/incident"
	"pantau/internal/words"
)

const (
	slackLimit   = 12_000 // characters of a message, as sent; Slack cuts at 40,000
	slackTitle   = 150    // characters of a header block
	slackSection = 3_000  // characters of a section block, as sent
	slackEvent   = "pantau_delivery"
	slackPages   = 20
	// slackSkew is how far Slack's clock may be behind ours.
	slackSkew = 2 * time.Minute
)

// slackSender posts to one channel of a Slack workspace. The delivery's id
// travels as metadata, by which it is found again. Reading back takes the
// scope channels:history (groups:history for a private channel).
type slackSender struct {
	client  *slack.Client
	channel string
	hide    hider
}

func newSlack(c ChannelOptions) *slackSender {
	return &slackSender{
		// The library's own retry stays off: it would post again unasked.
		client: slack.New(c.Token.Reveal(),
			slack.OptionAPIURL(strings.TrimRight(cmp.Or(c.APIURL, slack.APIURL), "/")+"/"),
			slack.OptionHTTPClient(newClient(newTransport()))),
		channel: c.Channel,
		hide:    hider{c.Token},
	}
}

// writeForSlack gives the headline and the whole text, in plain words; Send
// puts the text into Slack's notation. The headline is shown as it is, and has
// no angle brackets, with which Slack's own signs begin.
func writeForSlack(n incident.Notice, lang words.Lang) (title, text string) {
	title = strings.NewReplacer("<", "‹", ">", "›").Replace(strings.Join(strings.Fields(clean(n.Title.In(lang))), " "))
	return cut(title, slackTitle, utf8.RuneCountInString), cut(whole(n, lang), slackLimit, slackLength)
}

// Send posts d, into the thread of the thread's first message.
func (s *slackSender) Send(ctx context.Context, d Delivery) (string, error) {
	ctx, connected := watched(ctx)
	options := []slack.MsgOption{
		slack.MsgOptionText(slackNotation(cmp.Or(d.Title, d.Text)), false),
		slack.MsgOptionBlocks(slackBlocks(d)...),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: slackEvent, EventPayload: map[string]any{"id": d.ID}}),
		slack.MsgOptionDisableLinkUnfurl(),
		slack.MsgOptionDisableMediaUnfurl(),
	}
	if d.Root != "" {
		options = append(options, slack.MsgOptionTS(d.Root))
	}
	_, receipt, err := s.client.PostMessageContext(ctx, s.channel, options...)
	if err != nil {
		return "", fmt.Errorf("posting to Slack: %w", s.problem(err, connected.Load()))
	}
	if receipt == "" {
		return "", errors.New("posting to Slack: an answer without a ts")
	}
	return receipt, nil
}

// Find looks for the message that carries d's id. An answer to a thread whose
// first message was deleted stands in the channel itself.
func (s *slackSender) Find(ctx context.Context, d Delivery) (string, bool, error) {
	if d.Root != "" {
		receipt, found, err := s.search(ctx, d, s.replies)
		var refused slack.SlackErrorResponse
		if !errors.As(err, &refused) || refused.Err != "thread_not_found" {
			return receipt, found, s.reading(err)
		}
	}
	receipt, found, err := s.search(ctx, d, s.history)
	return receipt, found, s.reading(err)
}

func (s *slackSender) reading(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("reading messages of Slack: %w", s.problem(err, true))
}

// search goes through the messages since d began, page by page.
func (s *slackSender) search(ctx context.Context, d Delivery, page slackPage) (string, bool, error) {
	cursor := ""
	for range slackPages {
		messages, next, err := page(ctx, d, cursor)
		if err != nil {
			return "", false, err
		}
		for _, m := range messages {
			if m.Metadata.EventType == slackEvent && m.Metadata.EventPayload["id"] == d.ID {
				return m.Timestamp, true, nil
			}
		}
		if next == "" {
			return "", false, nil
		}
		cursor = next
	}
	return "", false, fmt.Errorf("no end within %d pages", slackPages)
}

type slackPage func(ctx context.Context, d Delivery, cursor string) (messages []slack.Message, next string, err error)

func (s *slackSender) history(ctx context.Context, d Delivery, cursor string) ([]slack.Message, string, error) {
	answer, err := s.client.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
		ChannelID: s.channel, Oldest: slackTime(d.Began.Add(-slackSkew)), Cursor: cursor, Limit: 200, IncludeAllMetadata: true,
	})
	switch {
	case err != nil:
		return nil, "", err
	case !answer.Ok:
		return nil, "", errors.New("an answer that is neither ok nor an error")
	}
	return answer.Messages, answer.ResponseMetaData.NextCursor, nil
}

func (s *slackSender) replies(ctx context.Context, d Delivery, cursor string) ([]slack.Message, string, error) {
	messages, _, next, err := s.client.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
		ChannelID: s.channel, Timestamp: d.Root, Oldest: slackTime(d.Began.Add(-slackSkew)), Cursor: cursor, Limit: 200, IncludeAllMetadata: true,
	})
	return messages, next, err
}

func slackTime(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) + ".000000" }

// problem tells a no from not knowing.
func (s *slackSender) problem(err error, connected bool) error {
	var limited *slack.RateLimitedError
	var refused slack.SlackErrorResponse
	var status slack.StatusCodeError
	switch {
	case errors.As(err, &limited):
		return &Refusal{Problem: "Slack's limit is exhausted", Retry: true, After: limited.RetryAfter}
	case errors.As(err, &refused):
		return slackSaid(s.hide.in(refused.Err))
	case errors.As(err, &status):
		return answered(status.Code, "")
	default:
		return unanswered(err, connected, s.hide)
	}
}

// slackSaid sorts Slack's error codes. Of its own failures Slack says that a
// part may have been done before them.
func slackSaid(code string) error {
	switch code {
	case "internal_error", "fatal_error", "service_unavailable":
		return errors.New(code)
	case "ratelimited", "rate_limited", "request_timeout", "team_added_to_org", "accesslimited":
		return &Refusal{Problem: code, Retry: true}
	default:
		return &Refusal{Problem: code}
	}
}

// slackBlocks are the headline and the text in as many sections as it takes.
func slackBlocks(d Delivery) []slack.Block {
	var blocks []slack.Block
	if d.Title != "" {
		blocks = append(blocks, slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, d.Title, false, false)))
	}
	for _, piece := range split(d.Text, slackSection, slackLength) {
		// Verbatim, so that Slack itself makes nothing of @names and #channels.
		text := slack.NewTextBlockObject(slack.MarkdownType, slackNotation(piece), false, true)
		blocks = append(blocks, slack.NewSectionBlock(text, nil, nil))
	}
	return blocks
}

// slackLength is the length of text as it is sent.
func slackLength(text string) int { return utf8.RuneCountInString(slackNotation(text)) }

var slackLink = regexp.MustCompile(`https?://[^\s<>|"]*[\w/]`)

// slackNotation writes plain text so that Slack shows just that: the three
// signs of its notation escaped, which makes <!channel> words, and addresses
// marked as links.
func slackNotation(text string) string {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	var out strings.Builder
	last := 0
	for _, at := range slackLink.FindAllStringIndex(text, -1) {
		out.WriteString(escape.Replace(text[last:at[0]]))
		out.WriteString("<" + escape.Replace(text[at[0]:at[1]]) + ">")
		last = at[1]
	}
	out.WriteString(escape.Replace(text[last:]))
	return out.String()
}

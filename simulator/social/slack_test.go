package social_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/slack-go/slack"
)

func text(s string) slack.MsgOption { return slack.MsgOptionText(s, true) }

func header(s string) slack.MsgOption {
	return slack.MsgOptionBlocks(slack.NewHeaderBlock(slack.NewTextBlockObject("plain_text", s, false, false)))
}

func metadata(delivery string) slack.MsgOption {
	return slack.MsgOptionMetadata(slack.SlackMetadata{
		EventType: "delivery", EventPayload: map[string]any{"id": delivery},
	})
}

func TestSlackGoPostsAThread(t *testing.T) {
	w := newWorld(t)
	client := w.slackClient(slackToken)
	channel, root, err := client.PostMessage("#status", text("OTP terlambat <&>"), header("Gangguan"), metadata("d1"))
	if err != nil || channel != "C1" {
		t.Fatalf("posting by name: got channel %q, %v, want C1", channel, err)
	}
	_, first, err := client.PostMessage("C1", text("Masih"), slack.MsgOptionTS(root), metadata("d2"))
	if err != nil {
		t.Fatal(err)
	}
	_, second, err := client.PostMessage("C1", text("Pulih"), slack.MsgOptionTS(first)) // an answer to an answer
	if err != nil {
		t.Fatal(err)
	}
	if !(root < first && first < second) {
		t.Errorf("ts: got %s, %s, %s, want them rising", root, first, second)
	}

	history, err := client.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: "C1", IncludeAllMetadata: true})
	if err != nil || len(history.Messages) != 1 {
		t.Fatalf("history: got %v, %v, want the first message alone", history, err)
	}
	m := history.Messages[0]
	if m.Timestamp != root || m.ReplyCount != 2 || m.LatestReply != second || m.ThreadTimestamp != root {
		t.Errorf("history: got %s with %d replies, the last %s, want %s, 2, %s", m.Timestamp, m.ReplyCount, m.LatestReply, root, second)
	}
	if m.Text != "OTP terlambat &lt;&amp;&gt;" || m.Metadata.EventPayload["id"] != "d1" || len(m.Blocks.BlockSet) != 1 {
		t.Errorf("history: got text %q, metadata %v, %d blocks, want all that was sent", m.Text, m.Metadata, len(m.Blocks.BlockSet))
	}
	replies, _, _, err := client.GetConversationReplies(&slack.GetConversationRepliesParameters{ChannelID: "C1", Timestamp: root, IncludeAllMetadata: true})
	if err != nil || len(replies) != 3 || replies[0].Timestamp != root || replies[2].ThreadTimestamp != root {
		t.Fatalf("replies: got %v, %v, want the thread from its first message", replies, err)
	}
	if replies[1].Metadata.EventPayload["id"] != "d2" {
		t.Errorf("replies: got metadata %v, want d2", replies[1].Metadata)
	}
}

func TestHistoryWithoutMetadata(t *testing.T) {
	w := newWorld(t)
	client := w.slackClient(slackToken)
	if _, _, err := client.PostMessage("C1", text("a"), metadata("d1")); err != nil {
		t.Fatal(err)
	}
	history, err := client.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: "C1"})
	if err != nil || len(history.Messages) != 1 || history.Messages[0].Metadata.EventType != "" {
		t.Errorf("got %v, %v, want the message without metadata", history, err)
	}
}

func TestSlackGoUpdates(t *testing.T) {
	w := newWorld(t)
	client := w.slackClient(slackToken)
	_, ts, err := client.PostMessage("C1", text("Lama"), header("Judul"), metadata("d1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, same, _, err := client.UpdateMessage("C1", ts, text("Baru")); err != nil || same != ts {
		t.Fatalf("updating: got ts %s, %v, want %s", same, err, ts)
	}
	var feed []struct {
		Text     string
		ThreadTS string `json:"thread_ts"`
		Blocks   []any
		Metadata map[string]any
	}
	w.get("/slack/feed.json", &feed)
	if len(feed) != 1 || feed[0].Text != "Baru" || len(feed[0].Blocks) != 1 || feed[0].Metadata["event_type"] != "delivery" {
		t.Errorf("got %+v, want the new text, and blocks and metadata kept", feed)
	}
	_, _, _, err = client.UpdateMessage("C1", "1.000001", text("Baru"))
	wantSlackError(t, err, "message_not_found")
	_, _, _, err = client.UpdateMessage("C1", ts, text(strings.Repeat("a", 4001)))
	wantSlackError(t, err, "msg_too_long")
}

func TestRefusalsOfSlack(t *testing.T) {
	w := newWorld(t)
	client := w.slackClient(slackToken)
	post := func(c *slack.Client, channel string, options ...slack.MsgOption) error {
		_, _, err := c.PostMessage(channel, options...)
		return err
	}
	wantSlackError(t, post(w.slackClient("xoxb-salah"), "C1", text("a")), "invalid_auth")
	wantSlackError(t, post(w.slackClient(""), "C1", text("a")), "not_authed")
	wantSlackError(t, post(client, "C9", text("a")), "channel_not_found")
	wantSlackError(t, post(client, "C1"), "no_text")
	wantSlackError(t, post(client, "C1", text(strings.Repeat("a", 40_001))), "msg_too_long")
	wantSlackError(t, post(client, "C1", text("a"), header(strings.Repeat("j", 151))), "invalid_blocks")
	_, err := client.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: "status"})
	wantSlackError(t, err, "channel_not_found")
	_, err = client.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: "C1", Cursor: "x"})
	wantSlackError(t, err, "invalid_cursor")
	_, err = client.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: "C1", Oldest: "kemarin"})
	wantSlackError(t, err, "invalid_ts_oldest")
	_, err = client.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: "C1", Limit: 1000})
	wantSlackError(t, err, "invalid_limit")
	_, _, _, err = client.GetConversationReplies(&slack.GetConversationRepliesParameters{ChannelID: "C1", Timestamp: "1.000001"})
	wantSlackError(t, err, "thread_not_found")
	wantSlackError(t, client.AddPin("C1", slack.ItemRef{}), "unknown_method")
	if got := w.Slack.Messages(); len(got) != 0 {
		t.Errorf("got %d messages, want none", len(got))
	}
}

func TestHistoryPagesAndBounds(t *testing.T) {
	w := newWorld(t)
	client := w.slackClient(slackToken)
	var all []string
	for i := range 7 {
		_, ts, err := client.PostMessage("C1", text(fmt.Sprint(i)))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, ts)
	}
	if _, _, err := client.PostMessage("C2", text("lain")); err != nil {
		t.Fatal(err)
	}
	read := func(p slack.GetConversationHistoryParameters) *slack.GetConversationHistoryResponse {
		t.Helper()
		p.ChannelID = "C1"
		h, err := client.GetConversationHistory(&p)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	var got []string
	for cursor := ""; ; {
		h := read(slack.GetConversationHistoryParameters{Limit: 3, Cursor: cursor})
		for _, m := range h.Messages {
			got = append([]string{m.Timestamp}, got...)
		}
		if cursor = h.ResponseMetaData.NextCursor; h.HasMore != (cursor != "") {
			t.Fatalf("has_more is %v with cursor %q", h.HasMore, cursor)
		}
		if cursor == "" {
			break
		}
	}
	if strings.Join(got, " ") != strings.Join(all, " ") {
		t.Errorf("all pages: got %v, want %v", got, all)
	}
	if h := read(slack.GetConversationHistoryParameters{Oldest: all[4]}); len(h.Messages) != 2 {
		t.Errorf("after the fifth: got %d, want 2", len(h.Messages))
	}
	if h := read(slack.GetConversationHistoryParameters{Oldest: all[4], Latest: all[5], Inclusive: true}); len(h.Messages) != 2 {
		t.Errorf("from the fifth to the sixth: got %d, want 2", len(h.Messages))
	}
}

func TestSlackTakesJSON(t *testing.T) {
	w := newWorld(t)
	body := `{"channel":"C1","text":"Halo","blocks":[{"type":"divider"}],"metadata":{"event_type":"d","event_payload":{"id":1}}}`
	post := func(token, body string) answer {
		bearer := &http.Client{Transport: &recorder{instead: "Bearer " + token}}
		return w.call(bearer, "POST", "/slack/api/chat.postMessage", "application/json; charset=utf-8", body)
	}
	if a := post(slackToken, body); a.status != 200 || !strings.Contains(a.body, `"ok":true`) {
		t.Fatalf("got %d %s, want ok", a.status, a.body)
	}
	for _, test := range []struct{ token, body, want string }{
		{slackToken, `{`, "invalid_json"},
		{"salah", body, "invalid_auth"},
		{slackToken, `{"channel":"C1","blocks":{"type":"divider"}}`, "invalid_blocks_format"},
		{slackToken, `{"channel":"C1","text":"a","metadata":{"event_payload":{"id":1}}}`, "invalid_metadata_schema"},
	} {
		if a := post(test.token, test.body); !strings.Contains(a.body, test.want) {
			t.Errorf("%s: got %s, want %s", test.body, a.body, test.want)
		}
	}
	messages := w.Slack.Messages()
	if len(messages) != 1 || string(messages[0].Blocks) != `[{"type":"divider"}]` || !json.Valid(messages[0].Metadata) {
		t.Errorf("got %+v, want the one message with its block and metadata", messages)
	}
}

func TestSlackGoLooksAround(t *testing.T) {
	w := newWorld(t)
	client := w.slackClient(slackToken)
	if me, err := client.AuthTest(); err != nil || me.BotID == "" || me.TeamID == "" {
		t.Errorf("auth.test: got %+v, %v, want a bot and a team", me, err)
	}
	channels, _, err := client.GetConversations(&slack.GetConversationsParameters{})
	if err != nil || len(channels) != 2 || channels[1].Name != "siaga" {
		t.Errorf("conversations.list: got %v, %v, want both", channels, err)
	}
	c, err := client.GetConversationInfo(&slack.GetConversationInfoInput{ChannelID: "C2"})
	if err != nil || c.ID != "C2" || !c.IsMember {
		t.Errorf("conversations.info: got %v, %v, want C2", c, err)
	}
}

func wantSlackError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}

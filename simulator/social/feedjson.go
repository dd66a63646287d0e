package social

import (
	"encoding/json"
	"net/http"
)

// xFeedEntry is one entry of /x/feed.json.
type xFeedEntry struct {
	ID             string `json:"id"`
	Text           string `json:"text"`
	CreatedAt      string `json:"created_at"`
	InReplyTo      string `json:"in_reply_to"`
	ConversationID string `json:"conversation_id"`
}

func (x *X) feedJSON(w http.ResponseWriter, _ *http.Request) {
	feed := []xFeedEntry{}
	for _, p := range x.Posts() {
		feed = append(feed, xFeedEntry{p.ID, p.Text, stamp(p.CreatedAt), p.InReplyTo, p.ConversationID})
	}
	writeJSON(w, http.StatusOK, feed)
}

// slackFeedEntry is one entry of /slack/feed.json.
type slackFeedEntry struct {
	TS        string          `json:"ts"`
	Channel   string          `json:"channel"`
	Text      string          `json:"text"`
	ThreadTS  string          `json:"thread_ts"`
	CreatedAt string          `json:"created_at"`
	Blocks    json.RawMessage `json:"blocks"`
	Metadata  json.RawMessage `json:"metadata"`
}

func (s *Slack) feedJSON(w http.ResponseWriter, _ *http.Request) {
	feed := []slackFeedEntry{}
	for _, m := range s.Messages() {
		blocks := m.Blocks
		if blocks == nil {
			blocks = json.RawMessage("[]")
		}
		feed = append(feed, slackFeedEntry{m.TS, m.Channel, m.Text, m.ThreadTS, stamp(m.CreatedAt), blocks, m.Metadata})
	}
	writeJSON(w, http.StatusOK, feed)
}

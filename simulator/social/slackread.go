package social

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// messageJSON is a message as the Web API gives it.
type messageJSON struct {
	Type       string          `json:"type"`
	Subtype    string          `json:"subtype,omitempty"`
	User       string          `json:"user"`
	BotID      string          `json:"bot_id"`
	Team       string          `json:"team"`
	TS         string          `json:"ts"`
	Text       string          `json:"text"`
	ThreadTS   string          `json:"thread_ts,omitempty"`
	ParentUser string          `json:"parent_user_id,omitempty"`
	ReplyCount int             `json:"reply_count,omitempty"`
	LastReply  string          `json:"latest_reply,omitempty"`
	Edited     *editedJSON     `json:"edited,omitempty"`
	Blocks     json.RawMessage `json:"blocks,omitempty"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
}

type editedJSON struct {
	User string `json:"user"`
	TS   string `json:"ts"`
}

func (m Message) json(withMetadata bool) messageJSON {
	j := messageJSON{
		Type: "message", User: botUser, BotID: botID, Team: teamID,
		TS: m.TS, Text: m.Text, ThreadTS: m.ThreadTS, Blocks: m.Blocks,
	}
	if m.ThreadTS != "" {
		j.ParentUser = botUser
	}
	if m.ThreadTS != "" && m.Broadcast {
		j.Subtype = "thread_broadcast"
	}
	if !m.EditedAt.IsZero() {
		j.Edited = &editedJSON{botUser, fmt.Sprintf("%d.000000", m.EditedAt.Unix())}
	}
	if withMetadata {
		j.Metadata = m.Metadata
	}
	return j
}

// history gives the channel newest first, without the answers in its threads.
func (s *Slack) history(p slackParams) (map[string]any, string) {
	if _, found := s.channelByID(p["channel"]); !found {
		return nil, "channel_not_found"
	}
	var list []Message
	for _, m := range slices.Backward(s.Messages()) {
		if m.Channel == p["channel"] && (m.ThreadTS == "" || m.Broadcast) {
			list = append(list, m)
		}
	}
	return s.pageOf(list, p, 999)
}

// replies gives a thread oldest first, beginning with what it answers.
func (s *Slack) replies(p slackParams) (map[string]any, string) {
	if _, found := s.channelByID(p["channel"]); !found {
		return nil, "channel_not_found"
	}
	var list []Message
	for _, m := range s.Messages() {
		if m.Channel == p["channel"] && (m.TS == p["ts"] || m.ThreadTS == p["ts"]) {
			list = append(list, m)
		}
	}
	if p["ts"] == "" || len(list) == 0 {
		return nil, "thread_not_found"
	}
	return s.pageOf(list, p, 1000)
}

// pageOf answers with one page of list: the part within oldest and latest, from
// the cursor on, at most limit (100 by default, most at most).
func (s *Slack) pageOf(list []Message, p slackParams, most int) (map[string]any, string) {
	bounds, problem := readBounds(p)
	if problem != "" {
		return nil, problem
	}
	limit, problem := readLimit(p["limit"], most)
	if problem != "" {
		return nil, problem
	}
	list = slices.DeleteFunc(list, func(m Message) bool { return !bounds.hold(m.TS) })
	start := 0
	if cursor := p["cursor"]; cursor != "" {
		after, ok := readCursor(cursor)
		start = slices.IndexFunc(list, func(m Message) bool { return m.TS == after }) + 1
		if !ok || start == 0 {
			return nil, "invalid_cursor"
		}
	}
	page := list[start:min(start+limit, len(list))]
	more, next := start+limit < len(list), ""
	if more {
		next = cursorAfter(page[len(page)-1].TS)
	}
	return map[string]any{
		"messages": s.withThreads(page, p.is("include_all_metadata")),
		"has_more": more, "response_metadata": map[string]string{"next_cursor": next},
	}, ""
}

// withThreads adds to each message that was answered how often and when last.
func (s *Slack) withThreads(page []Message, metadata bool) []messageJSON {
	all := s.Messages()
	out := make([]messageJSON, len(page))
	for i, m := range page {
		out[i] = m.json(metadata)
		for _, reply := range all {
			if reply.Channel == m.Channel && reply.ThreadTS == m.TS {
				out[i].ThreadTS = m.TS
				out[i].ReplyCount++
				out[i].LastReply = reply.TS
			}
		}
	}
	return out
}

// bounds are oldest and latest, in microseconds.
type bounds struct {
	oldest, latest int64
	inclusive      bool
}

func readBounds(p slackParams) (b bounds, problem string) {
	b = bounds{oldest: -1, latest: 1 << 62, inclusive: p.is("inclusive")}
	ok := true
	if p["oldest"] != "" && p["oldest"] != "0" {
		if b.oldest, ok = parseTS(p["oldest"]); !ok {
			return b, "invalid_ts_oldest"
		}
	}
	if p["latest"] != "" {
		if b.latest, ok = parseTS(p["latest"]); !ok {
			return b, "invalid_ts_latest"
		}
	}
	return b, ""
}

func (b bounds) hold(ts string) bool {
	at, _ := parseTS(ts) // our own
	if b.inclusive {
		return b.oldest <= at && at <= b.latest
	}
	return b.oldest < at && at < b.latest
}

func readLimit(limit string, most int) (n int, problem string) {
	if limit == "" || limit == "0" {
		return 100, ""
	}
	n, err := strconv.Atoi(limit)
	if err != nil || n < 1 || n > most {
		return 0, "invalid_limit"
	}
	return n, ""
}

func cursorAfter(ts string) string {
	return base64.StdEncoding.EncodeToString([]byte("next_ts:" + ts))
}

func readCursor(cursor string) (ts string, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(cursor)
	ts, ok = strings.CutPrefix(string(raw), "next_ts:")
	return ts, ok && err == nil
}

// channelJSON is a channel as the Web API gives it.
type channelJSON struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	IsChannel bool   `json:"is_channel"`
	IsMember  bool   `json:"is_member"`
}

func (c SlackChannel) json() channelJSON {
	return channelJSON{ID: c.ID, Name: c.Name, IsChannel: true, IsMember: true}
}

func (s *Slack) list(slackParams) (map[string]any, string) {
	channels := make([]channelJSON, len(s.workspace.Channels))
	for i, c := range s.workspace.Channels {
		channels[i] = c.json()
	}
	return map[string]any{
		"channels": channels, "response_metadata": map[string]string{"next_cursor": ""},
	}, ""
}

func (s *Slack) info(p slackParams) (map[string]any, string) {
	c, found := s.channelByID(p["channel"])
	if !found {
		return nil, "channel_not_found"
	}
	return map[string]any{"channel": c.json()}, ""
}

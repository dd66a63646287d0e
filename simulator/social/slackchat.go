package social

import (
	"bytes"
	"encoding/json"
	"time"
	"unicode/utf8"
)

// Slack's limits, in characters.
const (
	longestMessage   = 40_000
	longestUpdate    = 4_000
	longestSection   = 3_000
	longestHeader    = 150
	mostBlocks       = 50
	longestEventType = 255
)

func (s *Slack) authTest(slackParams) (map[string]any, string) {
	return map[string]any{
		"url": "https://simulasi.example/", "team": s.workspace.Name, "team_id": teamID,
		"user": s.workspace.BotName, "user_id": botUser, "bot_id": botID,
	}, ""
}

func (s *Slack) postMessage(p slackParams) (map[string]any, string) {
	channel, found := s.channelToPost(p["channel"])
	if !found {
		return nil, "channel_not_found"
	}
	content, problem := readContent(p, longestMessage)
	if problem != "" {
		return nil, problem
	}
	if p["text"] == "" && len(content.blocks) == 0 {
		return nil, "no_text"
	}
	m := s.add(Message{
		Channel: channel.ID, Text: p["text"], CreatedAt: time.Now(),
		ThreadTS: p["thread_ts"], Broadcast: p.is("reply_broadcast"),
		Blocks: content.blocks, Metadata: content.metadata,
	})
	return map[string]any{"channel": m.Channel, "ts": m.TS, "message": m.json(true)}, ""
}

// update changes what is given: blocks and metadata that are left out stay, an
// empty array or object takes them away.
func (s *Slack) update(p slackParams) (map[string]any, string) {
	channel, found := s.channelByID(p["channel"])
	if !found {
		return nil, "channel_not_found"
	}
	content, problem := readContent(p, longestUpdate)
	if problem != "" {
		return nil, problem
	}
	if p["text"] == "" && len(content.blocks) == 0 {
		return nil, "no_text"
	}
	m, found := s.edit(channel.ID, p["ts"], func(m *Message) {
		m.EditedAt = time.Now()
		if p["text"] != "" {
			m.Text = p["text"]
		}
		if p["blocks"] != "" {
			m.Blocks = content.blocks
		}
		if p["metadata"] != "" {
			m.Metadata = content.metadata
		}
	})
	if !found {
		return nil, "message_not_found"
	}
	return map[string]any{"channel": m.Channel, "ts": m.TS, "text": m.Text, "message": m.json(true)}, ""
}

// content is the structured part of a message; each is nil when it is empty.
type content struct {
	blocks, metadata json.RawMessage
}

func readContent(p slackParams, longest int) (c content, problem string) {
	if utf8.RuneCountInString(p["text"]) > longest {
		return c, "msg_too_long"
	}
	if c.blocks, problem = readBlocks(p["blocks"]); problem != "" {
		return c, problem
	}
	c.metadata, problem = readMetadata(p["metadata"])
	return c, problem
}

// block is what is checked, and shown on the page, of a Block Kit block.
type block struct {
	Type     string      `json:"type"`
	Text     *blockText  `json:"text"`
	Fields   []blockText `json:"fields"`
	Elements []blockText `json:"elements"`
}

type blockText struct {
	Type string     `json:"type"`
	Text textOrMore `json:"text"`
}

// textOrMore is a text; where a block has an object there (a button's label), "".
type textOrMore string

// UnmarshalJSON takes any value and keeps text only.
func (t *textOrMore) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		*t = textOrMore(text)
	}
	return nil
}

func readBlocks(raw string) (blocks json.RawMessage, problem string) {
	if raw == "" {
		return nil, ""
	}
	var list []block
	if json.Unmarshal([]byte(raw), &list) != nil {
		return nil, "invalid_blocks_format"
	}
	if len(list) > mostBlocks {
		return nil, "invalid_blocks"
	}
	for _, b := range list {
		if !b.fits() {
			return nil, "invalid_blocks"
		}
	}
	if len(list) == 0 {
		return nil, ""
	}
	return compact(raw), ""
}

// fits checks the blocks a status message is made of; others pass with a type.
func (b block) fits() bool {
	longest := 0
	switch b.Type {
	case "":
		return false
	case "section":
		if b.Text == nil {
			return len(b.Fields) > 0
		}
		longest = longestSection
	case "header":
		if b.Text == nil || b.Text.Type != "plain_text" {
			return false
		}
		longest = longestHeader
	default:
		return true
	}
	n := utf8.RuneCountInString(string(b.Text.Text))
	return n > 0 && n <= longest
}

func readMetadata(raw string) (metadata json.RawMessage, problem string) {
	if raw == "" {
		return nil, ""
	}
	var m struct {
		EventType    string                     `json:"event_type"`
		EventPayload map[string]json.RawMessage `json:"event_payload"`
	}
	if json.Unmarshal([]byte(raw), &m) != nil {
		return nil, "invalid_metadata_format"
	}
	if m.EventType == "" && len(m.EventPayload) == 0 {
		return nil, ""
	}
	if m.EventType == "" || len(m.EventType) > longestEventType || m.EventPayload == nil {
		return nil, "invalid_metadata_schema"
	}
	return compact(raw), ""
}

func compact(raw string) json.RawMessage {
	var b bytes.Buffer
	_ = json.Compact(&b, []byte(raw)) // it was parsed before
	return b.Bytes()
}

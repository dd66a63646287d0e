package social

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// SlackWorkspace is the one workspace of the stand-in for Slack, and the bot
// that may post there.
type SlackWorkspace struct {
	BotToken string
	BotName  string // "" is "Bot Simulasi"
	Name     string // "" is "Ruang Kerja Simulasi"
	// Channels the bot is in; none is C0000000001 "status-layanan" and
	// C0000000002 "siaga-ti".
	Channels []SlackChannel
}

// SlackChannel is a channel; a client may post to it by ID, Name or "#Name", and
// read it by ID only.
type SlackChannel struct {
	ID, Name string
}

func (w SlackWorkspace) withDefaults() SlackWorkspace {
	w.BotName = cmp.Or(w.BotName, "Bot Simulasi")
	w.Name = cmp.Or(w.Name, "Ruang Kerja Simulasi")
	if len(w.Channels) == 0 {
		w.Channels = []SlackChannel{{"C0000000001", "status-layanan"}, {"C0000000002", "siaga-ti"}}
	}
	return w
}

// The bot and its workspace as the API names them.
const (
	botUser = "U0000000001"
	botID   = "B0000000001"
	teamID  = "T0000000001"
)

// Message is one message on Slack.
type Message struct {
	TS        string // its id in the channel: seconds and microseconds, "1700000000.000001"
	Channel   string // the channel's ID
	Text      string // as sent; of an edited message the newest
	ThreadTS  string // the TS of the message it answers; "" when it answers none
	Broadcast bool   // an answer that is shown in the channel too
	CreatedAt time.Time
	EditedAt  time.Time       // zero when it was not
	Blocks    json.RawMessage // a JSON array; nil for none
	Metadata  json.RawMessage // a JSON object; nil for none
}

// Slack is the stand-in for Slack. Its methods are safe for concurrent use.
type Slack struct {
	workspace SlackWorkspace
	log       *slog.Logger
	faults    *faults

	mu       sync.Mutex
	messages []Message // oldest first, so ordered by TS
	lastTS   int64     // in microseconds
}

func newSlack(w SlackWorkspace, seed uint64, log *slog.Logger) *Slack {
	return &Slack{workspace: w.withDefaults(), log: log, faults: newFaults(seed, DuplicateRefusal)}
}

// SetFaults replaces the faults that are on; none ends them. When one is wrong
// it changes nothing and says which.
func (s *Slack) SetFaults(list ...Fault) error { return s.faults.set(list) }

// Faults gives the faults that are on.
func (s *Slack) Faults() []Fault { return s.faults.list() }

// Messages gives all channels' messages, oldest first.
func (s *Slack) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// add puts m into its channel, under the message it answers when that is known;
// an answer to an unknown one stands by itself, as when it was deleted.
func (s *Slack) add(m Message) Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.ThreadTS != "" {
		parent := s.find(m.Channel, m.ThreadTS)
		if parent == nil {
			m.ThreadTS = ""
		} else {
			m.ThreadTS = cmp.Or(parent.ThreadTS, parent.TS)
		}
	}
	s.lastTS = max(s.lastTS+1, m.CreatedAt.UnixMicro())
	m.TS = fmt.Sprintf("%d.%06d", s.lastTS/1e6, s.lastTS%1e6)
	s.messages = keepLast(append(s.messages, m))
	return m
}

// edit changes the message in place; found is false when there is none.
func (s *Slack) edit(channel, ts string, change func(*Message)) (m Message, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	there := s.find(channel, ts)
	if there == nil {
		return Message{}, false
	}
	change(there)
	return *there, true
}

func (s *Slack) find(channel, ts string) *Message {
	for i := range s.messages {
		if m := &s.messages[i]; m.Channel == channel && m.TS == ts {
			return m
		}
	}
	return nil
}

// channelByID finds the channel as the reading methods take it.
func (s *Slack) channelByID(id string) (SlackChannel, bool) {
	for _, c := range s.workspace.Channels {
		if c.ID == id {
			return c, true
		}
	}
	return SlackChannel{}, false
}

// channelToPost finds the channel as chat.postMessage takes it, by name too.
func (s *Slack) channelToPost(name string) (SlackChannel, bool) {
	for _, c := range s.workspace.Channels {
		if c.ID == name || c.Name == strings.TrimPrefix(name, "#") {
			return c, true
		}
	}
	return SlackChannel{}, false
}

// parseTS reads a timestamp a client gives as a bound, in microseconds.
func parseTS(ts string) (int64, bool) {
	seconds, fraction, _ := strings.Cut(ts, ".")
	if len(fraction) > 6 {
		return 0, false
	}
	whole, err := strconv.ParseUint(seconds, 10, 40)
	part, errPart := strconv.ParseUint((fraction + "000000")[:6], 10, 32)
	return int64(whole)*1e6 + int64(part), err == nil && errPart == nil
}

func (s *Slack) routes(mux *http.ServeMux) {
	mux.HandleFunc("/slack/api/{method}", s.serve)
	mux.HandleFunc("GET /slack/feed.json", s.feedJSON)
	mux.HandleFunc("GET /slack/{$}", s.page)
	s.faults.controlFaults(mux, "/slack/control/faults")
}

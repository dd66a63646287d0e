// Package social stands in for X (API v2 and v1.1) and Slack's Web API, for the
// demo and for tests. It is written from their public documentation, traps
// included, so that clients which know nothing of it work against it unchanged:
// X signs and checks OAuth 1.0a, returns its text with entities escaped and
// links shortened, refuses a text it has already seen; Slack keeps replies out
// of a channel's history and answers most mistakes with status 200.
//
// # Addresses
//
//	/x/2/…            X API v2: POST tweets, GET users/me, GET users/ID/tweets
//	/x/1.1/…          X API v1.1: statuses/update.json, statuses/user_timeline.json, account/verify_credentials.json
//	/slack/api/…      Slack: auth.test, chat.postMessage, chat.update, conversations.history, .replies, .list, .info
//	/x/, /slack/      the feeds as pages, for people
//	/x/feed.json      the feed of X, for tests
//	/slack/feed.json  the feed of Slack, for tests
//	/x/control/faults, /slack/control/faults   POST adds a Fault, GET lists them, DELETE ends all
//
// # Feeds
//
// Both are JSON arrays, oldest first, [] when empty. Times are RFC 3339 in UTC
// with milliseconds. Text is what the client sent, neither escaped by X nor
// shortened; of an edited Slack message it is the newest text.
//
//	/x/feed.json      {"id","text","created_at","in_reply_to","conversation_id"}
//	/slack/feed.json  {"ts","channel","text","thread_ts","created_at","blocks","metadata"}
//
// in_reply_to is "" for a post that answers nothing; conversation_id is the id
// of the thread's first post, which carries its own. channel is the channel's
// id; thread_ts is "" for a message that answers nothing (in the Web API the
// first message of a thread carries its own ts there); blocks is [] and
// metadata null where the client sent none.
package social

import (
	"log/slog"
	"net/http"
)

// Options say who may post. The zero value stands up and refuses everybody,
// because no key is right.
type Options struct {
	X     XAccount
	Slack SlackWorkspace
	// Seed decides which calls a Fault with a Share hits.
	Seed uint64
	// Log gets one line for each post, refusal and fault, without texts or
	// secrets; nil is silent.
	Log *slog.Logger
}

// Social is both stand-ins.
type Social struct {
	X     *X
	Slack *Slack
}

// New stands up X and Slack with empty feeds.
func New(o Options) *Social {
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Social{
		X:     newX(o.X, o.Seed, log.With("service", "x")),
		Slack: newSlack(o.Slack, o.Seed, log.With("service", "slack")),
	}
}

// Handler serves everything under /x/ and /slack/.
func (s *Social) Handler() http.Handler {
	mux := http.NewServeMux()
	s.X.routes(mux)
	s.Slack.routes(mux)
	return mux
}

package incident

import (
	"time"

	"pantau/internal/words"
)

// Audience of a notice.
type Audience string

// The audiences.
const (
	Public Audience = "public"
	IT     Audience = "it"
)

// Event is what a notice is about.
type Event string

// The events of an incident's life, and the monitor's own.
const (
	EventOpened   Event = "opened"
	EventUpdated  Event = "updated"
	EventResolved Event = "resolved"
	EventBlind    Event = "blind"   // to IT only: what cannot be measured, and why
	EventSighted  Event = "sighted" // to IT only: it can be measured again
)

// Notice is something to be said to one audience about one update. The
// notifier turns it into one delivery for each channel of the audience.
type Notice struct {
	ID       string // About/Number/Audience
	About    string // the incident's ID; what a thread is about
	Number   int    // place in the thread of About for this audience, from 1, without gaps
	Event    Event
	Audience Audience
	At       time.Time
	Title    words.Text // a headline, for chat and mail
	Post     words.Text // one paragraph for social channels, at most 255 weighted characters
	Body     words.Text // the whole, plain paragraphs separated by empty lines, for chat and mail
}

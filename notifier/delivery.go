// Package notifier turns notices into deliveries, one for each channel, and
// delivers each at least once, in order within its thread. The delivery row is
// the job: it says what may have been posted before anything is sent, so that
// after a crash the channel is asked before anything is said twice.
package notifier

import (
	"time"

	"pantau/incident"
)

// State of a delivery.
type State string

// The states. Sending is written before the call; what is found in it after
// its lease has run out may or may not have been posted, which is Unknown.
const (
	Waiting State = "waiting"
	Sending State = "sending"
	Sent    State = "sent"
	Failed  State = "failed" // given up: a person has to look
	Unsure  State = "unknown"
)

// Delivery is one notice to one channel.
type Delivery struct {
	ID       string // Notice/Channel
	Notice   string
	Channel  string
	Thread   string // what it is about; deliveries of a thread and channel keep the order of Number
	Number   int
	Event    incident.Event
	Title    string // in the channel's language; "" where the channel has no headline
	Text     string // what is posted, rendered once, so that a retry says the same
	State    State
	Attempt  int       // calls begun
	Due      time.Time // not before; of a Sending one, when its lease runs out
	Receipt  string    // the channel's id of the post; "" until Sent, or where it gives none
	ReplyTo  string    // the receipt of the thread's earlier post to answer; "" for the first
	Root     string    // the receipt of the thread's first post; "" for the first
	Problem  string    // why the last attempt did not work, without secrets
	Created  time.Time
	Began    time.Time // the first attempt; zero before it
	Finished time.Time // sent or failed; zero before
}

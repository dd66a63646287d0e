package network

import (
	"slices"
	"sync"
	"time"
)

// Delivered is a message that reached somebody who is not the monitor: a
// person who tries the portal by hand.
type Delivered struct {
	At      time.Time // when it arrived
	Stream  string    // "sms/telkomsel", "email"
	To      string    // "62812…", or a mail address
	From    string
	Subject string // of mail
	Text    string
	HTML    string // of mail; untrusted like any mail
}

// inbox keeps the latest such messages.
type inbox struct {
	mu     sync.Mutex
	latest []Delivered // oldest first
}

const mostKept = 100

func (i *inbox) add(message Delivered) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.latest = append(i.latest, message)
	if len(i.latest) > mostKept {
		i.latest = slices.Delete(i.latest, 0, len(i.latest)-mostKept)
	}
}

// Inbox gives the latest messages, at most count, newest first, that reached
// numbers without a handset or mail domains that are not the monitor's.
func (n *Network) Inbox(count int) []Delivered {
	n.inbox.mu.Lock()
	defer n.inbox.mu.Unlock()
	latest := slices.Clone(n.inbox.latest[max(0, len(n.inbox.latest)-max(0, count)):])
	slices.Reverse(latest)
	return latest
}

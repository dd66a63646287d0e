package inbox

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"pantau/probes"
)

// What a Ledger remembers is bounded, whatever is sent to it.
const (
	mostWaits    = 4096
	mostMessages = 16384
	// The app tries again after 10 s, 20 s, 40 s … 14 times: for 45 h 30 min.
	retriesEnd = 48 * time.Hour
)

// Ledger knows who waits for a code and gives each message to the wait it is
// for. It reads no clock and no network: its time is the messages' Received
// and the waits' Requested. It is safe for concurrent use.
type Ledger struct {
	rules     []rule
	cards     cards
	tolerance time.Duration
	hashKey   [32]byte

	mu        sync.Mutex
	open      map[string]*listening
	answered  *recent[string, bool]               // ids of waits; a late Expect does not open them again
	addresses *recent[string, bool]               // keys of waits that ended; mail to them is still taken and dropped
	messages  *recent[messageID, progress]        // one effect for each
	codes     *recent[[sha256.Size]byte, codeUse] // of answered waits; a second copy has another id
}

var _ probes.Mailbox = (*Ledger)(nil)

// listening is a wait and whether a message answers it already.
type listening struct {
	wait  probes.Wait
	taken bool
}

type messageID struct{ receiver, id string }

// progress is how far a message has come.
type progress int

const (
	free     progress = iota // it could not be recorded and may come again
	inFlight                 // it is being recorded
	done
)

// codeUse is the message that brought a code.
type codeUse struct {
	message messageID
	stamped time.Time
	live    bool
}

// NewLedger makes a Ledger that knows nobody yet. It uses the Senders and the
// StampTolerance of o, which must be valid.
func NewLedger(o Options, sims []probes.SIM) (*Ledger, error) {
	rules, err := newRules(o.Senders)
	if err != nil {
		return nil, err
	}
	l := &Ledger{
		rules: rules, cards: newCards(sims), tolerance: o.withDefaults().StampTolerance,
		open:      map[string]*listening{},
		answered:  newRecent[string, bool](mostWaits, retriesEnd),
		addresses: newRecent[string, bool](mostWaits, retriesEnd),
		messages:  newRecent[messageID, progress](mostMessages, retriesEnd),
		codes:     newRecent[[sha256.Size]byte, codeUse](mostWaits, retriesEnd),
	}
	_, _ = rand.Read(l.hashKey[:]) // never fails
	return l, nil
}

// Expect begins listening for w, or replaces what is known of it. A wait that
// was answered stays answered: its message can be faster than the portal's
// page.
func (l *Ledger) Expect(w probes.Wait) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, was := l.answered.get(w.ID); was {
		return
	}
	if known, ok := l.open[w.ID]; ok {
		known.wait = w
		return
	}
	l.open[w.ID] = &listening{wait: w}
	l.bound(w.Requested)
}

// bound drops the oldest waits of too many, those past their end first.
func (l *Ledger) bound(now time.Time) {
	if len(l.open) <= mostWaits {
		return
	}
	var oldest *listening
	for id, each := range l.open {
		if now.Sub(each.wait.Requested) > each.wait.GiveUp {
			l.end(id)
			continue
		}
		if oldest == nil || each.wait.Requested.Before(oldest.wait.Requested) {
			oldest = each
		}
	}
	if len(l.open) > mostWaits && oldest != nil {
		l.end(oldest.wait.ID)
	}
}

// Forget ends listening for the wait with this id.
func (l *Ledger) Forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end(id)
}

func (l *Ledger) end(id string) {
	if each, ok := l.open[id]; ok {
		l.addresses.put(each.wait.Key, true, each.wait.Requested)
		delete(l.open, id)
	}
}

// Knows says whether a wait listens, or listened lately, at a mail address.
func (l *Ledger) Knows(address string) bool {
	key := probes.AddressKey(address)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, each := range l.open {
		if each.wait.Key == key {
			return true
		}
	}
	_, known := l.addresses.get(key)
	return known
}

// Match reads m and gives it to the wait it is for, if ok. The wait is then
// spoken for until Settle says what became of the Arrival. A message that is
// for nobody is remembered as done, so that a second try of the receiver does
// not reach a later wait. One that could not be recorded at its first try was
// received then: the delay is ours, not the operator's.
func (l *Ledger) Match(m Message) (a probes.Arrival, why Why, ok bool) {
	said, unread := extract(l.rules, m)
	l.mu.Lock()
	defer l.mu.Unlock()
	id := messageID{m.Receiver, m.ID}
	switch state, _ := l.messages.get(id); state {
	case inFlight:
		return probes.Arrival{}, WhyInFlight, false
	case done:
		return probes.Arrival{}, WhyDuplicate, false
	}
	if first := l.messages.since(id); !first.IsZero() {
		m.Received = first
		if m.DeviceAt.After(first) {
			m.DeviceAt = first // the handset had it by then
		}
	}
	wait, why := "", unread
	if unread == "" {
		wait, why = l.decide(m, said)
	}
	if wait == "" {
		l.messages.put(id, done, m.Received)
		return probes.Arrival{}, why, false
	}
	l.take(wait, m, said)
	return probes.Arrival{
		ID: m.ID, Receiver: m.Receiver, Wait: wait,
		Stamped: inUTC(m.Stamped), Device: inUTC(m.DeviceAt), Received: inUTC(m.Received),
		Reference: said.reference, Code: said.code,
	}, why, true
}

// inUTC keeps the zero time zero.
func inUTC(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// decide finds the wait for m, "" for none.
func (l *Ledger) decide(m Message, said reading) (wait string, why Why) {
	q := question{reference: said.reference, stamped: m.stampedAtLatest(), received: m.Received}
	if m.isMail() {
		q.keys, q.unique = []string{probes.AddressKey(m.Recipient.Reveal())}, true
	} else if q.keys, why = l.cards.find(m.Receiver, m.Device, m.Slot, m.Recipient); why != "" && said.reference == "" {
		return "", why
	}
	if l.isCopy(m, q.keys, said) {
		return "", WhyDuplicate
	}
	var open []probes.Wait
	for _, each := range l.open {
		if !each.taken {
			open = append(open, each.wait)
		}
	}
	return attribute(q, open, l.tolerance)
}

// isCopy says whether a message with the same code, stamped at about the same
// time, answered a wait at the same place: networks deliver twice.
func (l *Ledger) isCopy(m Message, keys []string, said reading) bool {
	for _, key := range keys {
		use, ok := l.codes.get(l.hash(key, said.code.Reveal()))
		if !ok || !use.live {
			continue
		}
		apart := m.Stamped.Sub(use.stamped).Abs()
		if m.Stamped.IsZero() || use.stamped.IsZero() || apart <= l.tolerance {
			return true
		}
	}
	return false
}

// hash stands for a code at a place for the life of the process. Without the
// key nobody can try all codes against it.
func (l *Ledger) hash(place, code string) [sha256.Size]byte { return keyed(l.hashKey, place, code) }

// keyed is the HMAC-SHA256 of parts, which cannot run into each other.
func keyed(key [32]byte, parts ...string) [sha256.Size]byte {
	mac := hmac.New(sha256.New, key[:])
	for _, part := range parts {
		fmt.Fprintf(mac, "%d:%s", len(part), part)
	}
	return [sha256.Size]byte(mac.Sum(nil))
}

func (l *Ledger) take(wait string, m Message, said reading) {
	each := l.open[wait]
	each.taken = true
	id := messageID{m.Receiver, m.ID}
	l.messages.put(id, inFlight, m.Received)
	l.codes.put(l.hash(each.wait.Key, said.code.Reveal()), codeUse{id, m.Stamped, true}, m.Received)
}

// Settle says whether an Arrival that Match gave was recorded. If not, the
// wait is free again and the same message may come again.
func (l *Ledger) Settle(a probes.Arrival, recorded bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := messageID{a.Receiver, a.ID}
	each, listens := l.open[a.Wait]
	if recorded {
		l.messages.put(id, done, a.Received)
		l.answered.put(a.Wait, true, a.Received)
		l.end(a.Wait)
		return
	}
	l.messages.put(id, free, a.Received)
	if listens {
		each.taken = false
		l.codes.put(l.hash(each.wait.Key, a.Code.Reveal()), codeUse{}, a.Received)
	}
}

package inbox

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"pantau/internal/secret"
	"pantau/probes"
)

// What a Ledger remembers is bounded, whatever is sent to it.
const (
	mostWaits    = 4096
	mostMessages = 16384
	mostKnots    = 1024
)

// RetriesEnd is how long after a message its receiver may try again. The app
// does after 10 s, 20 s, 40 s … 14 times: for 45 h 30 min.
const RetriesEnd = 48 * time.Hour

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
	began     time.Time                           // when we began to remember codes; zero: long ago
	pending   map[messageID]*tangled              // ambiguous messages that are being recorded
	knots     []*tangled                          // those recorded, oldest first
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
		answered:  newRecent[string, bool](mostWaits, RetriesEnd),
		addresses: newRecent[string, bool](mostWaits, RetriesEnd),
		messages:  newRecent[messageID, progress](mostMessages, RetriesEnd),
		codes:     newRecent[[sha256.Size]byte, codeUse](mostWaits, RetriesEnd),
		pending:   map[messageID]*tangled{},
	}
	_, _ = rand.Read(l.hashKey[:]) // never fails
	return l, nil
}

// Began says that a process before this one may have taken messages until now,
// whose second copies would not be known. It is called before all else.
func (l *Ledger) Began(at time.Time) { l.began = at }

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
		l.compare(w)
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

// oldestMail is when the earliest code was asked for that a mail still answers:
// of the waits with this key or, when it is "", of all that wait for mail. It
// is false when there is none.
func (l *Ledger) oldestMail(key string) (oldest time.Time, waits bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, each := range l.open {
		mail := each.wait.Stream == probes.StreamEmail && (key == "" || key == each.wait.Key)
		if mail && (!waits || each.wait.Requested.Before(oldest)) {
			oldest, waits = each.wait.Requested, true
		}
	}
	return oldest, waits
}

// Match reads m and gives it to the wait it is for, if ok, or to none but all
// it may be for, when nothing says which (WhyAmbiguous). The wait is then
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
	device, offset := m.device()
	if first := l.messages.since(id); !first.IsZero() {
		m.Received = first
		if device.After(first) {
			device = first // the handset had it by then
		}
	}
	found := verdict{why: unread}
	token, isControl := controlToken(m)
	switch {
	case isControl: // whatever else it looks like, it is never a code
		said, found = reading{}, l.control(token)
	case unread == "":
		found = l.decide(m, said)
	}
	a = probes.Arrival{
		ID: m.ID, Receiver: m.Receiver, Wait: found.wait, Possible: ids(found.possible),
		Stamped: inUTC(m.Stamped), Device: inUTC(device), Offset: offset, Received: inUTC(m.Received),
		Reference: said.reference, Junk: m.Junk, Code: said.code,
	}
	switch {
	case found.wait != "":
		l.take(m, said, l.open[found.wait])
	case len(found.possible) > 0:
		l.tangle(m, said, a, found)
	default:
		l.messages.put(id, done, m.Received)
		return probes.Arrival{}, found.why, false
	}
	return a, found.why, true
}

func ids(waits []probes.Wait) []string {
	var all []string
	for _, w := range waits {
		all = append(all, w.ID)
	}
	return all
}

// inUTC keeps the zero time zero.
func inUTC(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// decide finds the wait for m, or those it may be for.
func (l *Ledger) decide(m Message, said reading) verdict {
	q := question{reference: said.reference, stamped: m.stampedAtLatest(), held: m.heldSince(), received: m.Received, began: l.began}
	var why Why
	if m.isMail() {
		q.keys, q.unique = []string{probes.AddressKey(m.Recipient.Reveal())}, true
	} else if q.keys, why = l.cards.of(m); why != "" && said.reference == "" {
		return verdict{why: why}
	}
	if l.isCopy(m, q.keys, said) {
		return verdict{why: WhyDuplicate}
	}
	var open []probes.Wait
	for _, each := range l.open {
		if _, _, control := each.wait.Control(); !each.taken && !control {
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

func (l *Ledger) take(m Message, said reading, each *listening) {
	each.taken = true
	l.enter(m, said, each.wait.Key)
}

// enter remembers a message that is being recorded, and its code at every
// place it may have been for.
func (l *Ledger) enter(m Message, said reading, keys ...string) {
	id := messageID{m.Receiver, m.ID}
	l.messages.put(id, inFlight, m.Received)
	for _, key := range keys {
		l.codes.put(l.hash(key, said.code.Reveal()), codeUse{id, m.Stamped, true}, m.Received)
	}
}

// tangle remembers a message that may be for several waits.
func (l *Ledger) tangle(m Message, said reading, a probes.Arrival, found verdict) {
	t := &tangled{arrival: a, may: ids(found.possible), doubtful: found.doubtful}
	t.arrival.Code = secret.Value{}
	for _, w := range found.possible {
		t.keys = append(t.keys, w.Key)
		if end := w.Requested.Add(w.GiveUp); end.After(t.until) {
			t.until = end
		}
	}
	l.enter(m, said, t.keys...)
	l.pending[messageID{m.Receiver, m.ID}] = t
}

// Settle says whether an Arrival that Match or Untangle gave was recorded. If
// not, the wait is free again and the same message may come again.
func (l *Ledger) Settle(a probes.Arrival, recorded bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := messageID{a.Receiver, a.ID}
	if t, isTangled := l.pending[id]; isTangled && a.Wait == "" {
		l.settleTangled(id, t, a, recorded)
		return
	}
	each, listens := l.open[a.Wait]
	state, _ := l.messages.get(id)
	switch {
	case recorded:
		l.messages.put(id, done, a.Received)
		l.close(a.Wait, a)
		return
	case listens:
		each.taken = false
	}
	if state == done {
		return // it was recorded as one that may be for several, and stays so
	}
	l.messages.put(id, free, a.Received)
	if listens {
		l.codes.put(l.hash(each.wait.Key, a.Code.Reveal()), codeUse{}, a.Received)
	}
}

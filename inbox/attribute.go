package inbox

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"pantau/internal/secret"
	"pantau/probes"
)

// question is what is known of a message when a wait is sought for it.
type question struct {
	reference string
	keys      []string // the Wait.Keys it can be for
	unique    bool     // the one key is an address that only one wait has
	stamped   time.Time
	held      time.Time // when the device had it, in every try the same; zero: not known
	received  time.Time
	began     time.Time // when we began to remember codes; zero: long ago
}

// verdict is which wait a message answers, or those it may answer when nothing
// says which. It answers none when both are empty.
type verdict struct {
	why      Why
	wait     string
	possible []probes.Wait // oldest request first
	doubtful bool          // it may answer none of possible, see question.doubtful
}

// attribute says which of the waits that nobody answered yet the message is
// for. The strongest key decides: the reference id, then the unique address,
// then being the only wait of the SIM. What stays ambiguous is not guessed.
//
// There is no lower limit to received: a wait is known before the portal is
// asked, so that every message that is handed to us later came later, whatever
// our wall clock does.
func attribute(q question, open []probes.Wait, tolerance time.Duration) verdict {
	alive := keep(open, func(w probes.Wait) bool { return q.received.Sub(w.Requested) <= w.GiveUp })
	fresh := keep(alive, func(w probes.Wait) bool {
		// A message centre stamps whole seconds, so that a code that was sent
		// at once looks up to a second older than its request.
		earliest := w.Requested.Add(-tolerance).Truncate(time.Second)
		return !before(q.stamped, earliest) && !before(q.held, earliest)
	})
	ofKeys := func(w probes.Wait) bool { return slices.Contains(q.keys, w.Key) }
	possible := fresh
	if q.unique {
		possible = keep(fresh, ofKeys)
	}
	if q.reference != "" {
		same := keep(possible, func(w probes.Wait) bool { return strings.EqualFold(w.Reference, q.reference) })
		if len(same) > 1 {
			same = keep(same, ofKeys)
		}
		if len(same) > 0 {
			return q.among(same, WhyReference)
		}
		// A wait whose own reference is another one is not meant. One that
		// has none yet may be: the portal's answer can be slower than its
		// message.
		possible = keep(possible, func(w probes.Wait) bool { return w.Reference == "" })
	}
	possible = keep(possible, ofKeys)
	switch {
	case len(possible) == 0 && len(keep(alive, ofKeys)) > len(keep(fresh, ofKeys)):
		return verdict{why: WhyStale}
	case q.unique:
		return q.among(possible, WhyAddress)
	default:
		return q.among(possible, WhySIM)
	}
}

// among gives the message to the one wait there is. Several stay possible, and
// so does a single one when only the SIM speaks for it and the message may be
// an old one.
func (q question) among(waits []probes.Wait, key Why) verdict {
	if len(waits) == 0 {
		return verdict{why: WhyNobody}
	}
	doubtful := key == WhySIM && q.doubtful() && !q.since(waits[0])
	if len(waits) == 1 && !doubtful {
		return verdict{why: key, wait: waits[0].ID}
	}
	slices.SortFunc(waits, func(a, b probes.Wait) int {
		return cmp.Or(a.Requested.Compare(b.Requested), cmp.Compare(a.ID, b.ID))
	})
	return verdict{why: WhyAmbiguous, possible: waits, doubtful: doubtful}
}

// before says whether at is known and before other.
func before(at, other time.Time) bool { return !at.IsZero() && at.Before(other) }

// since says whether the message was stamped since w asked, on a SIM of which
// nobody else can have asked since then: it is no copy of what came before.
func (q question) since(w probes.Wait) bool {
	alone := len(q.keys) == 1 && !w.Unsure && w.Perhaps.IsZero()
	return alone && !q.stamped.IsZero() && !q.stamped.Before(w.Requested.Truncate(time.Second))
}

// copiesEnd is how long after a message a network may deliver it again.
const copiesEnd = time.Hour

// doubtful says whether the message may be the second copy of one that was
// taken before this process began, whose code nobody remembers. A copy has the
// stamp of the first, so that one stamped since is none: the centre's clock is
// taken to be behind ours if anything. What a device had since then is no
// second try of the receiver's, but may be the network's.
func (q question) doubtful() bool {
	switch {
	case !q.stamped.IsZero():
		return q.stamped.Before(q.began)
	case q.began.IsZero():
		return false
	case q.held.IsZero():
		return q.received.Sub(q.began) < RetriesEnd
	default:
		return q.held.Before(q.began) || q.received.Sub(q.began) < copiesEnd
	}
}

func keep(waits []probes.Wait, good func(probes.Wait) bool) []probes.Wait {
	var kept []probes.Wait
	for _, w := range waits {
		if good(w) {
			kept = append(kept, w)
		}
	}
	return kept
}

// handset is one phone at one receiver, slot a place for a SIM in it.
type handset struct{ receiver, device string }

type slot struct {
	receiver, device string
	slot             int
}

// cards finds SIMs by what a message says of them.
type cards struct {
	bySlot   map[slot]string
	byNumber map[numberKey]string
	byPhone  map[handset][]string
	phones   map[string]handset // by SIM
}

func newCards(sims []probes.SIM) cards {
	c := cards{map[slot]string{}, map[numberKey]string{}, map[handset][]string{}, map[string]handset{}}
	for _, sim := range sims {
		phone := handset{sim.Receiver, sim.Device}
		c.bySlot[slot{sim.Receiver, sim.Device, sim.Slot}] = sim.ID
		c.byPhone[phone] = append(c.byPhone[phone], sim.ID)
		c.phones[sim.ID] = phone
		if number := keyOfNumber(sim.Number); number != (numberKey{}) {
			c.byNumber[number] = sim.ID
		}
	}
	return c
}

// of gives the ids of the SIMs that m can be for.
func (c cards) of(m Message) ([]string, Why) {
	_, ours := c.byNumber[keyOfNumber(m.Recipient)]
	switch {
	case m.SIM != "":
		return []string{m.SIM}, ""
	case m.Shared && !m.Recipient.Empty() && !ours:
		return nil, WhyStranger
	}
	return c.find(m.Receiver, m.Device, m.Slot, m.Recipient)
}

// find gives the ids of the SIMs that a message can be for: the one in its
// slot, the one with its number, or, when the handset says neither, all of the
// handset.
func (c cards) find(receiver, device string, place int, number secret.Value) ([]string, Why) {
	inSlot, hasSlot := c.bySlot[slot{receiver, device, place}]
	hasSlot = hasSlot && place > 0
	withNumber, hasNumber := c.byNumber[keyOfNumber(number)]
	inPhone := c.byPhone[handset{receiver, device}]
	switch {
	case hasSlot && hasNumber && inSlot != withNumber:
		return nil, WhyConflict
	case hasSlot:
		return []string{inSlot}, ""
	case hasNumber:
		return []string{withNumber}, ""
	case place > 0 && c.slotsTold(receiver, device):
		return nil, WhyStranger
	case len(inPhone) == 0:
		return nil, WhyStranger
	default:
		return inPhone, ""
	}
}

// slotsTold says whether the configuration names the slots of a handset, so
// that another slot is another card.
func (c cards) slotsTold(receiver, device string) bool {
	_, untold := c.bySlot[slot{receiver, device, 0}]
	return !untold
}

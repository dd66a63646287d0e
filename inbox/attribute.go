package inbox

import (
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
	received  time.Time
}

// attribute says which of the waits that nobody answered yet the message is
// for. The strongest key decides: the reference id, then the unique address,
// then being the only wait of the SIM. What stays ambiguous is given to none.
//
// There is no lower limit to received: a wait is known before the portal is
// asked, so that every message that is handed to us later came later, whatever
// our wall clock does.
func attribute(q question, open []probes.Wait, tolerance time.Duration) (wait string, why Why) {
	alive := keep(open, func(w probes.Wait) bool { return q.received.Sub(w.Requested) <= w.GiveUp })
	fresh := keep(alive, func(w probes.Wait) bool {
		// A message centre stamps whole seconds, so that a code that was sent
		// at once looks up to a second older than its request.
		return q.stamped.IsZero() || !q.stamped.Before(w.Requested.Add(-tolerance).Truncate(time.Second))
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
			return the(same, WhyReference)
		}
		// A wait whose own reference is another one is not meant. One that
		// has none yet may be: the portal's answer can be slower than its
		// message.
		possible = keep(possible, func(w probes.Wait) bool { return w.Reference == "" })
	}
	possible = keep(possible, ofKeys)
	switch {
	case len(possible) == 0 && len(keep(alive, ofKeys)) > len(keep(fresh, ofKeys)):
		return "", WhyStale
	case q.unique:
		return the(possible, WhyAddress)
	default:
		return the(possible, WhySIM)
	}
}

// the is the one wait there is.
func the(waits []probes.Wait, key Why) (string, Why) {
	switch len(waits) {
	case 0:
		return "", WhyNobody
	case 1:
		return waits[0].ID, key
	default:
		return "", WhyAmbiguous
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
}

func newCards(sims []probes.SIM) cards {
	c := cards{map[slot]string{}, map[numberKey]string{}, map[handset][]string{}}
	for _, sim := range sims {
		phone := handset{sim.Receiver, sim.Device}
		c.bySlot[slot{sim.Receiver, sim.Device, sim.Slot}] = sim.ID
		c.byPhone[phone] = append(c.byPhone[phone], sim.ID)
		if number := keyOfNumber(sim.Number); number != (numberKey{}) {
			c.byNumber[number] = sim.ID
		}
	}
	return c
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

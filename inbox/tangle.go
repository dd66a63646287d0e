package inbox

import (
	"maps"
	"slices"
	"strings"
	"time"

	"pantau/probes"
)

// tangled is a message that may answer several waits, or one wait or none.
type tangled struct {
	arrival  probes.Arrival // without its code
	keys     []string       // of the waits
	may      []string       // ids of the waits it may answer, answered or not
	doubtful bool           // it may answer none of them
	until    time.Time      // when the last of its waits is given up
}

// among says whether each wait that t may answer is one of waits, and nothing
// else is possible.
func (t *tangled) among(waits []string) bool {
	if t.doubtful || len(t.may) == 0 {
		return false
	}
	for _, wait := range t.may {
		if !slices.Contains(waits, wait) {
			return false
		}
	}
	return true
}

// settled gives messages that must be the answers to exactly the waits they
// may answer, some of them open: as many messages as waits. Which is whose need
// not be known. A message answers one wait, a wait is answered once, and copies
// are left out before, so that no other outcome is possible.
func settled(all []*tangled, open func(wait string) bool) (messages []*tangled, waits []string) {
	for _, each := range all {
		if !slices.ContainsFunc(each.may, open) {
			continue
		}
		inside := slices.DeleteFunc(slices.Clone(all), func(t *tangled) bool { return !t.among(each.may) })
		if len(inside) == len(each.may) {
			return inside, each.may
		}
	}
	return nil, nil
}

// spanOf is the arrival that ends wait, which is one of messages: it came no
// earlier than the first and no later than the last that may be its own.
func spanOf(messages []*tangled, wait string) probes.Arrival {
	own := slices.DeleteFunc(slices.Clone(messages), func(t *tangled) bool { return !slices.Contains(t.may, wait) })
	first, last := own[0].arrival, own[0].arrival
	for _, each := range own {
		if each.arrival.Received.Before(first.Received) {
			first = each.arrival
		}
		if each.arrival.Received.After(last.Received) {
			last = each.arrival
		}
	}
	last.Wait, last.Possible = wait, nil
	if len(own) > 1 {
		last.Earliest = first.Received
		last.Stamped, last.Device, last.Offset = time.Time{}, time.Time{}, 0 // of another message, perhaps
	}
	return last
}

// Untangle gives the arrivals that end waits because all messages that may be
// theirs have come: the message itself when it can be no other's, else the last
// that may be, with the first as Earliest. Each wants its Settle.
func (l *Ledger) Untangle() []probes.Arrival {
	l.mu.Lock()
	defer l.mu.Unlock()
	open := func(wait string) bool { return l.open[wait] != nil && !l.open[wait].taken }
	messages, waits := settled(l.knots, open)
	var all []probes.Arrival
	for _, wait := range waits {
		if open(wait) {
			l.open[wait].taken = true
			all = append(all, spanOf(messages, wait))
		}
	}
	return all
}

// Answered says that the message of a, which Match gave to several waits, is
// this wait's after all.
func (l *Ledger) Answered(wait string, a probes.Arrival) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.close(wait, a)
}

// close ends a wait that a answers. Where it is known which message that was,
// the others may not be its own any more.
func (l *Ledger) close(wait string, a probes.Arrival) {
	l.answered.put(wait, true, a.Received)
	l.end(wait)
	if !a.Earliest.IsZero() {
		return
	}
	l.knots = slices.DeleteFunc(l.knots, func(t *tangled) bool {
		return t.arrival.Receiver == a.Receiver && t.arrival.ID == a.ID
	})
	for _, t := range l.tangled() {
		t.may = slices.DeleteFunc(t.may, func(id string) bool { return id == wait })
	}
}

// tangled are the ambiguous messages, recorded or not.
func (l *Ledger) tangled() []*tangled {
	return append(slices.Collect(maps.Values(l.pending)), l.knots...)
}

// compare holds a wait whose reference is known by now against the references
// in ambiguous messages: a message can be faster than the portal's answer.
func (l *Ledger) compare(w probes.Wait) {
	if w.Reference == "" {
		return
	}
	for _, t := range l.tangled() {
		own := func(id string) bool { return id == w.ID }
		switch {
		case t.arrival.Reference == "" || !slices.ContainsFunc(t.may, own):
		case strings.EqualFold(t.arrival.Reference, w.Reference):
			t.may, t.doubtful = []string{w.ID}, false
		default:
			t.may = slices.DeleteFunc(t.may, own)
		}
	}
}

// settleTangled is Settle for a message that may be for several waits.
func (l *Ledger) settleTangled(id messageID, t *tangled, a probes.Arrival, recorded bool) {
	delete(l.pending, id)
	if recorded {
		l.messages.put(id, done, a.Received)
		l.keep(t)
		return
	}
	l.messages.put(id, free, a.Received)
	for _, key := range t.keys {
		l.codes.put(l.hash(key, a.Code.Reveal()), codeUse{}, a.Received)
	}
}

// keep remembers an ambiguous message until all waits it may be for are given
// up. That one is forgotten makes the others no less true.
func (l *Ledger) keep(added *tangled) {
	l.knots = append(slices.DeleteFunc(l.knots, func(t *tangled) bool {
		return added.arrival.Received.After(t.until)
	}), added)
	if len(l.knots) > mostKnots {
		l.knots = l.knots[1:]
	}
}

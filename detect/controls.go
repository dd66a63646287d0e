package detect

import (
	"maps"
	"slices"
	"time"

	"pantau/probes"
)

// controlTracker follows the control messages to one operator's SIMs.
type controlTracker struct {
	sent map[string]sender // by wait, until it is in seen
	seen []control         // oldest first
}

// sender is one of our SIMs and its operator.
type sender struct{ operator, sim string }

// control is one message and what became of it.
type control struct {
	wait      string
	sender    sender
	requested time.Time
	age       time.Duration // the latest known
	open      bool
	late      bool // known to be
	held      bool // by our own forwarder
	tainted   bool // our line or receiver failed meanwhile: no evidence
}

func newControlTracker() *controlTracker { return &controlTracker{sent: map[string]sender{}} }

func (t *controlTracker) clone() *controlTracker {
	return &controlTracker{sent: maps.Clone(t.sent), seen: slices.Clone(t.seen)}
}

// fold takes in a result of send-control or await-control. blind says that
// nothing could be heard at that moment.
func (t *controlTracker) fold(r probes.Result, o Options, blind bool) {
	if r.Opened != nil && r.Step == probes.StepSendControl {
		if operator, sim, is := r.Opened.Control(); is {
			t.sent[r.Opened.ID] = sender{operator, sim}
		}
	}
	if r.Wait == nil || r.Step != probes.StepAwaitControl {
		return
	}
	at := slices.IndexFunc(t.seen, func(c control) bool { return c.wait == r.Wait.ID })
	if at < 0 {
		at = len(t.seen)
		t.seen = append(t.seen, control{wait: r.Wait.ID, sender: t.sent[r.Wait.ID], requested: r.Wait.Requested})
		delete(t.sent, r.Wait.ID)
	}
	c := &t.seen[at]
	c.age, c.open = r.Wait.Age, r.Wait.Open
	c.held = r.Reason == probes.ReasonOverdue
	c.late = r.Wait.Age >= o.lateAfter() && !c.held
	c.tainted = c.tainted || blind || untold(r) && !c.held
	t.seen = slices.DeleteFunc(t.seen, func(c control) bool { return !c.open && r.At.Sub(c.requested) > o.window() })
}

// taintOpen takes those on their way for no evidence.
func (t *controlTracker) taintOpen() {
	for i := range t.seen {
		t.seen[i].tainted = t.seen[i].tainted || t.seen[i].open
	}
}

// since counts those that were under way at or after an instant, of which it
// is known whether they are in time. Of those from SIMs that look empty only
// what came says anything.
func (t *controlTracker) since(from time.Time, operator string, empty []emptySIM) (same, across controls) {
	for _, c := range t.seen {
		if c.tainted || c.sender.operator == "" || !c.open && c.requested.Add(c.age).Before(from) || c.open && !c.late {
			continue
		}
		if c.late && slices.ContainsFunc(empty, func(e emptySIM) bool { return e.id == c.sender.sim }) {
			continue
		}
		count := &across
		if c.sender.operator == operator {
			count = &same
		}
		switch {
		case c.held:
			count.forwarder++
		case c.late:
			count.bad++
		default:
			count.good++
		}
	}
	return same, across
}

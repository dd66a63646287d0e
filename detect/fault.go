package detect

import (
	"fmt"
	"strings"
)

// Party is whose fault a component's trouble looks like.
type Party string

// The parties. They are said to the team, never to the public: it is what our
// measurements suggest, and no finding against anybody.
const (
	PartyNone     Party = ""                   // nothing is wrong
	PartyPortal   Party = "portal-or-supplier" // the portal, or whoever sends its messages
	PartyOperator Party = "operator"           // the operator of the numbers
	PartyHandset  Party = "handset"            // our handset, its SIM or its forwarder
	PartyLine     Party = "our-line"           // our own connection
	PartyUnknown  Party = "not-yet-known"
)

// Parties are all that trouble can look like the fault of.
func Parties() []Party {
	return []Party{PartyPortal, PartyOperator, PartyHandset, PartyLine, PartyUnknown}
}

// Fault is a party with what speaks for it: sentences for an engineer with
// counts and ids of our SIMs, and nothing else.
type Fault struct {
	Party    Party
	Evidence []string
}

// evidence is all that is known about a stream's trouble since it began.
type evidence struct {
	trouble   bool // confirmed
	refused   bool // it is that codes are refused, not that they are late
	lineDown  bool // no reference host answers
	silent    bool // no heartbeat of any receiver
	heartbeat bool // there are heartbeats to be heard
	texts     bool // the stream is an operator's
	codes     codesSeen
	same      controls // from the operator's own SIMs
	across    controls // from another operator's
	emptySIMs []string // ours that look empty
}

// codesSeen is what became of codes.
type codesSeen struct {
	good, late, lost int
	unsent           int // the portal would not send
	forwarder        int // held up between handset and us, among all that came
	// Of the late ones that came, where they spent most of their time: before
	// the operator's centre stamped them, or behind it.
	beforeCentre, behindCentre int
	lossOn                     []string // SIMs that lost or late codes were for
}

// controls is what became of control messages of one kind.
type controls struct {
	good, bad int // in time at the handset, or late and lost
	forwarder int // held up between handset and us
}

func (c controls) all() int { return c.good + c.bad }

func (c controls) plus(other controls) controls {
	return controls{c.good + other.good, c.bad + other.bad, c.forwarder + other.forwarder}
}

// enoughControls is how many control messages must speak the same language.
// One alone is late by chance now and then.
const enoughControls = 2

// judge says whose fault it looks like. What is ours is asked first: while our
// line or handset fails, nothing that did not reach us says anything about
// others. Then the control messages, which take the operator's way alone; then
// where late codes were held up; and otherwise it is not known.
func judge(e evidence) Fault {
	said := e.sentences()
	fault := func(p Party) Fault { return Fault{p, said} }
	controls := e.same.plus(e.across)
	switch {
	case e.lineDown:
		return fault(PartyLine)
	case e.silent:
		return fault(PartyHandset)
	case e.forwarded():
		return fault(PartyHandset)
	case !e.trouble && len(e.emptySIMs) > 0:
		return fault(PartyHandset)
	case !e.trouble:
		return Fault{}
	case e.refused || e.codes.unsent > e.codes.late+e.codes.lost:
		return fault(PartyPortal)
	case e.codes.late+e.codes.lost == 0:
		return fault(PartyUnknown)
	case mostlyBehind(e.codes):
		return fault(PartyOperator)
	case controls.bad >= enoughControls && controls.mostly() && e.same.mostly():
		return fault(PartyOperator)
	case controls.good >= enoughControls && controls.bad*4 <= controls.all():
		return fault(PartyPortal)
	default:
		// Too few; or late from outside only, which may be the other operator
		// or the border between the two; or now this, now that.
		return fault(PartyUnknown)
	}
}

// mostly says whether there were bad ones, half of all or more.
func (c controls) mostly() bool { return c.bad > 0 && c.bad*2 >= c.all() }

// forwarded says whether what comes is held up behind the handset.
func (e evidence) forwarded() bool {
	held := e.codes.forwarder + e.same.forwarder + e.across.forwarder
	other := e.codes.late + e.codes.lost + e.same.bad + e.across.bad
	return held >= 2 && held > other
}

// mostlyBehind says whether the late codes whose way is known were with the
// operator's centre in time, so that the delay came after it.
func mostlyBehind(c codesSeen) bool {
	return c.behindCentre >= 2 && c.behindCentre > c.beforeCentre
}

// sentences is the evidence in words.
func (e evidence) sentences() []string {
	var said []string
	say := func(when bool, format string, args ...any) {
		if when {
			said = append(said, fmt.Sprintf(format, args...))
		}
	}
	c := e.codes
	say(e.lineDown, "neither the portal nor a reference host answers us")
	say(e.silent, "no handset gives a heartbeat")
	say(!e.silent && e.heartbeat, "the handsets give heartbeats")
	say(c.good+c.late+c.lost > 0, "codes: %d in time, %d late, %d not there (yet)", c.good, c.late, c.lost)
	say(len(c.lossOn) > 0, "late or missing on %d of our SIMs: %s", len(c.lossOn), strings.Join(c.lossOn, ", "))
	say(c.unsent > 0, "the portal would not send %d codes", c.unsent)
	say(e.refused, "the portal refuses codes that came in time")
	say(c.beforeCentre > 0, "%d late codes were late before the operator's centre stamped them", c.beforeCentre)
	say(c.behindCentre > 0, "%d late codes were with the operator's centre in time and late at the handset", c.behindCentre)
	held := c.forwarder + e.same.forwarder + e.across.forwarder
	say(held > 0, "%d messages were at the handset in time and late from it", held)
	say(len(e.emptySIMs) > 0, "these of our SIMs look empty: %s", strings.Join(e.emptySIMs, ", "))
	e.same.say(say, "within the operator")
	e.across.say(say, "from another operator")
	say(e.trouble && e.texts && e.same.all()+e.across.all() == 0, "no control message since it began")
	return said
}

func (c controls) say(say func(bool, string, ...any), way string) {
	say(c.all() > 0, "control messages %s: %d in time, %d late or not there (yet)", way, c.good, c.bad)
}

package detect

import (
	"slices"
	"strconv"
	"time"

	"pantau/probes"
)

// way is where a late code spent most of its time.
type way string

const (
	wayUntold way = ""
	wayBefore way = "before" // the operator's centre stamped it
	wayBehind way = "behind" // and before the handset had it
)

// wayOf is where the delay of the message that ended the wait of r was, as far
// as its instants say. What was between the handset and us is none of these.
func wayOf(r probes.Result) way {
	var before, behind time.Duration
	for _, leg := range r.Legs() {
		switch {
		case leg.From == probes.AtRequest && leg.To == probes.AtCentre:
			before = leg.Length
		case leg.From == probes.AtCentre && leg.To == probes.AtDevice:
			behind = leg.Length
		case leg.To != probes.AtUs || leg.From != probes.AtDevice:
			return wayUntold // a leg of several parties
		}
	}
	switch {
	case before > behind:
		return wayBefore
	case behind > before:
		return wayBehind
	default:
		return wayUntold
	}
}

// fault is whose the trouble of s looks like.
func (d *Detector) fault(s StreamOptions, a Assessment) Fault {
	if tracker, ok := d.codes[s.Stream]; ok {
		return judge(tracker.evidence(s.Stream, d.lineIsDown(), d.emptySIMs()))
	}
	switch {
	case d.lineIsDown():
		return judge(evidence{lineDown: true})
	case !a.State.Trouble():
		return Fault{}
	default:
		return Fault{PartyPortal, []string{
			strconv.Itoa(a.Figures.Good) + " of " + strconv.Itoa(a.Figures.Probes) + " probes were well, and our line is up",
		}}
	}
}

// emptySIMs are our SIMs of all operators that look empty.
func (d *Detector) emptySIMs() []emptySIM {
	var empty []emptySIM
	for _, tracker := range d.codes {
		empty = append(empty, tracker.empty...)
	}
	return empty
}

// blindly is what is left of the fault where the stream is not seen: that we do
// not see may be our own fault, and nobody else's.
func (f Fault) blindly() Fault {
	if f.Party == PartyHandset || f.Party == PartyLine {
		return f
	}
	return Fault{}
}

// evidence is what is known since the trouble began or, without any, of the
// last codes. empty are our SIMs that look so, whatever their operator.
func (t *codeTracker) evidence(stream probes.Stream, lineDown bool, empty []emptySIM) evidence {
	since := t.trouble.since
	if !t.trouble.confirmed {
		if recent := last(t.codes, codeLook); len(recent) > 0 {
			since = recent[0].requested
		}
	}
	e := evidence{
		trouble: t.trouble.confirmed, refused: t.trouble.confirmed && t.trouble.cause == CauseOTPRejected,
		lineDown: lineDown, silent: t.silent, heartbeat: t.heard, texts: stream.Operator() != "",
		codes: t.seenSince(since), emptySIMs: t.emptyIDs(),
	}
	e.same, e.across = t.controls.since(since, stream.Operator(), empty)
	return e
}

// seenSince counts the codes asked for since an instant.
func (t *codeTracker) seenSince(since time.Time) codesSeen {
	var seen codesSeen
	for _, c := range t.codes {
		switch {
		case c.requested.Before(since):
		case c.held:
			seen.forwarder++
		case c.unsent:
			seen.unsent++
		case !t.tells(c):
		case t.late(c):
			seen.lateOne(c)
		default:
			seen.good++
		}
	}
	return seen
}

// lateOne counts a code that is late, or not there yet.
func (s *codesSeen) lateOne(c code) {
	switch {
	case !c.arrived:
		s.lost++
	case c.way == wayBehind:
		s.late++
		s.behindCentre++
	case c.way == wayBefore:
		s.late++
		s.beforeCentre++
	default:
		s.late++
	}
	if c.sim != "" && !slices.Contains(s.lossOn, c.sim) {
		s.lossOn = append(s.lossOn, c.sim)
	}
}

package probes

import "time"

// Hearing says whether what was sent to one of our SIMs can have reached us.
type Hearing string

// How a SIM is heard. A handset that gives no signs of life is heard well: its
// silence says nothing.
const (
	HearingWell Hearing = "well"    // its handset was never silent meanwhile
	HearingYet  Hearing = "not-yet" // its handset has had no time to be heard since this process began
	HearingNone Hearing = "none"    // its handset is silent, or was meanwhile
)

// listenFor notes whether the handset of w could be heard all the time, when
// it has something to tell. Once it was silent, the wait is no evidence about
// anybody else: what the handset missed comes when it is back. As long as that
// cannot be known, right after a start, an edge passes untold.
func (p *Prober) listenFor(w *parked, age time.Duration) {
	if p.deps.Hearing == nil || w.unheard != ReasonNone {
		return
	}
	switch p.hearing(w) {
	case HearingNone:
		w.unheard = ReasonSilent
	case HearingYet:
		w.passed = edgesPassed(w.wait.Validity, age)
		if age >= w.wait.GiveUp {
			w.unheard = ReasonSilent
		}
	case HearingWell:
	}
}

// hearing is that of the worst heard of the handsets that w takes.
func (p *Prober) hearing(w *parked) Hearing {
	worst := HearingWell
	for _, key := range w.wait.ears() {
		switch p.deps.Hearing(key, w.since) {
		case HearingNone:
			return HearingNone
		case HearingYet:
			worst = HearingYet
		case HearingWell:
		}
	}
	return worst
}

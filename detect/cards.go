package detect

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// A SIM whose credit is used up loses codes, and would frame its operator. It
// shows in how the losses fall: none of its codes ever comes, while others of
// the operator get theirs. An operator's trouble falls on any SIM.

// emptySIM is one of our SIMs that looks empty.
type emptySIM struct {
	id    string
	since time.Time // when the first of its codes was asked for that never came
}

// surely is how much likelier, as a logarithm, it must be that the SIMs are
// empty than that the operator loses codes: twenty times.
const surely = 3

// onSIM is what became of one SIM's codes.
type onSIM struct {
	id     string
	silent int       // codes that never came, in a row up to now
	since  time.Time // when the first of those was asked for
}

// emptySIMs are those of the SIMs in codes, which are in order of request,
// that look empty.
func emptySIMs(codes []code, validity time.Duration) []emptySIM {
	var runs []onSIM
	for _, c := range codes {
		if c.evidence(validity) {
			runs = follow(runs, c)
		}
	}
	runs = slices.DeleteFunc(runs, func(s onSIM) bool { return s.silent == 0 })
	slices.SortStableFunc(runs, func(a, b onSIM) int { return cmp.Compare(b.silent, a.silent) })
	best, advantage := 0, float64(surely)
	for n := 1; n <= len(runs); n++ {
		if found := likelier(codes, runs[:n], validity); found >= advantage {
			best, advantage = n, found
		}
	}
	var empty []emptySIM
	for _, s := range runs[:best] {
		empty = append(empty, emptySIM{s.id, s.since})
	}
	return empty
}

// evidence says whether it is decided what became of the code, on a SIM that
// is known, and nothing of ours was in its way.
func (c code) evidence(validity time.Duration) bool {
	return c.sim != "" && !c.tainted && (c.arrived || c.age >= validity)
}

// follow adds a code to what its SIM went through.
func follow(runs []onSIM, c code) []onSIM {
	at := slices.IndexFunc(runs, func(s onSIM) bool { return s.id == c.sim })
	if at < 0 {
		at = len(runs)
		runs = append(runs, onSIM{id: c.sim})
	}
	s := &runs[at]
	switch {
	case c.arrived:
		s.silent = 0
	case s.silent == 0:
		s.silent, s.since = 1, c.requested
	default:
		s.silent++
	}
	return runs
}

// likelier compares two explanations of the codes since the first of the
// losses: these SIMs are empty, and the others lose codes now and then; or all
// lose codes alike. Which of the SIMs are the empty ones has its price, so
// that nothing is gained by picking them out afterwards.
func likelier(codes []code, empty []onSIM, validity time.Duration) float64 {
	since := empty[0].since
	for _, s := range empty {
		if s.since.Before(since) {
			since = s.since
		}
	}
	isEmpty := func(c code) bool {
		return slices.ContainsFunc(empty, func(s onSIM) bool { return s.id == c.sim })
	}
	var others []string
	var came, lost, lostOnOthers int
	for _, c := range codes {
		switch {
		case !c.evidence(validity) || c.requested.Before(since):
			continue
		case c.arrived:
			came++
		case isEmpty(c):
			lost++
		default:
			lost++
			lostOnOthers++
		}
		if !isEmpty(c) && !slices.Contains(others, c.sim) {
			others = append(others, c.sim)
		}
	}
	if len(others) < len(empty) {
		return 0 // most of our SIMs at once: look for another cause
	}
	return shares(len(empty), len(others)) + shares(lostOnOthers, came) - shares(lost, came)
}

// shares is the logarithm of the likelihood of a things of one kind and b of
// the other, when their share is what they are.
func shares(a, b int) float64 {
	part := func(n int) float64 {
		if n == 0 {
			return 0
		}
		return float64(n) * math.Log(float64(n)/float64(a+b))
	}
	return part(a) + part(b)
}

// lookAtCards takes SIMs for empty, or no longer, and takes what became of
// their codes for no evidence about the operator. While its trouble is
// confirmed, the losses are the operator's, and they say nothing afterwards.
func (t *codeTracker) lookAtCards() {
	if !t.trouble.confirmed {
		for _, found := range emptySIMs(t.ofThisState(), t.options.Validity) {
			if !slices.ContainsFunc(t.empty, func(e emptySIM) bool { return e.id == found.id }) {
				t.empty = append(t.empty, found)
			}
		}
	}
	t.empty = slices.DeleteFunc(t.empty, func(e emptySIM) bool {
		return slices.ContainsFunc(t.codes, func(c code) bool {
			return c.sim == e.id && c.arrived && !c.requested.Before(e.since)
		})
	})
	for i := range t.codes {
		c := &t.codes[i]
		c.ours = slices.ContainsFunc(t.empty, func(e emptySIM) bool {
			return e.id == c.sim && !c.requested.Before(e.since)
		})
	}
}

// ofThisState are the codes asked for since the present state began.
func (t *codeTracker) ofThisState() []code {
	first := slices.IndexFunc(t.codes, func(c code) bool { return !c.requested.Before(t.trouble.since) })
	if first < 0 {
		return nil
	}
	return t.codes[first:]
}

func (t *codeTracker) emptyIDs() []string {
	var ids []string
	for _, e := range t.empty {
		ids = append(ids, e.id)
	}
	return ids
}

package detect

import (
	"slices"
	"time"
)

// figures are what the window holds, as of now. In trouble the window begins
// with it: good codes from before would make a bad hour look well. A code on its way is counted
// as waiting, and as a probe once it has outlived its validity: leaving out
// what has not come yet would make a bad day look fast.
func (t *codeTracker) figures(now time.Time) Figures {
	f := Figures{Window: t.options.window()}
	if t.trouble.confirmed {
		f.Window = min(f.Window, now.Sub(t.trouble.since))
	}
	var arrived []time.Duration
	for _, c := range t.codes {
		if c.open && !c.tainted {
			f.Waiting++
			f.Oldest = max(f.Oldest, now.Sub(c.requested))
		}
		if c.tainted || now.Sub(c.requested) > f.Window {
			continue
		}
		switch {
		case c.arrived:
			f.Probes++
			arrived = append(arrived, c.age)
			if c.age <= t.options.Validity && !c.refused {
				f.Good++
			}
		case c.age >= t.options.Validity:
			f.Probes++
		}
	}
	slices.Sort(arrived)
	f.Median = quantile(arrived, f.Probes, 1, 2)
	f.Typical = quantile(arrived, f.Probes, 9, 10)
	return f
}

// quantile is the time by which num/den of all codes had arrived, 0 when fewer
// ever did. sorted holds the waits of those that arrived.
func quantile(sorted []time.Duration, all, num, den int) time.Duration {
	if all == 0 {
		return 0
	}
	needed := (all*num + den - 1) / den // rounded up: "9 of 10" of 4 is all 4
	if needed == 0 || needed > len(sorted) {
		return 0
	}
	return sorted[needed-1]
}

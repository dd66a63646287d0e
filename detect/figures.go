package detect

import (
	"cmp"
	"slices"
	"time"
)

// wait is how long a code took, or has taken so far.
type wait struct {
	age     time.Duration
	arrived bool
}

// figures are what the window holds, as of now. A code on its way is counted
// as waiting, and as a probe once it has outlived its validity: leaving out
// what has not come yet would make a bad day look fast.
func (t *codeTracker) figures(now time.Time) Figures {
	f := Figures{Window: t.trouble.window(t.options.window(), now)}
	var waits []wait
	for _, c := range t.codes {
		if c.variant {
			continue
		}
		if c.open && !c.tainted && !c.ours {
			f.Waiting++
			f.Oldest = max(f.Oldest, now.Sub(c.requested))
		}
		if c.tainted || c.ours || now.Sub(c.requested) > f.Window {
			continue
		}
		// Of an arrival that is known to within an interval, the latest counts:
		// nothing may look faster than it was.
		waited, good := c.age, c.arrived && c.latest <= t.options.Validity
		if c.arrived {
			waited = c.latest
		}
		waits = append(waits, wait{waited, c.arrived})
		switch {
		case c.arrived && !good && c.age < t.options.Validity:
			// It cannot be said on which side of its validity it came.
		case c.arrived || c.age >= t.options.Validity:
			f.Probes++
		}
		if good && !c.refused {
			f.Good++
		}
	}
	slices.SortFunc(waits, func(a, b wait) int { return cmp.Compare(a.age, b.age) })
	f.Median, f.Typical = within(waits, .5), within(waits, .9)
	return f
}

// within is the time by which a share of all codes arrives, 0 when that cannot
// be said. It is the quantile of the Kaplan-Meier curve (Kaplan and Meier 1958):
// a code on its way counts with the age it has, for it will take longer than
// that. waits are sorted by age.
func within(waits []wait, share float64) time.Duration {
	missing := 1.0 // the share that has not arrived by now
	for i := 0; i < len(waits); {
		age, atRisk, arrived := waits[i].age, len(waits)-i, 0
		for ; i < len(waits) && waits[i].age == age; i++ {
			if waits[i].arrived {
				arrived++
			}
		}
		missing *= 1 - float64(arrived)/float64(atRisk)
		if arrived > 0 && missing <= 1-share+1e-9 {
			return age
		}
	}
	return 0
}

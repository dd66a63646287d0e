package detect

import (
	"slices"
	"time"

	"pantau/probes"
)

// tried is a kind of run that does on purpose what must be refused.
type tried struct {
	stream  probes.Stream
	variant probes.Variant
}

// laxness is that the portal did not refuse it, since when.
type laxness struct {
	reason probes.Reason
	since  time.Time
}

// foldLax takes in whether the portal refused what it must, and says whether r
// is about nothing else.
func (d *Detector) foldLax(r probes.Result) bool {
	if !r.Tries() {
		return false
	}
	of := tried{r.Stream, r.Variant}
	switch before := d.lax[of]; {
	case r.Verdict == probes.Up:
		delete(d.lax, of)
	case !slices.Contains(probes.Checked(), r.Reason):
		return false // a page that does not come is anybody's trouble
	case before.reason != r.Reason:
		d.lax[of] = laxness{r.Reason, r.At}
	}
	return true
}

// laxOf is what the portal does not refuse on a stream, and since when.
func (d *Detector) laxOf(stream probes.Stream) (reasons []probes.Reason, since time.Time) {
	for of, is := range d.lax {
		if of.stream != stream {
			continue
		}
		reasons = append(reasons, is.reason)
		if since.IsZero() || is.since.Before(since) {
			since = is.since
		}
	}
	slices.Sort(reasons)
	return reasons, since
}

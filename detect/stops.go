package detect

import (
	"slices"
	"time"

	"pantau/probes"
)

// stop is that the portal's owner does not want a stream to be probed, or not
// so far.
type stop struct {
	results int // in a row that said so
	step    probes.Step
	since   time.Time
}

// stopsToTell is how many results in a row it takes: one answer that was not
// for us may be a hiccup.
const stopsToTell = 2

// foldStop counts results that say that probes may not go on. It ends with one
// that got as far.
func (d *Detector) foldStop(r probes.Result) {
	before := d.stops[r.Stream]
	switch {
	case r.Step == probes.StepListen, r.Step.Awaits(), r.Step == probes.StepSendControl:
		return // nothing is sent to the portal
	case r.Reason == probes.ReasonStopped:
		if before.results == 0 {
			before.since = r.At
		}
		d.stops[r.Stream] = stop{before.results + 1, r.Step, before.since}
	case r.Verdict != probes.Unknown && place(r.Step) >= place(before.step):
		delete(d.stops, r.Stream)
	}
}

// place of a step on the way through the portal.
func place(step probes.Step) int {
	return slices.Index([]probes.Step{
		probes.StepOpen, probes.StepCaptcha, probes.StepRequestOTP, probes.StepAwaitOTP, probes.StepSubmitOTP,
	}, step)
}

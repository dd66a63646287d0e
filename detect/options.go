package detect

import (
	"time"

	"pantau/probes"
)

// Options are what a Detector has to know of the world before any result.
type Options struct {
	// Validity is how long a code can be used. Every edge and window is in
	// proportion to it, so that a demo with short-lived codes behaves like
	// production, only faster.
	Validity time.Duration
	// Streams are what is measured, in the order the public sees it.
	Streams []StreamOptions
}

// StreamOptions is one measured stream.
type StreamOptions struct {
	Stream  probes.Stream
	Cadence time.Duration // between two runs of its journey
}

// lateAfter is the age at which a code that is not there is evidence of
// trouble: 5 minutes for the usual 10-minute code. Whoever waits that long has
// asked again.
func (o Options) lateAfter() time.Duration { return o.Validity / 2 }

// window is how far back the published figures look: 2 hours for a 10-minute
// code.
func (o Options) window() time.Duration { return 12 * o.Validity }

// memory is how far back codes are kept to judge our own SIMs: long enough for
// one to be asked three times though each code is waited for.
func (o Options) memory() time.Duration { return 3 * o.window() }

// staleAfter is how old the last measurement of a stream may be before the
// component is Unknown: three cadences, and never less than an hour for codes
// (in proportion to the validity), whose probes are few.
func (o Options) staleAfter(s StreamOptions) time.Duration {
	if s.Stream.CarriesOTP() {
		return max(3*s.Cadence, 6*o.Validity)
	}
	return max(3*s.Cadence, o.Validity/2)
}

// retryGap is how far apart two failures must be to confirm each other: one
// hiccup of the network hits several journeys at once.
func (o Options) retryGap() time.Duration { return o.Validity / 120 }

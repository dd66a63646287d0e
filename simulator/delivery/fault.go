package delivery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Kind names what is broken.
type Kind string

// The kinds of fault, and OTPDips, the only kind of Noise.
const (
	PortalDown     Kind = "portal-down"
	PortalSlow     Kind = "portal-slow"
	CaptchaBroken  Kind = "captcha-broken"
	CaptchaLoop    Kind = "captcha-loop"
	OTPDelay       Kind = "otp-delay"
	OTPQueue       Kind = "otp-queue"
	OTPRejected    Kind = "otp-rejected"
	HandsetOffline Kind = "handset-offline"
	ReceiverLate   Kind = "receiver-late"
	SIMEmpty       Kind = "sim-empty"
	MonitorOffline Kind = "monitor-offline"
	ClockJump      Kind = "clock-jump"
	OTPDips        Kind = "otp-dips"
)

// The ways a portal can be down.
const (
	HowHTTP503 = "http-503" // it answers, with an error
	HowRefuse  = "refuse"   // it takes no connection
	HowHang    = "hang"     // it takes the connection and says nothing
)

// Fault is one thing that is broken from From until Until. Which of the other
// keys belong to it, its Kind decides; see Validate. Its durations mean what
// they say and are never scaled.
type Fault struct {
	Kind Kind `json:"kind" yaml:"kind"`
	// Streams are what it hits: "sms/telkomsel", "email".
	Streams []string `json:"streams,omitempty" yaml:"streams,omitempty"`
	// From is the first instant of the fault. The zero From is "already on".
	From Time `json:"from,omitzero" yaml:"from,omitempty"`
	// Until is the first instant after the fault. The zero Until is "until removed".
	Until Time `json:"until,omitzero" yaml:"until,omitempty"`

	How         string  `json:"how,omitempty" yaml:"how,omitempty"`                 // portal-down: HowHTTP503, HowRefuse or HowHang
	Probability float64 `json:"probability,omitempty" yaml:"probability,omitempty"` // captcha-loop, otp-rejected: above 0, to 1

	Late   float64  `json:"late,omitempty" yaml:"late,omitempty"`     // otp-delay: share of what is not lost that is drawn from Median and P95
	Median Duration `json:"median,omitempty" yaml:"median,omitempty"` // otp-delay: of the late ones; portal-slow: how long pages take
	P95    Duration `json:"p95,omitempty" yaml:"p95,omitempty"`       // otp-delay: of the late ones
	Lost   float64  `json:"lost,omitempty" yaml:"lost,omitempty"`     // otp-delay: share that never arrives
	SIMs   float64  `json:"sims,omitempty" yaml:"sims,omitempty"`     // otp-delay, sim-empty: share of the SIMs hit; otp-delay: 0 is all
	Ramp   Duration `json:"ramp,omitempty" yaml:"ramp,omitempty"`     // otp-delay: Late and Lost grow linearly from 0 over this long

	ArrivalsPerMinute float64  `json:"arrivals_per_minute,omitempty" yaml:"arrivals_per_minute,omitempty"` // otp-queue: first requests
	ServedPerMinute   float64  `json:"served_per_minute,omitempty" yaml:"served_per_minute,omitempty"`     // otp-queue
	ReRequestAfter    Duration `json:"re_request_after,omitempty" yaml:"re_request_after,omitempty"`       // otp-queue: who waits longer asks again
	ReRequestsAtMost  int      `json:"re_requests_at_most,omitempty" yaml:"re_requests_at_most,omitempty"` // otp-queue: per person
	ExpireAfter       Duration `json:"expire_after,omitempty" yaml:"expire_after,omitempty"`               // otp-queue: what is older is thrown away

	Delay Duration `json:"delay,omitempty" yaml:"delay,omitempty"` // receiver-late
	By    Duration `json:"by,omitempty" yaml:"by,omitempty"`       // clock-jump: the monitor's clock jumps by this, back when negative
}

// UnmarshalJSON refuses a key that no fault has, so that a misspelt one is not
// silently a fault without it. It does not call Validate.
func (f *Fault) UnmarshalJSON(raw []byte) error {
	type plain Fault
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	var decoded plain
	if err := decoder.Decode(&decoded); err != nil {
		return fmt.Errorf("reading a fault: %w", err)
	}
	*f = Fault(decoded)
	return nil
}

// Active says whether the fault is on at this instant.
func (f Fault) Active(at time.Time) bool {
	begun := f.From.IsZero() || !at.Before(f.From.Time)
	ended := !f.Until.IsZero() && !at.Before(f.Until.Time)
	return begun && !ended
}

// Hits says whether the fault is about this stream.
func (f Fault) Hits(stream string) bool { return slices.Contains(f.Streams, stream) }

// Find gives the first fault of this kind that is on at this instant and hits
// the stream. The stream "" asks for a kind that has no streams.
func Find(faults []Fault, kind Kind, stream string, at time.Time) (Fault, bool) {
	i := slices.IndexFunc(faults, func(f Fault) bool {
		return f.Kind == kind && f.Active(at) && (stream == "" || f.Hits(stream))
	})
	if i < 0 {
		return Fault{}, false
	}
	return faults[i], true
}

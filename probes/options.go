package probes

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"time"

	"pantau/internal/invalid"
)

// Options is everything probes are configured with.
type Options struct {
	Portal   Portal    `yaml:"portal"`
	Journeys []Journey `yaml:"journeys"`
	SIMs     []SIM     `yaml:"sims"`
	// References are addresses of hosts that have nothing to do with the
	// portal, two at best. When neither they nor the portal answer, the fault
	// is our own line's. Without any, every silence is the portal's.
	References []string `yaml:"references"`
	// Pool is how many runs may talk to the portal at once, 8 when left out.
	Pool int `yaml:"pool"`
}

// Journey is what one kind of run walks, and how often.
type Journey struct {
	Name   string        `yaml:"name"`
	Stream Stream        `yaml:"stream"`
	Steps  []Step        `yaml:"steps"` // in the order of the portal: open, captcha, request-otp, await-otp, submit-otp
	Every  time.Duration `yaml:"every"` // from one start to the next
	// EveryListening is the interval while the stream's trouble is confirmed:
	// codes cost money and hold their SIM, and the ones on their way tell
	// enough. Three validities when left out, 30m for the usual 10m.
	EveryListening time.Duration `yaml:"every_listening"`
	Timeout        time.Duration `yaml:"timeout"` // of the whole run without the wait for the code, 1m when left out
}

const (
	defaultPool    = 8
	defaultTimeout = time.Minute
	// shortestEvery keeps a mistyped interval from becoming a flood.
	shortestEvery = time.Second
)

func (o Options) pool() int {
	if o.Pool == 0 {
		return defaultPool
	}
	return o.Pool
}

func (j Journey) timeout() time.Duration {
	if j.Timeout == 0 {
		return defaultTimeout
	}
	return j.Timeout
}

// everyListening is a little short of the interval, so that a tick that comes a
// moment early is not left out.
func (j Journey) everyListening(validity time.Duration) time.Duration {
	return or(j.EveryListening, 3*validity) - j.Every/2
}

// asks says whether the journey asks for a code.
func (j Journey) asks() bool { return slices.Contains(j.Steps, StepRequestOTP) }

// Validate gives every mistake in the options with its place.
func (o Options) Validate() error {
	mistakes := []error{invalid.In("portal", o.Portal.Validate()), o.validateSIMs()}
	if len(o.Journeys) == 0 {
		mistakes = append(mistakes, invalid.At("journeys", "is empty; without a journey nothing is measured"))
	}
	for i, j := range o.Journeys {
		mistakes = append(mistakes, invalid.In(fmt.Sprintf("journeys[%d]", i), errors.Join(j.validate(), o.fits(j))))
		if slices.ContainsFunc(o.Journeys[:i], func(before Journey) bool { return before.Name == j.Name }) {
			mistakes = append(mistakes, invalid.At(fmt.Sprintf("journeys[%d].name", i), "%q is used twice", j.Name))
		}
	}
	for i, reference := range o.References {
		if !isWebAddress(reference) {
			mistakes = append(mistakes, invalid.At(fmt.Sprintf("references[%d]", i), "%q is not an address; write https://host/", reference))
		}
	}
	if o.Pool < 0 {
		mistakes = append(mistakes, invalid.At("pool", "is %d, want 1 or more", o.Pool))
	}
	return errors.Join(mistakes...)
}

// validate looks at the journey by itself.
func (j Journey) validate() error {
	var mistakes []error
	if !name.MatchString(j.Name) {
		mistakes = append(mistakes, invalid.At("name", "%q is not a name; write small letters, digits and hyphens", j.Name))
	}
	if j.Every < shortestEvery {
		mistakes = append(mistakes, invalid.At("every", "is %s, want at least %s", j.Every, shortestEvery))
	}
	if j.EveryListening != 0 && j.EveryListening < j.Every {
		mistakes = append(mistakes, invalid.At("every_listening", "is %s, want at least every, %s", j.EveryListening, j.Every))
	}
	if j.Timeout < 0 {
		mistakes = append(mistakes, invalid.At("timeout", "is %s, want more than 0s", j.Timeout))
	}
	return errors.Join(append(mistakes, validateSteps(j.Steps))...)
}

// walked are the steps a journey can be made of, in the portal's order.
func walked() []Step {
	return []Step{StepOpen, StepCaptcha, StepRequestOTP, StepAwaitOTP, StepSubmitOTP}
}

func validateSteps(steps []Step) error {
	if len(steps) == 0 {
		return invalid.At("steps", "is empty; the steps are %v", walked())
	}
	var mistakes []error
	last := -1
	for i, step := range steps {
		place := slices.Index(walked(), step)
		at := fmt.Sprintf("steps[%d]", i)
		switch {
		case place < 0:
			mistakes = append(mistakes, invalid.At(at, "%q is unknown; the steps are %v", step, walked()))
			continue
		case place == last:
			mistakes = append(mistakes, invalid.At(at, "%q stands twice", step))
		case place < last:
			mistakes = append(mistakes, invalid.At(at, "%q comes after %q; the order is %v", step, walked()[last], walked()))
		}
		last = max(last, place)
	}
	return errors.Join(append(mistakes, validateWaiting(steps))...)
}

// validateWaiting holds that a code that is asked for is waited for, and the
// other way round.
func validateWaiting(steps []Step) error {
	asks := slices.Contains(steps, StepRequestOTP)
	awaits := slices.Contains(steps, StepAwaitOTP)
	submits := slices.Contains(steps, StepSubmitOTP)
	switch {
	case asks && !awaits:
		return invalid.At("steps", "%q without %q: a code is asked for that nobody waits for", StepRequestOTP, StepAwaitOTP)
	case awaits && !asks:
		return invalid.At("steps", "%q without %q: there is no code to wait for", StepAwaitOTP, StepRequestOTP)
	case submits && !awaits:
		return invalid.At("steps", "%q without %q: there is no code to submit", StepSubmitOTP, StepAwaitOTP)
	}
	return nil
}

// fits holds the journey against the portal's profile and our SIMs.
func (o Options) fits(j Journey) error {
	var mistakes []error
	if slices.Contains(j.Steps, StepCaptcha) && o.Portal.Captcha == nil {
		mistakes = append(mistakes, invalid.At("steps", "%q, but the portal has no captcha configured", StepCaptcha))
	}
	if slices.Contains(j.Steps, StepSubmitOTP) && o.Portal.SubmitOTP == nil {
		mistakes = append(mistakes, invalid.At("steps", "%q, but the portal has no submit_otp configured", StepSubmitOTP))
	}
	if j.asks() && o.Portal.Captcha != nil && !slices.Contains(j.Steps, StepCaptcha) {
		mistakes = append(mistakes, invalid.At("steps", "%q without %q: this portal asks for its captcha first", StepRequestOTP, StepCaptcha))
	}
	return errors.Join(append(mistakes, o.fitsStream(j))...)
}

func (o Options) fitsStream(j Journey) error {
	operator := j.Stream.Operator()
	switch {
	case !j.Stream.CarriesOTP() && j.Stream != StreamPortal && j.Stream != StreamCaptcha:
		return invalid.At("stream", "%q is unknown; write %s, %s, %s or sms/OPERATOR", j.Stream, StreamPortal, StreamCaptcha, StreamEmail)
	case j.Stream.CarriesOTP() != j.asks():
		return invalid.At("stream", "%q does not go with the steps %v: codes travel on %s and sms/OPERATOR", j.Stream, j.Steps, StreamEmail)
	case !j.asks():
		return nil
	case o.Portal.channel(j.Stream) == nil:
		return invalid.At("stream", "%q, but the portal's request_otp has no such channel", j.Stream)
	case operator == "":
		return nil
	case !o.Portal.supports(operator):
		return invalid.At("stream", "the portal's operators do not list %q as supported", operator)
	case !slices.ContainsFunc(o.SIMs, func(s SIM) bool { return s.Operator == operator }):
		return invalid.At("stream", "there is no SIM of %q", operator)
	}
	return nil
}

func (o Options) validateSIMs() error {
	var mistakes []error
	for i, sim := range o.SIMs {
		mistakes = append(mistakes, invalid.In(fmt.Sprintf("sims[%d]", i), sim.validate()))
		if slices.ContainsFunc(o.SIMs[:i], func(before SIM) bool { return before.ID == sim.ID }) {
			mistakes = append(mistakes, invalid.At(fmt.Sprintf("sims[%d].id", i), "%q is used twice", sim.ID))
		}
	}
	return errors.Join(mistakes...)
}

var (
	name   = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	number = regexp.MustCompile(`^\+62[1-9][0-9]{7,11}$`)
)

// validate never says the number.
func (s SIM) validate() error {
	var mistakes []error
	if !name.MatchString(s.ID) {
		mistakes = append(mistakes, invalid.At("id", "%q is not a name; write small letters, digits and hyphens", s.ID))
	}
	if s.Operator == "" {
		mistakes = append(mistakes, invalid.At("operator", "is missing"))
	}
	if !number.MatchString(s.Number.Reveal()) {
		mistakes = append(mistakes, invalid.At("number", "is not an Indonesian number as +62…"))
	}
	if s.Receiver == "" {
		mistakes = append(mistakes, invalid.At("receiver", "is missing: which receiver hears this SIM"))
	}
	if s.Slot < 0 {
		mistakes = append(mistakes, invalid.At("slot", "is %d, want 1 or more", s.Slot))
	}
	return errors.Join(mistakes...)
}

func isWebAddress(text string) bool {
	parsed, err := url.Parse(text)
	return err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Host != ""
}

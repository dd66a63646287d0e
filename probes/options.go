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
	Portal Portal `yaml:"portal"`
	// Authorisation is the path of the file in which the portal's owner allows
	// our probes, see Permission. It is needed for every portal that is not on
	// this machine.
	Authorisation string    `yaml:"authorisation"`
	Journeys      []Journey `yaml:"journeys"`
	SIMs          []SIM     `yaml:"sims"`
	// Gateways send control messages from our SIMs.
	Gateways []Gateway `yaml:"gateways"`
	// References are addresses of hosts that have nothing to do with the
	// portal, two at best. When neither they nor the portal answer, the fault
	// is our own line's. Without any, every silence is the portal's.
	References []string `yaml:"references"`
	// SIMSpacing is the least time between two codes to one SIM: six
	// validities when left out, 60m for the usual 10m, as long as people are
	// told to wait before they ask again. One validity is enough while a
	// suspicion is looked into.
	SIMSpacing time.Duration `yaml:"sim_spacing"`
	Budget     Budget        `yaml:"budget"`
	Costs      Costs         `yaml:"costs"`
	// Pool is how many runs may talk to the portal at once, 8 when left out.
	Pool    int     `yaml:"pool"`
	Browser Browser `yaml:"browser"`
}

// Journey is what one kind of run walks, and how often.
type Journey struct {
	Name   string        `yaml:"name"`
	Stream Stream        `yaml:"stream"`
	Steps  []Step        `yaml:"steps"` // in the order of the portal: open, captcha, request-otp, await-otp, submit-otp; or send-control, await-control
	Every  time.Duration `yaml:"every"` // from one start to the next
	// EveryListening is the interval while the stream's trouble is confirmed:
	// codes cost money and hold their SIM, and the ones on their way tell
	// enough. Three validities when left out, 30m for the usual 10m.
	EveryListening time.Duration `yaml:"every_listening"`
	Timeout        time.Duration `yaml:"timeout"` // of the whole run without the wait for the code, 1m when left out
	// Mail names the receiver that hears the codes of stream email: "smtp" or
	// one of inbox.imap. It can be left out when there is only one.
	Mail string `yaml:"mail"`
	// JunkIsDown counts a code in the junk folder as one that never came:
	// people do not find it. Left out, it counts as arrived, and the evidence
	// says where.
	JunkIsDown bool `yaml:"junk_is_down"`
	// Submit is which code is typed in step submit-otp. "last" is the default
	// and must be accepted. "older" asks for two codes and types the first,
	// which must be refused as superseded, then the last; on stream email only,
	// because a SIM is not asked twice within a validity. "expired" types the
	// code after its validity, and must be refused as expired. The two are for
	// journeys of their own that run rarely; how long their codes take is no
	// evidence of anything.
	Submit string `yaml:"submit"`
	// Captcha "wrong" gives a wrong answer, which must be refused. It is for a
	// journey of its own that runs rarely and ends with step captcha. "right"
	// is the default.
	Captcha string `yaml:"captcha"`
	// From is the operator from whose SIMs a journey of send-control and
	// await-control sends to those of its stream; the stream's own when left
	// out.
	From string `yaml:"from"`
	// Browser true walks the journey in Chromium, for portals whose pages are
	// made by scripts. It takes about ten times the time and memory.
	Browser bool `yaml:"browser"`
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

func (o Options) simSpacing() time.Duration { return or(o.SIMSpacing, 6*o.Portal.CodeValidity()) }

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
	mistakes := []error{invalid.In("portal", o.Portal.Validate()), o.validateSIMs(), o.validateGateways()}
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
	mistakes = append(mistakes, o.validateMoney(), invalid.In("browser", o.Browser.validate()))
	if o.SIMSpacing < 0 {
		mistakes = append(mistakes, invalid.At("sim_spacing", "is %s, want more than 0s", o.SIMSpacing))
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
	if err := j.validateVariant(); err != nil {
		mistakes = append(mistakes, err)
	}
	if j.Timeout < 0 {
		mistakes = append(mistakes, invalid.At("timeout", "is %s, want more than 0s", j.Timeout))
	}
	return errors.Join(append(mistakes, validateSteps(j.Steps))...)
}

// walked are the steps a journey can be made of, in the portal's order.
func walked() []Step {
	return []Step{StepOpen, StepCaptcha, StepRequestOTP, StepAwaitOTP, StepSubmitOTP, StepSendControl, StepAwaitControl}
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
	control := slices.Contains(steps, StepSendControl) || slices.Contains(steps, StepAwaitControl)
	switch {
	case control && !slices.Equal(steps, []Step{StepSendControl, StepAwaitControl}):
		return invalid.At("steps", "%q and %q go together and with no other step", StepSendControl, StepAwaitControl)
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
	if j.asks() && !o.Portal.captchaCanBePassed() {
		mistakes = append(mistakes, invalid.At("steps", "%q behind a captcha that nobody answers: a probe never guesses, so portal.oracle or portal.signing is needed", StepRequestOTP))
	}
	return errors.Join(append(mistakes, o.fitsStream(j), o.fitsVariant(j))...)
}

func (o Options) fitsStream(j Journey) error {
	operator := j.Stream.Operator()
	switch {
	case j.Control():
		if field, problem := o.fitsControl(j); problem != "" {
			return invalid.At(field, "%s", problem)
		}
		return nil
	case j.From != "":
		return invalid.At("from", "belongs to journeys of %q", StepSendControl)
	case !j.Stream.CarriesOTP() && j.Stream != StreamPortal && j.Stream != StreamCaptcha:
		return invalid.At("stream", "%q is unknown; write %s, %s, %s or sms/OPERATOR", j.Stream, StreamPortal, StreamCaptcha, StreamEmail)
	case j.Stream.CarriesOTP() != j.asks():
		return invalid.At("stream", "%q does not go with the steps %v: codes travel on %s and sms/OPERATOR", j.Stream, j.Steps, StreamEmail)
	case j.Stream != StreamEmail && (j.Mail != "" || j.JunkIsDown):
		return invalid.At("stream", "%q has no mail receiver; leave out mail and junk_is_down", j.Stream)
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
	if (s.CreditIDR == nil) != s.CreditAt.IsZero() {
		mistakes = append(mistakes, invalid.At("credit_idr", "goes with credit_at: how much there was, and when"))
	}
	if s.CreditIDR != nil && *s.CreditIDR < 0 {
		mistakes = append(mistakes, invalid.At("credit_idr", "is %d, want 0 or more", *s.CreditIDR))
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

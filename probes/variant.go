package probes

import (
	"errors"
	"slices"

	"pantau/internal/invalid"
)

// Variant is what a run does on purpose to see it refused. Its results say
// whether the portal checks what it should; how long its codes take is no
// evidence about anybody.
type Variant string

// The variants. The usual run answers the captcha rightly and submits the last
// code while it is valid.
const (
	VariantNone    Variant = ""
	VariantOlder   Variant = "older"         // asks twice and submits the first code, then the last
	VariantExpired Variant = "expired"       // submits the code after its validity
	VariantCaptcha Variant = "captcha-wrong" // gives a wrong captcha answer
)

// Checked are the reasons about what a portal should have refused. They keep
// nobody from registering, so they are the team's to know and not the public's.
func Checked() []Reason {
	return []Reason{ReasonOlderAccepted, ReasonExpiredTaken, ReasonWording, ReasonWrongAccepted}
}

// Tries says whether r tells if the portal refused what it must. Nothing else
// follows from it.
func (r Result) Tries() bool {
	switch r.Variant {
	case VariantCaptcha:
		return r.Step == StepCaptcha
	case VariantOlder, VariantExpired:
		return r.Step == StepSubmitOTP && r.Wait == nil
	default:
		return false
	}
}

// variant is what the runs of j do on purpose.
func (j Journey) variant() Variant {
	switch {
	case j.Captcha == "wrong":
		return VariantCaptcha
	case j.Submit == "older":
		return VariantOlder
	case j.Submit == "expired":
		return VariantExpired
	default:
		return VariantNone
	}
}

// Usual says whether the journey measures what people meet, rather than what
// the portal must refuse, or our own messages.
func (j Journey) Usual() bool { return j.variant() == VariantNone && !j.Control() }

// codes is how many codes one run of j asks for.
func (j Journey) codes() int {
	switch {
	case !j.asks():
		return 0
	case j.variant() == VariantOlder:
		return 2
	default:
		return 1
	}
}

// validateVariant looks at the variant by itself.
func (j Journey) validateVariant() error {
	submits := slices.Contains(j.Steps, StepSubmitOTP)
	var mistakes []error
	switch {
	case !slices.Contains([]string{"", "last", "older", "expired"}, j.Submit):
		mistakes = append(mistakes, invalid.At("submit", "%q is unknown; write last, older or expired", j.Submit))
	case j.Submit != "" && !submits:
		mistakes = append(mistakes, invalid.At("submit", "%q without %q in steps", j.Submit, StepSubmitOTP))
	case j.Submit == "older" && j.Stream != StreamEmail:
		mistakes = append(mistakes, invalid.At("submit", "%q asks for two codes at once, which a SIM is not asked for; measure it on stream %s", j.Submit, StreamEmail))
	}
	switch {
	case !slices.Contains([]string{"", "right", "wrong"}, j.Captcha):
		mistakes = append(mistakes, invalid.At("captcha", "%q is unknown; write right or wrong", j.Captcha))
	case j.Captcha != "" && !slices.Contains(j.Steps, StepCaptcha):
		mistakes = append(mistakes, invalid.At("captcha", "%q without %q in steps", j.Captcha, StepCaptcha))
	case j.Captcha == "wrong" && j.asks():
		mistakes = append(mistakes, invalid.At("captcha", "%q leads no further; let steps end with %q", j.Captcha, StepCaptcha))
	}
	return errors.Join(mistakes...)
}

// fitsVariant holds that the portal's profile says how it refuses.
func (o Options) fitsVariant(j Journey) error {
	if c := o.Portal.Captcha; c != nil && j.variant() == VariantCaptcha {
		if _, isVendor := testKeys(c.Kind); isVendor {
			return invalid.At("captcha", "%q, but a %s captcha takes any answer", j.Captcha, c.Kind)
		}
	}
	s := o.Portal.SubmitOTP
	switch {
	case s == nil:
		return nil
	case j.variant() == VariantOlder && s.Superseded == "":
		return invalid.At("submit", "%q, but the portal's submit_otp has no superseded", j.Submit)
	case j.variant() == VariantExpired && s.Expired == "":
		return invalid.At("submit", "%q, but the portal's submit_otp has no expired", j.Submit)
	default:
		return nil
	}
}

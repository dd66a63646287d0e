package probes

import (
	"context"
	"strings"
)

// CaptchaKind is what a portal's captcha is made with.
type CaptchaKind string

// The kinds. Those of vendors are for staging only: with the keys that each
// vendor publishes for tests its widget lets everybody through, and there is
// nothing to solve. With any other key a probe does not answer, ever.
const (
	CaptchaImage     CaptchaKind = "image"
	CaptchaRecaptcha CaptchaKind = "recaptcha-test"
	CaptchaHcaptcha  CaptchaKind = "hcaptcha-test"
	CaptchaTurnstile CaptchaKind = "turnstile-test"
)

// vendor is what a vendor publishes for tests of sites that use its widget.
type vendor struct {
	widget  string   // selector of the element that carries data-sitekey
	field   string   // what the widget adds to the form
	siteKey []string // that let everybody through
	token   string   // what the widget gives with them
}

// testKeys gives what is published for kind.
//
//   - reCAPTCHA v2: https://developers.google.com/recaptcha/docs/faq, "I'd like
//     to run automated tests": "all verification requests will pass", whatever
//     the token, so that ours says who we are.
//   - hCaptcha: https://docs.hcaptcha.com/#integration-testing-test-keys, the
//     set "Publisher Account".
//   - Turnstile: https://developers.cloudflare.com/turnstile/troubleshooting/testing/,
//     the keys that always pass, visible and invisible.
func testKeys(kind CaptchaKind) (v vendor, known bool) {
	switch kind {
	case CaptchaRecaptcha:
		return vendor{
			widget: ".g-recaptcha", field: "g-recaptcha-response",
			siteKey: []string{"6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI"}, token: "pantau-test",
		}, true
	case CaptchaHcaptcha:
		return vendor{
			widget: ".h-captcha", field: "h-captcha-response",
			siteKey: []string{"10000000-ffff-ffff-ffff-000000000001"}, token: "10000000-aaaa-bbbb-cccc-000000000001",
		}, true
	case CaptchaTurnstile:
		return vendor{
			widget: ".cf-turnstile", field: "cf-turnstile-response",
			siteKey: []string{"1x00000000000000000000AA", "1x00000000000000000000BB"}, token: "XXXX.DUMMY.TOKEN.XXXX",
		}, true
	default:
		return vendor{}, false
	}
}

func (v vendor) published(siteKey string) bool {
	for _, key := range v.siteKey {
		if key == siteKey {
			return true
		}
	}
	return false
}

// answerWidget sends the token of a vendor's widget in test. A page with
// another key is one for people, and left alone.
func (v *visit) answerWidget(ctx context.Context, challenge form, vendor vendor) error {
	widget := v.page.doc.Find(v.portal.Captcha.Form).Find(vendor.widget).First()
	if widget.Length() == 0 {
		return &fault{Down, ReasonImage, "the form has no " + vendor.widget}
	}
	if !vendor.published(widget.AttrOr("data-sitekey", "")) {
		return silent("the page's site key is not one that its vendor publishes for tests; a probe never solves a real one")
	}
	challenge.values.Set(vendor.field, vendor.token)
	return v.send(ctx, challenge)
}

// captchaCanBePassed says whether there is an honest way past the captcha: none
// is asked, its owner tells the answer or may let signed requests through, or
// it is a vendor's in test.
func (p Portal) captchaCanBePassed() bool {
	if p.Captcha == nil || p.Oracle.URL != "" || p.Signing != nil {
		return true
	}
	_, isVendor := testKeys(p.Captcha.Kind)
	return isVendor
}

// LetThrough says whether our probes may be let past the captcha another way
// than people: by our signature, or with an answer from its owner.
func (p Portal) LetThrough() bool { return p.Signing != nil || p.Captcha != nil && p.Oracle.URL != "" }

// checkKind holds that what is configured goes with the kind.
func (c Captcha) checkKind(check *checklist) {
	vendor, isVendor := testKeys(c.Kind)
	switch {
	case isVendor && !vendor.published(c.SiteKey):
		check.add("captcha.site_key", "%q is not a key for tests; only %s can be probed, with %s",
			c.SiteKey, c.Kind, strings.Join(vendor.siteKey, " or "))
	case isVendor:
	case c.Kind != "" && c.Kind != CaptchaImage:
		check.add("captcha.kind", "%q is unknown; one of %s", c.Kind,
			strings.Join([]string{string(CaptchaImage), string(CaptchaRecaptcha), string(CaptchaHcaptcha), string(CaptchaTurnstile)}, ", "))
	case c.SiteKey != "":
		check.add("captcha.site_key", "means nothing for kind %s", CaptchaImage)
	default:
		check.selector("captcha.image", c.Image)
		check.filled("captcha.id_field", c.IDField)
		check.filled("captcha.answer_field", c.AnswerField)
	}
	if isVendor && c.Image+c.IDField+c.AnswerField != "" {
		check.add("captcha.kind", "%s has neither image nor id_field nor answer_field", c.Kind)
	}
}

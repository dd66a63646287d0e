package probes

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// widgetPage is a captcha page as a vendor's documentation shows it.
func widgetPage(class, siteKey string) string {
	return fmt.Sprintf(`<form id="form-captcha" method="post" action="/daftar"><div class=%q data-sitekey=%q></div><button>Lanjut</button></form>`, class, siteKey)
}

func TestVendorsInTest(t *testing.T) {
	for _, test := range []struct {
		kind    CaptchaKind
		class   string
		onPage  string
		want    string
		token   string // field=value that the portal must get, "" for nothing sent
		because string
	}{
		{CaptchaRecaptcha, "g-recaptcha", "6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI", "captcha up", "g-recaptcha-response=pantau-test", ""},
		{CaptchaHcaptcha, "h-captcha", "10000000-ffff-ffff-ffff-000000000001", "captcha up", "h-captcha-response=10000000-aaaa-bbbb-cccc-000000000001", ""},
		{CaptchaTurnstile, "cf-turnstile", "1x00000000000000000000AA", "captcha up", "cf-turnstile-response=XXXX.DUMMY.TOKEN.XXXX", ""},
		{CaptchaTurnstile, "cf-turnstile", "1x00000000000000000000BB", "captcha up", "cf-turnstile-response=XXXX.DUMMY.TOKEN.XXXX", ""},
		{CaptchaTurnstile, "cf-turnstile", "0x4AAAAAAAreal", "captcha unknown oracle", "", "never solves a real one"},
		{CaptchaTurnstile, "cf-turnstile", "2x00000000000000000000AB", "captcha unknown oracle", "", "never solves a real one"}, // always blocks
		{CaptchaHcaptcha, "h-captcha", "", "captcha unknown oracle", "", "never solves a real one"},
		{CaptchaHcaptcha, "g-recaptcha", "6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI", "captcha down image-broken", "", "no .h-captcha"},
	} {
		t.Run(string(test.kind)+" "+test.onPage, func(t *testing.T) {
			var sent []string
			w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == policyPath:
					http.NotFound(rw, r)
				case r.Method == http.MethodPost:
					vendor, _ := testKeys(test.kind)
					sent = append(sent, vendor.field+"="+r.PostFormValue(vendor.field))
					_, _ = rw.Write([]byte(`<form id="form-kontak"></form>`))
				default:
					_, _ = rw.Write([]byte(widgetPage(test.class, test.onPage)))
				}
			}, func(o *Options) {
				vendor, _ := testKeys(test.kind)
				o.Portal.Oracle = Oracle{}
				c := o.Portal.Captcha
				c.Kind, c.SiteKey, c.Image, c.IDField, c.AnswerField = test.kind, vendor.siteKey[0], "", "", ""
			})
			results := w.once("captcha")
			wantLines(t, results, test.want)
			if got := strings.Join(sent, " "); got != test.token {
				t.Errorf("the portal got %q, want %q", got, test.token)
			}
			if !strings.Contains(results[0].Evidence, test.because) {
				t.Errorf("evidence is %q, want %q in it", results[0].Evidence, test.because)
			}
		})
	}
}

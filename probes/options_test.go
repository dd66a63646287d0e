package probes

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pantau/internal/invalid"
	"pantau/internal/secret"
	"pantau/simulator/portal"
)

func TestTheOptionsOfTheTestsAreValid(t *testing.T) {
	for _, dress := range dresses() {
		if err := testOptions(t, dress, "http://localhost:8081").Validate(); err != nil {
			t.Errorf("%s: %v", dress, err)
		}
	}
}

func TestEveryMistakeInTheOptionsIsSaid(t *testing.T) {
	sms := func(steps ...Step) func(*Options) {
		return func(o *Options) { o.Journeys[2].Steps = steps }
	}
	for _, test := range []struct {
		name  string
		spoil func(*Options)
		want  string
	}{
		{"no journeys", func(o *Options) { o.Journeys = nil }, "journeys: is empty"},
		{"name", func(o *Options) { o.Journeys[0].Name = "Depan!" }, `journeys[0].name: "Depan!" is not a name`},
		{"two of one name", func(o *Options) { o.Journeys[1].Name = "front" }, `journeys[1].name: "front" is used twice`},
		{"every missing", func(o *Options) { o.Journeys[1].Every = 0 }, "journeys[1].every: is 0s, want at least 1s"},
		{"timeout", func(o *Options) { o.Journeys[1].Timeout = -1 }, "journeys[1].timeout: is -1ns"},
		{"no steps", sms(), "journeys[2].steps: is empty"},
		{"unknown step", sms("open", "dance"), `journeys[2].steps[1]: "dance" is unknown; the steps are [open captcha`},
		{"order", sms(StepCaptcha, StepOpen, StepRequestOTP, StepAwaitOTP), `journeys[2].steps[1]: "open" comes after "captcha"`},
		{"twice", sms(StepOpen, StepOpen, StepCaptcha, StepRequestOTP, StepAwaitOTP), `journeys[2].steps[1]: "open" stands twice`},
		{"awaits nothing", func(o *Options) { o.Journeys[1].Steps = []Step{StepCaptcha, StepAwaitOTP} }, `journeys[1].steps: "await-otp" without "request-otp"`},
		{"submits nothing", func(o *Options) { o.Journeys[1].Steps = []Step{StepCaptcha, StepSubmitOTP} }, `journeys[1].steps: "submit-otp" without "await-otp"`},
		{"nobody waits", sms(StepCaptcha, StepRequestOTP), `journeys[2].steps: "request-otp" without "await-otp"`},
		{"past the captcha", sms(StepOpen, StepRequestOTP, StepAwaitOTP), `journeys[2].steps: "request-otp" without "captcha"`},
		{"no captcha", func(o *Options) { o.Portal.Captcha = nil }, `journeys[1].steps: "captcha", but the portal has no captcha`},
		{"no form for the code", func(o *Options) { o.Portal.SubmitOTP = nil }, `journeys[2].steps: "submit-otp", but the portal has no submit_otp`},
		{"stream", func(o *Options) { o.Journeys[0].Stream = "fax" }, `journeys[0].stream: "fax" is unknown`},
		{"stream without steps", func(o *Options) { o.Journeys[0].Stream = StreamEmail }, `journeys[0].stream: "email" does not go with the steps`},
		{"steps without stream", func(o *Options) { o.Journeys[2].Stream = StreamPortal }, `journeys[2].stream: "portal" does not go with the steps`},
		{"no mail", func(o *Options) { o.Portal.RequestOTP.Email = nil }, `journeys[3].stream: "email", but the portal's request_otp has no such channel`},
		{"not supported", func(o *Options) { o.Journeys[2].Stream = SMS("tri") }, `journeys[2].stream: the portal's operators do not list "tri" as supported`},
		{"no SIM", func(o *Options) { o.Journeys[2].Stream = SMS("xl") }, `journeys[2].stream: there is no SIM of "xl"`},
		{"SIM twice", func(o *Options) { o.SIMs = append(o.SIMs, o.SIMs[0]) }, `sims[1].id: "sim-1" is used twice`},
		{"SIM's number", func(o *Options) { o.SIMs[0].Number = secret.New("081234567890") }, "sims[0].number: is not an Indonesian number as +62…"},
		{"SIM's receiver", func(o *Options) { o.SIMs[0].Receiver = "" }, "sims[0].receiver: is missing"},
		{"SIM's slot", func(o *Options) { o.SIMs[0].Slot = -1 }, "sims[0].slot: is -1"},
		{"SIM's credit", func(o *Options) { o.SIMs[0].CreditAt = time.Now() }, "sims[0].credit_idr: goes with credit_at"},
		{"SIM's debt", func(o *Options) {
			o.SIMs[0].CreditIDR, o.SIMs[0].CreditAt = new(int), time.Now()
			*o.SIMs[0].CreditIDR = -1
		}, "sims[0].credit_idr: is -1"},
		{"spacing", func(o *Options) { o.SIMSpacing = -1 }, "sim_spacing: is -1ns"},
		{"costs", func(o *Options) { o.Costs.Control = -1 }, "costs.control_idr: is -1, want 0 or more"},
		{"budget", func(o *Options) { o.Journeys[2].Every = time.Hour; o.Budget.IDRPerDay = new(int) }, "budget.idr_per_day: is 0, but the text messages of the journeys cost 17520 a day"},
		{"budget by default", func(o *Options) { o.Journeys[2].Every = 10 * time.Minute; o.Costs.SMS = 2000 }, "budget.idr_per_day: is 260000, but the text messages of the journeys cost 288000 a day"},
		{"none by default where texts cost money", func(*Options) {}, "budget.idr_per_day: is 260000, but the text messages of the journeys cost 1051200 a day"},
		{"pool", func(o *Options) { o.Pool = -1 }, "pool: is -1"},
		{"reference", func(o *Options) { o.References = []string{"example.org"} }, `references[0]: "example.org" is not an address`},
		{"base", func(o *Options) { o.Portal.BaseURL = "ereg.example" }, `portal.base_url: "ereg.example" is not an address`},
		{"base in other letters", func(o *Options) { o.Portal.BaseURL = "https://pörtal.example" }, `portal.base_url: "pörtal.example" has letters that are not in addresses; write xn--`},
		{"a host with scheme", func(o *Options) { o.Portal.Hosts = []string{"https://login.example"} }, `portal.hosts[0]: "https://login.example" is not a host`},
		{"path", func(o *Options) { o.Portal.Open.Page = "daftar" }, `portal.open.page: "daftar" is not a path`},
		{"selector", func(o *Options) { o.Portal.Open.Expect = "h1[" }, `portal.open.expect: "h1[" is not a CSS selector`},
		{"optional selector", func(o *Options) { o.Portal.SubmitOTP.Expired = ")" }, `portal.submit_otp.expired: ")" is not a CSS selector`},
		{"selector missing", func(o *Options) { o.Portal.Captcha.Image = "" }, "portal.captcha.image: is missing"},
		{"number format", func(o *Options) { o.Portal.RequestOTP.SMS.NumberFormat = "62" }, `portal.request_otp.sms.number_format: "62" has no {national}`},
		{"oracle", func(o *Options) { o.Portal.Oracle.URL = "oracle" }, `portal.oracle.url: "oracle" is not an address`},
		{"oracle without address", func(o *Options) { o.Portal.Oracle.URL = "" }, "portal.oracle.url: is missing, and the oracle has other settings"},
		{"oracle's proof", func(o *Options) { o.Portal.Oracle.Secret = secret.Value{} }, "portal.oracle.secret: is missing"},
		{"oracle's end", func(o *Options) { o.Portal.Oracle.Expires = time.Time{} }, "portal.oracle.expires: is missing"},
		{"oracle's certificate", func(o *Options) { o.Portal.Oracle.ClientCert = "cert.pem" }, "portal.oracle.client_cert: and client_key go together"},
		{"a certificate that is never shown", func(o *Options) {
			o.Portal.BaseURL, o.Portal.Oracle.ClientCert, o.Portal.Oracle.ClientKey = "http://localhost:1", "cert.pem", secret.New("k")
		}, "portal.oracle.client_cert: is shown over https only, and the oracle is at http://localhost:1/oracle/captcha"},
		{"a secret in the open", func(o *Options) { o.Portal.Oracle.URL = "http://oracle.example/x" }, `portal.oracle.url: "http://oracle.example/x" is not encrypted; want https`},
		{"a secret in the open, by a path", func(o *Options) { o.Portal.BaseURL = "http://portal.example" }, `portal.oracle.url: "/oracle/captcha" is not encrypted; want https`},
		{"signed without keys", func(o *Options) { o.Portal.Oracle.Signed = true }, "portal.oracle.signed: is true, and the portal has no signing"},
		{"nobody answers", func(o *Options) { o.Portal.Oracle = Oracle{} }, `journeys[2].steps: "request-otp" behind a captcha that nobody answers`},
		{"stop header", func(o *Options) { o.Portal.StopHeader = "stop: 1" }, `portal.stop_header: "stop: 1" is not the name of a header field`},
		{"captcha's kind", func(o *Options) { o.Portal.Captcha.Kind = "puzzle" }, `portal.captcha.kind: "puzzle" is unknown`},
		{"site key of an image", func(o *Options) { o.Portal.Captcha.SiteKey = "x" }, "portal.captcha.site_key: means nothing for kind image"},
		{"a real site key", func(o *Options) {
			o.Portal.Captcha.Kind, o.Portal.Captcha.SiteKey = CaptchaTurnstile, "0x4AAAAAAAreal"
		}, `portal.captcha.site_key: "0x4AAAAAAAreal" is not a key for tests; only turnstile-test can be probed`},
		{"no site key", func(o *Options) { o.Portal.Captcha.Kind = CaptchaHcaptcha }, `portal.captcha.site_key: "" is not a key for tests`},
		{"an image of a vendor's", func(o *Options) {
			o.Portal.Captcha.Kind, o.Portal.Captcha.SiteKey = CaptchaHcaptcha, "10000000-ffff-ffff-ffff-000000000001"
		}, "portal.captcha.kind: hcaptcha-test has neither image nor id_field nor answer_field"},
		{"signing without keys", func(o *Options) { o.Portal.Signing = &Signing{Agent: "https://status.example"} }, "portal.signing.keys: is empty"},
		{"signing in the open", func(o *Options) { o.Portal.Signing = &Signing{Agent: "http://status.example"} }, `portal.signing.agent: "http://status.example" is not encrypted`},
		{"signing key", func(o *Options) {
			o.Portal.Signing = &Signing{Agent: "https://status.example", Keys: []SigningKey{{Key: secret.New(oracleSecret)}}}
		}, "portal.signing.keys[0].key: is not a key in PEM"},
		{"validity", func(o *Options) { o.Portal.Validity = -time.Second }, "portal.validity: is -1s"},
		{"operator", func(o *Options) { o.Portal.Operators[0].Name = "" }, "portal.operators[0].name: is missing"},
	} {
		options := testOptions(t, portal.DressEreg, "https://portal.example")
		options.Portal.Oracle.Expires = time.Now().Add(time.Hour)
		test.spoil(&options)
		err := options.Validate()
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
			continue
		}
		if _, newErr := New(options, Deps{}); newErr == nil {
			t.Errorf("%s: a prober was made all the same", test.name)
		}
		for _, hidden := range []string{"81234567890", oracleSecret} {
			if strings.Contains(fmt.Sprint(err), hidden) {
				t.Errorf("%s: the error tells a secret", test.name)
			}
		}
	}
}

func TestMistakesAreSaidTogether(t *testing.T) {
	options := testOptions(t, portal.DressEreg, "nowhere")
	options.Portal.Name, options.Pool, options.Journeys[0].Every = "", -2, 0
	if got := len(invalid.All(options.Validate())); got != 4 {
		t.Errorf("%d mistakes, want 4: %v", got, options.Validate())
	}
}

func TestHowANumberIsTyped(t *testing.T) {
	for format, want := range map[string]string{"62{national}": "6281234567890", "0{national}": "081234567890", "+62 {national}": "+62 81234567890"} {
		if got := (Channel{NumberFormat: format}).typed(simNumber); got != want {
			t.Errorf("%s: %s, want %s", format, got, want)
		}
	}
}

package probes

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pantau/simulator/delivery"
	"pantau/simulator/portal"
)

func dresses() []string { return []string{portal.DressEreg, portal.DressLayanan} }

func TestBothPortalsAreWalkedToTheEnd(t *testing.T) {
	for _, dress := range dresses() {
		for _, journey := range []string{"sms", "mail", "sms in a browser"} {
			t.Run(dress+"/"+journey, func(t *testing.T) {
				var tweak func(*Options)
				journey, isBrowser := strings.CutSuffix(journey, " in a browser")
				if isBrowser {
					tweak = inChromium(t)
				}
				w := newWorld(t, dress, tweak)
				results := w.once(journey)
				wantLines(t, results, "open up", "captcha up", "request-otp unknown requesting",
					"request-otp up", "await-otp up", "submit-otp up")
				if got := w.portal.Usage(); got.Verified != 1 || got.Challenges != 1 || got.SMS+got.Mail != 1 {
					t.Errorf("the portal saw %+v, want one of each", got)
				}
				w.wantSecrecy(results)
				w.wantDetails(results, dress == portal.DressLayanan)
			})
		}
	}
}

// wantSecrecy fails when anything that goes into the store or the log tells a
// number, an address, a code or the secret.
func (w *world) wantSecrecy(results []Result) {
	w.t.Helper()
	var all strings.Builder
	for _, r := range results {
		fmt.Fprintf(&all, "%+v %+v %+v %+v\n", r, r.Wait, r.Opened, r.Arrival)
	}
	all.WriteString(w.log.String())
	canaries := append(slices.Clone(w.codes), oracleSecret, simNumber[3:], probeAddress)
	for _, canary := range canaries {
		if strings.Contains(all.String(), canary) {
			w.t.Errorf("%q is told in\n%s", canary, all.String())
		}
	}
}

func (w *world) wantDetails(results []Result, reference bool) {
	w.t.Helper()
	ids := map[string]bool{}
	for _, r := range results {
		if ids[r.ID] || r.Run != results[0].Run || r.At.IsZero() || r.Evidence == "" {
			w.t.Errorf("%s: id %q (again: %t), run %q, at %s, evidence %q", r.Step, r.ID, ids[r.ID], r.Run, r.At, r.Evidence)
		}
		ids[r.ID] = true
		if walked := r.Took > 0; walked != (r.Step != StepAwaitOTP && r.Reason != ReasonRequesting) {
			w.t.Errorf("%s %s took %s", r.Step, r.Reason, r.Took)
		}
	}
	intent, asked, awaited, submitted := results[2], results[3], results[4], results[5]
	if intent.Opened == nil || !intent.Opened.Unsure || asked.Opened == nil || asked.Opened.Unsure {
		w.t.Errorf("the wait is opened as %+v and then %+v", intent.Opened, asked.Opened)
	}
	if (asked.Opened.Reference != "") != reference {
		w.t.Errorf("the reference is %q", asked.Opened.Reference)
	}
	if awaited.Wait == nil || awaited.Wait.Open || awaited.Arrival == nil || awaited.Wait.ID != asked.Opened.ID {
		w.t.Errorf("the wait ended as %+v", awaited.Wait)
	}
	if submitted.Wait == nil || submitted.Wait.ID != asked.Opened.ID {
		w.t.Errorf("the submission belongs to %+v", submitted.Wait)
	}
	if !slices.Contains(w.forgot, asked.Opened.ID) {
		w.t.Error("the mailbox still listens")
	}
}

func TestWhatFaultsOfThePortalGive(t *testing.T) {
	for _, test := range []struct {
		name    string
		journey string
		fault   delivery.Fault
		want    []string
	}{
		{"503", "front", delivery.Fault{Kind: delivery.PortalDown, How: delivery.HowHTTP503}, []string{"open down status"}},
		{"refuse", "front", delivery.Fault{Kind: delivery.PortalDown, How: delivery.HowRefuse}, []string{"open down unreachable"}},
		{"hang", "front", delivery.Fault{Kind: delivery.PortalDown, How: delivery.HowHang}, []string{"open down timeout"}},
		{"a step not reached gives nothing", "sms", delivery.Fault{Kind: delivery.PortalDown, How: delivery.HowHTTP503}, []string{"open down status"}},
		{"loop", "captcha", delivery.Fault{Kind: delivery.CaptchaLoop, Probability: 1}, []string{"captcha down challenged-again"}},
		{"loop on the way", "mail", delivery.Fault{Kind: delivery.CaptchaLoop, Probability: 1}, []string{"open up", "captcha down challenged-again"}},
		{
			"rejected", "sms",
			delivery.Fault{Kind: delivery.OTPRejected, Streams: []string{"sms/telkomsel"}, Probability: 1},
			[]string{"open up", "captcha up", "request-otp unknown requesting", "request-otp up", "await-otp up", "submit-otp down code-refused"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, portal.DressEreg, func(o *Options) { o.Portal.Timeouts.Step = 2 * time.Second })
			w.fault(test.fault)
			wantLines(t, w.once(test.journey), test.want...)
		})
	}
}

func TestABrokenCaptchaIsTold(t *testing.T) {
	w := newWorld(t, portal.DressLayanan, nil)
	w.fault(delivery.Fault{Kind: delivery.CaptchaBroken})
	reasons := map[Reason]int{}
	for range 6 { // of three pictures one comes half, one empty, one whole
		for _, r := range w.once("captcha") {
			reasons[r.Reason]++
		}
	}
	if reasons[ReasonImage] == 0 || reasons[ReasonAnswerRefused] == 0 || reasons[ReasonImage]+reasons[ReasonAnswerRefused] != 6 {
		t.Errorf("reasons are %v, want both and nothing else", reasons)
	}
}

func TestAChallengeThatComesOnceMoreIsDownButWalkedPast(t *testing.T) {
	// Half of the answers lead to a node that has forgotten them, so that of
	// many runs some get through at the second or third challenge.
	w := newWorld(t, portal.DressEreg, nil)
	w.fault(delivery.Fault{Kind: delivery.CaptchaLoop, Probability: .5})
	through := 0
	for range 30 {
		results := w.once("mail")
		if captcha := results[1]; captcha.Reason == ReasonChallenge && len(results) > 2 {
			through++
			if captcha.Verdict != Down || !strings.Contains(captcha.Evidence, "before it let through") {
				t.Errorf("got %s: %s", captcha.Verdict, captcha.Evidence)
			}
		}
	}
	if through == 0 {
		t.Error("no run got past a repeated challenge")
	}
}

func TestARefusedRequestClosesItsWait(t *testing.T) {
	w := newWorld(t, portal.DressEreg, func(o *Options) {
		o.Portal.RequestOTP.SMS.NumberFormat = "+62{national}" // not how this portal wants it
	})
	results := w.once("sms")
	wantLines(t, results, "open up", "captcha up", "request-otp unknown requesting", "request-otp down request-refused")
	if results[3].Opened == nil || !slices.Contains(w.forgot, results[3].Opened.ID) {
		t.Error("the wait is not closed")
	}
	if sim := w.sim(); sim.holder != 0 || sim.wait != "" || !sim.used {
		t.Errorf("the SIM is %+v, want it free and used", sim)
	}
}

// A portal that shows us no captcha, signed or not, keeps nobody from anything.
func TestAPortalThatShowsNoCaptchaIsNotBroken(t *testing.T) {
	for journey, change := range map[string]func(*Options){
		"captcha": nil,
		"wrong": func(o *Options) {
			o.Journeys = append(o.Journeys, Journey{Name: "wrong", Stream: StreamCaptcha, Steps: []Step{StepCaptcha}, Every: time.Hour, Captcha: "wrong"})
		},
	} {
		w := serve(t, write(`<form id="form-kontak" method="post"></form>`), change)
		results := w.once(journey)
		wantLines(t, results, "captcha unknown let-through")
		if !strings.Contains(results[0].Evidence, "no challenge") {
			t.Errorf("evidence is %q", results[0].Evidence)
		}
	}
}

func TestAnOracleThatIsSilentIsNotThePortalsFault(t *testing.T) {
	w := newWorld(t, portal.DressEreg, func(o *Options) { o.Portal.Oracle.URL = "/oracle/none" })
	results := w.once("captcha")
	wantLines(t, results, "captcha unknown oracle")
	if !strings.Contains(results[0].Evidence, "oracle 404") {
		t.Errorf("evidence is %q", results[0].Evidence)
	}
}

package probes

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pantau/simulator/portal"
)

// shortly is the validity of codes in tests that outlive one.
const shortly = 1500 * time.Millisecond

// inVariants adds a journey for each thing that a portal must refuse.
func inVariants(o *Options) {
	o.Portal.Validity = shortly
	o.Journeys = append(o.Journeys,
		Journey{Name: "older", Stream: StreamEmail, Steps: wholeWay(), Every: time.Hour, Submit: "older"},
		Journey{Name: "expired", Stream: SMS("telkomsel"), Steps: wholeWay(), Every: time.Hour, Submit: "expired"},
		Journey{Name: "wrong", Stream: StreamCaptcha, Steps: []Step{StepCaptcha}, Every: time.Hour, Captcha: "wrong"})
}

// TestWhatAPortalMustRefuse has portals in both dresses that refuse it, and some
// that do not, or not in the right words.
func TestWhatAPortalMustRefuse(t *testing.T) {
	first := []string{"open up", "captcha up", "request-otp unknown requesting", "request-otp up", "await-otp up"}
	again := append(slices.Clone(first), first[2:]...)
	for _, test := range []struct {
		name, journey string
		spoil         func(*Portal)
		want          []string
		says          string // in the step that tries it
	}{
		{"an older code", "older", nil, append(slices.Clone(again), "submit-otp up", "submit-otp up"), "refused as superseded by a later one"},
		{"an expired code", "expired", nil, append(slices.Clone(first), "submit-otp up"), "refused as expired"},
		{"a wrong captcha answer", "wrong", nil, []string{"captcha up"}, "a wrong answer was refused"},
		{
			"an older code is taken", "older",
			func(p *Portal) {
				p.SubmitOTP.Accepted, p.SubmitOTP.Superseded = p.SubmitOTP.Superseded, p.SubmitOTP.Accepted
			},
			append(slices.Clone(again), "submit-otp down older-accepted"), "accepted, want it refused as superseded",
		},
		{
			"an expired code is taken", "expired",
			func(p *Portal) { p.SubmitOTP.Accepted, p.SubmitOTP.Expired = p.SubmitOTP.Expired, p.SubmitOTP.Accepted },
			append(slices.Clone(first), "submit-otp down expired-accepted"), "accepted, want it refused as expired",
		},
		{
			"a wrong captcha answer is taken", "wrong",
			func(p *Portal) { p.Captcha.Accepted, p.Captcha.Refused = p.Captcha.Refused, p.Captcha.Accepted },
			[]string{"captcha down wrong-accepted"},
			"a wrong answer was accepted",
		},
		{
			"expired without the words", "expired", func(p *Portal) { p.SubmitOTP.ExpiredText = "sudah lewat waktunya" },
			append(slices.Clone(first), "submit-otp down refused-otherwise"), "without the words for expired",
		},
		{
			"expired in the words for wrong", "expired",
			func(p *Portal) { p.SubmitOTP.Wrong, p.SubmitOTP.Expired = p.SubmitOTP.Expired, p.SubmitOTP.Wrong },
			append(slices.Clone(first), "submit-otp down refused-otherwise"), "refused as wrong, want expired",
		},
	} {
		for _, dress := range dresses() {
			if dress != portal.DressEreg && (test.spoil != nil || test.journey == "expired") {
				continue
			}
			t.Run(test.name+"/"+dress, func(t *testing.T) {
				t.Parallel()
				w := newWorldOf(t, portal.Options{Dress: dress, Validity: shortly}, func(o *Options) {
					inVariants(o)
					if test.spoil != nil {
						test.spoil(&o.Portal)
					}
				})
				results := w.once(test.journey)
				wantLines(t, results, test.want...)
				w.wantSecrecy(results)
				tried := results[len(test.want)-1]
				if test.name == "an older code" {
					tried = results[len(test.want)-2]
				}
				if !strings.Contains(tried.Evidence, test.says) || !tried.Tries() {
					t.Errorf("it says %q of a try (%t), want %q", tried.Evidence, tried.Tries(), test.says)
				}
				if len(w.prober.planner.runs) != 0 || len(w.prober.waits) != 0 {
					t.Errorf("%d runs and %d waits are left", len(w.prober.planner.runs), len(w.prober.waits))
				}
			})
		}
	}
}

// TestACodeIsNotTypedOnceThatIsNotAllowed: an expired code is typed long after it
// came, and by then the owner may allow less.
func TestACodeIsNotTypedOnceThatIsNotAllowed(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, portal.Options{Validity: shortly}, nil)
	notes := &notebook{}
	options := testOptions(t, portal.DressEreg, notes.before(t, w.server).URL)
	inVariants(&options)
	w.prober = w.newProber(options)
	over := make(chan struct{})
	r, why := w.prober.begin(options.Journeys[5], time.Now(), &watcher{over: over})
	if why != WhyNot {
		t.Fatal(why)
	}
	go w.prober.watch(t.Context())
	w.prober.walk(t.Context(), r)
	w.prober.end(r)
	w.until(func(r Result) bool { return r.Step == StepAwaitOTP && !r.Wait.Open })
	warden := w.prober.gear.warden
	warden.mu.Lock()
	warden.told = policy{Reach: ReachOTP}
	warden.mu.Unlock()
	select {
	case <-over:
	case <-time.After(20 * time.Second):
		t.Fatal("the run does not end")
	}
	if notes.saw("POST /daftar/kode") {
		t.Error("the code was typed though the owner allows it no longer")
	}
}

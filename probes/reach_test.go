package probes

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pantau/simulator/portal"
)

// notebook is a proxy before the portal that writes down every request.
type notebook struct {
	mu       sync.Mutex
	requests []string
}

func (n *notebook) before(t *testing.T, server *httptest.Server) *httptest.Server {
	t.Helper()
	to, _ := url.Parse(server.URL)
	proxy := httputil.NewSingleHostReverseProxy(to)
	noting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		n.requests = append(n.requests, r.Method+" "+r.URL.Path)
		n.mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(noting.Close)
	return noting
}

func (n *notebook) saw(request string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, seen := range n.requests {
		if seen == request || strings.HasSuffix(request, "*") && strings.HasPrefix(seen, strings.TrimSuffix(request, "*")) {
			return true
		}
	}
	return false
}

// TestNothingIsSentBeyondTheReach walks every journey with each reach, by the
// permission and by the portal's own policy, and looks at what the portal saw.
func TestNothingIsSentBeyondTheReach(t *testing.T) {
	const stop = "unknown stopped"
	for _, test := range []struct {
		reach Reach
		want  []string // of journey sms
		sent  []string
		not   []string
	}{
		{ReachGet, []string{"open up", "captcha " + stop}, []string{"GET /"}, []string{"POST *", "GET /daftar*", "GET /captcha/*", "GET /oracle/captcha"}},
		{
			ReachCaptcha,
			[]string{"open up", "captcha up", "request-otp " + stop},
			[]string{"GET /", "POST /daftar"},
			[]string{"POST /daftar/kontak", "POST /daftar/kode"},
		},
		{
			ReachOTP,
			[]string{"open up", "captcha up", "request-otp unknown requesting", "request-otp up", "await-otp up"},
			[]string{"POST /daftar/kontak"},
			[]string{"POST /daftar/kode"},
		},
		{
			ReachSubmit,
			[]string{"open up", "captcha up", "request-otp unknown requesting", "request-otp up", "await-otp up", "submit-otp up"},
			[]string{"POST /daftar/kontak", "POST /daftar/kode"},
			nil,
		},
	} {
		for _, by := range []string{"permission", "policy"} {
			t.Run(string(test.reach)+" by "+by, func(t *testing.T) {
				w := newWorld(t, portal.DressEreg, nil)
				notes := &notebook{}
				given := permission(time.Now())
				if by == "permission" {
					given.Reach = test.reach
				} else {
					w.portal.SetWord(portal.Word{Policy: `{"reach":"` + string(test.reach) + `"}`})
				}
				w.permitted(notes.before(t, w.server).URL, given)
				wantLines(t, w.once("sms"), test.want...)
				if test.reach == ReachGet {
					wantLines(t, w.once("captcha"), "captcha "+stop)
				}
				for _, request := range test.sent {
					if !notes.saw(request) {
						t.Errorf("%s was not sent: %q", request, notes.requests)
					}
				}
				for _, request := range test.not {
					if notes.saw(request) {
						t.Errorf("%s was sent: %q", request, notes.requests)
					}
				}
			})
		}
	}
}

// permitted puts a prober in w that needs p and walks the portal at address.
func (w *world) permitted(address string, p Permission) {
	w.t.Helper()
	options := testOptions(w.t, portal.DressEreg, address)
	prober, err := New(options, w.deps(func() (Permission, error) { return p, nil }))
	if err != nil {
		w.t.Fatal(err)
	}
	w.prober = prober
}

func TestTheCapHoldsOverAllJourneys(t *testing.T) {
	w := newWorld(t, portal.DressEreg, nil)
	notes := &notebook{}
	given := permission(time.Now())
	given.Caps.PerMinute = 12
	w.permitted(notes.before(t, w.server).URL, given)
	var stopped int
	for range 10 {
		for _, r := range append(w.once("front"), w.once("captcha")...) {
			if r.Reason == ReasonStopped {
				stopped++
				if !strings.Contains(r.Evidence, "12 requests a minute") || r.Verdict != Unknown {
					t.Errorf("got %s: %s", r.Verdict, r.Evidence)
				}
			}
		}
	}
	if len(notes.requests) != 12 || stopped == 0 {
		t.Errorf("%d requests were sent and %d steps stopped, want 12 and some", len(notes.requests), stopped)
	}
}

func TestTheOwnersWordStopsProbes(t *testing.T) {
	for _, test := range []struct {
		name     string
		word     portal.Word
		want     string // of the first run of journey front
		evidence string
		again    bool // a further run sends nothing
	}{
		{"403", portal.Word{Status: 403}, "open unknown stopped", "status 403", true},
		{"429", portal.Word{Status: 429, RetryAfter: 600}, "open unknown stopped", "status 429", true},
		{"429 for no time", portal.Word{Status: 429, RetryAfter: 0}, "open unknown stopped", "status 429", true},
		{"stop header", portal.Word{Stop: true}, "open unknown stopped", "answer has Pantau-Stop", true},
		{"policy", portal.Word{Policy: `{"stop":true}`}, "open unknown stopped", "/.well-known/pantau says stop", true},
		{"policy that cannot be read", portal.Word{Policy: `{"halt":true}`}, "open unknown stopped", "says stop", true},
		{"policy that is over", portal.Word{Policy: `{"stop":true,"until":"2020-01-01T00:00:00Z"}`}, "open up", "h1#judul", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, portal.DressEreg, nil)
			w.portal.SetWord(test.word)
			notes := &notebook{}
			w.prober = w.newProber(testOptions(t, portal.DressEreg, notes.before(t, w.server).URL))
			first := w.once("front")
			wantLines(t, first, test.want)
			if !strings.Contains(first[0].Evidence, test.evidence) {
				t.Errorf("evidence is %q, want %q in it", first[0].Evidence, test.evidence)
			}
			sent := len(notes.requests)
			second := w.once("front")
			wantLines(t, second, test.want)
			if silent := len(notes.requests) == sent; silent != test.again {
				t.Errorf("a further run sent %q", notes.requests[sent:])
			}
		})
	}
}

func TestAStopInMidWalkEndsTheWalk(t *testing.T) {
	var w *world
	visits := 0
	w = serve(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == policyPath {
			http.NotFound(rw, r)
			return
		}
		visits++
		rw.Header().Set("Pantau-Stop", "1")
		http.Redirect(rw, r, "/next", http.StatusFound)
	}, nil)
	wantLines(t, w.once("front"), "open unknown stopped")
	if visits != 1 {
		t.Errorf("%d pages were visited, want 1: the redirect carried the stop", visits)
	}
}

// The header counts with any answer, also with the first that there is.
func TestAStopWithThePolicyIsAStop(t *testing.T) {
	var w *world
	visits := 0
	w = serve(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != policyPath {
			visits++
		}
		rw.Header().Set("Pantau-Stop", "1")
		http.NotFound(rw, r)
	}, nil)
	wantLines(t, w.once("front"), "open unknown stopped")
	if visits != 0 {
		t.Errorf("%d pages were visited, want none: the answer to the policy carried the stop", visits)
	}
}

func TestAStopStandsUntilItIsTakenBack(t *testing.T) {
	var status atomic.Int64
	status.Store(http.StatusOK)
	w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(int(status.Load()))
		_, _ = rw.Write([]byte(`{"stop":true}`))
	}, nil)
	for _, step := range []struct {
		status  int
		stopped bool
	}{{200, true}, {429, true}, {403, true}, {500, true}, {404, false}} {
		status.Store(int64(step.status))
		w.prober.gear.warden.due = time.Time{}
		w.prober.hear(t.Context())
		if no := w.prober.gear.warden.may("j", StepOpen, time.Now()); (no != nil) != step.stopped {
			t.Errorf("a policy of status %d: stopped %t, want %t", step.status, no != nil, step.stopped)
		}
	}
}

func TestCodesAskedForBeforeARestartCount(t *testing.T) {
	w := newWorld(t, portal.DressEreg, nil)
	given := permission(time.Now())
	given.Caps.OTPPerDay = 1
	w.permitted(w.server.URL, given)
	w.prober.Rebuild(Result{
		ID: "r/request-otp/intent", Run: "r", Journey: "sms", Stream: SMS("telkomsel"), Step: StepRequestOTP,
		At: time.Now().Add(-20 * time.Hour), Verdict: Unknown, Reason: ReasonRequesting,
	})
	results := w.once("mail")
	wantLines(t, results, "open up", "captcha up", "request-otp unknown stopped")
	if !strings.Contains(results[2].Evidence, "in 24 hours as the portal's owner allows: 1") {
		t.Errorf("evidence is %q", results[2].Evidence)
	}
}

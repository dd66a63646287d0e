package probes

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// newTestWarden allows everything.
func newTestWarden(t *testing.T) *warden {
	t.Helper()
	return wardenWith(t, nil)
}

func wardenWith(t *testing.T, read func() (Permission, error)) *warden {
	t.Helper()
	w, err := newWarden(&Portal{BaseURL: "http://localhost"}, "", Deps{Permission: read, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func wantFault(t *testing.T, what string, got *fault, want string) {
	t.Helper()
	switch {
	case want == "" && got != nil:
		t.Errorf("%s: got %q, want it allowed", what, got.said)
	case want != "" && (got == nil || got.verdict != Unknown || got.reason != ReasonStopped || !strings.Contains(got.said, want)):
		t.Errorf("%s: got %+v, want it stopped: %q", what, got, want)
	}
}

func TestAForeignPortalTakesAPermission(t *testing.T) {
	now := time.Now()
	foreign := &Portal{BaseURL: "https://portal.example"}
	for _, test := range []struct {
		name string
		read func() (Permission, error)
		want string
	}{
		{"none", nil, "no permission"},
		{"one that holds", func() (Permission, error) { return permission(now), nil }, ""},
		{"one that cannot be read", func() (Permission, error) { return Permission{}, errors.New("no such file") }, "no such file"},
		{"an empty one", func() (Permission, error) { return Permission{}, nil }, "owner: is missing"},
		{"one that is over", func() (Permission, error) { return permission(now.Add(-time.Hour)), nil }, "ended at"},
		{"one for another host", func() (Permission, error) {
			p := permission(now)
			p.Hosts = []string{"other.example"}
			return p, nil
		}, "not for portal.example"},
	} {
		_, err := newWarden(foreign, "", Deps{Permission: test.read, Log: slog.New(slog.DiscardHandler)})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

func TestProbingEndsWithItsPermissionAndGoesOnWithANewOne(t *testing.T) {
	now, reads := time.Now(), 0
	current := permission(now)
	w := wardenWith(t, func() (Permission, error) { reads++; return current, nil })
	wantFault(t, "while it holds", w.may("j", StepSubmitOTP, now), "")
	if reads != 1 {
		t.Errorf("it was read %d times while it held, want once", reads)
	}
	after := now.Add(time.Hour)
	wantFault(t, "at its end", w.may("j", StepOpen, after), "no permission")
	wantFault(t, "a request at its end", w.admit("j", false, http.MethodGet, "portal.example", after), "has ended")
	current.Expires = now.Add(2 * time.Hour)
	wantFault(t, "prolonged", w.may("j", StepOpen, after), "")
	wantFault(t, "a request of the new one", w.admit("j", false, http.MethodGet, "portal.example", after), "")
}

// tardy answers after a while.
type tardy struct {
	after    time.Duration
	response *http.Response
}

func (s tardy) RoundTrip(*http.Request) (*http.Response, error) {
	time.Sleep(s.after)
	return s.response, nil
}

func TestAPauseBeginsWithTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTestWarden(t)
		answer := &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {"5"}}}
		e := &escort{warden: w, journey: "j", next: tardy{20 * time.Second, answer}}
		if _, err := e.RoundTrip(&http.Request{Method: http.MethodGet, URL: &url.URL{Scheme: "http", Host: "localhost"}}); err != nil {
			t.Fatal(err)
		}
		wantFault(t, "right after the answer", w.may("j", StepOpen, time.Now()), "until")
		wantFault(t, "five seconds later", w.may("j", StepOpen, time.Now().Add(5*time.Second)), "")
	})
}

// What is done to the file while it holds is seen before its end, so that
// nobody is warned of an end that is no longer near.
func TestAFileThatIsReplacedIsTakenUp(t *testing.T) {
	now, metrics := time.Now(), NewMetrics(prometheus.NewRegistry())
	current, missing := permission(now), error(nil)
	w, err := newWarden(&Portal{BaseURL: "http://localhost"}, "", Deps{
		Permission: func() (Permission, error) { return current, missing }, Log: slog.New(slog.DiscardHandler), Metrics: metrics,
	})
	if err != nil {
		t.Fatal(err)
	}
	ends := func(what string, want time.Time) {
		t.Helper()
		if got := testutil.ToFloat64(metrics.leave); got != float64(want.Unix()) {
			t.Errorf("%s: the permission ends at %v, want %d", what, got, want.Unix())
		}
	}
	ends("at first", current.Expires)
	current.Expires = now.Add(2 * time.Hour)
	wantFault(t, "prolonged", w.may("j", StepOpen, now.Add(rereadEvery+time.Second)), "")
	ends("prolonged", current.Expires)
	missing = errors.New("no such file")
	withdrawn := now.Add(2*rereadEvery + 2*time.Second)
	wantFault(t, "withdrawn", w.may("j", StepOpen, withdrawn), "no permission")
	wantFault(t, "a request of a walk under way", w.admit("j", false, http.MethodGet, "h", withdrawn), "has ended")
	ends("withdrawn", withdrawn)
	wantFault(t, "still withdrawn", w.may("j", StepOpen, withdrawn.Add(time.Minute)), "no permission")
	ends("still withdrawn", withdrawn)
	missing = nil
	wantFault(t, "there again", w.may("j", StepOpen, withdrawn.Add(time.Minute)), "")
	ends("there again", current.Expires)
}

func TestWhatStopsProbesIsCounted(t *testing.T) {
	now, metrics := time.Now(), NewMetrics(prometheus.NewRegistry())
	given := permission(now)
	given.Caps.PerMinute = 1
	w, err := newWarden(&Portal{BaseURL: "http://localhost"}, "", Deps{
		Permission: func() (Permission, error) { return given, nil }, Log: slog.New(slog.DiscardHandler), Metrics: metrics,
	})
	if err != nil {
		t.Fatal(err)
	}
	for status, header := range map[int]string{403: "", 429: "", 200: "1", 503: ""} {
		w.heed("j", false, &http.Response{StatusCode: status, Header: http.Header{"Pantau-Stop": {header}}}, now)
	}
	_ = w.admit("other", true, http.MethodGet, "h", now)
	_ = w.admit("other", true, http.MethodGet, "h", now)
	for by, want := range map[stop]float64{stop403: 1, stop429: 1, stopHeader: 1, stopCaps: 1, stopPolicy: 0} {
		if got := testutil.ToFloat64(metrics.stops.WithLabelValues(string(by))); got != want {
			t.Errorf("%v stops by %s, want %v", got, by, want)
		}
	}
	if n := testutil.CollectAndCount(metrics.stops); n != len(stops()) {
		t.Errorf("%d kinds of stops, want %d from the start", n, len(stops()))
	}
}

func TestThePolicyOnlyTakesAway(t *testing.T) {
	now := time.Now()
	given := permission(now)
	given.Reach, given.Caps = ReachOTP, Caps{PerMinute: 10, PerHour: 100, OTPPerDay: 5}
	w := wardenWith(t, func() (Permission, error) { return given, nil })
	for _, test := range []struct {
		told  policy
		reach Reach
		caps  Caps
	}{
		{policy{}, ReachOTP, given.Caps},
		{policy{Reach: ReachSubmit, Caps: Caps{99, 999, 99}}, ReachOTP, given.Caps},
		{policy{Reach: ReachGet, Caps: Caps{PerMinute: 2}}, ReachGet, Caps{2, 100, 5}},
		{policy{Caps: Caps{OTPPerDay: 1}}, ReachOTP, Caps{10, 100, 1}},
	} {
		w.told = test.told
		if reach, caps := w.bounds(); reach != test.reach || caps != test.caps {
			t.Errorf("%+v gives %s %+v, want %s %+v", test.told, reach, caps, test.reach, test.caps)
		}
	}
	w.told = policy{Stop: true, Until: now.Add(time.Minute)}
	wantFault(t, "stopped", w.may("j", StepOpen, now), "says stop")
	wantFault(t, "a request", w.admit("j", false, http.MethodGet, "h", now), "says stop")
	wantFault(t, "asking for the policy", w.admit("", true, http.MethodGet, "h", now), "")
	wantFault(t, "after the stop", w.may("j", StepOpen, now.Add(time.Minute)), "")
}

func TestNoMoreCodesThanAllowedInADay(t *testing.T) {
	now := time.Now()
	given := permission(now.Add(30 * time.Hour))
	given.Issued, given.Caps.OTPPerDay = now.Add(-48*time.Hour), 2
	w := wardenWith(t, func() (Permission, error) { return given, nil })
	w.asked(now.Add(-time.Hour)) // before a restart
	wantFault(t, "the second", w.may("a", StepRequestOTP, now), "")
	wantFault(t, "the third", w.may("b", StepRequestOTP, now), "in 24 hours as the portal's owner allows: 2")
	wantFault(t, "anything else", w.may("b", StepCaptcha, now), "")
	wantFault(t, "when the first is a day old", w.may("b", StepRequestOTP, now.Add(23*time.Hour)), "")
	wantFault(t, "and then no more", w.may("b", StepRequestOTP, now.Add(23*time.Hour)), "24 hours")
}

func TestRequestsBeyondTheCapAreNotSent(t *testing.T) {
	now := time.Now()
	given := permission(now)
	given.Caps.PerMinute = 2
	w := wardenWith(t, func() (Permission, error) { return given, nil })
	for _, test := range []struct {
		host string
		at   time.Duration
		want string
	}{
		{"a", 0, ""},
		{"a", time.Second, ""},
		{"a", 2 * time.Second, "2 requests a minute"},
		{"b", 2 * time.Second, ""}, // each host by itself
		{"a", 59 * time.Second, "2 requests a minute"},
		{"a", 60 * time.Second, ""},
		{"a", 60 * time.Second, "2 requests a minute"},
	} {
		wantFault(t, test.host+" at "+test.at.String(), w.admit("j", false, http.MethodGet, test.host, now.Add(test.at)), test.want)
	}
	given.Reach = ReachGet
	w = wardenWith(t, func() (Permission, error) { return given, nil })
	wantFault(t, "a form while only looking is allowed", w.admit("j", false, http.MethodPost, "a", now), "look at pages and nothing more")
}

func TestWhatAnAnswerSaysOfFurtherProbes(t *testing.T) {
	now := time.Now()
	answer := func(status int, header ...string) *http.Response {
		r := &http.Response{StatusCode: status, Header: http.Header{}}
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return r
	}
	for _, test := range []struct {
		name   string
		answer *http.Response
		self   time.Duration // how long the journey pauses
		others time.Duration
	}{
		{"fine", answer(200), 0, 0},
		{"down", answer(503, "Retry-After", "300"), 0, 0},
		{"not for us", answer(403), 10 * time.Minute, 0},
		{"too many", answer(429), 10 * time.Minute, 0},
		{"too many, for a while", answer(429, "Retry-After", "120"), 2 * time.Minute, 0},
		{"for no while", answer(429, "Retry-After", "0"), 0, 0},
		{"until a time", answer(429, "Retry-After", now.Add(time.Hour).UTC().Format(http.TimeFormat)), time.Hour, 0},
		{"for years", answer(429, "Retry-After", "999999999"), 24 * time.Hour, 0},
		{"for ever", answer(429, "Retry-After", "99999999999999999999999"), 24 * time.Hour, 0},
		{"nonsense", answer(429, "Retry-After", "soon"), 10 * time.Minute, 0},
		{"a stop", answer(200, "Pantau-Stop", "1"), 10 * time.Minute, 10 * time.Minute},
		{"no stop", answer(200, "Pantau-Stop", "0"), 0, 0},
		{"a stop, and too many for an hour", answer(429, "Pantau-Stop", "1", "Retry-After", "3600"), time.Hour, 10 * time.Minute},
	} {
		w := newTestWarden(t)
		w.heed("self", false, test.answer, now)
		for journey, pause := range map[string]time.Duration{"self": test.self, "other": test.others} {
			if pause > 0 {
				// A date has whole seconds.
				wantFault(t, test.name+", "+journey+" in the pause", w.may(journey, StepOpen, now.Add(pause-2*time.Second)), "until")
			}
			wantFault(t, test.name+", "+journey+" after it", w.may(journey, StepOpen, now.Add(pause)), "")
		}
	}
	w := newTestWarden(t)
	for _, later := range []*http.Response{answer(429, "Retry-After", "3600"), answer(429, "Retry-After", "0"), answer(403)} {
		w.heed("self", false, later, now) // answers to what was under way together
	}
	wantFault(t, "the longest of several pauses", w.may("self", StepOpen, now.Add(59*time.Minute)), "until")
	w = newTestWarden(t)
	w.portal.StopHeader = "X-No-Bots"
	if err := w.refusal(answer(200, "X-No-Bots", "please")); err == nil || !strings.Contains(err.Error(), "X-No-Bots") {
		t.Errorf("a configured stop header gives %v", err)
	}
}

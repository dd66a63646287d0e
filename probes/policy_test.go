package probes

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestWhatAPolicySays(t *testing.T) {
	for _, test := range []struct {
		raw  string
		want policy
		bad  string
	}{
		{`{}`, policy{}, ""},
		{`{"stop":true}`, policy{Stop: true}, ""},
		{`{"stop":true,"until":"2026-01-02T03:04:05Z"}`, policy{Stop: true, Until: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, ""},
		{`{"reach":"get","requests_per_minute":6,"requests_per_hour":60,"otp_requests_per_day":3}`, policy{Reach: ReachGet, Caps: Caps{6, 60, 3}}, ""},
		{`{"stopp":true}`, policy{}, "unknown field"},
		{`{"reach":"all"}`, policy{}, `"all" is unknown`},
		{`{"requests_per_hour":-1}`, policy{}, "below 0"},
		{`{"until":"tomorrow"}`, policy{}, "parsing time"},
		{`stop`, policy{}, "reading the portal's policy"},
		{`{} {}`, policy{}, "more than one value"},
		{``, policy{}, "reading the portal's policy"},
	} {
		got, err := parsePolicy([]byte(test.raw))
		if (err == nil) != (test.bad == "") || err != nil && !strings.Contains(err.Error(), test.bad) {
			t.Errorf("%s: error %v, want %q", test.raw, err, test.bad)
		}
		if err == nil && got != test.want {
			t.Errorf("%s: got %+v, want %+v", test.raw, got, test.want)
		}
	}
}

func TestAStopHasAnEnd(t *testing.T) {
	now := time.Now()
	for _, test := range []struct {
		policy policy
		want   bool
	}{
		{policy{}, false},
		{policy{Stop: true}, true},
		{policy{Stop: true, Until: now.Add(time.Second)}, true},
		{policy{Stop: true, Until: now}, false},
		{policy{Until: now.Add(time.Second)}, false},
	} {
		if got := test.policy.stops(now); got != test.want {
			t.Errorf("%+v stops: %t", test.policy, got)
		}
	}
}

func TestWhatIsFetchedAsAPolicy(t *testing.T) {
	answer := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != policyPath || r.UserAgent() != "Pantau/1" {
				t.Errorf("asked for %s as %q", r.URL.Path, r.UserAgent())
			}
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		known   bool
		stop    bool
		bad     bool
	}{
		{"none", answer(404, "text/html", "<h1>"), true, false, false},
		{"a page in its place", answer(200, "text/html; charset=utf-8", "<h1>"), true, false, false},
		{"not for us", answer(403, "text/plain", ""), false, false, false},
		{"too often", answer(429, "text/plain", ""), false, false, false},
		{"a stop", answer(200, "application/json", `{"stop":true}`), true, true, false},
		{"as text", answer(200, "text/plain; charset=utf-8", `{"stop":true}`), true, true, false},
		{"misspelt", answer(200, "application/json", `{"stopp":true}`), true, true, true},
		{"too long", answer(200, "application/json", `{"stop":false`+strings.Repeat(" ", policyAtMost)+"}"), true, true, true},
		{"the portal is down", answer(503, "application/json", `{"stop":true}`), false, false, false},
		{"led away", http.RedirectHandler("https://other.example/", http.StatusFound).ServeHTTP, true, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(test.handler)
			defer server.Close()
			client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			got, known, err := fetchPolicy(t.Context(), client, server.URL+policyPath, "Pantau/1")
			if known != test.known || got.Stop != test.stop || (err != nil) != test.bad {
				t.Errorf("got %+v, known %t, %v", got, known, err)
			}
		})
	}
	if _, known, err := fetchPolicy(t.Context(), http.DefaultClient, "http://127.0.0.1:1"+policyPath, ""); known || err == nil {
		t.Errorf("a portal that does not answer: known %t, %v", known, err)
	}
}

// FuzzPolicy: whatever a portal serves, it is understood or refused, and what is
// understood can only take away.
func FuzzPolicy(f *testing.F) {
	f.Add(`{"stop":true,"until":"2026-01-02T03:04:05Z"}`)
	f.Add(`{"reach":"get","requests_per_minute":6}`)
	f.Add(`{"reach":"`)
	f.Fuzz(func(t *testing.T, raw string) {
		p, err := parsePolicy([]byte(raw))
		if err != nil {
			return
		}
		given := Caps{PerMinute: 60, PerHour: 600, OTPPerDay: 10}
		if got := given.and(p.Caps); got.PerMinute > 60 || got.PerHour > 600 || got.OTPPerDay > 10 || got.PerMinute < 1 || got.PerHour < 1 || got.OTPPerDay < 1 {
			t.Errorf("%q makes caps of %+v", raw, got)
		}
		if p.Reach != "" && p.Reach.validate("") != nil {
			t.Errorf("%q makes a reach of %q", raw, p.Reach)
		}
	})
}

package social_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"pantau/simulator/social"
)

func (w world) fault(f social.Fault) {
	w.t.Helper()
	if f.Kind != social.DuplicateRefusal {
		if err := w.Slack.SetFaults(f); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := w.X.SetFaults(f); err != nil {
		w.t.Fatal(err)
	}
}

func TestFaultsOfX(t *testing.T) {
	tests := []struct {
		kind   social.Kind
		status int // 0 is a broken connection
		body   string
		posted bool
	}{
		{social.RateLimit, 429, "Too Many Requests", false},
		{social.ServerError, 503, "Service Unavailable", false},
		{social.LostReply, 0, "", true},
		{social.CutBefore, 0, "", false},
		{social.Slow, 201, `"data"`, true},
		{social.DuplicateRefusal, 403, "duplicate content", false},
		{social.NotAllowed, 403, "not permitted", false},
	}
	for _, test := range tests {
		t.Run(string(test.kind), func(t *testing.T) {
			w := newWorld(t)
			w.fault(social.Fault{Kind: test.kind, Times: 1, Delay: time.Millisecond, After: 90 * time.Second})
			a := w.tweet("Satu", "")
			if a.status != test.status || !strings.Contains(a.body, test.body) {
				t.Errorf("got %d %s, want %d with %q", a.status, a.body, test.status, test.body)
			}
			if posted := len(w.X.Posts()) == 1; posted != test.posted {
				t.Errorf("posted: got %v, want %v", posted, test.posted)
			}
			if test.kind == social.RateLimit {
				wantReset(t, a.header, 90*time.Second)
			}
			w.mustTweet("Dua", "") // the fault is over
		})
	}
}

// wantReset fails unless the headers say that nothing is left for about d.
func wantReset(t *testing.T, h http.Header, d time.Duration) {
	t.Helper()
	seconds, err := strconv.ParseInt(h.Get("x-rate-limit-reset"), 10, 64)
	in := time.Until(time.Unix(seconds, 0))
	if err != nil || in < d-30*time.Second || in > d+2*time.Second || h.Get("x-rate-limit-remaining") != "0" {
		t.Errorf("got %v, want nothing left for %s", h, d)
	}
}

func TestFaultsOfV1(t *testing.T) {
	for kind, code := range map[social.Kind]int{
		social.RateLimit: 88, social.ServerError: 130, social.DuplicateRefusal: 187, social.NotAllowed: 453,
	} {
		w := newWorld(t)
		w.fault(social.Fault{Kind: kind})
		_, _, err := w.twitterClient(account()).Statuses.Update("a", nil)
		wantCode(t, err, code)
	}
}

func TestFaultsOfSlack(t *testing.T) {
	anyError := func(err error) bool { return err != nil }
	tests := []struct {
		kind   social.Kind
		want   func(error) bool
		posted bool
	}{
		{social.RateLimit, func(err error) bool {
			var limited *slack.RateLimitedError
			return errors.As(err, &limited) && limited.RetryAfter == 90*time.Second
		}, false},
		{social.ServerError, func(err error) bool {
			var status slack.StatusCodeError
			return errors.As(err, &status) && status.Code == 503
		}, false},
		{social.LostReply, anyError, true},
		{social.CutBefore, anyError, false},
		{social.Slow, func(err error) bool { return err == nil }, true},
		{social.NotAllowed, func(err error) bool { return err != nil && err.Error() == "restricted_action" }, false},
	}
	for _, test := range tests {
		t.Run(string(test.kind), func(t *testing.T) {
			w := newWorld(t)
			client := w.slackClient(slackToken)
			w.fault(social.Fault{Kind: test.kind, Times: 1, Delay: time.Millisecond, After: 90 * time.Second})
			if _, _, err := client.PostMessage("C1", text("Satu")); !test.want(err) {
				t.Errorf("got error %v (%T), want that of %s", err, err, test.kind)
			}
			if posted := len(w.Slack.Messages()) == 1; posted != test.posted {
				t.Errorf("posted: got %v, want %v", posted, test.posted)
			}
			if _, _, err := client.PostMessage("C1", text("Dua")); err != nil {
				t.Errorf("after the fault: %v", err)
			}
		})
	}
}

func TestSlowGoesOnWithoutItsClient(t *testing.T) {
	w := newWorld(t)
	w.fault(social.Fault{Kind: social.Slow, Delay: 300 * time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := w.slackClient(slackToken).PostMessageContext(ctx, "C1", text("Tetap terkirim")); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want the client to have given up", err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for len(w.Slack.Messages()) == 0 {
		if time.Now().After(deadline) {
			t.Fatal("the message was not posted within 10 s")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestFaultsHitPostingUnlessToldOtherwise(t *testing.T) {
	w := newWorld(t)
	w.fault(social.Fault{Kind: social.ServerError})
	if _, err := w.slackClient(slackToken).AuthTest(); err != nil {
		t.Errorf("reading under a fault of posting: %v", err)
	}
	w.fault(social.Fault{Kind: social.ServerError, On: social.Reading})
	w.mustTweet("a", "")
	if _, err := w.slackClient(slackToken).AuthTest(); err == nil {
		t.Error("reading under a fault of reading: got no error, want 503")
	}
}

func TestShareIsTheSameForTheSameSeed(t *testing.T) {
	run := func() (hits string) {
		w := newWorld(t)
		w.fault(social.Fault{Kind: social.ServerError, Share: .5})
		for i := range 20 {
			hits += strconv.Itoa(w.tweet(fmt.Sprint(i), "").status) + " "
		}
		return hits
	}
	first, second := run(), run()
	if first != second {
		t.Errorf("got %s, then %s, want the same", first, second)
	}
	if n := strings.Count(first, "503"); n < 3 || n > 17 {
		t.Errorf("got %d of 20 hit, want about half", n)
	}
}

func TestControl(t *testing.T) {
	w := newWorld(t)
	do := func(method, path, body string) answer {
		t.Helper()
		return w.call(http.DefaultClient, method, path, "application/json", body)
	}
	const x, s = "/x/control/faults", "/slack/control/faults"
	tests := []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", x, "", 200, `[]`},
		{"POST", x, `{"kind":"slow","times":3,"share":0.5,"delay":"200ms"}`, 200, `[{"kind":"slow","on":"post","times":3,"share":0.5,"delay":"200ms"}]`},
		{"POST", x, `{"kind":"slow","delay":"1s"}`, 200, `[{"kind":"slow","on":"post","share":1,"delay":"1s"}]`},
		{"POST", x, `{"kind":"rate-limit","on":"any","after":"30s"}`, 200, `[{"kind":"slow","on":"post","share":1,"delay":"1s"},{"kind":"rate-limit","on":"any","share":1,"after":"30s"}]`},
		{"GET", s, "", 200, `[]`},
		{"DELETE", x, "", 204, ""},
		{"GET", x, "", 200, `[]`},
		{"POST", x, `{"kind":"slwo"}`, 400, `kind: \"slwo\" is unknown`},
		{"POST", x, `{"kind":"slow","tmies":1}`, 400, `tmies`},
		{"POST", x, `{"kind":"slow","delay":"5"}`, 400, `delay: \"5\" is not a duration`},
		{"POST", x, `{"kind":"slow","share":2,"times":-1}`, 400, `share: got 2, want 0 to 1`},
		{"POST", x, `{"kind":"slow","delay":"11m"}`, 400, `delay: got 11m0s`},
		{"POST", s, `{"kind":"duplicate-refusal"}`, 400, `does not happen on this service`},
		{"GET", s, "", 200, `[]`},
	}
	for _, test := range tests {
		if a := do(test.method, test.path, test.body); a.status != test.status || !strings.Contains(a.body, test.want) {
			t.Errorf("%s %s %s: got %d %s, want %d with %s", test.method, test.path, test.body, a.status, a.body, test.status, test.want)
		}
	}
}

func TestSetFaultsTakesAllOrNone(t *testing.T) {
	w := newWorld(t)
	err := w.X.SetFaults(social.Fault{Kind: social.Slow}, social.Fault{Kind: "?"})
	if err == nil || len(w.X.Faults()) != 0 {
		t.Errorf("got %v with %v on, want an error and none", err, w.X.Faults())
	}
}

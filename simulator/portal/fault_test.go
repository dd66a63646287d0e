package portal_test

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"pantau/simulator/delivery"
	"pantau/simulator/portal"
)

func matches(pattern, text string) bool { return regexp.MustCompile(pattern).MatchString(text) }

func TestTheLoopComesFromTheOtherNode(t *testing.T) {
	forEachDress(t, func(t *testing.T, l look) {
		p, sent := newPortal(t, l, nil)
		p.SetFaults([]delivery.Fault{{Kind: delivery.CaptchaLoop, Probability: 1}})
		someone := newPerson(t, l, p).begin()
		for turn := range 4 {
			node, challenge := someone.node, someone.challenge()
			someone.solve().mustSee(l.captchaForm)
			if someone.has(l.wrongAnswer) {
				t.Fatalf("turn %d: the right answer was called wrong", turn)
			}
			if someone.node == node || someone.challenge() == challenge {
				t.Fatalf("turn %d: node %s after %s, same challenge %t", turn, someone.node, node, someone.challenge() == challenge)
			}
		}
		p.SetFaults(nil)
		someone.solve().mustSee(l.smsForm).askBySMS(l.number).enter(sent.lastCode(t)).mustSee(l.verified)
	})
}

func TestALoopHasItsProbability(t *testing.T) {
	l := looks[0]
	p, _ := newPortal(t, l, nil)
	p.SetFaults([]delivery.Fault{{Kind: delivery.CaptchaLoop, Probability: .3}})
	again := 0
	const runs = 300
	for range runs {
		if newPerson(t, l, p).begin().solve().has(l.captchaForm) {
			again++
		}
	}
	if again < runs*2/10 || again > runs*4/10 {
		t.Errorf("the captcha came again %d times of %d, want about 30 %%", again, runs)
	}
}

func TestALoopCatchesWhoWasThereBefore(t *testing.T) {
	p, _ := newPortal(t, looks[0], nil)
	someone := newPerson(t, looks[0], p).begin()
	p.SetFaults([]delivery.Fault{{Kind: delivery.CaptchaLoop, Probability: 1}})
	someone.solve().mustSee(looks[0].captchaForm)
}

func TestInHealthEitherNodeKnowsTheVisitor(t *testing.T) {
	forEachDress(t, func(t *testing.T, l look) {
		p, _ := newPortal(t, l, nil)
		first, second := newPerson(t, l, p).begin(), newPerson(t, l, p).begin()
		if first.node == second.node {
			t.Errorf("both visitors are at node %s, want them in turn", first.node)
		}
		home, _ := http.NewRequest("GET", first.base, nil)
		other := "a"
		if first.node == "a" {
			other = "b"
		}
		first.client.Jar.SetCookies(home.URL, []*http.Cookie{{Name: "NODE", Value: other, Path: "/"}})
		if first.solve().mustSee(l.smsForm); first.node != other {
			t.Errorf("served by %s, want %s", first.node, other)
		}
	})
}

func TestABrokenCaptchaLetsNobodyThrough(t *testing.T) {
	forEachDress(t, func(t *testing.T, l look) {
		p, _ := newPortal(t, l, nil)
		p.SetFaults([]delivery.Fault{{Kind: delivery.CaptchaBroken}})
		someone := newPerson(t, l, p).begin()
		var empty, half, whole int
		for range 6 {
			_, _, picture := someone.see()
			_, err := png.Decode(bytes.NewReader(picture))
			switch {
			case len(picture) == 0:
				empty++
			case err != nil:
				half++
			default:
				whole++
			}
			someone.solve().mustSee(l.wrongAnswer)
		}
		if empty != 2 || half != 2 || whole != 2 {
			t.Errorf("%d empty, %d half, %d whole pictures; want two of each", empty, half, whole)
		}
		p.SetFaults(nil)
		someone.solve().mustSee(l.smsForm)
	})
}

func TestRightCodesAreRefused(t *testing.T) {
	forEachDress(t, func(t *testing.T, l look) {
		p, sent := newPortal(t, l, nil)
		reject := func(streams ...string) {
			p.SetFaults([]delivery.Fault{{Kind: delivery.OTPRejected, Streams: streams, Probability: 1}})
		}
		reject("sms/telkomsel")
		someone := atCode(t, l, p).enter(sent.lastCode(t)).mustSee(l.wrong)
		reject("email", "sms/xl")
		someone.enter(sent.lastCode(t)).mustSee(l.verified)
	})
}

func TestPagesAreSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := newPortal(t, looks[0], nil)
		p.SetFaults([]delivery.Fault{{Kind: delivery.PortalSlow, Median: delivery.Duration(8 * time.Second)}})
		someone, below := newPerson(t, looks[0], p), 0
		const pages = 200
		for range pages {
			began := time.Now()
			someone.goTo("/")
			if time.Since(began) < 8*time.Second {
				below++
			}
		}
		if below < pages*4/10 || below > pages*6/10 {
			t.Errorf("%d of %d pages took less than the median", below, pages)
		}
		someone.goTo("/daftar")
		began := time.Now()
		if someone.ask(someone.challenge(), "Bearer "+secret); time.Since(began) > 0 {
			t.Error("the oracle is slow too, and is no page")
		}
	})
}

func TestThePortalIsDown(t *testing.T) {
	l := looks[0]
	p, _ := newPortal(t, l, nil)
	server := httptest.NewServer(p.Handler())
	defer server.Close()
	down := func(how string) { p.SetFaults([]delivery.Fault{{Kind: delivery.PortalDown, How: how}}) }
	get := func(wait time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := server.Client().Do(r)
		if err == nil {
			answer.Body.Close()
		}
		return err
	}

	down(delivery.HowHTTP503)
	someone := browse(t, l, server.URL, server.Client()).goTo("/daftar")
	if someone.status != http.StatusServiceUnavailable || !someone.has("h1") {
		t.Errorf("status %d, want 503 with a page", someone.status)
	}
	down(delivery.HowRefuse)
	if err := get(10 * time.Second); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("refuse: %v, want a connection closed at once", err)
	}
	down(delivery.HowHang)
	if err := get(100 * time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hang: %v, want no answer", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- get(time.Minute) }()
	time.Sleep(20 * time.Millisecond) // usually it hangs by now; if not, it is answered
	p.SetFaults(nil)
	if err := <-ended; errors.Is(err, context.DeadlineExceeded) {
		t.Error("the end of the fault did not free a request that hung")
	}
	someone.goTo("/").mustSee(l.title)
}

func TestFaultsOfOthersAreLeftAlone(t *testing.T) {
	p, sent := newPortal(t, looks[0], nil)
	p.SetFaults([]delivery.Fault{
		{Kind: delivery.OTPDelay, Streams: []string{"sms/telkomsel"}, Late: 1},
		{Kind: delivery.ClockJump, By: delivery.Duration(time.Hour)},
		{Kind: delivery.SIMEmpty, Streams: []string{"sms/telkomsel"}, SIMs: 1},
	})
	atCode(t, looks[0], p).enter(sent.lastCode(t)).mustSee(looks[0].verified)
}

var _ portal.Sender = (*outbox)(nil)

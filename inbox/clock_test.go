package inbox

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"pgregory.net/rapid"

	"pantau/internal/secret"
	"pantau/probes"
)

// phoneCall is one call of a handset as it truly is.
type phoneCall struct {
	sent  time.Time     // by our clock
	took  time.Duration // until we have it
	clock time.Time     // what the handset's clock says when it signs: whole seconds
}

func (c phoneCall) had() time.Time { return c.sent.Add(c.took) }

// calling is a handset whose clock is behind ours.
type calling struct {
	now    time.Time
	behind time.Duration
	clock  handsetClock
}

// calls lets pass time until the next call, which takes took.
func (h *calling) calls(pass, took time.Duration) (phoneCall, setting) {
	h.now = h.now.Add(pass)
	c := phoneCall{h.now, took, h.now.Add(-h.behind).Truncate(time.Second)}
	t := told{c.clock, callWithin}
	h.clock.read(t, c.had())
	return c, h.clock.setting(t, c.had())
}

func length(t *rapid.T, name string, from, to time.Duration) time.Duration {
	return time.Duration(rapid.Int64Range(int64(from), int64(to)).Draw(t, name))
}

// However far the clock is off, however it is set meanwhile, and however long
// calls take: what a call's clock is corrected to lies within the time that a
// call can take. No leg can be negative or longer than that by our doing.
func TestACorrectedInstantIsOneThatACallCanHave(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := calling{now: noon, behind: length(t, "behind", -12*time.Hour, 12*time.Hour)}
		for range rapid.IntRange(1, 30).Draw(t, "calls") {
			switch rapid.IntRange(0, 5).Draw(t, "the clock is set") {
			case 0:
				h.behind += length(t, "by", -12*time.Hour, 12*time.Hour)
			case 1:
				h.behind += length(t, "by a little", -40*time.Second, 40*time.Second)
			}
			c, s := h.calls(length(t, "pause", 0, 20*time.Minute), length(t, "took", 0, callWithin-time.Second))
			if s.wrong {
				continue
			}
			at := c.clock.Add(s.offset)
			if at.After(c.had().Add(time.Second)) || at.Before(c.had().Add(-callWithin)) {
				t.Fatalf("a call had at %s is corrected by %s to %s", c.had(), s.offset, at)
			}
		}
	})
}

// A clock that is off by hours and left alone is known after three calls, to
// the second and what the fastest of the last calls took.
func TestAClockThatIsOffIsKnown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := calling{now: noon, behind: length(t, "behind", -12*time.Hour, 12*time.Hour)}
		var took []time.Duration
		for n := range rapid.IntRange(neededReadings, 30).Draw(t, "calls") {
			took = append(took, length(t, "took", 0, callWithin-time.Second))
			c, s := h.calls(length(t, "pause", 0, 10*time.Minute), took[n])
			if n < neededReadings-1 {
				continue
			}
			if s.wrong {
				t.Fatalf("after %d calls the clock is not known", n+1)
			}
			fastest := took[n]
			for _, each := range took[max(0, n+1-keptReadings):] {
				fastest = min(fastest, each)
			}
			if off := c.clock.Add(s.offset).Sub(c.sent); off < -time.Second || off > fastest+time.Second {
				t.Fatalf("a clock behind by %s is taken for %s behind; the call's instant is off by %s", h.behind, s.offset, off)
			}
		}
	})
}

// A clock that is set anew is known again after three calls, or after five when
// it is set by less than a call can take.
func TestAClockThatIsSetIsKnownAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := calling{now: noon, behind: length(t, "behind", -time.Hour, time.Hour)}
		quick := func() time.Duration { return length(t, "took", 0, 2*time.Second) }
		for range keptReadings {
			h.calls(time.Minute, quick())
		}
		by := length(t, "set by", -time.Hour, time.Hour)
		h.behind += by
		needed := neededReadings
		if by.Abs() <= callWithin+3*time.Second {
			needed = keptReadings
		}
		for n := range 12 {
			c, s := h.calls(time.Minute, quick())
			off := c.clock.Add(s.offset).Sub(c.sent)
			if known := !s.wrong && off.Abs() <= 3*time.Second; n+1 >= needed && !known {
				t.Fatalf("%d calls after the clock was set by %s it is %+v, off by %s", n+1, by, s, off)
			}
		}
	})
}

func TestHandsetClock(t *testing.T) {
	seconds := func(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
	for _, test := range []struct {
		name   string
		behind []float64 // seconds, of calls a minute apart
		within time.Duration
		want   setting
	}{
		{"the first call of a right clock", []float64{0.4}, callWithin, setting{}},
		{"a slow first call", []float64{29}, callWithin, setting{}},
		{"the first call of a clock that is behind", []float64{240.4}, callWithin, setting{wrong: true}},
		{"the first call of a clock that is ahead", []float64{-240}, callWithin, setting{wrong: true}},
		{"a right clock", []float64{0.4, 0.9, 0.2}, callWithin, setting{offset: seconds(0.2)}},
		{"one that is behind", []float64{240.4, 240.9, 240.2}, callWithin, setting{offset: seconds(240.2)}},
		{"one that is ahead", []float64{-239.4, -239.9, -239.2}, callWithin, setting{offset: seconds(-239.9)}},
		{"a slow call is not its clock", []float64{0.4, 0.9, 0.2, 20}, callWithin, setting{offset: seconds(0.2)}},
		{"one that no call explains", []float64{0.4, 0.9, 0.2, 45}, callWithin, setting{wrong: true}},
		{"and the next one", []float64{240.4, 240.9, 240.2, 290, 240.5}, callWithin, setting{offset: seconds(240.2)}},
		{"set right", []float64{240.4, 240.9, 240.2, 0.3}, callWithin, setting{}},
		{"set wrong", []float64{0.4, 0.9, 0.2, 240.3, 240.8}, callWithin, setting{wrong: true}},
		{"set wrong and believed", []float64{0.4, 0.9, 0.2, 240.3, 240.8, 240.1}, callWithin, setting{offset: seconds(240.1)}},
		{"back by a little", []float64{0.4, 0.9, 0.2, 10.3, 10.8, 10.1}, callWithin, setting{offset: seconds(0.2)}},
		{"back by a little and believed", []float64{0.4, 0.9, 0.2, 10.3, 10.8, 10.1, 10.6, 10.2}, callWithin, setting{offset: seconds(10.1)}},
		{"heartbeats that were held up", []float64{0.4, 300, 900}, 0, setting{offset: seconds(0.4)}},
		{"two are too few", []float64{300, 900}, 0, setting{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var c handsetClock
			var last told
			now := noon
			for _, behind := range test.behind {
				now = now.Add(time.Minute)
				last = told{now.Add(-seconds(behind)), test.within}
				c.read(last, now)
			}
			if got := c.setting(last, now); got != test.want {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
	t.Run("forgotten after an hour", func(t *testing.T) {
		var c handsetClock
		for n := range 3 {
			c.read(told{noon, 0}, noon.Add(time.Duration(n)*time.Second))
		}
		if _, known := c.offset(noon.Add(readingsFor)); !known {
			t.Error("it is forgotten within the hour")
		}
		if s := c.setting(told{}, noon.Add(readingsFor+3*time.Second)); s != (setting{}) {
			t.Errorf("an hour later it is %+v", s)
		}
	})
	if s := (handsetClock{}).setting(told{}, noon); s != (setting{}) {
		t.Errorf("a clock that nobody has read is %+v", s)
	}
}

// postBy sends body as a phone whose clock is behind ours.
func (w *world) postBy(behind time.Duration, body string) *httptest.ResponseRecorder {
	signed := strconv.FormatInt(time.Now().Add(-behind).Unix(), 10)
	recorder := httptest.NewRecorder()
	w.Routes().ServeHTTP(recorder, hook(http.MethodPost, "/hooks/android/phones", body, signed, sign(signingKey, body, signed)))
	return recorder
}

const pingBody = `{"deviceId":"d1","event":"system:ping","id":"p","payload":{}}`

// pings lets the phone give heartbeats, a minute apart.
func (w *world) pings(t *testing.T, n int, behind time.Duration) {
	t.Helper()
	for range n {
		time.Sleep(time.Minute + 300*time.Millisecond)
		if answer := w.postBy(behind, pingBody); answer.Code != http.StatusOK {
			t.Fatalf("a ping is answered %d", answer.Code)
		}
	}
}

// code asks for one, and lets the phone of d1 hand it over: 2 s later it is
// stamped, 3 s later the phone sends it, and that takes a second and a half. It
// gives the legs.
func (w *world) code(t *testing.T, id string, behind time.Duration) (probes.Arrival, []probes.Leg) {
	t.Helper()
	asked := time.Now()
	w.expect(id, "sim-a")
	stamp := asked.Add(2 * time.Second).UTC().Format(time.RFC3339)
	body := smsEvent(id, fmt.Sprintf(`"message":"Kode OTP Anda: 48%s","simNumber":1,"receivedAt":%q`, id, stamp))
	time.Sleep(5 * time.Second)
	signed := strconv.FormatInt(time.Now().Add(-behind).Unix(), 10)
	time.Sleep(1500 * time.Millisecond)
	recorder := httptest.NewRecorder()
	w.Routes().ServeHTTP(recorder, hook(http.MethodPost, "/hooks/android/phones", body, signed, sign(signingKey, body, signed)))
	got := w.taken()
	if recorder.Code != http.StatusOK || len(got) == 0 || got[len(got)-1].Wait != id {
		t.Fatalf("answer %d, arrivals %+v", recorder.Code, got)
	}
	a := got[len(got)-1]
	return a, a.Legs(time.Since(asked))
}

// wantLegs holds legs against what code lets happen, to the second and a bit
// that a clock of whole seconds is worth.
func wantLegs(t *testing.T, got []probes.Leg, want ...probes.Leg) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("legs %+v, want %+v", got, want)
	}
	for i, leg := range got {
		if leg.From != want[i].From || leg.To != want[i].To || (leg.Length-want[i].Length).Abs() > 1500*time.Millisecond {
			t.Errorf("leg %+v, want %+v", leg, want[i])
		}
		if (leg.Offset-want[i].Offset).Abs() > time.Second || (leg.Offset == 0) != (want[i].Offset == 0) {
			t.Errorf("leg %+v is corrected by %s, want %s", leg, leg.Offset, want[i].Offset)
		}
	}
}

// TestAClockIsCorrectedByItsHeartbeats goes through the webhook: a phone whose
// clock is hours off, then set anew in both directions.
func TestAClockIsCorrectedByItsHeartbeats(t *testing.T) {
	all := func(offset time.Duration) []probes.Leg {
		return []probes.Leg{
			{From: probes.AtRequest, To: probes.AtCentre, Length: 2 * time.Second},
			{From: probes.AtCentre, To: probes.AtDevice, Length: 3 * time.Second, Offset: offset},
			{From: probes.AtDevice, To: probes.AtUs, Length: 1500 * time.Millisecond, Offset: offset},
		}
	}
	joint := []probes.Leg{
		{From: probes.AtRequest, To: probes.AtCentre, Length: 2 * time.Second},
		{From: probes.AtCentre, To: probes.AtUs, Length: 4500 * time.Millisecond},
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options, _ *Deps) { o.ClockTolerance = 24 * time.Hour })
		offset := func() float64 { return testutil.ToFloat64(w.deps.Metrics.clock.WithLabelValues("phones", "d1")) }

		_, legs := w.code(t, "1001", 0)
		wantLegs(t, legs, all(0)...) // nothing is known of the clock, and nothing speaks against it
		_, legs = w.code(t, "1002", 3*time.Hour)
		wantLegs(t, legs, joint...) // it cannot be right

		w.pings(t, 3, 3*time.Hour)
		a, legs := w.code(t, "1003", 3*time.Hour)
		wantLegs(t, legs, all(3*time.Hour)...)
		if !a.Device.After(a.Stamped) || a.Device.After(a.Received) {
			t.Errorf("stamped %s, at the handset %s, received %s", a.Stamped, a.Device, a.Received)
		}
		if got := offset(); got < 10799 || got > 10801 {
			t.Errorf("the metric says %v s, want three hours", got)
		}

		_, legs = w.code(t, "1004", -2*time.Hour) // set ahead just now
		wantLegs(t, legs, joint...)
		w.pings(t, 1, -2*time.Hour)
		_, legs = w.code(t, "1005", -2*time.Hour) // the third look at it
		wantLegs(t, legs, all(-2*time.Hour)...)

		_, legs = w.code(t, "1006", 4*time.Minute) // set back
		wantLegs(t, legs, joint...)
		if n := testutil.CollectAndCount(w.deps.Metrics.clock); n != 0 {
			t.Errorf("%d clocks are known while the only one is not", n)
		}
		w.pings(t, 3, 4*time.Minute)
		_, legs = w.code(t, "1007", 4*time.Minute)
		wantLegs(t, legs, all(4*time.Minute)...)
	})
}

// A phone that tries again signs anew; it had the message by the first try.
func TestTheFirstTryOfACorrectedHandsetCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.pings(t, 3, 4*time.Minute)
		w.expect("A", "sim-a")
		body := smsEvent("1", `"message":"Kode OTP Anda: 482915","simNumber":1`)
		time.Sleep(5 * time.Second)
		w.breakWith(fmt.Errorf("disk full"))
		first := time.Now()
		w.postBy(4*time.Minute, body)
		time.Sleep(10 * time.Second)
		w.breakWith(nil)
		w.postBy(4*time.Minute, body)
		got := w.taken()
		if len(got) != 1 || !got[0].Received.Equal(first) || got[0].Received.Sub(got[0].Device).Abs() > 2*time.Second {
			t.Errorf("arrivals %+v, want one at the handset and with us at %s", got, first)
		}
	})
}

// A generic device says what its clock shows in its heartbeats. They may have
// been held up, so that the least of them counts.
func TestAGenericDevicesClockIsCorrected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options, _ *Deps) {
			o.Generic = []Generic{{
				Name: "box", Bearer: secret.New("token"), SIM: "sim-c", Heartbeat: Heartbeat{"event", "ping"},
				Fields: Fields{ID: "id", Text: "text", At: "at", Device: "device"},
			}}
		}, probes.SIM{ID: "sim-c", Receiver: "box", Device: "rak-1"})
		send := func(fields string, at time.Time) {
			t.Helper()
			body := fmt.Sprintf(`{%s,"device":"rak-1","at":%d}`, fields, at.UnixMilli())
			answer := httptest.NewRecorder()
			r := hook(http.MethodPost, "/hooks/generic/box", body, "", "")
			r.Header.Set("Authorization", "Bearer token")
			w.Routes().ServeHTTP(answer, r)
			if answer.Code != http.StatusOK {
				t.Fatalf("answer %d", answer.Code)
			}
		}
		const behind = 10 * time.Minute
		for _, held := range []time.Duration{3 * time.Second, 200 * time.Millisecond, 2 * time.Minute} {
			time.Sleep(5 * time.Minute)
			send(`"event":"ping"`, time.Now().Add(-behind-held))
		}
		w.expect("C", "sim-c")
		asked := time.Now()
		time.Sleep(20 * time.Second)
		send(`"event":"sms","id":"1","text":"Kode OTP Anda: 482915"`, time.Now().Add(-behind-12*time.Second))
		got := w.taken()
		if len(got) != 1 {
			t.Fatalf("arrivals %+v, want one", got)
		}
		wantLegs(
			t, got[0].Legs(time.Since(asked)),
			probes.Leg{From: probes.AtRequest, To: probes.AtDevice, Length: 8 * time.Second, Offset: behind},
			probes.Leg{From: probes.AtDevice, To: probes.AtUs, Length: 12 * time.Second, Offset: behind},
		)
	})
}

// What pantau inbox gammu had queued keeps the moment at which smsd had it.
func TestAGammuMachinesClockIsCorrected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options, _ *Deps) {
			o.Gammu = []Gammu{{Name: "modem", Secret: secret.New("gammu-key"), SIM: "sim-c"}}
		}, probes.SIM{ID: "sim-c", Receiver: "modem", Device: "modem-1"})
		const ahead = 2 * time.Minute
		hand := func(id string, queued time.Duration, text string) {
			t.Helper()
			clock := time.Now().Add(ahead)
			body := fmt.Sprintf(`{"id":%q,"phone":"modem-1","sender":"DJP","text":%q,"received":%q}`, id, text, clock.Add(-queued).UTC().Format(time.RFC3339Nano))
			signed := strconv.FormatInt(clock.Unix(), 10)
			answer := httptest.NewRecorder()
			w.Routes().ServeHTTP(answer, hook(http.MethodPost, "/hooks/gammu/modem", body, signed, sign("gammu-key", body, signed)))
			if answer.Code != http.StatusOK {
				t.Fatalf("answer %d", answer.Code)
			}
		}
		for n := range 3 {
			hand(fmt.Sprint("news-", n), 0, "Sisa pulsa Anda Rp500")
			time.Sleep(300 * time.Millisecond)
		}
		w.expect("C", "sim-c")
		asked := time.Now()
		time.Sleep(8 * time.Minute)
		hand("code", 7*time.Minute, "Kode OTP Anda: 482915")
		got := w.taken()
		if len(got) != 1 {
			t.Fatalf("arrivals %+v, want one", got)
		}
		wantLegs(
			t, got[0].Legs(time.Since(asked)),
			probes.Leg{From: probes.AtRequest, To: probes.AtDevice, Length: time.Minute, Offset: -ahead},
			probes.Leg{From: probes.AtDevice, To: probes.AtUs, Length: 7 * time.Minute, Offset: -ahead},
		)
	})
}

// Nothing is remembered of handsets without a card of ours: whoever has the key
// could name as many as he likes.
func TestClocksOfStrangersAreNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		for n := range 50 {
			w.post(fmt.Sprintf(`{"deviceId":"stranger-%d","event":"system:ping","id":"p"}`, n))
		}
		if len(w.clocks) != 0 {
			t.Errorf("%d clocks are kept", len(w.clocks))
		}
	})
}

package inbox

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"pantau/internal/secret"
	"pantau/probes"
)

func TestListen(t *testing.T) {
	const limit = 3 * time.Minute
	one, two := handset{"phones", "d1"}, handset{"phones", "d2"}
	streams := map[probes.Stream][]handset{probes.SMS("xl"): {one, two}}
	type heard = map[handset]time.Time
	for _, test := range []struct {
		name     string
		heard    heard
		now      time.Time
		verdict  probes.Verdict // "" is no result
		evidence string
	}{
		{"in grace", heard{}, at(3), "", ""},
		{"after grace", heard{}, at(3.1), probes.Unknown, `handset "d1" at phones never heard since the start at 2023-05-30T05:00:00Z; ` +
			`handset "d2" at phones never heard since the start at 2023-05-30T05:00:00Z`},
		{"one heard in grace", heard{one: at(0)}, at(1), probes.Up, ""},
		{"one heard of two", heard{two: at(10)}, at(13), probes.Up, ""},
		{"one silent, one in grace", heard{one: at(-2)}, at(2), "", ""},
		{"both silent", heard{one: at(10), two: at(9)}, at(13.1), probes.Unknown, `handset "d1" at phones silent since 2023-05-30T05:10:00Z; ` +
			`handset "d2" at phones silent since 2023-05-30T05:09:00Z`},
		{"one silent, one never heard", heard{one: at(10)}, at(14), probes.Unknown, `handset "d1" at phones silent since 2023-05-30T05:10:00Z; ` +
			`handset "d2" at phones never heard since the start at 2023-05-30T05:00:00Z`},
		{"heard in the future", heard{one: at(60)}, at(10), probes.Up, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := listen(streams, pulse{since: at(0), heard: test.heard}, limit, test.now)
			if test.verdict == "" {
				if len(got) != 0 {
					t.Fatalf("results %+v, want none", got)
				}
				return
			}
			if len(got) != 1 || got[0].Verdict != test.verdict || got[0].Evidence != test.evidence {
				t.Fatalf("results %+v, want %s with %q", got, test.verdict, test.evidence)
			}
			r := got[0]
			if r.Step != probes.StepListen || r.Stream != "sms/xl" || r.At != test.now || r.ID == "" || (r.Reason == probes.ReasonSilent) != (r.Verdict == probes.Unknown) {
				t.Errorf("result %+v is no listen result of the stream", r)
			}
		})
	}
}

func TestHearing(t *testing.T) {
	const limit = 3 * time.Minute
	phone := handset{"phones", "d1"}
	for _, test := range []struct {
		name  string
		beats []float64 // minutes after the start
		mute  bool
		since float64
		now   float64
		want  probes.Hearing
	}{
		{"in grace", nil, false, -1, 3, probes.HearingYet},
		{"after grace", nil, false, -1, 3.1, probes.HearingNone},
		{"heard since the start", []float64{1, 2, 3}, false, 1.5, 5, probes.HearingWell},
		{"over a restart", []float64{1, 2}, false, -10, 3, probes.HearingWell},
		{"over a restart, heard late", []float64{3.1}, false, -10, 3.2, probes.HearingNone},
		{"asked for after that", []float64{3.1}, false, 3.2, 3.3, probes.HearingWell},
		{"silent now", []float64{1}, false, 0.5, 4.1, probes.HearingNone},
		{"silent meanwhile", []float64{1, 5, 6}, false, 2, 6, probes.HearingNone},
		{"silent before", []float64{1, 5, 6}, false, 5.5, 6, probes.HearingWell},
		{"silent twice", []float64{1, 5, 9, 10}, false, 6, 10, probes.HearingNone},
		{"gives no signs of life", nil, true, 0, 60, probes.HearingWell},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := pulse{since: at(0), heard: map[handset]time.Time{}, back: map[handset]time.Time{}, mute: map[string]bool{"phones": test.mute}}
			for _, minute := range test.beats {
				p.beat(phone, at(minute), limit)
			}
			if got := p.hearing(phone, at(test.since), limit, at(test.now)); got != test.want {
				t.Errorf("heard %q, want %q", got, test.want)
			}
		})
	}
}

func TestASIMIsHeardByItsOwnHandset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		asked := time.Now()
		if got := w.Hearing("no SIM of ours", asked); got != probes.HearingWell {
			t.Errorf("a key that is no SIM's is heard %q", got)
		}
		time.Sleep(time.Minute)
		w.Heard("phones", "d1", time.Now())
		if got := w.Hearing(w.ledger.cards.byPhone[handset{"phones", "d1"}][0], asked); got != probes.HearingWell {
			t.Errorf("heard %q, want well", got)
		}
		time.Sleep(3*time.Minute + time.Second)
		if got := w.Hearing(w.ledger.cards.byPhone[handset{"phones", "d1"}][0], asked); got != probes.HearingNone {
			t.Errorf("heard %q, want none", got)
		}
	})
}

func TestHandsetsAreHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		want := func(after time.Duration, verdicts ...probes.Verdict) {
			t.Helper()
			time.Sleep(after)
			got := w.Listen(time.Now())
			if len(got) != len(verdicts) {
				t.Fatalf("results %+v, want %v", got, verdicts)
			}
			ids := map[string]bool{}
			for i, r := range got {
				if r.Verdict != verdicts[i] || ids[r.ID] {
					t.Errorf("stream %s is %s with id %s, want %s", r.Stream, r.Verdict, r.ID, verdicts[i])
				}
				ids[r.ID] = true
			}
		}
		want(time.Minute) // in grace
		w.Heard("phones", "not ours", time.Now())
		w.Heard("others", "d1", time.Now())
		want(time.Minute)
		if answer := w.post(`{"deviceId":"d1","event":"system:ping","id":"p","payload":{}}`); answer.Code != 200 {
			t.Fatalf("a ping is answered %d", answer.Code)
		}
		want(time.Minute, probes.Up, probes.Up) // both SIMs are in it
		want(2*time.Minute+time.Second, probes.Unknown, probes.Unknown)
		w.post(smsEvent("1", `"message":"hello","simNumber":1`)) // any event is a sign of life
		want(0, probes.Up, probes.Up)
	})
}

func TestAForgedPingIsNotHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options, _ *Deps) { o.Android[0].Secret = secret.New("another") })
		if answer := w.post(`{"deviceId":"d1","event":"system:ping","id":"p","payload":{}}`); answer.Code != 401 {
			t.Errorf("a forged ping is answered %d, want 401", answer.Code)
		}
		if got := w.Listen(time.Now()); len(got) != 0 {
			t.Errorf("results %+v after a forged ping, want none", got)
		}
	})
}

func TestMailIsListenedTo(t *testing.T) {
	w := newWorld(t, func(o *Options, _ *Deps) { o.SMTP = SMTP{Listen: "127.0.0.1:0", Domain: "probe.example"} })
	if got := w.Listen(time.Now()); len(got) != 0 {
		t.Errorf("results %+v before Run and in grace, want none", got)
	}
	if got := emailVerdict(w); got != probes.Unknown {
		t.Errorf("e-mail is %q when nothing runs, want unknown", got)
	}
	running := mailWorld(t, nil)
	plainDial(t, running) // it has greeted, so it serves
	if got := emailVerdict(running); got != probes.Up {
		t.Errorf("e-mail is %q, want up", got)
	}
}

// The alert on silent handsets reads this metric: it holds handsets that give
// heartbeats, dead ones from the start, and none whose silence says nothing.
func TestOnlyHandsetsWithHeartbeatsShowWhenTheyWereHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		registry := prometheus.NewRegistry()
		metrics := NewMetrics(registry)
		sims := append(twoSIMs(), probes.SIM{
			ID: "tsel-9", Operator: "telkomsel", Number: secret.New("+6281200000009"), Receiver: "modem", Device: "modem-1", Slot: 1,
		})
		box, err := New(Options{
			Android: []Android{{"phones", secret.New(signingKey)}}, Gammu: []Gammu{{Name: "modem", Folder: t.TempDir()}},
		}, sims, Deps{Deliver: func(context.Context, probes.Arrival) error { return nil }, Metrics: metrics})
		if err != nil {
			t.Fatal(err)
		}
		if n := testutil.CollectAndCount(metrics.heartbeat); n != 1 {
			t.Errorf("%d handsets are shown, want the one with heartbeats", n)
		}
		shows := func(want time.Time) {
			t.Helper()
			if got := testutil.ToFloat64(metrics.heartbeat.WithLabelValues("phones", "d1")); got != float64(want.Unix()) {
				t.Errorf("d1 was heard at %v, want %d", got, want.Unix())
			}
		}
		shows(began)
		time.Sleep(time.Minute)
		box.Heard("phones", "d1", time.Now())
		box.Heard("modem", "modem-1", time.Now())
		shows(began.Add(time.Minute))
		if n := testutil.CollectAndCount(metrics.heartbeat); n != 1 {
			t.Errorf("%d handsets are shown after a message to a modem, want one", n)
		}
	})
}

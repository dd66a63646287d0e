package probes

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// way writes legs as "requested 2s smsc 1s received".
func way(legs []Leg) string {
	said := []string{string(AtRequest)}
	for _, leg := range legs {
		said = append(said, leg.Length.String(), string(leg.To))
	}
	return strings.Join(said, " ")
}

func TestLegs(t *testing.T) {
	asked := time.Date(2023, 5, 30, 5, 0, 0, 0, time.UTC)
	after := func(seconds float64) time.Time {
		return asked.Add(time.Duration(seconds * float64(time.Second)))
	}
	for _, test := range []struct {
		name                     string
		stamped, device, arrived float64 // seconds after the request; 0 is not said
		want                     string
	}{
		{"all four", 2, 5, 6.5, "requested 2s smsc 3s device 1.5s received"},
		{"nothing but ours", 0, 0, 6.5, "requested 6.5s received"},
		{"no stamp", 0, 5, 6.5, "requested 5s device 1.5s received"},
		{"no handset", 2, 0, 6.5, "requested 2s smsc 4.5s received"},
		{"the handset before the request", 2, -60, 6.5, "requested 2s smsc 4.5s received"},
		{"the handset after us", 2, 60, 6.5, "requested 2s smsc 4.5s received"},
		{"the stamp before the request", -60, 5, 6.5, "requested 5s device 1.5s received"},
		{"the stamp after the handset", 6.4, 5, 6.5, "requested 5s device 1.5s received"},
		{"within the second of a stamp", -0.9, 7.4, 6.5, "requested 0s smsc 6.5s device 0s received"},
		{"a second and more is no rounding", -1.1, 7.6, 6.5, "requested 6.5s received"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := Arrival{Received: after(test.arrived)}
			if test.stamped != 0 {
				a.Stamped = after(test.stamped)
			}
			if test.device != 0 {
				a.Device = after(test.device)
			}
			if got := way(a.Legs(a.Received.Sub(asked))); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// Whatever clocks say, legs follow each other, none is negative, and together
// they are the wait. What was corrected is said where the handset's clock is
// an end of the leg, and nowhere else.
func TestLegsAreTheWholeWaitAndNeverNegative(t *testing.T) {
	asked := time.Date(2023, 5, 30, 5, 0, 0, 0, time.UTC)
	instant := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "not said") {
			return time.Time{}
		}
		near := rapid.Int64Range(-int64(20*time.Second), int64(20*time.Second))
		far := rapid.Int64Range(-int64(48*time.Hour), int64(48*time.Hour))
		return asked.Add(time.Duration(rapid.OneOf(near, far).Draw(t, "from the request")))
	})
	rapid.Check(t, func(t *rapid.T) {
		age := time.Duration(rapid.Int64Range(0, int64(2*time.Hour)).Draw(t, "age"))
		a := Arrival{
			Received: asked.Add(age), Stamped: instant.Draw(t, "stamped"), Device: instant.Draw(t, "device"),
			Offset: time.Duration(rapid.Int64().Draw(t, "offset")),
		}
		var sum time.Duration
		at := AtRequest
		for _, leg := range a.Legs(age) {
			if leg.From != at || leg.Length < 0 {
				t.Fatalf("legs %+v", a.Legs(age))
			}
			if corrected := leg.Offset != 0; corrected && !leg.ByDevice() || leg.ByDevice() && leg.Offset != a.Offset {
				t.Fatalf("leg %+v of an arrival whose clock is off by %s", leg, a.Offset)
			}
			at, sum = leg.To, sum+leg.Length
		}
		if at != AtUs || sum != age {
			t.Fatalf("legs %+v are %s and end at %s, want %s", a.Legs(age), sum, at, age)
		}
		if held := a.forwarded(age); held < 0 || held > age {
			t.Fatalf("%s of %s were with the forwarder", held, age)
		}
	})
}

// A handset that says to have had a message before it was asked for has a
// wrong clock, which says nothing about the forwarder.
func TestAHandsetOfWrongClockIsNoLateForwarder(t *testing.T) {
	for _, device := range []time.Duration{-time.Hour, -20 * time.Second, time.Minute} {
		t.Run(fmt.Sprint(device), func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.asked("run-1")
				message := arrival("run-1", "482915")
				message.Device = time.Now().Add(device)
				time.Sleep(6 * time.Second)
				message.Received = time.Now()
				if err := w.prober.Arrived(t.Context(), message); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if got, want := w.ages(), "6s up closed"; got != want {
					t.Errorf("told %s, want %s", got, want)
				}
			})
		})
	}
}

// The legs of what a late forwarder held are what one wants to see most.
func TestLegsOfAResult(t *testing.T) {
	asked := time.Date(2023, 5, 30, 5, 0, 0, 0, time.UTC)
	a := Arrival{
		Stamped: asked.Add(2 * time.Second), Device: asked.Add(4 * time.Second), Received: asked.Add(12 * time.Minute),
		Offset: time.Minute,
	}
	age := 12 * time.Minute
	sms := Result{Stream: SMS("xl"), Step: StepAwaitOTP, Arrival: &a, Wait: &WaitAge{Age: age}}
	for _, test := range []struct {
		name  string
		tweak func(*Result)
		want  []string
	}{
		{"sms", func(*Result) {}, []string{
			"requested smsc 2s: portal, its supplier and the operator's centre", "smsc device 2s: operator's last leg and radio", "device received 11m56s: forwarder and our line",
		}},
		{"held by the forwarder", func(r *Result) {
			r.Reason, r.Wait = ReasonOverdue, &WaitAge{Age: age, AgeMin: 4 * time.Second, AgeMax: age}
		}, []string{
			"requested smsc 2s: portal, its supplier and the operator's centre", "smsc device 2s: operator's last leg and radio", "device received 11m56s: forwarder and our line",
		}},
		{"perhaps another's", func(r *Result) { r.Wait = &WaitAge{Age: age, AgeMin: time.Minute, AgeMax: age} }, nil},
		{"held, and perhaps a copy", func(r *Result) {
			r.Reason, r.Wait = ReasonOverdue, &WaitAge{Age: age, AgeMin: time.Second, AgeMax: age}
		}, nil},
		{"another step", func(r *Result) { r.Step = StepSubmitOTP }, nil},
		{"no message", func(r *Result) { r.Arrival = nil }, nil},
		{"a mailbox", func(r *Result) { r.Stream = StreamEmail }, []string{
			"requested device 4s: portal and the mail servers on the way", "device received 11m56s: mailbox and our line",
		}},
		{"a control message", func(r *Result) { r.Step = StepAwaitControl }, []string{
			"requested smsc 2s: our gateway, the sender's operator and the recipient's centre",
			"smsc device 2s: operator's last leg and radio", "device received 11m56s: forwarder and our line",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := sms
			test.tweak(&r)
			var got []string
			for _, leg := range r.Legs() {
				got = append(got, fmt.Sprintf("%s %s %s: %s", leg.From, leg.To, leg.Length, r.Part(leg)))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("legs\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

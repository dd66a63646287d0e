package probes

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// A handset that was silent while a code was on its way says nothing about the
// operator; one that was not heard yet lets edges pass.
func TestOnlyAHandsetThatIsHeardIsEvidence(t *testing.T) {
	const silent = " unknown receiver-silent"
	for _, test := range []struct {
		name    string
		hearing func(age time.Duration) Hearing
		comes   time.Duration // 0 is never
		want    string
	}{
		{"well", func(time.Duration) Hearing { return HearingWell }, 20 * time.Second, "15s unknown waiting, 20s up closed"},
		{
			"silent from the second minute",
			func(age time.Duration) Hearing { return turns(age, 90*time.Second, HearingNone) },
			12 * time.Minute,
			"15s unknown waiting, 30s unknown waiting, 1m0s unknown waiting, 2m0s" + silent + ", 5m0s" + silent + ", 10m0s" + silent +
				", 12m0s" + silent + " closed between 0s and 12m0s",
		},
		{
			"silent, and in time all the same",
			func(age time.Duration) Hearing { return turns(age, 0, HearingNone) },
			20 * time.Second, "15s" + silent + ", 20s up closed between 0s and 20s",
		},
		{
			"silent to the end",
			func(age time.Duration) Hearing { return turns(age, 20*time.Minute, HearingNone) },
			0, everyEdge + ", 2h0m0s" + silent + " closed",
		},
		{
			"heard at last",
			func(age time.Duration) Hearing {
				if age < time.Minute {
					return HearingYet
				}
				return HearingWell
			},
			90 * time.Second, "1m0s unknown waiting, 1m30s up closed",
		},
		{"never heard yet", func(time.Duration) Hearing { return HearingYet }, 0, "2h0m0s" + silent + " closed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				began := time.Now()
				w.prober.deps.Hearing = func(key string, since time.Time) Hearing {
					if key != "sim-1" || !since.Equal(began) {
						t.Errorf("asked for %s since %s", key, since.Sub(began))
					}
					return test.hearing(time.Since(began))
				}
				w.asked("run-1")
				if test.comes > 0 {
					time.Sleep(test.comes)
					if err := w.prober.Arrived(t.Context(), arrival("run-1", "482915")); err != nil {
						t.Error(err)
					}
				}
				time.Sleep(3 * time.Hour)
				synctest.Wait()
				got := w.ages()
				if last := w.recorded()[len(w.recorded())-1].Wait; last.AgeMax > 0 {
					got += fmt.Sprintf(" between %s and %s", last.AgeMin, last.AgeMax)
				}
				if got != test.want {
					t.Errorf("told %s\nwant %s", got, test.want)
				}
			})
		})
	}
}

// A control message goes from one handset of ours to another: a silent one at
// either end is ours. One that waits at a phone without a line was not sent.
func TestAControlMessageTakesBothHandsets(t *testing.T) {
	for _, test := range []struct {
		from, to Hearing
		want     Reason
	}{
		{HearingWell, HearingWell, ReasonNone},
		{HearingWell, HearingNone, ReasonSilent},
		{HearingNone, HearingWell, ReasonSilent},
		{HearingYet, HearingNone, ReasonSilent},
		{HearingYet, HearingWell, ReasonNone},
	} {
		w := newQuiet(t)
		w.prober.deps.Hearing = func(sim string, _ time.Time) Hearing {
			return map[string]Hearing{"xl-1": test.from, "sim-1": test.to}[sim]
		}
		waiting := newParked(Wait{ID: "c", Key: ControlKey("xl", "xl-1", "sim-1"), Validity: 10 * time.Minute, GiveUp: time.Hour}, &run{})
		w.prober.listenFor(waiting, 30*time.Second)
		if waiting.unheard != test.want || (waiting.passed > 0) != (test.want == ReasonNone && test.from == HearingYet) {
			t.Errorf("%s to %s: %q, and %d edges passed untold, want %q", test.from, test.to, waiting.unheard, waiting.passed, test.want)
		}
	}
}

// turns is how a handset is heard at an age when it is heard otherwise from
// another age on.
func turns(age, from time.Duration, otherwise Hearing) Hearing {
	if age < from {
		return HearingWell
	}
	return otherwise
}

package probes

import (
	"testing"
	"testing/synctest"
	"time"

	"pantau/simulator/portal"
)

// A code in the junk folder is neither in the reader's sight nor lost.
func TestACodeInTheJunkFolder(t *testing.T) {
	const late = everyEdge + ", 12m0s down late closed"
	for _, test := range []struct {
		name   string
		strict bool
		after  time.Duration
		junk   bool
		want   string
	}{
		{"in sight", true, 7 * time.Second, false, "7s up closed"},
		{"counted as arrived", false, 7 * time.Second, true, "7s up junk closed"},
		{"counted as never come", true, 7 * time.Second, true, "7s down junk closed"},
		{"late is late wherever it lies", true, 12 * time.Minute, true, late},
		{"late is late wherever it lies, too", false, 12 * time.Minute, true, late},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.prober.options.Journeys[2].JunkIsDown = test.strict
				w.asked("run-1")
				time.Sleep(test.after)
				synctest.Wait()
				if err := w.prober.Arrived(t.Context(), Arrival{ID: "m", Wait: "run-1", Received: time.Now(), Junk: test.junk}); err != nil {
					t.Fatal(err)
				}
				if got := w.ages(); got != test.want {
					t.Errorf("told %s\nwant %s", got, test.want)
				}
			})
		})
	}
}

func sharedMailbox(o *Options) {
	again := o.Journeys[3]
	again.Name = "mail-2"
	o.Journeys = append(o.Journeys, again)
	o.Journeys[3].Mail, o.Journeys[4].Mail = "shared", "shared"
}

// One code at a time is on its way to a mailbox that runs share: whose it is
// could not be told otherwise.
func TestASharedMailboxIsHeld(t *testing.T) {
	w := newWorld(t, portal.DressEreg, sharedMailbox)
	w.holding = true
	began := func(journey int, after time.Duration) Why {
		r, why := w.prober.begin(w.prober.options.Journeys[journey], time.Now().Add(after), &watcher{})
		if why == WhyNot {
			w.prober.end(r)
		}
		return why
	}
	first, why := w.prober.begin(w.prober.options.Journeys[3], time.Now(), &watcher{})
	if why != WhyNot {
		t.Fatalf("the first run is skipped: %s", why)
	}
	if why := began(4, 0); why != WhyMailbox {
		t.Errorf("while a run holds the mailbox, another is skipped for %q, want %q", why, WhyMailbox)
	}
	w.prober.walk(t.Context(), first)
	w.prober.end(first)
	if why := began(4, time.Hour); why != WhyMailbox {
		t.Errorf("while a code is on its way, another run is skipped for %q, want %q", why, WhyMailbox)
	}
	if err := w.prober.Arrived(t.Context(), Arrival{ID: "m", Wait: first.id, Received: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if why := began(4, 0); why != WhySpacing {
		t.Errorf("right after a code, another run is skipped for %q, want %q", why, WhySpacing)
	}
	if why := began(4, 5*time.Minute); why != WhyNot {
		t.Errorf("the mailbox is not used again: %q", why)
	}
}

func TestARestoredWaitHoldsTheSharedMailbox(t *testing.T) {
	for _, test := range []struct {
		name  string
		tweak func(*Options)
		want  Why
	}{
		{"shared", sharedMailbox, WhyMailbox},
		{"an address for each run", nil, WhyNot},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, portal.DressEreg, test.tweak)
			validity := 10 * time.Minute
			w.prober.Restore([]Wait{{
				ID: "old", Run: "old", Journey: "mail", Stream: StreamEmail, Key: AddressKey(probeAddress),
				Requested: wall(time.Now()), Validity: validity, GiveUp: GiveUp(validity),
			}})
			if _, why := w.prober.begin(w.prober.options.Journeys[3], time.Now(), &watcher{}); why != test.want {
				t.Errorf("a run is skipped for %q, want %q", why, test.want)
			}
			w.prober.drop(w.prober.find("old"))
			if cards := w.prober.planner.pool.cards; len(cards) > 2 {
				t.Errorf("%d SIMs and mailboxes are remembered", len(cards))
			}
		})
	}
}

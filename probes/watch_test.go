package probes

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pantau/simulator/portal"
)

// newQuiet is a world without a network, for tests in which hours pass.
func newQuiet(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, expects: map[string]Wait{}, log: &journal{}, news: make(chan struct{}, 1)}
	w.prober = w.newProber(testOptions(t, portal.DressEreg, "http://127.0.0.1:1"))
	return w
}

// inBubble runs story while a watch looks after the prober's waits.
func inBubble(t *testing.T, story func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newQuiet(t)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { w.prober.watch(ctx); close(done) }()
		story(t, w)
		cancel()
		<-done
	})
}

func (w *world) asked(id string) *parked {
	validity := 10 * time.Minute
	wait := Wait{
		ID: id, Run: id, Journey: "sms", Stream: SMS("telkomsel"), Key: "sim-1",
		Requested: wall(time.Now()), Validity: validity, GiveUp: GiveUp(validity),
	}
	waiting := newParked(wait, &run{id: id, watcher: &watcher{}})
	w.prober.park(waiting)
	w.prober.nudge()
	return waiting
}

// ages is what has been told: "15s unknown waiting, 2h0m0s down lost closed".
func (w *world) ages() string {
	var all []string
	for _, r := range w.recorded() {
		line := fmt.Sprintf("%s %s %s", r.Wait.Age, r.Verdict, r.Reason)
		if !r.Wait.Open {
			line += " closed"
		}
		all = append(all, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(all, ", ")
}

const everyEdge = "15s unknown waiting, 30s unknown waiting, 1m0s unknown waiting, 2m0s unknown waiting, " +
	"5m0s unknown waiting, 10m0s down late"

func TestAWaitIsToldAtEachEdgeAndGivenUp(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.asked("run-1")
		time.Sleep(5 * time.Hour)
		synctest.Wait()
		if got, want := w.ages(), everyEdge+", 2h0m0s down lost closed"; got != want {
			t.Errorf("told %s\nwant %s", got, want)
		}
		if len(w.forgot) != 1 || w.sim().wait != "" || len(w.prober.waits) != 0 {
			t.Errorf("forgot %v, SIM %+v, %d waits", w.forgot, w.sim(), len(w.prober.waits))
		}
		ids := map[string]bool{}
		for _, r := range w.recorded() {
			ids[r.ID] = true
		}
		if len(ids) != 7 {
			t.Errorf("7 results have %d ids", len(ids))
		}
	})
}

func TestWhatAnArrivalGives(t *testing.T) {
	for _, test := range []struct {
		name   string
		after  time.Duration
		device time.Duration // after the request; 0 is not known
		want   string
	}{
		{"at once", 0, 0, "0s up closed"},
		{"in time", 7 * time.Second, 0, "7s up closed"},
		{"after an edge", 20 * time.Second, 0, "15s unknown waiting, 20s up closed"},
		{"just in time", 10*time.Minute - 1, 0, everyEdge[:len(everyEdge)-len(", 10m0s down late")] + ", 9m59.999999999s up closed"},
		{"late", 12 * time.Minute, 0, everyEdge + ", 12m0s down late closed"},
		{"late at the handset too", 12 * time.Minute, 11 * time.Minute, everyEdge + ", 12m0s down late closed"},
		{"late from the handset", 12 * time.Minute, 9 * time.Second, everyEdge + ", 12m0s unknown receiver-degraded closed"},
		{"after giving up", 3 * time.Hour, 0, everyEdge + ", 2h0m0s down lost closed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.asked("run-1")
				began := time.Now()
				time.Sleep(test.after)
				message := arrival("run-1", "482915")
				if test.device > 0 {
					message.Device = began.Add(test.device)
				}
				for range 2 { // the second is a repetition
					if err := w.prober.Arrived(t.Context(), message); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(3 * time.Hour)
				synctest.Wait()
				if got := w.ages(); got != test.want {
					t.Errorf("told %s\nwant %s", got, test.want)
				}
			})
		})
	}
}

func TestACodeFasterThanThePortalsAnswerWaitsForIt(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		waiting := w.asked("run-1")
		waiting.gate <- struct{}{} // the request is under way
		arrived := make(chan error)
		go func() { arrived <- w.prober.Arrived(t.Context(), arrival("run-1", "482915")) }()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if got := w.ages(); got != "" {
			t.Errorf("told %s before the request was settled", got)
		}
		waiting.since = time.Now() // accepted now: the code cannot be older
		w.prober.letGo(waiting)
		if err := <-arrived; err != nil || w.ages() != "0s up closed" {
			t.Errorf("told %s, %v", w.ages(), err)
		}
	})
}

func TestAnArrivalThatCannotWaitOrBeRecordedComesAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		waiting := w.asked("run-1")
		waiting.gate <- struct{}{}
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.prober.Arrived(hurried, arrival("run-1", "482915")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		w.prober.letGo(waiting)
		w.refuse = errors.New("disk full")
		if err := w.prober.Arrived(t.Context(), arrival("run-1", "482915")); !errors.Is(err, w.refuse) {
			t.Errorf("got %v", err)
		}
		w.refuse = nil
		if err := w.prober.Arrived(t.Context(), arrival("run-1", "482915")); err != nil || w.ages() != "1s up closed" {
			t.Errorf("told %s, %v", w.ages(), err)
		}
	})
}

func TestEdgesThatCannotBeRecordedAreToldLater(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.refuse = errors.New("disk full")
		w.asked("run-1")
		time.Sleep(40*time.Second + time.Millisecond)
		synctest.Wait()
		w.mu.Lock()
		w.refuse = nil
		w.mu.Unlock()
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if got := w.ages(); got != "41s unknown waiting, 1m0s unknown waiting" {
			t.Errorf("told %s", got)
		}
		if !strings.Contains(w.log.String(), "disk full") {
			t.Error("the log does not say why")
		}
	})
}

func TestRestoredWaits(t *testing.T) {
	for _, test := range []struct {
		name  string
		age   time.Duration // at the restart
		tweak func(*Wait)
		want  string
	}{
		{"young", 20 * time.Second, nil, everyEdge[len("15s unknown waiting, "):] + ", 2h0m0s down lost closed"},
		{"late", time.Hour, nil, "2h0m0s down lost closed"},
		{"over while we were away", 3 * time.Hour, nil, "3h0m0s unknown shutdown closed"},
		{"perhaps never asked for", time.Minute, func(w *Wait) { w.Unsure = true }, "2h0m0s unknown shutdown closed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newQuiet(t)
				wait := w.asked("run-1").wait
				if test.tweak != nil {
					test.tweak(&wait)
				}
				time.Sleep(test.age)
				again := newQuiet(t)
				again.prober.Restore([]Wait{wait})
				if _, why := again.prober.begin(again.prober.options.Journeys[2], time.Now(), &watcher{}); why != WhyNoSIM {
					t.Errorf("the SIM can be asked again: %q", why)
				}
				if again.expects["sim-1"].ID != "run-1" {
					t.Error("the mailbox does not listen")
				}
				ctx, cancel := context.WithCancel(t.Context())
				again.prober.jobs.Go(func() { again.prober.watch(ctx) })
				time.Sleep(3 * time.Hour)
				synctest.Wait()
				cancel()
				again.prober.jobs.Wait()
				if got := again.ages(); got != test.want {
					t.Errorf("told %s\nwant %s", got, test.want)
				}
			})
		})
	}
}

func TestARestoredWaitIsAnsweredByItsMessage(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		wait := w.asked("run-1").wait
		time.Sleep(2 * time.Minute)
		again := newQuiet(t)
		again.prober.Restore([]Wait{wait})
		time.Sleep(time.Minute)
		if err := again.prober.Arrived(t.Context(), arrival("run-1", "482915")); err != nil {
			t.Fatal(err)
		}
		if got := again.ages(); got != "3m0s up closed" || len(again.prober.ready) != 0 {
			t.Errorf("told %s; %d to submit without a session", got, len(again.prober.ready))
		}
	})
}

func TestManyWaitsShareOneGoroutine(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		before := runtime.NumGoroutine()
		const many = 2000
		for i := range many {
			w.asked(fmt.Sprint("run-", i))
		}
		time.Sleep(45 * time.Second)
		synctest.Wait()
		if grown := runtime.NumGoroutine() - before; grown > 2 {
			t.Errorf("%d more goroutines for %d waits", grown, many)
		}
		if got := len(w.recorded()); got != 2*many {
			t.Errorf("%d results, want two for each of %d waits", got, many)
		}
	})
}

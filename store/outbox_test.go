package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pantau/incident"
	"pantau/notifier"
)

const lease = time.Minute

// say commits notices and expands them for the channels.
func (w *world) say(channels []string, notices ...incident.Notice) {
	w.t.Helper()
	must(w.t, w.Commit(w.t.Context(), incident.Commit{Notices: notices}))
	count, err := w.Expand(w.t.Context(), 1000, toChannels(channels...))
	must(w.t, err)
	if count != len(notices) {
		w.t.Fatalf("expanded %d notices, want %d", count, len(notices))
	}
}

// take claims the next delivery for x and wants it to be of notice id, or none
// when id is "".
func (w *world) take(now time.Time, id string, wantBefore notifier.State) notifier.Delivery {
	w.t.Helper()
	d, before, found, err := w.Claim(w.t.Context(), "x", now, lease)
	must(w.t, err)
	switch {
	case id == "" && found:
		w.t.Fatalf("claimed %s, want none", d.ID)
	case id == "":
		return d
	case !found || d.Notice != id || before != wantBefore:
		w.t.Fatalf("claimed %q (found %v, before %q), want %s, before %s", d.Notice, found, before, id, wantBefore)
	}
	return d
}

// settle ends d as state at now.
func (w *world) settle(d notifier.Delivery, state notifier.State, now time.Time) {
	w.t.Helper()
	must(w.t, w.Settle(w.t.Context(), ended(d, state, now)))
}

func ended(d notifier.Delivery, state notifier.State, now time.Time) notifier.Delivery {
	d.State, d.Due = state, now
	switch state {
	case notifier.Sent:
		d.Receipt, d.Finished = "receipt of "+d.ID, now
	case notifier.Failed:
		d.Problem, d.Finished = "refused", now
	default:
		d.Problem = "status 503, want 201"
	}
	return d
}

func one(number int) incident.Notice {
	return noticeAbout("A", number, incident.Public, start.Add(time.Duration(number)*time.Second))
}

func other(number int) incident.Notice {
	return noticeAbout("B", number, incident.Public, start.Add(time.Duration(number)*time.Second))
}

func TestExpandTakesEachNoticeOnceOldestFirst(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		must(t, w.Commit(t.Context(), incident.Commit{Notices: []incident.Notice{one(3), one(1), one(2)}}))
		var seen []string
		see := func(n incident.Notice) []notifier.Delivery {
			seen = append(seen, n.ID)
			if n.Number == 2 {
				return nil // no channel for it: done with too
			}
			return toChannels("x")(n)
		}
		for _, want := range []int{2, 1, 0} {
			count, err := w.Expand(t.Context(), 2, see)
			must(t, err)
			if count != want {
				t.Errorf("expanded %d, want %d", count, want)
			}
		}
		if want := []string{one(1).ID, one(2).ID, one(3).ID}; !slices.Equal(seen, want) {
			t.Errorf("saw %q, want %q", seen, want)
		}
		all, err := w.Deliveries(t.Context(), DeliveryFilter{})
		must(t, err)
		want := append(toChannels("x")(one(3)), toChannels("x")(one(1))...)
		if !reflect.DeepEqual(all, want) {
			t.Errorf("deliveries are\n%+v\nwant\n%+v", all, want)
		}
	})
}

func TestAnExpandThatDoesNotEndLeavesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		must(t, w.Commit(t.Context(), incident.Commit{Notices: []incident.Notice{one(1), one(2)}}))
		before := w.dump()

		ctx, cancel := context.WithCancel(t.Context())
		_, err := w.Expand(ctx, 10, func(n incident.Notice) []notifier.Delivery {
			if n.Number == 2 {
				cancel() // the process is told to stop half way
			}
			return toChannels("x")(n)
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled expand gave %v, want context.Canceled", err)
		}
		func() {
			defer func() { _ = recover() }()
			_, _ = w.Expand(t.Context(), 10, func(n incident.Notice) []notifier.Delivery {
				if n.Number == 2 {
					panic("a mistake in a channel")
				}
				return toChannels("x")(n)
			})
			t.Error("a panic in expand was swallowed")
		}()
		if _, err := w.Expand(t.Context(), 10, toChannels("x", "x")); err == nil {
			t.Error("two deliveries with one ID gave no error")
		}
		if after := w.dump(); after != before {
			t.Errorf("the rows are\n%s\nwant\n%s", after, before)
		}
		count, err := w.Expand(t.Context(), 10, toChannels("x"))
		must(t, err)
		if count != 2 {
			t.Errorf("then expanded %d, want 2", count)
		}
	})
}

func TestAThreadIsSentInOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.say([]string{"x", "slack"}, one(1), one(2), one(3), other(1))
		now := start.Add(time.Minute)

		first := w.take(now, one(1).ID, notifier.Waiting)
		if first.State != notifier.Sending || first.Attempt != 1 || first.ReplyTo != "" || first.Root != "" ||
			!first.Began.Equal(now) || !first.Due.Equal(now.Add(lease)) {
			t.Errorf("the first claim is %+v", first)
		}
		w.take(now, other(1).ID, notifier.Waiting) // another thread does not wait
		w.take(now, "", "")                        // A/2 waits for A/1
		w.settle(first, notifier.Sent, now)

		second := w.take(now, one(2).ID, notifier.Waiting)
		if receipt := "receipt of " + first.ID; second.ReplyTo != receipt || second.Root != receipt {
			t.Errorf("A/2 answers %q under %q, want both %q", second.ReplyTo, second.Root, receipt)
		}
		w.settle(second, notifier.Failed, now) // a failed one does not hold up the thread, nor is it answered
		third := w.take(now, one(3).ID, notifier.Waiting)
		if receipt := "receipt of " + first.ID; third.ReplyTo != receipt || third.Root != receipt {
			t.Errorf("A/3 answers %q under %q, want both %q", third.ReplyTo, third.Root, receipt)
		}
		w.settle(third, notifier.Sent, now)
		w.take(now, "", "")
	})
}

func TestARetryWaitsBehindTheOthers(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.say([]string{"x"}, one(1), one(2), other(1))
		now := start.Add(time.Minute)
		first := w.take(now, one(1).ID, notifier.Waiting)
		w.settle(first, notifier.Waiting, now.Add(10*time.Second)) // again in ten seconds
		w.settle(w.take(now, other(1).ID, notifier.Waiting), notifier.Sent, now)
		w.take(now.Add(9*time.Second), "", "") // A/2 may not overtake A/1
		again := w.take(now.Add(10*time.Second), one(1).ID, notifier.Waiting)
		if again.Attempt != 2 || !again.Began.Equal(first.Began) || again.Problem == "" {
			t.Errorf("the second attempt is %+v, want attempt 2, begun with the first, and why that did not work", again)
		}
		w.settle(again, notifier.Unsure, now.Add(20*time.Second))
		w.take(now.Add(20*time.Second), one(1).ID, notifier.Unsure)
	})
}

func TestALeaseRunsOut(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.say([]string{"x"}, one(1))
		now := start.Add(time.Minute)
		lost := w.take(now, one(1).ID, notifier.Waiting)
		w.take(now.Add(lease-time.Millisecond), "", "")
		w.restart()
		later := w.take(now.Add(lease), one(1).ID, notifier.Sending)
		if later.Attempt != 2 || !later.Began.Equal(now) {
			t.Errorf("claimed again it is %+v, want attempt 2, begun at %v", later, now)
		}

		before := w.dump()
		if err := w.Settle(t.Context(), ended(lost, notifier.Failed, now)); !errors.Is(err, notifier.ErrLeaseLost) {
			t.Errorf("settling the lost attempt gave %v, want ErrLeaseLost", err)
		}
		if after := w.dump(); after != before {
			t.Errorf("settling the lost attempt left\n%s\nwant\n%s", after, before)
		}
		w.settle(later, notifier.Sent, now)
		w.settle(later, notifier.Sent, now) // the answer to the first was lost
		gone := later
		gone.ID = "gone"
		if err := w.Settle(t.Context(), gone); !errors.Is(err, notifier.ErrLeaseLost) {
			t.Errorf("settling what is not there gave %v, want ErrLeaseLost", err)
		}
	})
}

func TestAPersonRetriesAFailedDelivery(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.say([]string{"x"}, one(1), one(2), one(3), one(4))
		now := start.Add(time.Minute)
		first := w.take(now, one(1).ID, notifier.Waiting)
		w.settle(first, notifier.Failed, now)
		second := w.take(now, one(2).ID, notifier.Waiting)
		w.settle(second, notifier.Sent, now)
		third := w.take(now, one(3).ID, notifier.Waiting)

		must(t, w.Retry(t.Context(), first.ID))
		w.take(now, "", "") // A/3 is being sent: A/1 must not be sent beside it
		w.settle(third, notifier.Sent, now)
		again := w.take(now, one(1).ID, notifier.Waiting)
		if again.Attempt != 2 || again.ReplyTo != "receipt of "+third.ID || again.Root != "receipt of "+second.ID {
			t.Errorf("retried it is %+v, want it to answer the last post under the thread's root", again)
		}
		w.settle(again, notifier.Sent, now)
		fourth := w.take(now, one(4).ID, notifier.Waiting)
		if fourth.ReplyTo != "receipt of "+third.ID || fourth.Root != "receipt of "+second.ID {
			t.Errorf("after it A/4 is %+v, want it to stay under the thread's root", fourth)
		}
		for _, id := range []string{again.ID, "none"} {
			if err := w.Retry(t.Context(), id); err == nil || !strings.Contains(err.Error(), id) {
				t.Errorf("retrying %s gave %v, want an error that names it", id, err)
			}
		}
	})
}

func TestDeliveriesAreListedAndCounted(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.say([]string{"x", "slack"}, one(1), one(2), other(1))
		w.settle(w.take(start.Add(time.Minute), one(1).ID, notifier.Waiting), notifier.Sent, start)

		for _, test := range []struct {
			filter DeliveryFilter
			want   []string
		}{
			{DeliveryFilter{Channel: "slack"}, []string{"A/2/public/slack", "B/1/public/slack", "A/1/public/slack"}},
			{DeliveryFilter{Channel: "slack", Limit: 1}, []string{"A/2/public/slack"}},
			{DeliveryFilter{State: notifier.Sent}, []string{"A/1/public/x"}},
			{DeliveryFilter{Thread: "B"}, []string{"B/1/public/x", "B/1/public/slack"}},
			{DeliveryFilter{Thread: "B", State: notifier.Failed}, nil},
		} {
			all, err := w.Deliveries(t.Context(), test.filter)
			must(t, err)
			var got []string
			for _, d := range all {
				got = append(got, d.ID)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%+v gives %q, want %q", test.filter, got, test.want)
			}
		}
		for name, test := range map[string]struct {
			read func(context.Context) ([]notifier.Queue, error)
			want []notifier.Queue
		}{
			"all":     {w.CountDeliveries, []notifier.Queue{{Channel: "slack", State: notifier.Waiting, Count: 3}, {Channel: "x", State: notifier.Sent, Count: 1}, {Channel: "x", State: notifier.Waiting, Count: 2}}},
			"backlog": {w.Backlog, []notifier.Queue{{Channel: "slack", State: notifier.Waiting, Count: 3}, {Channel: "x", State: notifier.Waiting, Count: 2}}},
		} {
			got, err := test.read(t.Context())
			must(t, err)
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("%s: counts are %+v, want %+v", name, got, test.want)
			}
		}
	})
}

func TestExpandersAtOnceTakeEachNoticeOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		const notices = 40
		var c incident.Commit
		for n := range notices {
			c.Notices = append(c.Notices, one(n+1))
		}
		must(t, w.Commit(t.Context(), c))
		second := w.another()
		var taken atomic.Int64
		var working sync.WaitGroup
		for n := range 4 {
			s := []*Store{w.Store, second}[n%2]
			working.Go(func() {
				for range notices {
					count, err := s.Expand(t.Context(), 3, toChannels("x"))
					if err != nil {
						t.Error(err)
					}
					taken.Add(int64(count))
				}
			})
		}
		working.Wait()
		all, err := w.Deliveries(t.Context(), DeliveryFilter{Limit: 1000})
		must(t, err)
		if taken.Load() != notices || len(all) != notices {
			t.Errorf("%d notices were taken and %d deliveries made, want %d", taken.Load(), len(all), notices)
		}
	})
}

func TestClaimersAtOnceNeverTakeTheSame(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		const threads, perThread = 10, 3
		for thread := range threads {
			for number := range perThread {
				w.say([]string{"x"}, noticeAbout(fmt.Sprint("T", thread), number+1, incident.Public, start))
			}
		}
		second := w.another()
		var mu sync.Mutex
		taken, order := map[string]int{}, map[string][]int{}
		var working sync.WaitGroup
		for n := range 6 {
			s := []*Store{w.Store, second}[n%2]
			working.Go(func() {
				for misses := 0; misses < 20; {
					d, _, found, err := s.Claim(t.Context(), "x", start.Add(time.Hour), lease)
					if err != nil {
						t.Error(err)
						return
					}
					if !found {
						misses++
						continue
					}
					mu.Lock()
					taken[d.ID]++
					order[d.Thread] = append(order[d.Thread], d.Number)
					mu.Unlock()
					if err := s.Settle(t.Context(), ended(d, notifier.Sent, start)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		working.Wait()
		if len(taken) != threads*perThread {
			t.Errorf("%d deliveries were claimed, want %d", len(taken), threads*perThread)
		}
		for id, times := range taken {
			if times != 1 {
				t.Errorf("%s was claimed %d times, want once", id, times)
			}
		}
		for thread, numbers := range order {
			if !slices.IsSorted(numbers) {
				t.Errorf("thread %s went out in the order %v", thread, numbers)
			}
		}
	})
}

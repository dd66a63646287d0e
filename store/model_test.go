package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pantau/incident"
	"pantau/notifier"
)

// model is the outbox of one channel as a list: what the SQL must do, said in
// the plainest way.
type model struct {
	new        []incident.Notice
	deliveries []*notifier.Delivery
}

func (m *model) open(d *notifier.Delivery) bool {
	return d.State != notifier.Sent && d.State != notifier.Failed
}

// next is what may be claimed at now, nil for nothing.
func (m *model) next(now time.Time) *notifier.Delivery {
	var next *notifier.Delivery
	for _, d := range m.deliveries {
		if !m.open(d) || d.Due.After(now) || m.blocked(d, now) {
			continue
		}
		if next == nil || before(d, next) {
			next = d
		}
	}
	return next
}

func (m *model) blocked(d *notifier.Delivery, now time.Time) bool {
	return slices.ContainsFunc(m.deliveries, func(e *notifier.Delivery) bool {
		if e == d || e.Thread != d.Thread {
			return false
		}
		return m.open(e) && e.Number < d.Number || e.State == notifier.Sending && e.Due.After(now)
	})
}

func before(a, b *notifier.Delivery) bool {
	return cmp.Or(a.Due.Compare(b.Due), a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) < 0
}

// claim marks next as the store must.
func (m *model) claim(d *notifier.Delivery, now time.Time) {
	d.State, d.Due = notifier.Sending, now.Add(lease)
	d.Attempt++
	if d.Began.IsZero() {
		d.Began = now
	}
	d.ReplyTo, d.Root = "", ""
	last := 0
	for _, e := range m.deliveries {
		if e.Thread == d.Thread && e.State == notifier.Sent && e.Number > last {
			last, d.ReplyTo, d.Root = e.Number, e.Receipt, cmp.Or(e.Root, e.Receipt)
		}
	}
}

// outboxRun drives a store and the model side by side.
type outboxRun struct {
	t       *rapid.T
	w       *world
	model   model
	name    string // channel and prefix of threads, so that runs share a database
	now     time.Time
	numbers map[string]int
	claims  []notifier.Delivery // every claim there was, lost ones too
}

func (r *outboxRun) announce(t *rapid.T) {
	thread := fmt.Sprintf("%s-%d", r.name, rapid.IntRange(1, 3).Draw(t, "thread"))
	r.numbers[thread]++
	n := noticeAbout(thread, r.numbers[thread], incident.Public, r.now)
	must(r.w.t, r.w.Commit(r.w.t.Context(), incident.Commit{Notices: []incident.Notice{n}}))
	r.model.new = append(r.model.new, n)
}

func (r *outboxRun) expand(t *rapid.T) {
	limit := rapid.IntRange(1, 4).Draw(t, "limit")
	slices.SortStableFunc(r.model.new, func(a, b incident.Notice) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.About, b.About), cmp.Compare(a.Number, b.Number))
	})
	want := min(limit, len(r.model.new))
	for _, n := range r.model.new[:want] {
		r.model.deliveries = append(r.model.deliveries, &toChannels(r.name)(n)[0])
	}
	r.model.new = r.model.new[want:]
	got, err := r.w.Expand(r.w.t.Context(), limit, toChannels(r.name))
	if err != nil || got != want {
		t.Fatalf("expanded %d (%v), want %d", got, err, want)
	}
}

func (r *outboxRun) claim(t *rapid.T) {
	got, stateBefore, found, err := r.w.Claim(r.w.t.Context(), r.name, r.now, lease)
	must(r.w.t, err)
	want := r.model.next(r.now)
	if want == nil {
		if found {
			t.Fatalf("claimed %+v, want none", got)
		}
		return
	}
	wantBefore := want.State
	r.model.claim(want, r.now)
	if !found || got != *want || stateBefore != wantBefore {
		t.Fatalf("claimed (%v, before %s)\n%+v\nwant (before %s)\n%+v", found, stateBefore, got, wantBefore, *want)
	}
	r.claims = append(r.claims, got)
}

func (r *outboxRun) settle(t *rapid.T) {
	if len(r.claims) == 0 {
		t.Skip("nothing was claimed")
	}
	claimed := rapid.SampledFrom(r.claims).Draw(t, "claim")
	state := rapid.SampledFrom([]notifier.State{notifier.Sent, notifier.Failed, notifier.Waiting, notifier.Unsure}).Draw(t, "as")
	settled := ended(claimed, state, r.now)
	err := r.w.Settle(r.w.t.Context(), settled)
	row := r.model.deliveries[slices.IndexFunc(r.model.deliveries, func(d *notifier.Delivery) bool { return d.ID == claimed.ID })]
	if claimed.Attempt != row.Attempt {
		if !errors.Is(err, notifier.ErrLeaseLost) {
			t.Fatalf("settling attempt %d of %d gave %v, want ErrLeaseLost", claimed.Attempt, row.Attempt, err)
		}
		return
	}
	must(r.w.t, err)
	row.State, row.Receipt, row.Due, row.Problem, row.Finished = settled.State, settled.Receipt, settled.Due, settled.Problem, settled.Finished
}

func (r *outboxRun) retry(t *rapid.T) {
	if len(r.claims) == 0 {
		t.Skip("nothing was claimed")
	}
	id := rapid.SampledFrom(r.claims).Draw(t, "claim").ID
	row := r.model.deliveries[slices.IndexFunc(r.model.deliveries, func(d *notifier.Delivery) bool { return d.ID == id })]
	err := r.w.Retry(r.w.t.Context(), id)
	if failed := row.State == notifier.Failed; failed != (err == nil) {
		t.Fatalf("retrying a %s one gave %v", row.State, err)
	}
	if err == nil {
		row.State, row.Due, row.Finished = notifier.Waiting, time.Time{}, time.Time{}
	}
}

func (r *outboxRun) wait(t *rapid.T) {
	r.now = r.now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second)
}

// check compares all rows of the run's channel.
func (r *outboxRun) check(t *rapid.T) {
	rows, err := r.w.Deliveries(r.w.t.Context(), DeliveryFilter{Channel: r.name, Limit: 1000})
	must(r.w.t, err)
	if len(rows) != len(r.model.deliveries) {
		t.Fatalf("%d deliveries, want %d", len(rows), len(r.model.deliveries))
	}
	for _, want := range r.model.deliveries {
		if !slices.Contains(rows, *want) {
			t.Fatalf("the rows\n%+v\ndo not hold\n%+v", rows, *want)
		}
	}
}

func TestTheOutboxIsAsItsModel(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		runs := 0
		rapid.Check(t, func(t *rapid.T) {
			runs++
			// What an earlier run left, also one that was cut short.
			_, err := w.Expand(w.t.Context(), 1000, toChannels())
			must(w.t, err)
			r := &outboxRun{t: t, w: w, name: fmt.Sprintf("c%05d", runs), now: start, numbers: map[string]int{}}
			t.Repeat(map[string]func(*rapid.T){
				"announce": r.announce, "expand": r.expand, "claim": r.claim, "claim again": r.claim,
				"settle": r.settle, "settle again": r.settle, "retry": r.retry, "wait": r.wait,
			})
			r.check(t)
		})
	})
}

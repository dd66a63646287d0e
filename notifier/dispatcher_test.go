package notifier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"pantau/incident"
	"pantau/internal/words"
)

func TestAThreadKeepsItsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		feed := new(readable)
		feed.script = append(feed.script, refuse(Refusal{Problem: "busy", Retry: true}))
		w := newWorld(t, channel("x", feed))
		w.say(notice("INC-1", 1), notice("INC-1", 2), notice("INC-1", 3), notice("INC-2", 1))
		w.pass(time.Minute)

		want := []string{"INC-2 nomor 1", "INC-1 nomor 1", "INC-1 nomor 2", "INC-1 nomor 3"}
		if got := feed.texts(); !slices.Equal(got, want) {
			t.Errorf("posted %q, want %q: a thread in order, which waits for its first, and no other waits", got, want)
		}
		last := w.wantState("INC-1/3/public/x", Sent)
		if last.ReplyTo != "r3" || last.Root != "r2" {
			t.Errorf("the third answers %q in the thread of %q, want r3 and r2", last.ReplyTo, last.Root)
		}
	})
}

func TestASlowChannelDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, quick := new(readable), new(readable)
		for range 3 {
			slow.script = append(slow.script, hang)
		}
		w := newWorld(t, channel("slow", slow), channel("quick", quick))
		w.say(notice("INC-1", 1), notice("INC-2", 1), notice("INC-3", 1))
		if got := quick.texts(); len(got) != 3 {
			t.Errorf("the quick channel posted %q at once, want all three", got)
		}
		if got := slow.texts(); len(got) != 0 {
			t.Errorf("the slow channel posted %q", got)
		}
	})
}

func TestWithoutWakeTheOutboxIsPolled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		feed := new(readable)
		w := newWorld(t, channel("x", feed))
		w.pass(time.Minute)
		w.outbox.add(notice("INC-1", 1))
		w.pass(5 * time.Second)
		w.wantState("INC-1/1/public/x", Sent)
	})
}

func TestManyNoticesAreExpandedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		feed := new(readable)
		w := newWorld(t, channel("x", feed))
		var many []incident.Notice
		for i := range 2*expandAtOnce + 1 {
			many = append(many, notice(fmt.Sprintf("INC-%d", i), 1))
		}
		w.say(many...)
		if got := len(feed.texts()); got != len(many) {
			t.Errorf("%d posts at once, want %d", got, len(many))
		}
	})
}

// Whatever an attempt met, nothing may stand there twice, and what can be
// posted must be in the end.
func TestWhatFollowsAnAttempt(t *testing.T) {
	const id = "INC-1/1/public/x"
	late := 5 * time.Second // how long after its call has ended a post appears
	for _, test := range []struct {
		name      string
		script    []func(context.Context, func() string) (string, error)
		reads     []error
		first     State         // after the first attempt
		quiet     time.Duration // until then nothing more is sent or asked
		last      State
		posts     int
		calls     int
		canBeRead bool
	}{
		{name: "works", first: Sent, last: Sent, posts: 1, calls: 1, canBeRead: true},
		{
			name: "works where nothing can be read", first: Sent, last: Sent, posts: 1, calls: 1,
		},
		{
			name:   "a refusal with a time waits for it",
			script: script(refuse(Refusal{Problem: "limit", Retry: true, After: 15 * time.Minute})),
			first:  Waiting, quiet: 15 * time.Minute, last: Sent, posts: 1, calls: 2, canBeRead: true,
		},
		{
			name:   "a refusal without a time backs off",
			script: script(refuse(Refusal{Problem: "busy", Retry: true}), refuse(Refusal{Problem: "busy", Retry: true}), refuse(Refusal{Problem: "busy", Retry: true})),
			first:  Waiting, quiet: time.Second, last: Sent, posts: 1, calls: 4,
		},
		{
			name:   "a final refusal is for a person",
			script: script(refuse(Refusal{Problem: "keys"})),
			first:  Failed, quiet: time.Hour, last: Failed, posts: 0, calls: 1, canBeRead: true,
		},
		{
			name: "lost answer, posted", script: script(lose(0)),
			first: Unsure, quiet: 20 * time.Second, last: Sent, posts: 1, calls: 1, canBeRead: true,
		},
		{
			name: "lost answer, posted later", script: script(lose(late)),
			first: Unsure, quiet: 20 * time.Second, last: Sent, posts: 1, calls: 1, canBeRead: true,
		},
		{
			name: "lost call, not posted", script: script(cutOff),
			first: Unsure, quiet: 20 * time.Second, last: Sent, posts: 1, calls: 2, canBeRead: true,
		},
		{
			name: "lost answer, cannot be read for a while", script: script(lose(0)),
			reads: []error{errors.New("503"), &Refusal{Problem: "limit", Retry: true, After: 10 * time.Minute}},
			first: Unsure, quiet: 20 * time.Second, last: Sent, posts: 1, calls: 1, canBeRead: true,
		},
		{
			name: "lost answer, must not be read", script: script(lose(0)), reads: []error{&Refusal{Problem: "403"}},
			first: Unsure, quiet: 20 * time.Second, last: Failed, posts: 1, calls: 1, canBeRead: true,
		},
		{
			name: "lost answer, cannot be read at all", script: script(lose(0)),
			first: Failed, quiet: time.Hour, last: Failed, posts: 1, calls: 1,
		},
		{
			name: "panics before", script: script(panics(false)),
			first: Unsure, quiet: 20 * time.Second, last: Sent, posts: 1, calls: 2, canBeRead: true,
		},
		{
			name: "panics after", script: script(panics(true)),
			first: Unsure, quiet: 20 * time.Second, last: Sent, posts: 1, calls: 1, canBeRead: true,
		},
		{
			name: "duplicate of our own", script: script(duplicate(true)),
			first: Sent, quiet: time.Hour, last: Sent, posts: 1, calls: 1, canBeRead: true,
		},
		{
			name: "duplicate of another", script: script(duplicate(false)),
			first: Failed, quiet: time.Hour, last: Failed, posts: 0, calls: 1, canBeRead: true,
		},
		{
			name: "duplicate, cannot be read at first", script: script(duplicate(true)), reads: []error{errors.New("503")},
			first: Unsure, quiet: time.Second, last: Sent, posts: 1, calls: 1, canBeRead: true,
		},
		{
			name: "duplicate, cannot be read at all", script: script(duplicate(true)),
			first: Failed, quiet: time.Hour, last: Failed, posts: 1, calls: 1,
		},
		{
			name: "hangs and is cut off", script: script(hang, hang, hang),
			quiet: 20 * time.Second, first: Sending, last: Sent, posts: 1, calls: 4, canBeRead: true,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				feed := new(readable)
				feed.script, feed.reads = test.script, test.reads
				var sender Sender = &feed.wall
				if test.canBeRead {
					sender = feed
				}
				w := newWorld(t, channel("x", sender))
				w.say(notice("INC-1", 1))
				w.wantState(id, test.first)
				_, calls, asked := feed.did()
				w.pass(test.quiet - time.Second/2)
				if _, c, a := feed.did(); test.quiet > 0 && (c != calls || a != asked) {
					t.Errorf("asked or sent again after less than %s", test.quiet)
				}
				w.pass(3 * time.Hour)
				ended := w.wantState(id, test.last)
				if posts, calls, _ := feed.did(); posts != test.posts || calls != test.calls {
					t.Errorf("%d posts by %d calls, want %d by %d", posts, calls, test.posts, test.calls)
				}
				if ended.State == Sent && (ended.Receipt != "r1" || ended.Problem != "") {
					t.Errorf("sent with receipt %q and problem %q, want r1 and none", ended.Receipt, ended.Problem)
				}
				if ended.State == Failed && ended.Problem == "" {
					t.Error("failed without a problem")
				}
				if ended.Finished.IsZero() {
					t.Error("ended without a time")
				}
				if strings.Contains(w.log.String(), "canary") {
					t.Errorf("the value of a panic got into the log:\n%s", w.log)
				}
			})
		})
	}
}

// A process that dies between claim and settle leaves the delivery Sending.
func TestAfterACrash(t *testing.T) {
	for _, test := range []struct {
		name      string
		posted    bool
		canBeRead bool
		want      State
		posts     int
	}{
		{"before the call", false, true, Sent, 1},
		{"after the call", true, true, Sent, 1},
		{"before the call, where nothing can be read", false, false, Failed, 0},
		{"after the call, where nothing can be read", true, false, Failed, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				feed := new(readable)
				var sender Sender = &feed.wall
				if test.canBeRead {
					sender = feed
				}
				w := newWorld(t)
				w.stop()
				only := channel("x", sender)
				w.outbox.rows = expand([]Channel{only}, notice("INC-1", 1))
				lease := patience{timeout: 10 * time.Second, settle: 20 * time.Second}.lease()
				job, _, _, err := w.outbox.Claim(t.Context(), "x", time.Now(), lease)
				if err != nil {
					t.Fatal(err)
				}
				if test.posted {
					if _, err := feed.Send(t.Context(), job); err != nil {
						t.Fatal(err)
					}
				}

				w.start(only)
				w.pass(lease - time.Second)
				if _, _, asked := feed.did(); asked > 0 {
					t.Error("asked while the dead process's post might still appear")
				}
				w.pass(time.Minute)
				w.wantState(job.ID, test.want)
				if posts, _, _ := feed.did(); posts != test.posts {
					t.Errorf("%d posts, want %d", posts, test.posts)
				}
			})
		})
	}
}

// A process that was stopped for longer than its lease finds its delivery
// taken over.
func TestWhoLostTheLeaseDoesNotPost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		feed := new(readable)
		p := patience{timeout: 10 * time.Second, settle: 20 * time.Second, first: time.Second, max: time.Minute}
		stopped := attempt{feed, p, slog.New(slog.DiscardHandler)}
		job := Delivery{ID: "d", Attempt: 1, Due: time.Now().Add(p.lease())}
		time.Sleep(p.lease() - p.settle)
		ended := stopped.run(t.Context(), job, Waiting)
		if _, calls, _ := feed.did(); calls != 0 || ended.State != Waiting {
			t.Errorf("%d calls and %s, want none and waiting", calls, ended.State)
		}
	})
}

func TestALateSettleIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		feed := new(readable)
		w := newWorld(t, channel("x", feed))
		feed.script = script(func(_ context.Context, post func() string) (string, error) {
			w.outbox.mu.Lock()
			w.outbox.rows[0].Attempt++ // another process has claimed it meanwhile
			w.outbox.mu.Unlock()
			return post(), nil
		})
		w.say(notice("INC-1", 1))
		if got := w.outbox.row("INC-1/1/public/x"); got.State != Sending {
			t.Errorf("the row is %s, want it left to the later attempt", got.State)
		}
		if !strings.Contains(w.log.String(), "outlived its lease") {
			t.Errorf("nothing of it in the log:\n%s", w.log)
		}
	})
}

func TestShutdownFinishesThePostInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		feed := new(readable)
		w := newWorld(t, channel("x", feed))
		feed.script = script(func(ctx context.Context, post func() string) (string, error) {
			select {
			case <-ctx.Done():
				return "", ctx.Err()
			case <-time.After(8 * time.Second):
				return post(), nil
			}
		})
		w.say(notice("INC-1", 1), notice("INC-2", 1))
		w.wantState("INC-1/1/public/x", Sending)
		began := time.Now()
		w.stop()
		if took := time.Since(began); took != 8*time.Second {
			t.Errorf("stopping took %s, want the 8 s of the post in flight", took)
		}
		w.wantState("INC-1/1/public/x", Sent)
		if got := w.wantState("INC-2/1/public/x", Waiting); got.Attempt != 0 {
			t.Error("another post was begun while stopping")
		}
	})
}

func TestTroubleWithTheOutboxPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		feed := new(readable)
		w := newWorld(t, channel("x", feed))
		feed.script = script(func(_ context.Context, post func() string) (string, error) {
			w.outbox.failing(errors.New("disk full")) // so that it cannot be settled
			return post(), nil
		})
		w.say(notice("INC-1", 1))
		w.pass(30 * time.Second)
		w.wantState("INC-1/1/public/x", Sending)
		w.outbox.failing(nil)
		w.pass(time.Minute)
		w.wantState("INC-1/1/public/x", Sent)
		if posts, _, _ := feed.did(); posts != 1 {
			t.Errorf("%d posts, want 1", posts)
		}
		if !strings.Contains(w.log.String(), "disk full") {
			t.Error("nothing of it in the log")
		}
	})
}

// A notice that breaks the rendering fails alone and visibly.
func TestAPanicInRenderingStopsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		feed := new(readable)
		c := channel("x", feed)
		c.Write = func(n incident.Notice, lang words.Lang) (string, string) {
			if n.About == "INC-1" {
				panic("no such word")
			}
			return plainly(n, lang)
		}
		w := newWorld(t, c)
		w.say(notice("INC-1", 1), notice("INC-2", 1))
		w.wantState("INC-2/1/public/x", Sent)
		if got := w.wantState("INC-1/1/public/x", Failed); got.Problem == "" || got.Finished.IsZero() {
			t.Errorf("failed with problem %q at %s, want both", got.Problem, got.Finished)
		}
		if got := testutil.ToFloat64(w.d.metrics.ended.WithLabelValues("x", "failed")); got != 1 {
			t.Errorf("%v failed deliveries counted, want 1", got)
		}
	})
}

func TestWaits(t *testing.T) {
	a := attempt{patience: patience{first: 2 * time.Second, max: 5 * time.Minute}}
	for _, test := range []struct {
		attempt     int
		asked, want time.Duration
	}{
		{0, 0, 2 * time.Second},
		{1, 0, 2 * time.Second},
		{2, 0, 4 * time.Second},
		{5, 0, 32 * time.Second},
		{9, 0, 5 * time.Minute},
		{1_000_000, 0, 5 * time.Minute},
		{1, 15 * time.Minute, 15 * time.Minute},
		{9, time.Second, 5 * time.Minute},
	} {
		got := a.wait(test.attempt, test.asked)
		if got < test.want || got >= test.want+a.first {
			t.Errorf("attempt %d, asked for %s: waits %s, want %s and less than %s more", test.attempt, test.asked, got, test.want, a.first)
		}
	}
}

func TestExpandChoosesChannels(t *testing.T) {
	public, it := channel("x", nil), channel("siaga", nil)
	it.Audience, it.Language = incident.IT, words.English
	english := channel("x-en", nil)
	english.Language = words.English
	n := notice("INC-1", 2)

	var got []string
	for _, d := range expand([]Channel{public, it, english}, n) {
		got = append(got, d.ID+" "+d.Text)
		if d.State != Waiting || d.Thread != n.About || d.Number != 2 || d.Notice != n.ID || !d.Created.Equal(n.At) || d.Due.After(n.At) {
			t.Errorf("%+v is not the waiting delivery of %+v", d, n)
		}
	}
	want := []string{"INC-1/2/public/x INC-1 nomor 2", "INC-1/2/public/x-en INC-1 number 2"}
	if !slices.Equal(got, want) {
		t.Errorf("deliveries %q, want %q", got, want)
	}

	n.Post, n.Body = words.Text{ID: "hanya Indonesia"}, words.Text{}
	if got := expand([]Channel{english}, n); len(got) != 0 {
		t.Errorf("%v of a notice that says nothing in English, want none", got)
	}
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		feed := new(readable)
		feed.script = script(refuse(Refusal{Problem: "keys"}), refuse(Refusal{Problem: "limit", Retry: true, After: time.Hour}))
		idle := channel("idle", new(readable))
		idle.Audience = incident.IT
		w := newWorld(t, channel("x", feed), idle)
		w.say(notice("INC-1", 1), notice("INC-2", 1), notice("INC-3", 1))
		w.pass(5 * time.Second)

		problems, err := testutil.GatherAndLint(w.registry)
		if err != nil || len(problems) > 0 {
			t.Errorf("linting gives %v, %v; want nothing", problems, err)
		}
		want := `
			# HELP pantau_deliveries_total Deliveries that came to an end, by channel and outcome: sent, or failed and left to a person.
			# TYPE pantau_deliveries_total counter
			pantau_deliveries_total{channel="idle",outcome="failed"} 0
			pantau_deliveries_total{channel="idle",outcome="sent"} 0
			pantau_deliveries_total{channel="x",outcome="failed"} 1
			pantau_deliveries_total{channel="x",outcome="sent"} 1
			# HELP pantau_delivery_queue Deliveries that have not come to an end, by channel and state.
			# TYPE pantau_delivery_queue gauge
			pantau_delivery_queue{channel="idle",state="sending"} 0
			pantau_delivery_queue{channel="idle",state="unknown"} 0
			pantau_delivery_queue{channel="idle",state="waiting"} 0
			pantau_delivery_queue{channel="x",state="sending"} 0
			pantau_delivery_queue{channel="x",state="unknown"} 0
			pantau_delivery_queue{channel="x",state="waiting"} 1
		`
		if err := testutil.GatherAndCompare(w.registry, strings.NewReader(want), "pantau_deliveries_total", "pantau_delivery_queue"); err != nil {
			t.Error(err)
		}
		w.stop()
	})
}

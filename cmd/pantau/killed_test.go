package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pantau/simulator/delivery"
	"pantau/simulator/social"
)

// TestKilledServeLosesAndDoublesNothing kills `pantau serve` with SIGKILL at
// random moments, PANTAU_KILLS times, and starts it again at once, while the
// portal breaks and mends and X and Slack misbehave all the time. They live in
// this process and outlive it. At the end everything that was ever committed
// must still be there, and everything that was to be said must stand on X and
// Slack exactly once and in its order. `make test` runs it 100 times.
func TestKilledServeLosesAndDoublesNothing(t *testing.T) {
	kills, err := strconv.Atoi(os.Getenv("PANTAU_KILLS"))
	if err != nil || kills <= 0 {
		t.Skip("it takes minutes: set PANTAU_KILLS to a number of kills, as make test does")
	}
	k := newKiller(t)
	stopFaults := k.inBackground(k.breakCodes, k.breakPortal, k.breakChannels)
	for n := range kills {
		k.serve()
		k.live(n)
		k.die()
		k.committed.keep(t, k.snapshot())
		if t.Failed() {
			t.Fatalf("after kill %d", n+1)
		}
	}
	stopFaults()
	k.serve()
	k.drain()
	if code := k.child.interrupt(15 * time.Second); code != exitDone {
		t.Errorf("exit code %d, want %d", code, exitDone)
	}
	k.committed.keep(t, k.snapshot())
	k.audit(kills)
}

// killer is the world around the one who is killed.
type killer struct {
	t         *testing.T
	w         *world
	child     *process
	born      time.Time // the child
	committed *ledger
	copies    string // a folder

	mu       sync.Mutex
	troubles []troubled // as they were brought about
}

// troubled is a time in which the portal was broken.
type troubled struct {
	causes      []string // that its incident may name
	from, until time.Time
}

func newKiller(t *testing.T) *killer {
	return &killer{t: t, w: newTestWorld(t, 8*time.Second), committed: newLedger(), copies: t.TempDir()}
}

func (k *killer) serve() {
	k.child, k.born = launch(k.t, k.w.env, "serve", "--config", k.w.config), time.Now()
}

// live lets the child live for a random while. Half of them die right after
// something was posted, before they can have noted it.
func (k *killer) live(n int) {
	if n%2 == 0 {
		time.Sleep(time.Duration(rand.Int64N(int64(5 * time.Second))))
		return
	}
	before := k.posted()
	for until := time.Now().Add(5 * time.Second); time.Now().Before(until) && k.posted() == before; {
		time.Sleep(200 * time.Microsecond)
	}
	time.Sleep(time.Duration(rand.Int64N(int64(4 * time.Millisecond))))
}

// die kills the child, which must have been there to be killed: what the one
// before left behind, such as a lock, must not keep it from starting.
func (k *killer) die() {
	k.t.Helper()
	select {
	case <-k.child.ended:
		k.t.Fatalf("it ended by itself with %v", k.child.cmd.ProcessState)
	default:
	}
	const startsWithin = 3 * time.Second
	if lived := time.Since(k.born); lived > startsWithin && !strings.Contains(k.child.stdout.String(), "metrics: ") {
		k.t.Errorf("it had not started after %s", lived)
	}
	k.child.kill()
	k.child.past = true
}

func (k *killer) posted() int {
	return len(k.w.Social().X.Posts()) + len(k.w.Social().Slack.Messages())
}

// inBackground runs each until the function it gives is called, which waits
// for them.
func (k *killer) inBackground(each ...func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(k.t.Context())
	var running sync.WaitGroup
	for _, do := range each {
		running.Go(func() { do(ctx) })
	}
	return func() { cancel(); running.Wait() }
}

// pause sleeps between least and twice that, or until ctx ends.
func pause(ctx context.Context, least time.Duration) {
	select {
	case <-time.After(least + time.Duration(rand.Int64N(int64(least)))):
	case <-ctx.Done():
	}
}

// breakCodes breaks the ways of the codes, one or two at a time, and mends them
// again. The same way comes back only after more than a minute: what X is told
// of two troubles of one kind within a minute reads the same, and X takes no
// text twice.
func (k *killer) breakCodes(ctx context.Context) {
	late := delivery.Fault{Kind: delivery.OTPDelay, Late: 1, Median: delivery.Duration(6 * time.Second), P95: delivery.Duration(7 * time.Second)}
	refused := delivery.Fault{Kind: delivery.OTPRejected, Probability: 1}
	of := func(f delivery.Fault, streams ...string) delivery.Fault { f.Streams = streams; return f }
	k.breaks(ctx, 7*time.Second, 6*time.Second, []broken{
		{of(late, "sms/telkomsel"), []string{"otp-late"}},
		{of(refused, "email"), []string{"otp-rejected"}},
		{of(late, "sms/indosat", "sms/xl"), []string{"otp-late"}},
		{of(refused, "sms/telkomsel"), []string{"otp-rejected"}},
		{of(late, "sms/indosat"), []string{"otp-late"}},
		{of(refused, "sms/indosat", "sms/xl"), []string{"otp-rejected"}},
	})
}

// breakPortal breaks the rest, more slowly.
func (k *killer) breakPortal(ctx context.Context) {
	k.breaks(ctx, 5*time.Second, 10*time.Second, []broken{
		{delivery.Fault{Kind: delivery.PortalDown, How: delivery.HowHTTP503}, []string{"portal-down"}},
		{delivery.Fault{Kind: delivery.HandsetOffline, Streams: []string{"sms/xl"}}, nil},
		{delivery.Fault{Kind: delivery.CaptchaLoop, Probability: 1}, []string{"captcha-loop", "captcha-broken"}},
		{delivery.Fault{Kind: delivery.HandsetOffline, Streams: []string{"sms/telkomsel"}}, nil},
	})
}

// broken is something to break, and the causes that its incident may name.
type broken struct {
	fault  delivery.Fault
	causes []string
}

// breaks switches one after the other on and off, until ctx ends. Each lasts
// for so long, and so long is between two, or up to twice that.
func (k *killer) breaks(ctx context.Context, lasting, between time.Duration, list []broken) {
	for {
		for _, next := range list {
			began := time.Now()
			k.change(func(on []delivery.Fault) []delivery.Fault { return append(on, next.fault) })
			pause(ctx, lasting)
			k.change(func(on []delivery.Fault) []delivery.Fault {
				return slices.DeleteFunc(on, func(f delivery.Fault) bool { return f.Kind == next.fault.Kind })
			})
			k.mu.Lock()
			k.troubles = append(k.troubles, troubled{next.causes, began, time.Now()})
			k.mu.Unlock()
			pause(ctx, between)
			if ctx.Err() != nil {
				return
			}
		}
	}
}

// change changes what is broken, without touching what another breaks.
func (k *killer) change(to func([]delivery.Fault) []delivery.Fault) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.w.SetFaults(to(k.w.Faults())); err != nil {
		k.t.Errorf("setting faults: %v", err)
	}
}

// breakChannels lets X and Slack misbehave in changing ways: they refuse, they
// fail, they post and hang up, or they post after the one who asked has died.
func (k *killer) breakChannels(ctx context.Context) {
	ways := [][]social.Fault{
		{},
		{{Kind: social.Slow, Share: .7, Delay: 400 * time.Millisecond}},
		{{Kind: social.LostReply, Share: .5}},
		{{Kind: social.ServerError, Share: .5, On: social.AnyUse}},
		{{Kind: social.RateLimit, Share: .5, After: time.Second}},
		{{Kind: social.CutBefore, Share: .5, On: social.AnyUse}},
		{{Kind: social.Slow, Share: .5, Delay: 700 * time.Millisecond}, {Kind: social.LostReply, Share: .5}},
	}
	for ctx.Err() == nil {
		onX, onSlack := ways[rand.IntN(len(ways))], ways[rand.IntN(len(ways))]
		if err := k.w.Social().X.SetFaults(onX...); err != nil {
			k.t.Errorf("setting faults of X: %v", err)
		}
		if err := k.w.Social().Slack.SetFaults(onSlack...); err != nil {
			k.t.Errorf("setting faults of Slack: %v", err)
		}
		pause(ctx, time.Second)
	}
	_, _ = k.w.Social().X.SetFaults(), k.w.Social().Slack.SetFaults()
}

// drain waits until every incident is resolved and everything is said, for a
// while without a break.
func (k *killer) drain() {
	k.t.Helper()
	address := k.child.line("metrics: ", 20*time.Second)
	quiet := time.Now()
	eventually(k.t, "everything to be over and said", 120*time.Second, func() error {
		metrics, err := get(address)
		if err == nil {
			err = isOver(metrics)
		}
		if err != nil {
			quiet = time.Now()
			return err
		}
		if time.Since(quiet) < 5*time.Second {
			return fmt.Errorf("quiet for %s only", time.Since(quiet))
		}
		return nil
	})
}

// isOver wants no open incident, no delivery on its way, and every component
// in sight.
func isOver(metrics string) error {
	for line := range strings.Lines(metrics) {
		open := strings.HasPrefix(line, "pantau_incidents_open{") || strings.HasPrefix(line, "pantau_delivery_queue{") ||
			strings.HasPrefix(line, "pantau_component_state{") && strings.Contains(line, `state="unknown"`)
		if open && !strings.HasSuffix(line, " 0\n") {
			return fmt.Errorf("%s", strings.TrimSpace(line))
		}
	}
	return nil
}

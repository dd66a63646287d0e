package notifier

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pantau/simulator/social"
)

// The whole way, from notices to what stands on X and Slack, through faults.
func TestThroughFaultsNothingIsLostOrDoubled(t *testing.T) {
	for _, fault := range []social.Fault{
		{Kind: social.LostReply, Times: 2},
		{Kind: social.CutBefore, Times: 2},
		{Kind: social.ServerError, Times: 2},
		{Kind: social.RateLimit, Times: 1, After: time.Second},
		{Kind: social.Slow, Times: 1, Delay: 500 * time.Millisecond}, // lands after the call was given up
	} {
		t.Run(string(fault.Kind), func(t *testing.T) {
			t.Parallel()
			eachKind(t, func(t *testing.T, options func(string) ChannelOptions) {
				t.Parallel()
				s := newStandIn(t, options)
				s.fault(t, fault)
				outbox := new(memory)
				for thread := range 2 {
					for number := range 3 {
						outbox.add(notice(fmt.Sprintf("INC-%d", thread), number+1))
					}
				}
				log := dispatchUntilSent(t, outbox, s.channel, 6)
				if got := s.posts(); got != 6 {
					t.Errorf("%d posts, want 6", got)
				}
				for _, row := range outbox.rows {
					if row.Number > 1 && (row.ReplyTo == "" || row.Root == "") {
						t.Errorf("%s answers nothing", row.ID)
					}
				}
				wantNoKeys(t, log)
			})
		})
	}
}

// dispatchUntilSent runs a dispatcher until all deliveries are sent, and gives
// its log.
func dispatchUntilSent(t *testing.T, outbox *memory, channel Channel, all int) string {
	t.Helper()
	var log bytes.Buffer
	d := New(outbox, []Channel{channel}, Options{
		Timeout: 400 * time.Millisecond, Settle: 300 * time.Millisecond,
		BackoffFirst: 20 * time.Millisecond, BackoffMax: 100 * time.Millisecond, Poll: 20 * time.Millisecond,
	}, slog.New(slog.NewTextHandler(&log, nil)), NewMetrics(prometheus.NewRegistry()))
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = d.Run(ctx) })
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if sentRows(outbox) == all || time.Now().After(end) {
			break
		}
	}
	cancel()
	running.Wait()
	if got := sentRows(outbox); got != all {
		t.Errorf("%d deliveries sent, want %d:\n%s", got, all, log.String())
	}
	return log.String()
}

func sentRows(outbox *memory) int {
	outbox.mu.Lock()
	defer outbox.mu.Unlock()
	sent := 0
	for _, row := range outbox.rows {
		if row.State == Sent {
			sent++
		}
	}
	return sent
}

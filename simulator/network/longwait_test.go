package network

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pantau/simulator/delivery"
)

// answering is a monitor without a network, so that hours pass at once.
type answering func(*http.Request) (*http.Response, error)

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

func status(code int) *http.Response {
	return &http.Response{StatusCode: code, Body: io.NopCloser(bytes.NewReader(nil))}
}

// world is a network in a synctest bubble; stop ends it and waits for all of it.
func world(t *testing.T, heartbeat time.Duration, monitor answering) (n *Network, stop func()) {
	t.Helper()
	n, err := New(Options{
		Seed: 1, Duplicates: -1, Heartbeat: heartbeat, WebhookURL: "http://monitor.example/", WebhookSecret: "x",
		Handsets: []Handset{{Device: "phone-xl", Operator: "xl", SIMs: []SIM{{Number: "628170000001"}}}},
		Log:      slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	n.client.Transport = monitor
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- n.Run(ctx) }()
	return n, func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run gave %v", err)
		}
	}
}

func TestAWebhookIsTriedFifteenTimesOverTwoDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries []time.Time
		n, stop := world(t, 1000*time.Hour, func(r *http.Request) (*http.Response, error) {
			if body, _ := io.ReadAll(r.Body); bytes.Contains(body, []byte("sms:received")) {
				tries = append(tries, time.Now())
			}
			return status(http.StatusBadGateway), nil
		})
		n.SendSMS("xl", "628170000001", "x")
		time.Sleep(400 * time.Hour)
		stop()
		if len(tries) != mostRetries+1 {
			t.Fatalf("%d tries, want %d", len(tries), mostRetries+1)
		}
		for i := range mostRetries {
			if got, want := tries[i+1].Sub(tries[i]), 10*time.Second<<i; got != want {
				t.Errorf("between try %d and the next lie %s, want %s", i+1, got, want)
			}
		}
	})
}

func TestAHangingMonitorCostsTenSecondsPerTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var longest atomic.Int64
		_, stop := world(t, time.Minute, func(r *http.Request) (*http.Response, error) {
			began := time.Now()
			<-r.Context().Done()
			longest.Store(max(longest.Load(), int64(time.Since(began))))
			return nil, r.Context().Err()
		})
		time.Sleep(5 * time.Minute)
		stop()
		if got := time.Duration(longest.Load()); got != requestWithin {
			t.Errorf("the longest try took %s, want %s", got, requestWithin)
		}
	})
}

func TestHeartbeatsKeepTheirTimeAndOldOnesAreGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var up atomic.Bool
		var taken, failed atomic.Int64
		_, stop := world(t, time.Minute, func(*http.Request) (*http.Response, error) {
			if !up.Load() {
				failed.Add(1)
				return status(http.StatusServiceUnavailable), nil
			}
			taken.Add(1)
			return status(http.StatusOK), nil
		})
		time.Sleep(time.Hour - time.Second)
		if got := failed.Load(); got != 3*60 { // at once, after 10 and after 30 s; the next try would be at 70
			t.Errorf("60 heartbeats were tried %d times, want 180", got)
		}
		up.Store(true)
		time.Sleep(time.Hour)
		stop()
		if got := taken.Load(); got != 60 {
			t.Errorf("%d heartbeats were taken in an hour, want 60", got)
		}
	})
}

func TestADayOfMessagesAndFaultsLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var taken atomic.Int64
		n, stop := world(t, time.Minute, func(r *http.Request) (*http.Response, error) {
			if body, _ := io.ReadAll(r.Body); bytes.Contains(body, []byte("sms:received")) {
				taken.Add(1)
			}
			return status(http.StatusOK), nil
		})
		queue := delivery.Fault{
			Kind: delivery.OTPQueue, Streams: []string{"sms/xl"}, ArrivalsPerMinute: 150, ServedPerMinute: 110,
			ReRequestAfter: delivery.Duration(time.Minute), ReRequestsAtMost: 2, ExpireAfter: delivery.Duration(time.Hour),
		}
		for i := range 12 * 12 {
			switch i {
			case 12:
				n.SetFaults([]delivery.Fault{queue})
			case 60:
				n.SetFaults(nil)
			}
			n.SendSMS("xl", "628170000001", "x")
			time.Sleep(5 * time.Minute)
		}
		time.Sleep(2 * time.Hour)
		n.mu.Lock()
		queued := len(n.queued)
		n.mu.Unlock()
		if queued != 0 || n.agenda.len() > 1 { // the next heartbeat
			t.Errorf("%d messages are still queued and %d things are to be done", queued, n.agenda.len())
		}
		if got := taken.Load(); got < 90 || got > 135 {
			t.Errorf("%d of 144 messages arrived, want those outside the fault and some of it", got)
		}
		stop()
	})
}

func TestAPanicEndsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		_, stop := world(t, time.Minute, func(*http.Request) (*http.Response, error) {
			asked.Add(1)
			panic("a mistake")
		})
		time.Sleep(10*time.Minute - time.Second)
		stop()
		if got := asked.Load(); got != 10 {
			t.Errorf("%d heartbeats were tried, want 10", got)
		}
	})
}

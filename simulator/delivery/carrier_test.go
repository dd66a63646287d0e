package delivery_test

import (
	"testing"
	"time"

	"pantau/simulator/delivery"
)

func carrier(t *testing.T) *delivery.Carrier {
	t.Helper()
	c, err := delivery.NewCarrier(delivery.Options{Seed: 4, Duplicates: -1})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWithoutAQueueTheFateIsKnownAtOnce(t *testing.T) {
	c := carrier(t)
	c.SetFaults([]delivery.Fault{delay()}, noon.Add(-time.Hour))
	if _, known := c.Send(delivery.Message{ID: 1, Stream: xl, At: noon}); !known {
		t.Error("it waits for a queue that is not there")
	}
	if c.Busy() || c.Queued(xl, noon) {
		t.Error("the carrier says something waits")
	}
}

func TestAMessageGoesThroughTheQueueThenOn(t *testing.T) {
	c := carrier(t)
	c.SetFaults([]delivery.Fault{may2023()}, noon.Add(-time.Hour))
	if _, known := c.Send(delivery.Message{ID: 1, Stream: xl, At: noon.Add(-time.Minute)}); !known {
		t.Error("a message before the fault waits in its queue")
	}
	sent := noon.Add(8 * time.Minute)
	for _, test := range []struct {
		message delivery.Message
		known   bool
	}{
		{delivery.Message{ID: 2, Stream: xl, At: sent}, false},
		{delivery.Message{ID: 3, Stream: "sms/indosat", At: sent}, false},
		{delivery.Message{ID: 4, Stream: "sms/telkomsel", At: sent}, true},
		{delivery.Message{ID: 5, Stream: delivery.Email, At: sent}, true},
		{delivery.Message{ID: 6, Stream: xl, At: sent, Control: true}, true},
	} {
		if _, known := c.Send(test.message); known != test.known {
			t.Errorf("the fate of %+v is known: %t, want %t", test.message, known, test.known)
		}
	}
	released := c.Advance(sent.Add(2 * time.Hour))
	if len(released) != 2 || c.Busy() {
		t.Fatalf("%d messages were released, busy is %t; want 2 and false", len(released), c.Busy())
	}
	for i, r := range released {
		if r.Message.ID != uint64(i+2) || r.Fate.Why != delivery.OTPQueue || r.Fate.Lost {
			t.Errorf("release %d is %+v", i, r)
		}
		if r.Fate.Stamp < 3*time.Minute || r.Fate.Delay <= r.Fate.Stamp {
			t.Errorf("stamped after %s, there after %s: the wait does not lie before the stamp", r.Fate.Stamp, r.Fate.Delay)
		}
	}
}

func TestWhatTheQueueThrowsAwayIsLostToIt(t *testing.T) {
	c := carrier(t)
	c.SetFaults([]delivery.Fault{may2023()}, noon)
	lost := 0
	for i := range 60 {
		c.Send(delivery.Message{ID: uint64(i + 1), Stream: xl, At: noon.Add(5*time.Hour + time.Duration(i)*time.Minute)})
	}
	released := c.Advance(noon.Add(8 * time.Hour))
	for _, r := range released {
		if r.Fate.Lost && r.Fate.Why == delivery.OTPQueue {
			lost++
		}
	}
	if len(released) != 60 || lost < 30 || lost == 60 {
		t.Errorf("of %d released %d were thrown away, want 60 and most of them", len(released), lost)
	}
}

func TestSettingFaultsAgainLeavesTheQueueAlone(t *testing.T) {
	c, queue := carrier(t), may2023()
	queue.From, queue.Until = delivery.Time{}, delivery.Time{}
	c.SetFaults([]delivery.Fault{queue}, noon)
	c.Send(delivery.Message{ID: 1, Stream: xl, At: noon.Add(8 * time.Minute)})

	c.SetFaults([]delivery.Fault{{Kind: delivery.MonitorOffline}, queue}, noon.Add(9*time.Minute))
	c.Send(delivery.Message{ID: 2, Stream: xl, At: noon.Add(9 * time.Minute)})
	if got := c.Faults(); len(got) != 2 || !got[1].From.Equal(noon) || !got[0].From.Equal(noon.Add(9*time.Minute)) {
		t.Errorf("the faults began as %+v", got)
	}

	c.SetFaults(nil, noon.Add(10*time.Minute))
	removed := noon.Add(11 * time.Minute)
	if _, known := c.Send(delivery.Message{ID: 3, Stream: xl, At: removed}); known || !c.Queued(xl, removed) {
		t.Error("with the fault the backlog was gone too")
	}
	released := c.Advance(noon.Add(6 * time.Hour))
	if len(released) != 3 {
		t.Fatalf("%d messages were released, want 3", len(released))
	}
	if waited := released[1].Fate.Stamp; waited < 3*time.Minute {
		t.Errorf("the second waited %s: the queue began anew", waited)
	}
	if c.Queued(xl, noon.Add(6*time.Hour)) {
		t.Error("the queue still stands in the way six hours later")
	}
}

func TestAFaultLongGoneCostsNoTime(t *testing.T) {
	c, queue := carrier(t), may2023()
	queue.From, queue.Until = delivery.At(noon.AddDate(-5, 0, 0)), delivery.Time{}
	c.SetFaults([]delivery.Fault{queue}, noon)
	if !c.Queued(xl, noon) {
		t.Error("the queue is not there")
	}
	queue.Until = delivery.At(noon.AddDate(-4, 0, 0))
	c.SetFaults([]delivery.Fault{queue}, noon)
	if c.Queued(xl, noon.Add(5*time.Hour)) {
		t.Error("a queue that ended years ago stands in the way")
	}
}

package network_test

import (
	"fmt"
	"testing"
	"time"

	"pantau/simulator/delivery"
	"pantau/simulator/network"
)

func TestAnOfflineHandsetIsSilentAndGetsItsMessagesLater(t *testing.T) {
	t.Parallel()
	m := newMonitor(t)
	options := m.options()
	options.Heartbeat = 20 * time.Millisecond
	n := running(t, options)
	next(t, m.pings, "the first heartbeat")

	n.SetFaults([]delivery.Fault{xl(delivery.HandsetOffline)})
	sent := time.Now()
	n.SendSMS("xl", "+628170000001", "held")
	n.SendSMS("telkomsel", "+628120000001", "of another operator")
	time.Sleep(300 * time.Millisecond) // for what was already being posted
	for len(m.pings) > 0 {
		<-m.pings
	}
	none(t, m.pings, "a heartbeat")
	none(t, m.texts, "a message")
	time.Sleep(time.Until(sent.Add(1500 * time.Millisecond))) // so that a stamp of whole seconds can tell

	n.SetFaults(nil)
	got := next(t, m.texts, "the held message")
	stamp, err := time.Parse(time.RFC3339, got.Payload.ReceivedAt)
	if err != nil || stamp.After(sent.Add(time.Second)) {
		t.Errorf("it is stamped %s, %v; the message centre had it at %s", stamp, err, sent)
	}
	next(t, m.pings, "a heartbeat")
	none(t, m.texts, "a second copy")
	if len(n.Inbox(10)) != 1 {
		t.Errorf("%d messages reached other people, want 1", len(n.Inbox(10)))
	}
}

func TestALateReceiverHandsOverEverythingLaterWithHonestStamps(t *testing.T) {
	t.Parallel()
	m := newMonitor(t)
	options := m.options()
	options.Heartbeat = 50 * time.Millisecond
	n, err := network.New(options)
	if err != nil {
		t.Fatal(err)
	}
	late := xl(delivery.ReceiverLate)
	late.Delay = delivery.Duration(1200 * time.Millisecond)
	n.SetFaults([]delivery.Fault{late})
	began := time.Now()
	go func() { _ = n.Run(t.Context()) }()
	n.SendSMS("xl", "+628170000001", "late")

	ping := next(t, m.pings, "the first heartbeat")
	text := next(t, m.texts, "the message")
	for _, got := range []hook{ping, text} {
		if after := got.at.Sub(began); after < 1200*time.Millisecond {
			t.Errorf("%s came after %s, want at least 1.2 s", got.Event, after)
		}
	}
	stamp, err := time.Parse(time.RFC3339, text.Payload.ReceivedAt)
	if err != nil || text.at.Sub(stamp) < 1100*time.Millisecond {
		t.Errorf("it is stamped %s, %v; it came %s", stamp, err, text.at)
	}
}

func TestAnEmptySIMGetsNoCode(t *testing.T) {
	m := newMonitor(t)
	n := running(t, m.options())
	empty := xl(delivery.SIMEmpty)
	empty.SIMs = 0.5
	n.SetFaults([]delivery.Fault{empty})
	const each = 15
	for range each {
		n.SendSMS("xl", "+628170000001", "x")
		n.SendSMS("xl", "+628170000002", "x")
	}
	slots := make(map[int]int)
	for range each - 2 {
		slots[*next(t, m.texts, "a message to the SIM that has credit").Payload.SIMNumber]++
	}
	if len(slots) != 1 {
		t.Errorf("messages came to the slots %v, want to one of the two", slots)
	}
}

func TestAClockJumpMovesAllClocksButOurs(t *testing.T) {
	m := newMonitor(t)
	n := running(t, m.options())
	n.SetFaults([]delivery.Fault{{Kind: delivery.ClockJump, By: delivery.Duration(time.Hour)}})
	sent := time.Now()
	n.SendSMS("xl", "+628170000001", "x")
	got := next(t, m.texts, "the message")
	stamp, err := time.Parse(time.RFC3339, got.Payload.ReceivedAt)
	for what, at := range map[string]time.Time{"receivedAt": stamp, "X-Timestamp": got.timestamp} {
		if behind := sent.Sub(at); err != nil || behind < 59*time.Minute || behind > 61*time.Minute {
			t.Errorf("%s is %s behind, %v; want an hour", what, behind, err)
		}
	}
}

func TestNothingReachesAMonitorThatIsOffline(t *testing.T) {
	t.Parallel()
	m, s := newMonitor(t), newMailServer(t)
	options := m.options()
	options.SMTPAddr, options.MailDomains = s.addr, []string{"probe.example"}
	n, err := network.New(options)
	if err != nil {
		t.Fatal(err)
	}
	n.SetFaults([]delivery.Fault{{Kind: delivery.MonitorOffline}})
	go func() { _ = n.Run(t.Context()) }()
	n.SendSMS("xl", "+628170000001", "x")
	n.SendMail("a@probe.example", network.Mail{From: "noreply@ereg.example", Text: "x"})
	none(t, m.texts, "a message")
	if len(s.mails) > 0 {
		t.Error("a mail came")
	}
	n.SetFaults(nil)
	next(t, m.texts, "the message that was tried again")
	s.next(t)
}

func TestAQueueMakesEveryoneWaitAndDrains(t *testing.T) {
	t.Parallel()
	m := newMonitor(t)
	n := running(t, m.options())
	// In its first two seconds twice as many come as are served, so whoever
	// comes then waits for one second more.
	n.SetFaults([]delivery.Fault{{
		Kind: delivery.OTPQueue, Streams: []string{"sms/xl"}, From: delivery.At(time.Now().Add(-2 * time.Second)),
		ArrivalsPerMinute: 1000, ServedPerMinute: 500, ExpireAfter: delivery.Duration(time.Minute),
	}})
	sent := time.Now()
	for i := range 3 {
		n.SendSMS("xl", "+628170000001", fmt.Sprint(i))
	}
	n.SetFaults(nil) // drains from here on
	for range 3 {
		got := next(t, m.texts, "a message that stood in the queue")
		if waited := got.at.Sub(sent); waited < 300*time.Millisecond {
			t.Errorf("it waited %s, want about two seconds", waited)
		}
	}
}

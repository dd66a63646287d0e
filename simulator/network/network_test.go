package network_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pantau/simulator/delivery"
	"pantau/simulator/network"
)

func TestATextArrivesAsASignedWebhook(t *testing.T) {
	m := newMonitor(t)
	n := running(t, m.options())
	for _, number := range []string{"+628170000002", "628170000002", "08170000002"} {
		sent := time.Now()
		n.SendSMS("xl", number, "Kode OTP e-Registration Anda: 482915.")
		got := next(t, m.texts, "the message")

		if got.Device != "phone-xl" || got.Event != "sms:received" || got.ID == "" || got.Webhook == "" {
			t.Errorf("the envelope is %s", got.raw)
		}
		if got.Payload.Message != "Kode OTP e-Registration Anda: 482915." || got.Payload.Sender != "EREG" || got.Payload.MessageID == "" {
			t.Errorf("the payload is %s", got.raw)
		}
		if *got.Payload.Recipient != "+628170000002" || *got.Payload.SIMNumber != 2 {
			t.Errorf("it came to %s on SIM %d, want +628170000002 on 2", *got.Payload.Recipient, *got.Payload.SIMNumber)
		}
		stamp, err := time.Parse(time.RFC3339, got.Payload.ReceivedAt)
		if err != nil || !strings.HasSuffix(got.Payload.ReceivedAt, "+07:00") {
			t.Errorf("receivedAt is %q, want RFC 3339 in WIB", got.Payload.ReceivedAt)
		}
		if stamp.Before(sent.Add(-time.Second)) || stamp.After(got.at) || got.timestamp.Before(sent.Add(-time.Second)) || got.timestamp.After(got.at) {
			t.Errorf("sent %s, stamped %s, signed %s, came %s", sent, stamp, got.timestamp, got.at)
		}
	}
}

func TestTheWebhookHasTheKeysOfTheAppAndNoOthers(t *testing.T) {
	m := newMonitor(t)
	options := m.options()
	options.Handsets[0].NullSIM, options.Handsets[0].NullRecipient = true, true
	n := running(t, options)
	n.SendSMS("xl", "+628170000001", "x")
	var envelope map[string]any
	if err := json.Unmarshal(next(t, m.texts, "the message").raw, &envelope); err != nil {
		t.Fatal(err)
	}
	payload := envelope["payload"].(map[string]any)
	for _, test := range []struct {
		of   map[string]any
		want []string
	}{
		{envelope, []string{"deviceId", "event", "id", "payload", "webhookId"}},
		{payload, []string{"message", "messageId", "receivedAt", "recipient", "sender", "simNumber"}},
	} {
		if got := slices.Sorted(maps.Keys(test.of)); !slices.Equal(got, test.want) {
			t.Errorf("the keys are %v, want %v", got, test.want)
		}
	}
	if payload["recipient"] != nil || payload["simNumber"] != nil {
		t.Errorf("recipient and simNumber are %v and %v, want null", payload["recipient"], payload["simNumber"])
	}
}

func TestManyAreUnderwayAtOnceAndComeOutOfOrder(t *testing.T) {
	m := newMonitor(t)
	n := running(t, m.options())
	const count = 60
	for i := range count {
		n.SendSMS("xl", "+628170000001", fmt.Sprint(i))
	}
	var order []string
	for range count - 2 { // one or two may be lost even by a healthy operator
		order = append(order, next(t, m.texts, "one of many").Payload.Message)
	}
	slices.Sort(order)
	if len(slices.Compact(order)) != count-2 {
		t.Errorf("some of %d came twice, though nothing is doubled", count)
	}
}

func TestADoubledMessageIsTwoEvents(t *testing.T) {
	m := newMonitor(t)
	options := m.options()
	options.Duplicates = 1
	n := running(t, options)
	n.SendSMS("xl", "+628170000001", "482915")
	first, second := next(t, m.texts, "the first"), next(t, m.texts, "the second")
	if first.ID == second.ID || first.Payload != withPointersOf(first, second) {
		t.Errorf("%s and %s; want the same message with two ids", first.raw, second.raw)
	}
	none(t, m.texts, "a third")
}

// withPointersOf makes the payloads comparable: the pointers are of the one,
// when they point to the same values, and all else is of the other.
func withPointersOf(one, other hook) any {
	payload := other.Payload
	if *payload.Recipient == *one.Payload.Recipient && *payload.SIMNumber == *one.Payload.SIMNumber {
		payload.Recipient, payload.SIMNumber = one.Payload.Recipient, one.Payload.SIMNumber
	}
	return payload
}

func TestWhatIsNotTakenComesAgainWithTheSameID(t *testing.T) {
	t.Parallel()
	m := newMonitor(t)
	var tries []hook
	m.answers(func(got hook) int {
		if got.Event == "system:ping" {
			return 204
		}
		tries = append(tries, got)
		return []int{500, 302, 404, 201, 200}[len(tries)-1]
	})
	n := running(t, m.options())
	n.SendSMS("xl", "+628170000001", "482915")
	first := next(t, m.texts, "the first try")
	for i := range 3 {
		if again := next(t, m.texts, "a retry"); string(again.raw) != string(first.raw) {
			t.Errorf("retry %d is %s, want %s", i+1, again.raw, first.raw)
		}
	}
	none(t, m.texts, "a retry of what was taken")
}

func TestEveryHandsetGivesHeartbeats(t *testing.T) {
	m := newMonitor(t)
	options := m.options()
	options.Heartbeat = 30 * time.Millisecond
	options.Handsets = append(options.Handsets, network.Handset{Device: "phone-indosat", Operator: "indosat"})
	running(t, options)
	seen, ids := make(map[string]int), make(map[string]bool)
	for seen["phone-xl"] < 3 || seen["phone-indosat"] < 3 {
		ping := next(t, m.pings, "a heartbeat")
		seen[ping.Device]++
		if ids[ping.ID] {
			t.Errorf("the id of a heartbeat came twice")
		}
		ids[ping.ID] = true
	}
}

func TestAPhoneThatHangsHoldsUpNoOther(t *testing.T) {
	m := newMonitor(t)
	released := make(chan struct{})
	t.Cleanup(func() { close(released) })
	m.answers(func(got hook) int {
		if got.Device == "phone-xl" {
			<-released
		}
		return 200
	})
	options := m.options()
	options.Handsets = append(options.Handsets, network.Handset{
		Device: "phone-indosat", Operator: "indosat", SIMs: []network.SIM{{Number: "628150000001"}},
	})
	n := running(t, options)
	for range 20 {
		n.SendSMS("xl", "+628170000001", "hangs")
	}
	n.SendSMS("indosat", "+628150000001", "goes through")
	for got := next(t, m.texts, "the other's message"); got.Device != "phone-indosat"; {
		got = next(t, m.texts, "the other's message")
	}
}

func TestWhoHasNoHandsetHasAnInbox(t *testing.T) {
	m := newMonitor(t)
	n := running(t, m.options())
	for i := range 130 {
		n.SendSMS("telkomsel", "0812000000", fmt.Sprint(i))
	}
	n.SendMail("somebody@mail.example", network.Mail{From: "noreply@ereg.example", Subject: "Kode", HTML: "<b>1</b>"})
	deadline := time.Now().Add(8 * time.Second)
	var mails []network.Delivered
	for len(mails) == 0 || len(n.Inbox(1000)) < 100 {
		if time.Now().After(deadline) {
			t.Fatalf("%d messages are in the inbox, %d of them mails", len(n.Inbox(1000)), len(mails))
		}
		time.Sleep(5 * time.Millisecond)
		for _, got := range n.Inbox(1000) {
			if got.Stream == "email" && len(mails) == 0 {
				mails = append(mails, got)
			}
		}
	}
	if got := mails[0]; got.To != "somebody@mail.example" || got.From != "noreply@ereg.example" || got.Subject != "Kode" || got.HTML != "<b>1</b>" {
		t.Errorf("the mail is %+v", got)
	}
	latest := n.Inbox(3)
	if len(latest) != 3 || latest[0].At.Before(latest[1].At) || latest[1].At.Before(latest[2].At) {
		t.Errorf("the latest three are %+v, want three, newest first", latest)
	}
	if got := n.Inbox(-1); len(got) != 0 {
		t.Errorf("-1 messages are %d", len(got))
	}
	if text := n.Inbox(1000)[50]; text.Stream != "sms/telkomsel" && text.Stream != "email" || text.At.IsZero() {
		t.Errorf("a text is %+v", text)
	}
	none(t, m.texts, "somebody else's message")
}

func TestBadOptionsAreAllSaid(t *testing.T) {
	_, err := network.New(network.Options{
		Heartbeat: -1, RetryBase: -1, MailDomains: []string{"x.example"},
		Handsets: []network.Handset{
			{Device: "a", Operator: "xl", SIMs: []network.SIM{{Number: "08170000009"}, {Number: "+628170000009"}, {Number: "x", Slot: -1}}},
			{Device: "a"},
		},
	})
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{
		"webhook url: is not", "smtp addr: is empty", "heartbeat: -1ns", "retry base: -1ns",
		`handset 1: device "a"`, "handset 1: operator is empty", "SIM 1 of handset a", "SIM 2 of handset a", "slot -1",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "8170000009") {
		t.Errorf("the error shows a number: %v", err)
	}
	if _, err := network.New(network.Options{Scale: -1}); err == nil {
		t.Error("a negative scale was taken")
	}
	if _, err := network.New(network.Options{SMTPAddr: "nowhere"}); err == nil {
		t.Error("a mail server without a port was taken")
	}
	if _, err := network.New(network.Options{}); err != nil {
		t.Errorf("a network of nobody is refused: %v", err)
	}
}

func TestADelayFaultActsOnTheWay(t *testing.T) {
	t.Parallel()
	m := newMonitor(t)
	n := running(t, m.options())
	late := xl(delivery.OTPDelay)
	late.Late, late.Median, late.P95 = 1, delivery.Duration(400*time.Millisecond), delivery.Duration(401*time.Millisecond)
	n.SetFaults([]delivery.Fault{late})
	sent := time.Now()
	n.SendSMS("xl", "+628170000001", "late")
	if got := next(t, m.texts, "the late message"); got.at.Sub(sent) < 300*time.Millisecond {
		t.Errorf("it took %s, want about 400 ms", got.at.Sub(sent))
	}
}

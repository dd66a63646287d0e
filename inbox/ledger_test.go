package inbox

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"pantau/internal/secret"
	"pantau/probes"
)

// twoSIMs are two cards in one phone.
func twoSIMs() []probes.SIM {
	return []probes.SIM{
		{ID: "sim-a", Operator: "telkomsel", Number: secret.New("+6281200000001"), Receiver: "phones", Device: "d1", Slot: 1},
		{ID: "sim-b", Operator: "xl", Number: secret.New("+6281700000002"), Receiver: "phones", Device: "d1", Slot: 2},
	}
}

func newLedger(t testing.TB, sims []probes.SIM) *Ledger {
	t.Helper()
	l, err := NewLedger(Options{}, sims)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// sms is a message to slot 1, stamped when it is received.
func sms(id, code string, minutes float64) Message {
	return Message{
		Receiver: "phones", ID: id, Device: "d1", Slot: 1, Text: secret.New("Kode OTP Anda: " + code),
		Stamped: at(minutes), DeviceAt: at(minutes), Received: at(minutes),
	}
}

func wantMatch(t *testing.T, l *Ledger, m Message, wait string, want Why) probes.Arrival {
	t.Helper()
	a, why, ok := l.Match(m)
	if a.Wait != wait || why != want || ok != (wait != "") {
		t.Fatalf("message %s is given to %q (%s, %v), want %q (%s)", m.ID, a.Wait, why, ok, wait, want)
	}
	return a
}

func TestArrivalKeepsItsInstants(t *testing.T) {
	l := newLedger(t, twoSIMs())
	l.Expect(waitFor("A", "sim-a", 0))
	m := sms("1", "0042", 9)
	m.Stamped, m.DeviceAt = at(1).In(time.FixedZone("WIB", 7*3600)), at(2)
	a := wantMatch(t, l, m, "A", WhySIM)
	if a.Stamped != at(1) || a.Device != at(2) || a.Received != at(9) || a.Code.Reveal() != "0042" || a.ID != "1" || a.Receiver != "phones" {
		t.Errorf("arrival %+v has other instants, id or code", a)
	}
	m = sms("2", "0043", 10)
	m.Stamped, m.DeviceAt, m.Slot = time.Time{}, time.Time{}, 2
	l.Expect(waitFor("B", "sim-b", 9))
	if a = wantMatch(t, l, m, "B", WhySIM); !a.Stamped.IsZero() || !a.Device.IsZero() {
		t.Errorf("stamped %v and device %v were made up", a.Stamped, a.Device)
	}
}

// TestAClockOfOursThatJumps: when our wall clock is put forward, every stamp
// looks as much older as every handset's clock looks slow.
func TestAClockOfOursThatJumps(t *testing.T) {
	l := newLedger(t, twoSIMs())
	l.Expect(waitFor("A", "sim-a", 20))
	m := sms("1", "0042", 21)
	m.Stamped, m.DeviceAt = at(0.5), at(1) // both clocks are 20 minutes behind ours
	wantMatch(t, l, m, "A", WhySIM)

	l.Expect(waitFor("B", "sim-b", 30))
	old := sms("2", "0043", 31) // a handset in time with us, a message from before
	old.Stamped, old.Slot = at(10), 2
	wantMatch(t, l, old, "", WhyStale)

	fast := sms("3", "0044", 32) // a handset whose own clock is fast
	fast.Stamped, fast.DeviceAt, fast.Slot = at(31), at(60), 2
	wantMatch(t, l, fast, "B", WhySIM)
}

// TestAMessageThatWasKeptForLong: what a forwarder had before a code was asked
// for is no answer to that, however late it hands it over.
func TestAMessageThatWasKeptForLong(t *testing.T) {
	held := func(m Message, at time.Time) Message {
		m.DeviceAt, m.Held = at, true
		return m
	}
	unstamped := func(id string, received float64) Message {
		m := sms(id, "111111", received)
		m.Stamped = time.Time{}
		return m
	}
	stamped := sms("stamped", "222222", 180)
	stamped.Stamped = at(1)
	for name, m := range map[string]Message{
		"without a stamp":                   held(unstamped("1", 180), at(2)),
		"with a stamp":                      held(stamped, at(2)),
		"with a stamp, no clock of its own": held(stamped, time.Time{}),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t, twoSIMs())
			l.Expect(waitFor("B", "sim-a", 170))
			wantMatch(t, l, m, "", WhyStale)
			wantMatch(t, l, held(unstamped("2", 181), at(171)), "B", WhySIM)
		})
	}
	l := newLedger(t, twoSIMs())
	l.Expect(waitFor("A", "sim-a", 100))
	if a := wantMatch(t, l, held(unstamped("3", 180), at(96)), "A", WhySIM); a.Device != at(96) { // clocks differ
		t.Errorf("the device's instant is %v, want %v", a.Device, at(96))
	}
}

func TestOneMessageOneEffect(t *testing.T) {
	l := newLedger(t, twoSIMs())
	l.Expect(waitFor("A", "sim-a", 0))
	a := wantMatch(t, l, sms("1", "482915", 1), "A", WhySIM)
	wantMatch(t, l, sms("1", "482915", 1), "", WhyInFlight)
	wantMatch(t, l, sms("2", "739201", 1), "", WhyNobody) // the wait is spoken for
	l.Settle(a, false)
	a = wantMatch(t, l, sms("1", "482915", 2), "A", WhySIM) // the phone tries again
	if a.Received != at(1) {
		t.Errorf("received at %v, want the first try's %v", a.Received, at(1))
	}
	l.Settle(a, true)
	wantMatch(t, l, sms("1", "482915", 3), "", WhyDuplicate)

	l.Expect(waitFor("A2", "sim-a", 10))
	wantMatch(t, l, sms("1", "482915", 11), "", WhyDuplicate) // tries again, its 200 was lost
	wantMatch(t, l, sms("2", "739201", 11), "", WhyDuplicate)
	late := sms("3", "482915", 11) // the network delivers the first one again
	late.Stamped = at(1)
	wantMatch(t, l, late, "", WhyDuplicate)
	wantMatch(t, l, sms("4", "482915", 11), "A2", WhySIM) // the same code by chance
}

func TestExpectAndForget(t *testing.T) {
	l := newLedger(t, twoSIMs())
	l.Expect(waitFor("A", "sim-a", 0))
	l.Settle(wantMatch(t, l, sms("1", "482915", .1), "A", WhySIM), true)
	l.Expect(with("R1", waitFor("A", "sim-a", .2))) // the portal's page comes after its message
	wantMatch(t, l, sms("2", "739201", 1), "", WhyNobody)

	l.Expect(waitFor("B", "sim-a", 20))
	l.Forget("B")
	l.Forget("B")
	l.Forget("never known")
	wantMatch(t, l, sms("3", "111222", 21), "", WhyNobody)

	l.Expect(waitFor("C", "sim-a", 40))
	l.Expect(waitFor("C", "sim-b", 40)) // replaces
	wantMatch(t, l, sms("4", "333444", 41), "", WhyNobody)

	a := sms("5", "555666", 42)
	a.Slot = 2
	taken := wantMatch(t, l, a, "C", WhySIM)
	l.Forget("C") // while it is being recorded
	l.Settle(taken, false)
	a.ID = "6"
	wantMatch(t, l, a, "", WhyDuplicate)
}

func TestKnowsAddresses(t *testing.T) {
	l := newLedger(t, nil)
	l.Expect(waitFor("M", probes.AddressKey("abc@probe.example"), 0))
	if !l.Knows("ABC@probe.example") || l.Knows("abd@probe.example") {
		t.Error("an address that is waited for is not known, or one that is not is")
	}
	l.Forget("M")
	if !l.Knows("abc@probe.example") {
		t.Error("an address is not known any more once its wait has ended")
	}
}

func TestLedgerStaysBounded(t *testing.T) {
	l := newLedger(t, twoSIMs())
	for n := range 3 * mostWaits {
		l.Expect(waitFor(fmt.Sprint("w", n), fmt.Sprint("key", n), float64(n)/1000))
	}
	for n := range mostMessages + 100 {
		l.Match(sms(fmt.Sprint("m", n), "not a code", 1))
	}
	if len(l.open) > mostWaits || len(l.addresses.values) > mostWaits || len(l.messages.values) > mostMessages || len(l.messages.order) > mostMessages {
		t.Errorf("%d waits, %d addresses, %d messages are remembered", len(l.open), len(l.addresses.values), len(l.messages.values))
	}
	if _, known := l.open[fmt.Sprint("w", 3*mostWaits-1)]; !known {
		t.Error("the newest wait was dropped")
	}
	l.Match(sms("much later", "not a code", 60*49))
	if len(l.messages.values) != 1 {
		t.Errorf("%d messages are remembered after 49 h, want 1", len(l.messages.values))
	}
}

func TestLedgerFromManySides(t *testing.T) {
	l := newLedger(t, twoSIMs())
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := map[string]int{}
	for n := range 200 {
		w := waitFor(fmt.Sprint("w", n), probes.AddressKey(fmt.Sprint(n, "@probe.example")), 0)
		l.Expect(w)
		for range 3 {
			wg.Go(func() {
				m := Message{
					Receiver: mailReceiver, ID: fmt.Sprint(n), Recipient: secret.New(fmt.Sprint(n, "@probe.example")),
					Text: secret.New("Kode OTP: 482915"), Received: at(1),
				}
				for tries := 0; ; tries++ {
					a, why, ok := l.Match(m)
					if ok {
						l.Settle(a, tries > 0)
						if tries > 0 {
							mu.Lock()
							got[a.Wait]++
							mu.Unlock()
						}
					}
					if why == WhyDuplicate || (ok && tries > 0) {
						return
					}
				}
			})
		}
	}
	wg.Wait()
	for n := range 200 {
		if got[fmt.Sprint("w", n)] != 1 {
			t.Fatalf("wait w%d was answered %d times, want once", n, got[fmt.Sprint("w", n)])
		}
	}
}

func TestNewLedgerRefusesBadTemplates(t *testing.T) {
	_, err := NewLedger(Options{Senders: []Sender{{Templates: []string{"("}}}}, nil)
	if err == nil || errors.Unwrap(err) == nil {
		t.Errorf("error %v, want one about the template", err)
	}
}

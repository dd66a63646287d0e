package inbox

import (
	"testing"
	"time"

	"pantau/internal/secret"
	"pantau/probes"
)

// unslotted is a message to the phone with two SIMs that does not say which.
func unslotted(id, code string, minutes float64) Message {
	m := sms(id, code, minutes)
	m.Slot = 0
	return m
}

// wantTangled wants m to be for several waits, and has it recorded.
func wantTangled(t *testing.T, l *Ledger, m Message, want ...string) probes.Arrival {
	t.Helper()
	a, why, ok := l.Match(m)
	if !ok || why != WhyAmbiguous || len(a.Possible) != len(want) || a.Possible[0] != want[0] || a.Possible[len(want)-1] != want[len(want)-1] {
		t.Fatalf("message %s may be for %q (%s, %v), want %q", m.ID, a.Possible, why, ok, want)
	}
	l.Settle(a, true)
	return a
}

func TestTwoMessagesForTwoWaitsGiveAnInterval(t *testing.T) {
	l := newLedger(t, twoSIMs())
	l.Expect(waitFor("A", "sim-a", 0))
	l.Expect(waitFor("B", "sim-b", 1))
	wantTangled(t, l, unslotted("1", "482915", 2), "A", "B")
	wantMatch(t, l, unslotted("1", "482915", 2), "", WhyDuplicate) // the phone tries again
	wantMatch(t, l, unslotted("2", "482915", 3), "", WhyDuplicate) // the network delivers it again
	if found := l.Untangle(); len(found) > 0 {
		t.Fatalf("one message ends two waits: %+v", found)
	}
	wantTangled(t, l, unslotted("3", "739201", 7), "A", "B")
	for range 2 { // the first time they cannot be recorded
		found := l.Untangle()
		if len(found) != 2 {
			t.Fatalf("%d waits end, want 2", len(found))
		}
		for i, wait := range []string{"A", "B"} {
			if a := found[i]; a.Wait != wait || !a.Earliest.Equal(at(2)) || !a.Received.Equal(at(7)) || !a.Stamped.IsZero() {
				t.Errorf("%s ends as %+v, want within the 2nd and the 7th minute", wait, a)
			}
			l.Settle(found[i], false)
		}
	}
	for _, a := range l.Untangle() {
		l.Settle(a, true)
	}
	if found := l.Untangle(); len(found) > 0 || len(l.open) > 0 {
		t.Errorf("%d waits end again, %d are open", len(found), len(l.open))
	}
}

func TestWhatIsLeftOverIsKnownExactly(t *testing.T) {
	for _, test := range []struct {
		name string
		tell func(t *testing.T, l *Ledger, first probes.Arrival)
	}{
		{"the other SIM's message says so", func(t *testing.T, l *Ledger, _ probes.Arrival) {
			l.Settle(wantMatch(t, l, sms("2", "739201", 5), "A", WhySIM), true)
		}},
		{"the portal's page comes with the reference", func(_ *testing.T, l *Ledger, _ probes.Arrival) {
			l.Expect(with("R-4F7K2M", waitFor("B", "sim-b", 1)))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLedger(t, twoSIMs())
			l.Expect(waitFor("A", "sim-a", 0))
			l.Expect(waitFor("B", "sim-b", 1))
			m := unslotted("1", "482915", 2)
			m.Text = secret.New("Kode OTP Anda: 482915. Ref: R-4F7K2M")
			test.tell(t, l, wantTangled(t, l, m, "A", "B"))
			found := l.Untangle()
			if len(found) != 1 || found[0].Wait != "B" || !found[0].Earliest.IsZero() || !found[0].Received.Equal(at(2)) {
				t.Fatalf("found %+v, want B at the 2nd minute", found)
			}
			l.Settle(found[0], true)
		})
	}
}

func TestThePortalsVerdictDecides(t *testing.T) {
	l := newLedger(t, twoSIMs())
	l.Expect(waitFor("A", "sim-a", 0))
	l.Expect(waitFor("B", "sim-b", 1))
	a := wantTangled(t, l, unslotted("1", "482915", 2), "A", "B")
	l.Answered("B", a)
	wantMatch(t, l, unslotted("2", "739201", 3), "A", WhySIM)
	l.Expect(waitFor("B", "sim-b", 1))
	if _, open := l.open["B"]; open {
		t.Error("a wait that was answered is open again")
	}
}

func TestAnOldMessageAfterARestartIsNotTakenForANewOne(t *testing.T) {
	l := newLedger(t, twoSIMs())
	l.Began(at(10))
	l.Expect(waitFor("B", "sim-a", 11))
	m := sms("1", "482915", 12)
	m.Stamped = at(9)
	wantTangled(t, l, m, "B")
	if found := l.Untangle(); len(found) > 0 {
		t.Errorf("it ends %+v all the same", found)
	}
	l.Settle(wantMatch(t, l, sms("2", "739201", 13), "B", WhySIM), true)
}

func TestTangledMessagesStayBounded(t *testing.T) {
	l := newLedger(t, twoSIMs())
	l.Began(at(0))
	l.Expect(waitFor("A", "sim-a", 0))
	for n := range mostKnots + 10 {
		m := sms(string(rune('a'+n%26))+time.Duration(n).String(), "48"+time.Unix(int64(n), 0).UTC().Format("0405"), 1)
		m.Stamped = at(-1)
		if a, _, ok := l.Match(m); ok {
			l.Settle(a, true)
		}
	}
	if len(l.knots) > mostKnots || len(l.pending) > 0 {
		t.Errorf("%d ambiguous messages are remembered, %d as being recorded", len(l.knots), len(l.pending))
	}
	l.Expect(waitFor("B", "sim-b", 121))
	l.Began(at(200))
	m := sms("later", "739201", 122)
	m.Slot, m.Stamped = 2, at(120)
	wantTangled(t, l, m, "B")
	if len(l.knots) != 1 {
		t.Errorf("%d ambiguous messages are remembered after all others' waits are given up, want 1", len(l.knots))
	}
}

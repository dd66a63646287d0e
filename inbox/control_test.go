package inbox

import (
	"strings"
	"testing"
	"time"

	"pantau/internal/secret"
	"pantau/probes"
)

const controlledToken = "ABCDEFGH234"

// controlled is a ledger that waits for a code and for a control message on
// the same SIM.
func controlled(t *testing.T) (*Ledger, time.Time) {
	t.Helper()
	sims := []probes.SIM{{ID: "xl-1", Operator: "xl", Number: secret.New("+62817000001"), Receiver: "phones", Device: "hp", Slot: 1}}
	l, err := NewLedger(Options{}, sims)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, w := range []probes.Wait{
		{ID: "code", Key: "xl-1"},
		{ID: "control", Key: probes.ControlKey("xl", "xl-2", "xl-1"), Reference: probes.ControlReference(controlledToken)},
	} {
		w.Stream, w.Requested, w.Validity, w.GiveUp = probes.SMS("xl"), now, 10*time.Minute, 2*time.Hour
		l.Expect(w)
	}
	return l, now
}

func textAt(id, device, text string, at time.Time) Message {
	return Message{ID: id, Receiver: "phones", Device: device, Slot: 1, Text: secret.New(text), Received: at}
}

func TestAControlMessageAnswersItsTokenAndNothingElse(t *testing.T) {
	for name, row := range map[string]struct{ device, text, want string }{
		"its token":                     {"hp", probes.ControlText(controlledToken), "control"},
		"spaces and small letters":      {"hp", " pantau k-" + strings.ToLower(controlledToken) + "\r\n", "control"},
		"at a SIM that is not ours":     {"other", probes.ControlText(controlledToken), "control"},
		"another token":                 {"hp", probes.ControlText("ZZZZZZZZ222"), ""},
		"a token like digits":           {"hp", probes.ControlText("22222222222"), ""},
		"a code":                        {"hp", "Kode OTP Anda: 482915", "code"},
		"a code that quotes the token":  {"hp", "Kode OTP Anda: 482915. Ref: " + controlledToken, "code"},
		"a code with the whole message": {"hp", "Kode OTP Anda: 482915. " + probes.ControlText(controlledToken), "code"},
	} {
		l, now := controlled(t)
		a, why, ok := l.Match(textAt("m", row.device, row.text, now.Add(time.Second)))
		if a.Wait != row.want || ok != (row.want != "") {
			t.Errorf("%s: answers %q (%s), want %q", name, a.Wait, why, row.want)
		}
		if row.want == "control" && (!a.Code.Empty() || a.Reference != "") {
			t.Errorf("%s: its arrival has a code or a reference", name)
		}
	}
}

func TestACodeIsInOrderThoughControlMessagesCome(t *testing.T) {
	l, now := controlled(t)
	a, _, ok := l.Match(textAt("m1", "hp", probes.ControlText(controlledToken), now.Add(time.Second)))
	if !ok {
		t.Fatal("the control message answers nobody")
	}
	l.Settle(a, false) // could not be recorded: it comes again
	a, _, ok = l.Match(textAt("m1", "hp", probes.ControlText(controlledToken), now.Add(9*time.Second)))
	if !ok || a.Wait != "control" || !a.Received.Equal(now.Add(time.Second).UTC()) {
		t.Fatalf("tried again it answers %q, received %s after", a.Wait, a.Received.Sub(now))
	}
	l.Settle(a, true)
	if _, why, ok := l.Match(textAt("m2", "hp", probes.ControlText(controlledToken), now.Add(10*time.Second))); ok {
		t.Errorf("its copy answers somebody (%s)", why)
	}
	if a, why, ok := l.Match(textAt("m3", "hp", "Kode OTP Anda: 482915", now.Add(11*time.Second))); !ok || a.Wait != "code" {
		t.Errorf("the code after it answers %q (%s)", a.Wait, why)
	}
}

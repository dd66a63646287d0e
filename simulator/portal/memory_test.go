package portal

import (
	"strconv"
	"testing"
	"time"
)

func TestMemoryIsBounded(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	node := newNode("a")
	b := newBook(time.Minute, 0, newCode)
	var first, last *session
	for i := range sessionsKept + 50 {
		last = newSession()
		if first == nil {
			first = last
		}
		node.sessions.keep(last, start.Add(time.Duration(i)*time.Millisecond))
		b.issue(contact{channel: byMail, address: strconv.Itoa(i)}, start.Add(time.Duration(i)*time.Millisecond))
	}
	if len(node.sessions.byID) > sessionsKept || len(b.entries) > contactsRemembered {
		t.Errorf("%d sessions and %d contacts are kept", len(node.sessions.byID), len(b.entries))
	}
	now := start.Add(time.Minute)
	if node.sessions.find(first.id, now) != nil || node.sessions.find(last.id, now) == nil {
		t.Error("the oldest session should have gone and the newest stayed")
	}
	if node.sessions.find(last.id, now.Add(sessionLife+time.Second)) != nil {
		t.Error("a session outlived its life")
	}
	c := contact{channel: byMail, address: "many"}
	for range 3 * codesRemembered {
		b.issue(c, now)
	}
	if got := len(b.entries[c].codes); got != codesRemembered {
		t.Errorf("%d codes of one contact are kept", got)
	}
}

func TestOperators(t *testing.T) {
	for prefix, want := range map[string]string{
		"0811": "telkomsel", "0823": "telkomsel", "0853": "telkomsel", "0814": "indosat", "0858": "indosat",
		"0817": "xl", "0859": "xl", "0877": "xl", "0838": "axis", "0895": "tri", "0899": "tri",
		"0881": "smartfren", "0889": "smartfren", "0854": "", "0800": "", "": "",
	} {
		if got, known := operatorOf(prefix); got != want || known != (want != "") {
			t.Errorf("%s belongs to %q, want %q", prefix, got, want)
		}
	}
}

func TestCodesKeepTheirLeadingZeros(t *testing.T) {
	zero := false
	for range 300 {
		code := newCode()
		if len(code) != 6 {
			t.Fatalf("code of %d digits", len(code))
		}
		zero = zero || code[0] == '0'
	}
	if !zero {
		t.Error("300 codes and none begins with 0")
	}
}

func BenchmarkCaptcha(b *testing.B) {
	p := newPainter()
	for b.Loop() {
		if _, err := p.draw("12345"); err != nil {
			b.Fatal(err)
		}
	}
}

package inbox

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pantau/internal/secret"
	"pantau/probes"
)

// dice gives a number from 0 to below n.
type dice func(n int) int

func (d dice) one(of int) bool { return d(of) == 0 }

// fact is one request as it truly is, and what is known of it.
type fact struct {
	wait    probes.Wait
	sim     probes.SIM // of a text message
	address string     // of a mail
	code    string
	ref     string
	asked   int // seconds after noon, like all below
	page    int // when the portal's answer comes; never: 0
	centre  int // when the message centre takes it
	first   int // when its message is first handed to us; never, or after the give-up: 0
	kept    int // when the device had it, if that kept it until after the give-up; else 0

	open    bool
	process int // that asked
	perhaps int // the first message that may be its own; none: 0
	noted   int // process that noted it
}

// occurrence happens at a second.
type occurrence struct {
	second int
	do     func()
}

// history is one sequence: requests of three SIMs in two phones and to
// addresses of their own, whose messages come late, twice, out of order or
// never, while the process starts anew now and then.
//
// What it takes for granted is what the planner and attribute do: a SIM is
// asked again when its last request has ended, or after ten minutes when the
// portal's answer to that was never known; nothing comes later than the
// give-up, unless a forwarder kept it that says since when and for which SIM; the centre's clock is up to five minutes behind and never ahead.
type history struct {
	fail       func(format string, args ...any)
	d          dice
	ledger     *Ledger
	facts      []*fact
	events     []occurrence
	now        int
	process    int
	lag        int  // of the centre's clock
	stamps     bool // the receivers say the centre's stamp
	references bool // the portal gives reference ids

	exact, spans, lost int
}

const giveUp = 7200

func threeSIMs() []probes.SIM {
	return append(twoSIMs(), probes.SIM{ID: "sim-c", Number: secret.New("+6281200000003"), Receiver: "phones", Device: "d2", Slot: 1})
}

// play draws a history and holds the ledger against it.
func play(d dice, fail func(format string, args ...any)) *history {
	h := &history{fail: fail, d: d, lag: d(2) * d(300), stamps: !d.one(4), references: d.one(3)}
	h.begin(time.Time{})
	within := []int{300, 3000, 9000}[d(3)]
	for range 2 + d(4) {
		at := 1 + d(within)
		if d.one(5) {
			h.at(at, h.askByMail)
			continue
		}
		sim := threeSIMs()[d(5)/2]
		h.at(at, func() { h.askBySMS(sim) })
	}
	for range d(3) {
		h.at(1+d(2*within), func() { h.begin(moment(h.now)) })
	}
	for len(h.events) > 0 {
		next := 0
		for i, e := range h.events {
			if e.second < h.events[next].second {
				next = i
			}
		}
		e := h.events[next]
		h.events = slices.Delete(h.events, next, next+1)
		h.now = e.second
		e.do()
	}
	return h
}

func (h *history) at(second int, do func()) { h.events = append(h.events, occurrence{second, do}) }

// begin starts a process. It knows what is stored: the waits that are open.
func (h *history) begin(at time.Time) {
	l, err := NewLedger(Options{}, threeSIMs())
	if err != nil {
		h.fail("%v", err)
		return
	}
	l.Began(at)
	h.ledger = l
	h.process++
	for _, f := range h.facts {
		if f.open {
			l.Expect(f.wait)
		}
	}
}

func (h *history) askByMail() {
	f := &fact{address: fmt.Sprintf("w%d@probe.example", len(h.facts))}
	f.wait.Key = probes.AddressKey(f.address)
	h.ask(f)
}

func (h *history) askBySMS(sim probes.SIM) {
	for _, f := range h.facts {
		if f.wait.Key == sim.ID && f.open && (!f.wait.Unsure || h.now-f.asked < 600) {
			return
		}
	}
	f := &fact{sim: sim}
	f.wait.Key = sim.ID
	h.ask(f)
}

func (h *history) ask(f *fact) {
	n := len(h.facts)
	f.asked, f.open, f.process = h.now, true, h.process
	f.code = fmt.Sprintf("%03d%03d", n, h.d(1000))
	f.wait.ID, f.wait.Requested = fmt.Sprint("w", n), moment(h.now)
	f.wait.Validity, f.wait.GiveUp, f.wait.Unsure = 10*time.Minute, giveUp*time.Second, true
	if h.references {
		f.ref = fmt.Sprintf("R-Q7%04d", n)
	}
	h.facts = append(h.facts, f)
	h.ledger.Expect(f.wait)
	h.at(h.now+giveUp, func() { h.givesUp(f) })
	if !h.d.one(5) {
		f.page = h.now + h.d(20)
		h.at(f.page, func() { h.accepted(f) })
	}
	if !h.d.one(6) {
		h.send(f)
	}
}

// send takes the message on its way, once or several times.
func (h *history) send(f *fact) {
	if f.page != 0 && f.address == "" && h.d.one(20) {
		f.centre, f.kept = h.now+1, h.now+1+h.d(600)
		h.at(h.now+giveUp+1, func() { h.askBySMS(f.sim) })
		h.at(h.now+giveUp+1+h.d(60), func() { h.handOver(f, 0) })
		return
	}
	delay := 1 + h.d([]int{20, 20, 600, 7000}[h.d(4)])
	f.first = h.now + delay
	f.centre = h.now + h.d(delay)
	copies := []int{f.first}
	for h.d.one(3) {
		copies = append(copies, f.first+h.d([]int{5, 3600}[h.d(2)]))
	}
	for n, second := range copies {
		h.at(second, func() { h.handOver(f, n) })
	}
}

func (h *history) accepted(f *fact) {
	if !f.open {
		return
	}
	f.wait.Unsure, f.wait.Reference = false, f.ref
	h.ledger.Expect(f.wait)
	h.untangle()
}

func (h *history) message(f *fact, n int) Message {
	text := "Kode OTP Anda: " + f.code + "."
	if f.ref != "" {
		text += " Ref: " + f.ref
	}
	m := Message{
		ID: fmt.Sprint(f.wait.ID, "-", n), Text: secret.New(text), Received: moment(h.now),
		Receiver: mailReceiver, Recipient: secret.New(f.address),
	}
	if f.address != "" {
		return m
	}
	m.Receiver, m.Device, m.Recipient = f.sim.Receiver, f.sim.Device, secret.Value{}
	if f.kept != 0 || h.d.one(3) { // else the phone does not say
		m.Slot = f.sim.Slot
	}
	if h.stamps {
		m.Stamped = moment(f.centre - h.lag)
	}
	if f.kept != 0 {
		m.DeviceAt, m.Held = moment(f.kept), true
	}
	return m
}

// handOver is what an inbox does with a message, whose recording may fail.
func (h *history) handOver(f *fact, n int) {
	m := h.message(f, n)
	a, why, ok := h.ledger.Match(m)
	if ok && h.d.one(8) {
		h.ledger.Settle(a, false)
		a, why, ok = h.ledger.Match(m)
	}
	if !ok {
		if why.outcome() == noCode {
			h.fail("the message of %s has no code: %s", f.wait.ID, why)
		}
		return
	}
	h.ledger.Settle(a, true)
	switch {
	case a.Wait != "" && a.Wait != f.wait.ID:
		h.fail("the message of %s is given to %s (%s)", f.wait.ID, a.Wait, why)
	case a.Wait != "":
		h.ends(f, h.now, h.now)
	default:
		h.ambiguous(f, a)
	}
	h.untangle()
}

// ambiguous is what a prober does with a message that may be for several waits.
// Whoever still has the session of the right one can ask the portal.
func (h *history) ambiguous(owner *fact, a probes.Arrival) {
	if keyed := owner.address != "" || owner.wait.Reference != ""; keyed && owner.open {
		h.fail("the message of %s has a key and is given to %v", owner.wait.ID, a.Possible)
	}
	for _, f := range h.facts {
		if slices.Contains(a.Possible, f.wait.ID) && f.open && f.perhaps == 0 {
			f.perhaps, f.wait.Perhaps, f.noted = h.now, moment(h.now), h.process
		}
	}
	session := owner.open && owner.process == h.process && !owner.wait.Unsure && h.now-owner.asked < 600
	if session && slices.Contains(a.Possible, owner.wait.ID) && h.d.one(2) {
		h.ledger.Answered(owner.wait.ID, a)
		h.ends(owner, h.now, h.now)
	}
}

func (h *history) untangle() {
	for found := h.ledger.Untangle(); len(found) > 0; found = h.ledger.Untangle() {
		for _, a := range found {
			if h.d.one(8) {
				h.ledger.Settle(a, false)
				continue
			}
			h.ledger.Settle(a, true)
			f := h.facts[slices.IndexFunc(h.facts, func(f *fact) bool { return f.wait.ID == a.Wait })]
			latest := seconds(a.Received)
			earliest := latest
			if !a.Earliest.IsZero() {
				earliest = seconds(a.Earliest)
			}
			h.ends(f, earliest, latest)
		}
	}
}

func seconds(t time.Time) int { return int(t.Sub(noon) / time.Second) }

// ends closes the wait of f, whose message came within the interval.
func (h *history) ends(f *fact, earliest, latest int) {
	if !f.open {
		h.fail("%s was answered twice", f.wait.ID)
	}
	if f.perhaps != 0 && f.noted != h.process {
		earliest = f.perhaps // this one may be a copy, and nobody remembers the code
	}
	if f.first == 0 || f.first < earliest || f.first > latest {
		h.fail("%s is said to have come within [%d, %d], and came at %d", f.wait.ID, earliest, latest, f.first)
	}
	if f.perhaps != 0 && f.first < f.perhaps {
		h.fail("%s is said to have come at %d or later, and came at %d", f.wait.ID, f.perhaps, f.first)
	}
	f.open = false
	if earliest == latest {
		h.exact++
	} else {
		h.spans++
	}
}

func (h *history) givesUp(f *fact) {
	if !f.open {
		return
	}
	f.open = false
	h.lost++
	h.ledger.Forget(f.wait.ID)
	switch {
	case f.perhaps == 0 && f.first != 0:
		h.fail("%s is said to be lost, and came at %d", f.wait.ID, f.first)
	case f.perhaps != 0 && f.first != 0 && f.first < f.perhaps:
		h.fail("%s is said to have come at %d or never, and came at %d", f.wait.ID, f.perhaps, f.first)
	}
}

func TestWhatIsSaidOfAWaitIsTrue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		play(func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "") }, t.Fatalf)
	})
}

func TestWhatIsSaidOfAWaitIsTrueInManyHistories(t *testing.T) {
	many := 100_000
	if testing.Short() || raceEnabled {
		many = 5_000
	}
	var exact, spans, lost int
	for seed := range many {
		source := rand.New(rand.NewPCG(uint64(seed), 3))
		h := play(source.IntN, func(format string, args ...any) {
			t.Fatalf("history %d: %s", seed, fmt.Sprintf(format, args...))
		})
		exact, spans, lost = exact+h.exact, spans+h.spans, lost+h.lost
	}
	t.Logf("%d histories: %d waits ended exactly, %d within an interval, %d without a message of their own", many, exact, spans, lost)
	if exact < 2*many || spans < many/100 || lost < many/2 {
		t.Error("the histories have lost what they are to show")
	}
}

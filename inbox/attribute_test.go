package inbox

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pantau/internal/secret"
	"pantau/probes"
)

var noon = time.Date(2023, 5, 30, 5, 0, 0, 0, time.UTC) // 12.00 WIB

func at(minutes float64) time.Time { return noon.Add(time.Duration(minutes * float64(time.Minute))) }

// waitFor is a wait that was asked for so many minutes after noon.
func waitFor(id, key string, minutes float64) probes.Wait {
	return probes.Wait{ID: id, Key: key, Requested: at(minutes), Validity: 10 * time.Minute, GiveUp: 2 * time.Hour}
}

// waitAt is a wait that was asked for at an instant after noon.
func waitAt(id, key string, after time.Duration) probes.Wait {
	w := waitFor(id, key, 0)
	w.Requested = noon.Add(after)
	return w
}

func with(reference string, w probes.Wait) probes.Wait {
	w.Reference = reference
	return w
}

func unsure(w probes.Wait) probes.Wait {
	w.Unsure = true
	return w
}

func perhaps(w probes.Wait) probes.Wait {
	w.Perhaps = at(.5)
	return w
}

func TestAttribute(t *testing.T) {
	a0, b0 := waitFor("A", "sim-a", 0), waitFor("B", "sim-b", 0)
	mail := waitFor("M", "mail:m", 0)
	for _, test := range []struct {
		name string
		q    question
		open []probes.Wait
		want string
		why  Why
	}{
		{"nobody waits", question{keys: []string{"sim-a"}, received: at(1)}, nil, "", WhyNobody},
		{"the one of its SIM", question{keys: []string{"sim-a"}, received: at(1)}, []probes.Wait{b0, a0}, "A", WhySIM},
		{"another SIM's", question{keys: []string{"sim-a"}, received: at(1)}, []probes.Wait{b0}, "", WhyNobody},
		{"no SIM known", question{received: at(1)}, []probes.Wait{a0}, "", WhyNobody},
		{"either SIM, one waits", question{keys: []string{"sim-a", "sim-c"}, received: at(1)}, []probes.Wait{a0, b0}, "A", WhySIM},
		{"either SIM, both wait", question{keys: []string{"sim-a", "sim-b"}, received: at(1)}, []probes.Wait{a0, b0}, "", WhyAmbiguous},
		{"two waits of one SIM", question{keys: []string{"sim-a"}, received: at(30)}, []probes.Wait{a0, waitFor("A2", "sim-a", 20)}, "", WhyAmbiguous},
		{"two waits of one SIM, told apart by the stamp", question{keys: []string{"sim-a"}, stamped: at(1), received: at(30)}, []probes.Wait{waitFor("A2", "sim-a", 20), a0}, "A", WhySIM},
		{"the address", question{keys: []string{"mail:m"}, unique: true, received: at(1)}, []probes.Wait{a0, mail}, "M", WhyAddress},
		{"the address against another's reference", question{reference: "R1", keys: []string{"mail:m"}, unique: true, received: at(1)}, []probes.Wait{with("R1", a0), mail}, "M", WhyAddress},
		{"the address with another reference", question{reference: "R1", keys: []string{"mail:m"}, unique: true, received: at(1)}, []probes.Wait{with("R2", mail)}, "", WhyNobody},

		{"the reference", question{reference: "R1", keys: []string{"sim-a"}, received: at(1)}, []probes.Wait{with("R1", a0), with("R2", b0)}, "A", WhyReference},
		{"the reference in any case", question{reference: "r1", received: at(1)}, []probes.Wait{with("R1", a0)}, "A", WhyReference},
		{"the reference before the SIM", question{reference: "R2", keys: []string{"sim-a"}, received: at(1)}, []probes.Wait{with("R1", a0), with("R2", b0)}, "B", WhyReference},
		{"the reference without a SIM", question{reference: "R2", received: at(1)}, []probes.Wait{a0, with("R2", b0)}, "B", WhyReference},
		{"a reference twice, told apart by the SIM", question{reference: "R1", keys: []string{"sim-b"}, received: at(1)}, []probes.Wait{with("R1", a0), with("R1", b0)}, "B", WhyReference},
		{"a reference twice", question{reference: "R1", received: at(1)}, []probes.Wait{with("R1", a0), with("R1", b0)}, "", WhyNobody},
		{"a reference of none, SIM's wait has its own", question{reference: "R9", keys: []string{"sim-a"}, received: at(1)}, []probes.Wait{with("R1", a0)}, "", WhyNobody},
		{"a reference of none, SIM's wait has none yet", question{reference: "R9", keys: []string{"sim-a"}, received: at(1)}, []probes.Wait{a0}, "A", WhySIM},
		{"no reference in the text, SIM's wait has one", question{keys: []string{"sim-a"}, received: at(1)}, []probes.Wait{with("R1", a0)}, "A", WhySIM},

		{"an old copy, perhaps", question{keys: []string{"sim-a"}, stamped: at(-1), received: at(1), began: at(-.5)}, []probes.Wait{a0}, "", WhyAmbiguous},
		{"an old copy, perhaps, with the reference", question{reference: "R1", keys: []string{"sim-a"}, stamped: at(-1), received: at(1), began: at(-.5)}, []probes.Wait{with("R1", a0)}, "A", WhyReference},
		{"stamped since we began", question{keys: []string{"sim-a"}, stamped: at(-1), received: at(1), began: at(-2)}, []probes.Wait{a0}, "A", WhySIM},
		{"stamped since it was asked for, and before we began", question{keys: []string{"sim-a"}, stamped: at(0), received: at(2), began: at(1.5)}, []probes.Wait{a0}, "A", WhySIM},
		{"the same, and the phone does not say which SIM", question{keys: []string{"sim-a", "sim-b"}, stamped: at(1), received: at(2), began: at(1.5)}, []probes.Wait{a0}, "", WhyAmbiguous},
		{"the same, and the SIM may have been asked again", question{keys: []string{"sim-a"}, stamped: at(1), received: at(2), began: at(1.5)}, []probes.Wait{unsure(a0)}, "", WhyAmbiguous},
		{"the same, and another message may have been its own", question{keys: []string{"sim-a"}, stamped: at(1), received: at(2), began: at(1.5)}, []probes.Wait{perhaps(a0)}, "", WhyAmbiguous},
		{"no stamp soon after we began", question{keys: []string{"sim-a"}, received: at(1), began: at(-.5)}, []probes.Wait{a0}, "", WhyAmbiguous},
		{"no stamp long after we began", question{keys: []string{"sim-a"}, received: at(1), began: at(-60 * 48)}, []probes.Wait{a0}, "A", WhySIM},
		{"held since, soon after we began", question{keys: []string{"sim-a"}, held: at(.5), received: at(1), began: at(-1)}, []probes.Wait{a0}, "", WhyAmbiguous},
		{"held since before we began", question{keys: []string{"sim-a"}, held: at(.5), received: at(110), began: at(100)}, []probes.Wait{a0}, "", WhyAmbiguous},
		{"held since, long after we began", question{keys: []string{"sim-a"}, held: at(.5), received: at(1), began: at(-60)}, []probes.Wait{a0}, "A", WhySIM},
		{"held long before", question{keys: []string{"sim-a"}, held: at(-5.01), received: at(1)}, []probes.Wait{a0}, "", WhyStale},
		{"held at the tolerance", question{keys: []string{"sim-a"}, held: at(-5), received: at(1)}, []probes.Wait{a0}, "A", WhySIM},
		{"stamped long before", question{keys: []string{"sim-a"}, stamped: at(-5.01), received: at(1)}, []probes.Wait{a0}, "", WhyStale},
		{"stamped at the tolerance", question{keys: []string{"sim-a"}, stamped: at(-5), received: at(1)}, []probes.Wait{a0}, "A", WhySIM},
		{"stamped at the tolerance, cut to its second", question{keys: []string{"sim-a"}, stamped: at(-5), received: at(1)}, []probes.Wait{waitAt("A", "sim-a", 999*time.Millisecond)}, "A", WhySIM},
		{"stamped a second before the tolerance", question{keys: []string{"sim-a"}, stamped: at(-5), received: at(1)}, []probes.Wait{waitAt("A", "sim-a", time.Second)}, "", WhyStale},
		{"stamped in the future", question{keys: []string{"sim-a"}, stamped: at(600), received: at(1)}, []probes.Wait{a0}, "A", WhySIM},
		{"stamped long before, with the reference", question{reference: "R1", keys: []string{"sim-a"}, stamped: at(-60), received: at(1)}, []probes.Wait{with("R1", a0)}, "", WhyStale},
		{"at the give-up", question{keys: []string{"sim-a"}, received: at(120)}, []probes.Wait{a0}, "A", WhySIM},
		{"past the give-up", question{keys: []string{"sim-a"}, received: at(120.01)}, []probes.Wait{a0}, "", WhyNobody},
		{"past the give-up, with the reference", question{reference: "R1", received: at(121)}, []probes.Wait{with("R1", a0)}, "", WhyNobody},
		{"our clock went back", question{keys: []string{"sim-a"}, received: at(-60)}, []probes.Wait{a0}, "A", WhySIM},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := slices.Clone(test.open)
			got := attribute(test.q, test.open, 5*time.Minute)
			if got.wait != test.want || got.why != test.why {
				t.Errorf("given to %q (%s), want %q (%s)", got.wait, got.why, test.want, test.why)
			}
			if several := len(got.possible) > 0; several != (test.why == WhyAmbiguous) {
				t.Errorf("%d waits are possible", len(got.possible))
			}
			if !slices.Equal(before, test.open) {
				t.Error("the waits were changed")
			}
			slices.Reverse(test.open)
			if again := attribute(test.q, test.open, 5*time.Minute); !reflect.DeepEqual(again, got) {
				t.Errorf("%+v when the waits stand in another order, want %+v", again, got)
			}
		})
	}
}

func TestCardsFind(t *testing.T) {
	c := newCards([]probes.SIM{
		{ID: "one", Number: secret.New("+6281200000001"), Receiver: "phones", Device: "d1", Slot: 1},
		{ID: "two", Number: secret.New("+6281200000002"), Receiver: "phones", Device: "d1", Slot: 2},
		{ID: "only", Number: secret.New("+6281200000003"), Receiver: "phones", Device: "d2", Slot: 1},
		{ID: "untold", Receiver: "phones", Device: "d3"},
		{ID: "elsewhere", Receiver: "more", Device: "d1", Slot: 1},
	})
	for _, test := range []struct {
		name             string
		receiver, device string
		slot             int
		number           string
		want             []string
		why              Why
	}{
		{"by slot", "phones", "d1", 2, "", []string{"two"}, ""},
		{"by slot at another receiver", "more", "d1", 1, "", []string{"elsewhere"}, ""},
		{"by number", "phones", "d1", 0, "081200000002", []string{"two"}, ""},
		{"by slot and number", "phones", "d1", 2, "+6281200000002", []string{"two"}, ""},
		{"slot against number", "phones", "d1", 1, "+6281200000002", nil, WhyConflict},
		{"slot and a number that is not ours", "phones", "d1", 1, "+6281999999999", []string{"one"}, ""},
		{"a number in a phone that is not known", "phones", "new", 1, "+6281200000003", []string{"only"}, ""},
		{"neither", "phones", "d1", 0, "", []string{"one", "two"}, ""},
		{"neither, one SIM", "phones", "d2", 0, "", []string{"only"}, ""},
		{"a slot without a SIM of ours", "phones", "d2", 2, "", nil, WhyStranger},
		{"a slot where none is configured", "phones", "d3", 2, "", []string{"untold"}, ""},
		{"nothing known", "phones", "new", 0, "", nil, WhyStranger},
		{"a negative slot", "phones", "d2", -1, "", []string{"only"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, why := c.find(test.receiver, test.device, test.slot, secret.New(test.number))
			if !slices.Equal(got, test.want) || why != test.why {
				t.Errorf("found %q (%s), want %q (%s)", got, why, test.want, test.why)
			}
		})
	}
}

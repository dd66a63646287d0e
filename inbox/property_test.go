package inbox

import (
	"fmt"
	"sort"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pantau/internal/secret"
	"pantau/probes"
)

// journey is one request and what becomes of its message, in seconds.
type journey struct {
	wait      probes.Wait
	asked     int
	answered  int // when the portal's page with the reference comes
	copies    []int
	hasRef    bool
	recipient secret.Value
	sim       probes.SIM
	code      string
}

// thing is one call of the Ledger.
type thing struct {
	second int
	do     func()
}

func moment(second int) time.Time { return noon.Add(time.Duration(second) * time.Second) }

// drawJourneys makes requests on SIMs (one outstanding on each, ten minutes
// apart at least, as the planner keeps it) and to addresses of their own, in
// any order, with and without references. Messages are lost, late, doubled.
func drawJourneys(t *rapid.T, sims []probes.SIM) []journey {
	var all []journey
	free := map[string]int{}
	for n := range rapid.IntRange(1, 25).Draw(t, "requests") {
		id := fmt.Sprint("w", n)
		j := journey{
			hasRef: rapid.Bool().Draw(t, "reference"), code: fmt.Sprintf("%06d", rapid.IntRange(0, 999999).Draw(t, "code")),
		}
		key := ""
		if rapid.Bool().Draw(t, "mail") {
			j.asked = rapid.IntRange(0, 20000).Draw(t, "asked")
			j.recipient = secret.New(id + "@probe.example")
			key = probes.AddressKey(j.recipient.Reveal())
		} else {
			j.sim = rapid.SampledFrom(sims).Draw(t, "sim")
			key = j.sim.ID
			j.asked = free[key] + rapid.IntRange(0, 2000).Draw(t, "pause")
		}
		j.answered = j.asked + rapid.IntRange(0, 20).Draw(t, "page")
		for range rapid.IntRange(0, 3).Draw(t, "copies") { // none: lost
			j.copies = append(j.copies, j.asked+rapid.IntRange(0, 9000).Draw(t, "delay"))
		}
		j.wait = probes.Wait{ID: id, Key: key, Requested: moment(j.asked), Validity: 10 * time.Minute, GiveUp: 2 * time.Hour}
		free[key] = j.asked + 7200 + 601 // the next one waits for this one's end
		all = append(all, j)
	}
	return all
}

func (j journey) message(copied, second int) Message {
	text := "Kode OTP Anda: " + j.code + "."
	if j.hasRef {
		text += " Ref: R-" + reference(j)
	}
	m := Message{
		ID: fmt.Sprint(j.wait.ID, "-", copied), Text: secret.New(text), Stamped: moment(j.asked + 1), Received: moment(second),
		Receiver: mailReceiver, Recipient: j.recipient,
	}
	if j.recipient.Empty() {
		m.Receiver, m.Device, m.Slot = j.sim.Receiver, j.sim.Device, j.sim.Slot
	}
	return m
}

func reference(j journey) string {
	return "Q7" + fmt.Sprintf("%04d", len(j.wait.ID)*1000+j.asked%1000) + j.wait.ID[1:]
}

func TestNoMessageReachesAWrongWait(t *testing.T) {
	sims := append(twoSIMs(), probes.SIM{ID: "sim-c", Receiver: "phones", Device: "d2", Slot: 1})
	rapid.Check(t, func(t *rapid.T) {
		l, err := NewLedger(Options{}, sims)
		if err != nil {
			t.Fatal(err)
		}
		answers := map[string]int{}
		var things []thing
		for _, j := range drawJourneys(t, sims) {
			accepted := j.wait
			if j.hasRef {
				accepted.Reference = "R-" + reference(j)
			}
			things = append(
				things,
				thing{j.asked, func() { l.Expect(j.wait) }},
				thing{j.answered, func() { l.Expect(accepted) }},
				thing{j.asked + 7201, func() { l.Forget(j.wait.ID) }},
			)
			for n, second := range j.copies {
				fails := rapid.Bool().Draw(t, "recording fails")
				for try := range 2 { // the phone tries twice whatever we say
					things = append(things, thing{second + try, func() {
						a, why, ok := l.Match(j.message(n, second+try))
						if !ok {
							if why.outcome() == noCode {
								t.Fatalf("no code in the message for %s: %s", j.wait.ID, why)
							}
							return
						}
						recorded := !fails || try > 0
						l.Settle(a, recorded)
						if a.Wait != j.wait.ID {
							t.Fatalf("the message for %s was given to %s (%s)", j.wait.ID, a.Wait, why)
						}
						if a.Code.Reveal() != j.code {
							t.Fatalf("the code of %s was misread", j.wait.ID)
						}
						if recorded {
							answers[a.Wait]++
						}
					}})
				}
			}
			things = append(things, thing{1 << 30, func() {
				if answers[j.wait.ID] > 1 {
					t.Fatalf("%s was answered %d times", j.wait.ID, answers[j.wait.ID])
				}
				if inTime(j) && answers[j.wait.ID] != 1 {
					t.Fatalf("%s was not answered, though its message came", j.wait.ID)
				}
			}})
		}
		sort.SliceStable(things, func(a, b int) bool { return things[a].second < things[b].second })
		for _, each := range things {
			each.do()
		}
	})
}

// inTime says whether a copy of the message came while its wait was open.
func inTime(j journey) bool {
	for _, second := range j.copies {
		if second+1 <= j.asked+7200 {
			return true
		}
	}
	return false
}

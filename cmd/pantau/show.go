package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"pantau/detect"
	"pantau/incident"
	"pantau/internal/words"
	"pantau/probes"
)

// show is how a run is shown: each result as it comes, and in the end what they
// come to.
type show struct {
	step    func(probes.Result)
	verdict func(journey string, c conclusion)
}

func newShow(asJSON bool, out io.Writer) (show, error) {
	if asJSON {
		return showJSON(out), nil
	}
	books, err := incident.DefaultPlaybooks()
	if err != nil {
		return show{}, fmt.Errorf("reading the playbooks: %w", err)
	}
	return show{
		step:    func(r probes.Result) { printStep(out, r) },
		verdict: func(_ string, c conclusion) { printVerdict(out, c, books) },
	}, nil
}

// column is where what belongs to a step begins below it.
const column = "             "

// printStep prints a result for a person, with the legs of a wait that a
// message ended.
func printStep(out io.Writer, r probes.Result) {
	if r.Reason == probes.ReasonRequesting {
		printAsking(out, r)
		return
	}
	took := r.Took
	if r.Wait != nil && r.Step.Awaits() {
		took = r.Wait.Age
	}
	line := fmt.Sprintf("%-12s %-8s %9s", r.Step, r.Verdict, took.Round(time.Millisecond))
	if r.Reason != probes.ReasonNone {
		line += "  " + string(r.Reason)
	}
	if r.Evidence != "" {
		line += "  " + r.Evidence
	}
	_, _ = fmt.Fprintln(out, line)
	if p := r.Phases; p != (probes.Phases{}) {
		_, _ = fmt.Fprintf(out, column+"dns %s, connect %s, tls %s, first byte %s, body %s\n",
			short(p.DNS), short(p.Connect), short(p.TLS), short(p.FirstByte), short(p.Body))
	}
	printLegs(out, r)
}

// printAsking says for which of our SIMs something is about to be asked. Mail
// has an address, which is shown to nobody.
func printAsking(out io.Writer, r probes.Result) {
	switch {
	case r.Step == probes.StepSendControl:
		_, _ = fmt.Fprintf(out, "%-12s %-8s %9s  %s\n", r.Step, "…", "", r.Evidence)
	case r.Opened != nil && r.Stream.Operator() != "":
		_, _ = fmt.Fprintf(out, "%-12s %-8s %9s  %s, SIM %s\n", r.Step, "…", "", r.Evidence, r.Opened.Key)
	}
}

func short(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

// printLegs prints the instants of a message with what lies between them. One
// that is not known has no leg of its own: the next one has both parts.
func printLegs(out io.Writer, r probes.Result) {
	legs := r.Legs()
	if len(legs) == 0 {
		return
	}
	at := r.Arrival.Received.Add(-r.Wait.Age)
	row := func(instant probes.Instant, rest string) {
		_, _ = fmt.Fprintf(out, "%s%-25s %s\n", column, instantName(r, instant), rest)
	}
	row(probes.AtRequest, clockTime(at)+" WIB")
	for _, instant := range []probes.Instant{probes.AtCentre, probes.AtDevice, probes.AtUs} {
		switch {
		case len(legs) > 0 && legs[0].To == instant:
			at = at.Add(legs[0].Length)
			row(instant, fmt.Sprintf("%s %9s  %s", clockTime(at), wholeSeconds(legs[0].Length), r.Part(legs[0])))
			legs = legs[1:]
		case r.Stream != probes.StreamEmail: // a mail has no message centre, and a receiver of our own no mailbox
			row(instant, "not known")
		}
	}
	if said := deviceClock(r); said != "" {
		_, _ = fmt.Fprintln(out, column+said)
	}
}

func instantName(r probes.Result, instant probes.Instant) string {
	switch {
	case instant == probes.AtRequest && r.Step == probes.StepAwaitControl:
		return "taken by our gateway"
	case instant == probes.AtRequest:
		return "accepted by the portal"
	case instant == probes.AtCentre:
		return "at the operator's centre"
	case instant == probes.AtDevice && r.Stream == probes.StreamEmail:
		return "in the mailbox"
	case instant == probes.AtDevice:
		return "at the handset"
	default:
		return "with us"
	}
}

func clockTime(t time.Time) string { return t.In(words.WIB()).Format("15:04:05") }

// wholeSeconds is a leg's length: most clocks on the way tell no more.
func wholeSeconds(d time.Duration) string {
	if d < time.Second {
		return "<1s"
	}
	return d.Round(time.Second).String()
}

// deviceClock says what was made of the handset's clock, if it has a part in
// the legs of r.
func deviceClock(r probes.Result) string {
	offset, used := deviceOffset(r)
	whose := "the handset's clock"
	if r.Stream == probes.StreamEmail {
		whose = "the mail server's clock"
	}
	switch {
	case !used:
		return ""
	case offset == 0:
		return whose + " is taken as it stands"
	case offset.Abs() < time.Second:
		return whose + " agrees with ours"
	case offset < 0:
		return whose + " is " + wholeSeconds(-offset) + " ahead of ours, and is corrected"
	default:
		return whose + " is " + wholeSeconds(offset) + " behind ours, and is corrected"
	}
}

func deviceOffset(r probes.Result) (offset time.Duration, used bool) {
	for _, leg := range r.Legs() {
		if leg.ByDevice() {
			return leg.Offset, true
		}
	}
	return 0, false
}

// printVerdict prints what a run comes to, and whose fault it looks like.
func printVerdict(out io.Writer, c conclusion, books *incident.Playbooks) {
	_, _ = fmt.Fprintf(out, "\nverdict  %s: %s\n", c.Verdict, c.Said)
	whose := books.Party(c.Fault.Party).In(words.English)
	switch {
	case c.Verdict == probes.Up && c.Fault.Party == detect.PartyNone:
		whose = "nobody's; all is well"
	case c.Fault.Party == detect.PartyNone:
		whose = "nobody's; nothing was measured that says anything about the portal"
	}
	_, _ = fmt.Fprintf(out, "fault    %s\n", whose)
	if len(c.Fault.Evidence) > 0 {
		// What is said of several handsets is one piece of evidence.
		said := strings.ReplaceAll(strings.Join(c.Fault.Evidence, "\n"), "; ", "\n")
		_, _ = fmt.Fprintf(out, "because  %s\n", strings.ReplaceAll(said, "\n", "\n         "))
	}
}

// jsonStep is a result as --json shows it: durations in milliseconds.
type jsonStep struct {
	Journey  string         `json:"journey"`
	Stream   probes.Stream  `json:"stream"`
	Step     probes.Step    `json:"step"`
	At       time.Time      `json:"at"`
	TookMS   float64        `json:"took_ms"`
	WaitMS   *float64       `json:"wait_ms,omitempty"`
	Verdict  probes.Verdict `json:"verdict"`
	Reason   probes.Reason  `json:"reason,omitempty"`
	Evidence string         `json:"evidence,omitempty"`
	Picture  string         `json:"picture,omitempty"` // its file's name
	PhasesMS struct {
		DNS       float64 `json:"dns"`
		Connect   float64 `json:"connect"`
		TLS       float64 `json:"tls"`
		FirstByte float64 `json:"first_byte"`
		Body      float64 `json:"body"`
	} `json:"phases_ms"`
	Legs []jsonLeg `json:"legs,omitempty"` // of a wait that a message ended
}

// jsonLeg is a part of a message's way.
type jsonLeg struct {
	From   probes.Instant `json:"from"`
	To     probes.Instant `json:"to"`
	MS     float64        `json:"ms"`
	Part   string         `json:"part"`
	Clock  string         `json:"clock,omitempty"`     // of the handset, where it has a part in the leg: "corrected", "as-it-stands"
	Offset *float64       `json:"offset_ms,omitempty"` // by how much it was corrected
}

// jsonVerdict is the last line of --json.
type jsonVerdict struct {
	Journey  string         `json:"journey"`
	Step     string         `json:"step"` // always "verdict"
	Verdict  probes.Verdict `json:"verdict"`
	Said     string         `json:"said"`
	Fault    detect.Party   `json:"fault"` // "" when it is nobody's
	Evidence []string       `json:"evidence,omitempty"`
}

// showJSON prints a run for a machine.
func showJSON(out io.Writer) show {
	encoder := json.NewEncoder(out)
	return show{
		step: func(r probes.Result) { _ = encoder.Encode(stepForJSON(r)) },
		verdict: func(journey string, c conclusion) {
			_ = encoder.Encode(jsonVerdict{journey, "verdict", c.Verdict, c.Said, c.Fault.Party, c.Fault.Evidence})
		},
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func stepForJSON(r probes.Result) jsonStep {
	s := jsonStep{
		Journey: r.Journey, Stream: r.Stream, Step: r.Step, At: r.At, TookMS: ms(r.Took),
		Verdict: r.Verdict, Reason: r.Reason, Evidence: r.Evidence, Picture: r.Picture,
	}
	if r.Wait != nil {
		age := ms(r.Wait.Age)
		s.WaitMS = &age
	}
	p := r.Phases
	s.PhasesMS.DNS, s.PhasesMS.Connect, s.PhasesMS.TLS = ms(p.DNS), ms(p.Connect), ms(p.TLS)
	s.PhasesMS.FirstByte, s.PhasesMS.Body = ms(p.FirstByte), ms(p.Body)
	for _, leg := range r.Legs() {
		s.Legs = append(s.Legs, legForJSON(r, leg))
	}
	return s
}

func legForJSON(r probes.Result, leg probes.Leg) jsonLeg {
	said := jsonLeg{From: leg.From, To: leg.To, MS: ms(leg.Length), Part: r.Part(leg)}
	switch {
	case leg.Offset != 0:
		offset := ms(leg.Offset)
		said.Clock, said.Offset = "corrected", &offset
	case leg.ByDevice():
		said.Clock = "as-it-stands"
	}
	return said
}

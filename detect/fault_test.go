package detect

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pantau/probes"
)

func TestWhoseFault(t *testing.T) {
	late := codesSeen{good: 1, late: 3, lost: 2, lossOn: []string{"xl-1", "xl-2"}}
	behind, before := late, late
	behind.behindCentre, before.beforeCentre = 3, 3
	good, bad, one := controls{good: 2}, controls{bad: 2}, controls{good: 1}
	for name, row := range map[string]struct {
		evidence evidence
		want     Party
		says     string
	}{
		"nothing is wrong":                             {evidence{codes: codesSeen{good: 5}, same: good}, PartyNone, ""},
		"our line":                                     {evidence{lineDown: true}, PartyLine, "neither the portal nor a reference"},
		"our line before all else":                     {evidence{lineDown: true, silent: true, trouble: true, codes: late, same: bad}, PartyLine, ""},
		"no heartbeat":                                 {evidence{silent: true, codes: codesSeen{good: 5}}, PartyHandset, "no handset gives a heartbeat"},
		"no heartbeat before the operator":             {evidence{silent: true, trouble: true, codes: late, same: bad, across: bad}, PartyHandset, ""},
		"held up by the forwarder":                     {evidence{codes: codesSeen{forwarder: 3}}, PartyHandset, "3 messages were at the handset in time"},
		"control messages held up too":                 {evidence{codes: codesSeen{forwarder: 1}, same: controls{forwarder: 2}}, PartyHandset, ""},
		"one held up is chance":                        {evidence{codes: codesSeen{good: 4, forwarder: 1}}, PartyNone, ""},
		"an empty SIM":                                 {evidence{codes: codesSeen{good: 4}, emptySIMs: []string{"xl-3"}}, PartyHandset, "look empty: xl-3"},
		"an empty SIM beside real trouble":             {evidence{trouble: true, codes: late, same: good, emptySIMs: []string{"xl-3"}}, PartyPortal, ""},
		"codes refused":                                {evidence{trouble: true, refused: true, codes: codesSeen{good: 3}}, PartyPortal, "refuses codes"},
		"codes not sent":                               {evidence{trouble: true, codes: codesSeen{unsent: 3}}, PartyPortal, "would not send 3 codes"},
		"late and no control message":                  {evidence{trouble: true, texts: true, codes: late}, PartyUnknown, "no control message"},
		"late and one control message":                 {evidence{trouble: true, texts: true, codes: late, same: one}, PartyUnknown, ""},
		"control messages in time":                     {evidence{trouble: true, heartbeat: true, codes: late, same: good, across: good}, PartyPortal, "within the operator: 2 in time, 0 late"},
		"one of each kind in time":                     {evidence{trouble: true, codes: late, same: one, across: one}, PartyPortal, ""},
		"from another operator in time":                {evidence{trouble: true, codes: late, across: good}, PartyPortal, "from another operator: 2 in time"},
		"control messages late too":                    {evidence{trouble: true, codes: late, same: bad, across: bad}, PartyOperator, "xl-1, xl-2"},
		"late within the operator":                     {evidence{trouble: true, codes: late, same: bad}, PartyOperator, ""},
		"late within, one from outside in time":        {evidence{trouble: true, codes: late, same: bad, across: one}, PartyOperator, ""},
		"late from outside only":                       {evidence{trouble: true, codes: late, same: good, across: bad}, PartyUnknown, ""},
		"late from outside and none within":            {evidence{trouble: true, codes: late, across: bad}, PartyUnknown, ""},
		"one late of many":                             {evidence{trouble: true, codes: late, same: controls{good: 4, bad: 1}}, PartyPortal, ""},
		"now this, now that":                           {evidence{trouble: true, codes: late, same: controls{good: 2, bad: 1}}, PartyUnknown, ""},
		"stamped late, no control message":             {evidence{trouble: true, codes: before}, PartyUnknown, "before the operator's centre"},
		"stamped late, control messages in time":       {evidence{trouble: true, codes: before, same: good}, PartyPortal, ""},
		"stamped in time, late at the handset":         {evidence{trouble: true, codes: behind}, PartyOperator, "with the operator's centre in time"},
		"stamped in time though controls are in time":  {evidence{trouble: true, codes: behind, same: good}, PartyOperator, ""},
		"trouble confirmed, nothing of it counted yet": {evidence{trouble: true, codes: codesSeen{good: 2}, same: good}, PartyUnknown, ""},
	} {
		got := judge(row.evidence)
		said := strings.Join(got.Evidence, "; ")
		if got.Party != row.want || !strings.Contains(said, row.says) {
			t.Errorf("%s: %q with %q, want %q that says %q", name, got.Party, said, row.want, row.says)
		}
	}
}

// Over all combinations: what is ours is never blamed on others, an operator is
// never blamed against its own messages in time, and whoever is named is named
// for a reason.
func TestWhoseFaultInAllCombinations(t *testing.T) {
	ways := []codesSeen{{}, {late: 3}, {lost: 3}, {late: 3, beforeCentre: 3}, {late: 3, behindCentre: 3}, {unsent: 3}, {forwarder: 3}}
	kinds := []controls{{}, {good: 1}, {good: 3}, {bad: 1}, {bad: 3}, {good: 2, bad: 2}, {forwarder: 3}}
	combinations, parties := 0, map[Party]int{}
	for bits := range 32 {
		for _, seen := range ways {
			for _, same := range kinds {
				for _, across := range kinds {
					e := evidence{
						texts: true, trouble: bits&1 > 0, refused: bits&3 == 3, lineDown: bits&4 > 0, silent: bits&8 > 0,
						codes: seen, same: same, across: across,
					}
					if bits&16 > 0 {
						e.emptySIMs = []string{"xl-9"}
					}
					f := judge(e)
					combinations++
					parties[f.Party]++
					if wrong := absurd(e, f); wrong != "" {
						t.Errorf("%s: %+v gives %+v", wrong, e, f)
					}
				}
			}
		}
	}
	if len(parties) != 6 {
		t.Errorf("of %d combinations the parties are %v, want all six", combinations, parties)
	}
}

func absurd(e evidence, f Fault) string {
	ours := e.lineDown || e.silent
	switch {
	case e.lineDown && f.Party != PartyLine, !e.lineDown && f.Party == PartyLine:
		return "our line"
	case ours && f.Party != PartyLine && f.Party != PartyHandset:
		return "others are blamed while we hear nothing"
	case !e.trouble && (f.Party == PartyPortal || f.Party == PartyOperator || f.Party == PartyUnknown):
		return "somebody is blamed while nothing is confirmed"
	case f.Party == PartyOperator && e.codes.behindCentre == 0 && e.same.bad < 1:
		return "an operator is blamed though none of its own messages is late"
	case f.Party == PartyPortal && e.codes.late+e.codes.lost > 0 && !e.refused && e.same.good+e.across.good < 2:
		return "the portal is blamed without messages in time"
	case (f.Party == PartyNone) != (len(f.Evidence) == 0):
		return "a party without evidence"
	default:
		return ""
	}
}

// story folds results as a stream of XL gives them.
type story struct {
	t        *testing.T
	detector *Detector
	now      time.Time
	n        int
}

func newStory(t *testing.T) *story {
	return &story{t: t, now: time.Date(2026, 11, 2, 5, 0, 0, 0, time.UTC), detector: New(Options{
		Validity: 10 * time.Minute,
		Streams:  []StreamOptions{{probes.StreamPortal, time.Minute}, {probes.SMS("xl"), 15 * time.Minute}},
	})}
}

// code asks for one and says at what age how it stands.
func (s *story) code(age time.Duration, open bool, arrival *probes.Arrival) {
	s.n++
	id, at := fmt.Sprintf("code-%d", s.n), s.now
	r := probes.Result{
		ID: id, Stream: probes.SMS("xl"), Step: probes.StepAwaitOTP, At: at.Add(age), Verdict: probes.Up, Arrival: arrival,
		Wait: &probes.WaitAge{ID: id, Requested: at, Age: age, Open: open, Validity: 10 * time.Minute},
	}
	if open || age >= 10*time.Minute {
		r.Verdict, r.Reason = probes.Down, probes.ReasonLate
	}
	s.detector.Fold(r)
	s.now = s.now.Add(time.Minute)
}

func (s *story) control(from string, age time.Duration, verdict probes.Verdict, reason probes.Reason, open bool) {
	s.n++
	id, at := fmt.Sprintf("control-%d", s.n), s.now
	s.detector.Fold(probes.Result{
		ID: id, Stream: probes.SMS("xl"), Step: probes.StepSendControl, At: at, Verdict: probes.Up,
		Opened: &probes.Wait{ID: id, Key: probes.ControlKey(from, from+"-1", "xl-1")},
	})
	s.detector.Fold(probes.Result{
		ID: id + "/end", Stream: probes.SMS("xl"), Step: probes.StepAwaitControl, At: at.Add(age), Verdict: verdict, Reason: reason,
		Wait: &probes.WaitAge{ID: id, Requested: at, Age: age, Open: open, Validity: 10 * time.Minute},
	})
}

func (s *story) wants(party Party) {
	s.t.Helper()
	for _, a := range s.detector.Assess(s.now) {
		if a.Component == ComponentOf(probes.SMS("xl")) && a.Fault.Party != party {
			s.t.Errorf("the fault is %+v, want %q; it is %s %s", a.Fault, party, a.State, a.Blind)
		}
	}
}

func TestTheFaultFollowsTheResults(t *testing.T) {
	s := newStory(t)
	for range 5 {
		s.code(6*time.Second, false, nil)
	}
	s.control("xl", 5*time.Second, probes.Up, "", false)
	s.wants(PartyNone)
	s.now = s.now.Add(time.Hour)
	for range 5 {
		s.code(30*time.Minute, true, nil)
	}
	s.wants(PartyUnknown)
	s.control("xl", 5*time.Second, probes.Up, "", false)
	s.control("telkomsel", 5*time.Second, probes.Up, "", false)
	s.wants(PartyPortal)
	for range 4 {
		s.control("xl", 10*time.Minute, probes.Down, probes.ReasonLate, true)
	}
	s.wants(PartyOperator)
	clone := s.detector.Clone()
	s.detector.Fold(probes.Result{
		Stream: probes.SMS("xl"), Step: probes.StepListen, At: s.now, Verdict: probes.Unknown, Reason: probes.ReasonSilent,
	})
	s.wants(PartyHandset)
	s.detector = clone
	s.wants(PartyOperator)
	for range 2 {
		s.detector.Fold(probes.Result{
			Stream: probes.StreamPortal, Step: probes.StepOpen, At: s.now, Verdict: probes.Unknown, Reason: probes.ReasonOwnLine,
		})
	}
	s.wants(PartyLine)
}

func TestControlMessagesAreNoEvidenceWhileWeCannotHear(t *testing.T) {
	s := newStory(t)
	for range 5 {
		s.code(30*time.Minute, true, nil)
	}
	s.detector.Fold(probes.Result{
		Stream: probes.SMS("xl"), Step: probes.StepListen, At: s.now, Verdict: probes.Unknown, Reason: probes.ReasonSilent,
	})
	for range 4 {
		s.control("xl", 10*time.Minute, probes.Down, probes.ReasonLate, true)
	}
	s.detector.Fold(probes.Result{Stream: probes.SMS("xl"), Step: probes.StepListen, At: s.now, Verdict: probes.Up})
	s.wants(PartyUnknown)
}

// A control message to a handset that gives no heartbeat, while others do, says
// nothing about the operator.
func TestAControlMessageToASilentHandsetIsNoEvidence(t *testing.T) {
	s := newStory(t)
	for range 5 {
		s.code(30*time.Minute, true, nil)
	}
	for range 4 {
		s.control("xl", 10*time.Minute, probes.Unknown, probes.ReasonSilent, true)
	}
	s.wants(PartyUnknown)
}

// An empty SIM of ours cannot send: that its messages do not come is no fault of
// its operator, here or where they are sent to.
func TestWhatAnEmptySIMSendsIsNoEvidence(t *testing.T) {
	s := newStory(t)
	other := probes.SMS("telkomsel")
	s.detector = New(Options{Validity: 10 * time.Minute, Streams: []StreamOptions{
		{probes.SMS("xl"), 15 * time.Minute}, {other, 15 * time.Minute},
	}})
	s.detector.codes[other].empty = []emptySIM{{id: "telkomsel-1", since: s.now}}
	s.detector.codes[probes.SMS("xl")].empty = []emptySIM{{id: "xl-1", since: s.now}}
	for range 5 {
		s.code(30*time.Minute, true, nil)
	}
	for range 3 {
		s.control("xl", 10*time.Minute, probes.Down, probes.ReasonLate, true)
		s.control("telkomsel", 10*time.Minute, probes.Down, probes.ReasonLate, true)
	}
	s.wants(PartyUnknown)
	for range 2 { // from others of the operators' SIMs
		s.control("indosat", 5*time.Second, probes.Up, "", false)
	}
	s.wants(PartyPortal)
}

func TestTheStampTellsWhereACodeWasLate(t *testing.T) {
	s := newStory(t)
	for range 5 {
		asked := s.now
		s.code(30*time.Minute, false, &probes.Arrival{
			Stamped: asked.Add(5 * time.Second), Device: asked.Add(29*time.Minute + 59*time.Second), Received: asked.Add(30 * time.Minute),
		})
	}
	s.wants(PartyOperator)
}

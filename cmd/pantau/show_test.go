package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pantau/detect"
	"pantau/internal/secret"
	"pantau/probes"
)

// ended is a wait that a message ended after 11 minutes and a half.
func ended(tweak func(*probes.Result)) probes.Result {
	asked := time.Date(2023, 5, 30, 3, 2, 11, 0, time.UTC)
	r := probes.Result{
		Journey: "sms-xl", Stream: "sms/xl", Step: probes.StepAwaitOTP, Verdict: probes.Down, Reason: probes.ReasonLate,
		Evidence: "the message came after the code's validity",
		Wait:     &probes.WaitAge{ID: "w", Requested: asked, Age: 11*time.Minute + 30*time.Second, Validity: 10 * time.Minute},
		Arrival: &probes.Arrival{
			Stamped: asked.Add(2 * time.Second), Device: asked.Add(11 * time.Minute), Received: asked.Add(11*time.Minute + 30*time.Second),
			Offset: 4*time.Minute + 2*time.Second, Code: secret.New("482915"),
		},
	}
	if tweak != nil {
		tweak(&r)
	}
	return r
}

func TestLegsAreShown(t *testing.T) {
	for _, test := range []struct {
		name  string
		tweak func(*probes.Result)
		want  string
	}{
		{"all four instants", nil, `
             accepted by the portal    10:02:11 WIB
             at the operator's centre  10:02:13        2s  portal, its supplier and the operator's centre
             at the handset            10:13:11    10m58s  operator's last leg and radio
             with us                   10:13:41       30s  forwarder and our line
             the handset's clock is 4m2s behind ours, and is corrected
`},
		{"a clock that is ahead", func(r *probes.Result) { r.Arrival.Offset, r.Arrival.Stamped = -time.Hour, time.Time{} }, `
             accepted by the portal    10:02:11 WIB
             at the operator's centre  not known
             at the handset            10:13:11     11m0s  portal, supplier and operator
             with us                   10:13:41       30s  forwarder and our line
             the handset's clock is 1h0m0s ahead of ours, and is corrected
`},
		{"no clock but ours", func(r *probes.Result) {
			r.Arrival.Device, r.Arrival.Stamped, r.Arrival.Offset = time.Time{}, time.Time{}, 0
		}, `
             accepted by the portal    10:02:11 WIB
             at the operator's centre  not known
             at the handset            not known
             with us                   10:13:41    11m30s  the whole way
`},
		{"a handset that cannot be right", func(r *probes.Result) { r.Arrival.Device, r.Arrival.Offset = r.Wait.Requested.Add(-time.Hour), 0 }, `
             accepted by the portal    10:02:11 WIB
             at the operator's centre  10:02:13        2s  portal, its supplier and the operator's centre
             at the handset            not known
             with us                   10:13:41    11m28s  operator's last leg, radio, forwarder and our line
`},
		{"nothing is known of its clock", func(r *probes.Result) { r.Arrival.Offset, r.Arrival.Device = 0, r.Arrival.Received }, `
             accepted by the portal    10:02:11 WIB
             at the operator's centre  10:02:13        2s  portal, its supplier and the operator's centre
             at the handset            10:13:41    11m28s  operator's last leg and radio
             with us                   10:13:41       <1s  forwarder and our line
             the handset's clock is taken as it stands
`},
		{"a control message", func(r *probes.Result) { r.Step, r.Arrival.Offset = probes.StepAwaitControl, 300*time.Millisecond }, `
             taken by our gateway      10:02:11 WIB
             at the operator's centre  10:02:13        2s  our gateway, the sender's operator and the recipient's centre
             at the handset            10:13:11    10m58s  operator's last leg and radio
             with us                   10:13:41       30s  forwarder and our line
             the handset's clock agrees with ours
`},
		{"a mailbox", func(r *probes.Result) { r.Stream, r.Arrival.Offset = probes.StreamEmail, 0 }, `
             accepted by the portal    10:02:11 WIB
             in the mailbox            10:13:11     11m0s  portal and the mail servers on the way
             with us                   10:13:41       30s  mailbox and our line
             the mail server's clock is taken as it stands
`},
		{"our own mail receiver", func(r *probes.Result) {
			r.Stream, r.Arrival = probes.StreamEmail, &probes.Arrival{Received: r.Arrival.Received}
		}, `
             accepted by the portal    10:02:11 WIB
             with us                   10:13:41    11m30s  portal and the mail servers on the way
`},
		{"whose message it is is not known", func(r *probes.Result) { r.Wait.AgeMax = r.Wait.Age }, "\n"},
		{"no message", func(r *probes.Result) { r.Arrival = nil }, "\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := ended(test.tweak)
			var out bytes.Buffer
			printLegs(&out, r)
			if got := "\n" + out.String(); got != test.want {
				t.Errorf("shown%s\nwant%s", got, test.want)
			}
		})
	}
}

func TestAVerdictIsShown(t *testing.T) {
	shown, err := func() (string, error) {
		var out bytes.Buffer
		show, err := newShow(false, &out)
		if err == nil {
			show.verdict("sms-xl", conclude([]probes.Result{ended(nil)}, nil, true))
		}
		return out.String(), err
	}()
	want := `
verdict  down: the code came after 12 minutes and is valid for 10 minutes
fault    the operator
because  10m58s of it: operator's last leg and radio
`
	if err != nil || shown != want {
		t.Errorf("shown %v\n%s\nwant\n%s", err, shown, want)
	}
}

// Every reason has a sentence of its own, and none of them holds a code.
func TestEveryReasonIsSaid(t *testing.T) {
	said := map[string]probes.Reason{}
	for _, reason := range []probes.Reason{
		probes.ReasonUnreachable, probes.ReasonTimeout, probes.ReasonStatus, probes.ReasonUnexpected, probes.ReasonSlow, probes.ReasonImage,
		probes.ReasonAnswerRefused, probes.ReasonChallenge, probes.ReasonRequest, probes.ReasonWaiting, probes.ReasonLate, probes.ReasonJunk,
		probes.ReasonAmbiguous, probes.ReasonCodeRefused, probes.ReasonOlderAccepted, probes.ReasonExpiredTaken, probes.ReasonWording,
		probes.ReasonWrongAccepted, probes.ReasonOracle, probes.ReasonStopped, probes.ReasonOwnLine, probes.ReasonSilent,
		probes.ReasonOverdue, probes.ReasonGateway, probes.ReasonShutdown, probes.ReasonBrowser, probes.ReasonPanic,
	} {
		sentence := wrong(ended(func(r *probes.Result) { r.Reason = reason }))
		if other, taken := said[sentence]; taken || strings.Contains(sentence, "no result") || strings.Contains(sentence, "482915") {
			t.Errorf("%s is said as %q, like %q", reason, sentence, other)
		}
		said[sentence] = reason
	}
}

func TestConclusions(t *testing.T) {
	up := func(step probes.Step) probes.Result { return probes.Result{Step: step, Verdict: probes.Up} }
	came := func(age time.Duration, reason probes.Reason) probes.Result {
		return ended(func(r *probes.Result) { r.Verdict, r.Reason, r.Wait.Age = probes.Up, reason, age })
	}
	variant := func(r probes.Result, v probes.Variant) probes.Result { r.Variant = v; return r }
	steps := []probes.Step{probes.StepOpen, probes.StepAwaitOTP, probes.StepSubmitOTP}
	asking := probes.Result{Step: probes.StepAwaitOTP, Verdict: probes.Unknown, Reason: probes.ReasonRequesting}
	for _, test := range []struct {
		name    string
		results []probes.Result
		steps   []probes.Step
		verdict probes.Verdict
		said    string
	}{
		{"the page", []probes.Result{up(probes.StepOpen)}, steps[:1], probes.Up, "the portal's page opens"},
		{"the captcha", []probes.Result{up(probes.StepOpen), up(probes.StepCaptcha)}, steps[:1], probes.Up, "the page opens and the captcha works"},
		{"a code", []probes.Result{up(probes.StepOpen), came(6*time.Second, ""), up(probes.StepSubmitOTP)}, steps, probes.Up, "the code came after 6 seconds, and the portal accepted it"},
		{"a fast one, not submitted", []probes.Result{up(probes.StepOpen), came(60*time.Millisecond, "")}, steps[:2], probes.Up, "the code came in less than a second"},
		{"in the junk folder", []probes.Result{up(probes.StepOpen), came(6*time.Second, probes.ReasonJunk)}, steps[:2], probes.Up, "the code came after 6 seconds, into the junk folder"},
		{"slowly", []probes.Result{up(probes.StepOpen), came(6*time.Minute, "")}, steps[:2], probes.Up, "the code came after 6 minutes, but so late that people would have asked again"},
		{"ended early", []probes.Result{up(probes.StepOpen), asking}, steps, probes.Unknown, "the run ended before await-otp"},
		{"an expired code", []probes.Result{came(6*time.Second, ""), variant(up(probes.StepSubmitOTP), probes.VariantExpired)}, steps[1:], probes.Up, "the portal refused the code that it must refuse"},
		{"a wrong answer", []probes.Result{variant(up(probes.StepCaptcha), probes.VariantCaptcha)}, nil, probes.Up, "the portal refused a wrong captcha answer, as it must"},
		{"no step at all", nil, steps, probes.Unknown, "the run has no result"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := conclude(test.results, test.steps, true)
			if got.Verdict != test.verdict || got.Said != test.said {
				t.Errorf("%s: %s, want %s: %s", got.Verdict, got.Said, test.verdict, test.said)
			}
		})
	}
}

func TestLegsForMachines(t *testing.T) {
	var out bytes.Buffer
	show := showJSON(&out)
	show.step(ended(nil))
	show.verdict("sms-xl", conclude([]probes.Result{ended(nil)}, nil, true))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var step jsonStep
	var verdict jsonVerdict
	if len(lines) != 2 || json.Unmarshal([]byte(lines[0]), &step) != nil || json.Unmarshal([]byte(lines[1]), &verdict) != nil {
		t.Fatalf("%q is not two lines of JSON", out.String())
	}
	if len(step.Legs) != 3 || step.Legs[0].MS != 2000 || step.Legs[0].Clock != "" || step.Legs[1].Clock != "corrected" || *step.Legs[2].Offset != 242000 {
		t.Errorf("legs %s", lines[0])
	}
	if verdict.Step != "verdict" || verdict.Verdict != probes.Down || verdict.Fault != detect.PartyOperator || len(verdict.Evidence) != 1 {
		t.Errorf("verdict %s", lines[1])
	}
	if strings.Contains(out.String(), "482915") {
		t.Error("the code is shown")
	}
}

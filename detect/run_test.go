package detect_test

import (
	"slices"
	"testing"
	"time"

	"pantau/detect"
	"pantau/probes"
)

func TestJudgeRun(t *testing.T) {
	asked := time.Date(2023, 5, 30, 1, 0, 0, 0, time.UTC)
	step := func(step probes.Step, verdict probes.Verdict, reason probes.Reason) probes.Result {
		return probes.Result{Stream: telkomsel, Step: step, Verdict: verdict, Reason: reason, Evidence: "as it was"}
	}
	waits := func(verdict probes.Verdict, reason probes.Reason, age time.Duration, open bool) probes.Result {
		r := step(probes.StepAwaitOTP, verdict, reason)
		r.Wait = &probes.WaitAge{ID: "w", Requested: asked, Age: age, Open: open, Validity: validity}
		return r
	}
	// came is a message that the centre stamped and the handset had after so long.
	came := func(verdict probes.Verdict, reason probes.Reason, stamped, device, age time.Duration) probes.Result {
		r := waits(verdict, reason, age, false)
		r.Arrival = &probes.Arrival{Received: asked.Add(age)}
		if stamped > 0 {
			r.Arrival.Stamped = asked.Add(stamped)
		}
		if device > 0 {
			r.Arrival.Device = asked.Add(device)
		}
		return r
	}
	opens := step(probes.StepOpen, probes.Up, "")
	asking := step(probes.StepRequestOTP, probes.Unknown, probes.ReasonRequesting)
	waiting := waits(probes.Unknown, probes.ReasonWaiting, 15*time.Second, true)
	expired := waits(probes.Down, probes.ReasonLate, validity, true)
	const minute = time.Minute
	for _, test := range []struct {
		name     string
		results  []probes.Result
		verdict  probes.Verdict
		decided  probes.Step
		party    detect.Party
		evidence []string
	}{
		{name: "nothing", verdict: probes.Unknown},
		{"all is well", []probes.Result{opens, asking, waiting, came(probes.Up, "", 2*time.Second, 4*time.Second, 20*time.Second), step(probes.StepSubmitOTP, probes.Up, "")}, probes.Up, probes.StepSubmitOTP, "", nil},
		{"in time and slow", []probes.Result{opens, came(probes.Up, "", 2*time.Second, 6*minute, 6*minute), step(probes.StepSubmitOTP, probes.Up, "")}, probes.Up, probes.StepAwaitOTP, detect.PartyOperator, []string{"5m58s of it: operator's last leg and radio"}},
		{"whose message it is is not known", []probes.Result{{Stream: telkomsel, Step: probes.StepAwaitOTP, Verdict: probes.Down, Reason: probes.ReasonLate, Arrival: &probes.Arrival{}, Wait: &probes.WaitAge{Age: 12 * minute, AgeMin: 11 * minute, AgeMax: 12 * minute, Validity: validity}}}, probes.Down, probes.StepAwaitOTP, detect.PartyUnknown, []string{"the message may be another request's, so that nothing says where it was held up"}},
		{"let through", []probes.Result{opens, step(probes.StepCaptcha, probes.Unknown, probes.ReasonLetThrough)}, probes.Up, probes.StepCaptcha, "", nil},
		{"the portal is down", []probes.Result{step(probes.StepOpen, probes.Down, probes.ReasonTimeout)}, probes.Down, probes.StepOpen, detect.PartyPortal, []string{"a reference host answers us"}},
		{"our line", []probes.Result{step(probes.StepOpen, probes.Unknown, probes.ReasonOwnLine)}, probes.Unknown, probes.StepOpen, detect.PartyLine, []string{"neither the portal nor a reference host answers us"}},
		{"an error page", []probes.Result{opens, step(probes.StepCaptcha, probes.Down, probes.ReasonStatus)}, probes.Down, probes.StepCaptcha, detect.PartyPortal, []string{"the portal answers us, so that our line is up"}},
		{"not wanted", []probes.Result{step(probes.StepOpen, probes.Unknown, probes.ReasonStopped)}, probes.Unknown, probes.StepOpen, "", nil},
		{"the right code refused", []probes.Result{opens, came(probes.Up, "", 0, 0, minute), step(probes.StepSubmitOTP, probes.Down, probes.ReasonCodeRefused)}, probes.Down, probes.StepSubmitOTP, detect.PartyPortal, []string{"the portal answers us, so that our line is up"}},
		{"no message", []probes.Result{opens, waiting, expired}, probes.Down, probes.StepAwaitOTP, detect.PartyUnknown, []string{"no message came, so that nothing says where it was held up"}},
		{"no message, and the handset is heard", []probes.Result{opens, expired, step(probes.StepListen, probes.Up, "")}, probes.Down, probes.StepAwaitOTP, detect.PartyUnknown, []string{"no message came, so that nothing says where it was held up", "the handset is heard"}},
		{"no message, and nobody to hear it", []probes.Result{opens, expired, step(probes.StepListen, probes.Unknown, probes.ReasonSilent)}, probes.Unknown, probes.StepListen, detect.PartyHandset, []string{"as it was"}},
		{"late at the operator", []probes.Result{expired, came(probes.Down, probes.ReasonLate, minute, 11*minute, 11*minute+time.Second)}, probes.Down, probes.StepAwaitOTP, detect.PartyOperator, []string{"10m0s of it: operator's last leg and radio"}},
		{"late at the centre", []probes.Result{came(probes.Down, probes.ReasonLate, 10*minute, 11*minute, 11*minute)}, probes.Down, probes.StepAwaitOTP, detect.PartyUnknown, []string{"10m0s of it: portal, its supplier and the operator's centre", "several parties have a part in that"}},
		{"late here and there", []probes.Result{came(probes.Down, probes.ReasonLate, 5*minute, 10*minute, 10*minute+time.Second)}, probes.Down, probes.StepAwaitOTP, detect.PartyUnknown, []string{"5m0s of it: portal, its supplier and the operator's centre", "no part of the way took more than half of the time"}},
		{"late, and no clock but ours", []probes.Result{came(probes.Down, probes.ReasonLate, 0, 0, 11*minute)}, probes.Down, probes.StepAwaitOTP, detect.PartyUnknown, []string{"11m0s of it: the whole way", "several parties have a part in that"}},
		{"held by the forwarder", []probes.Result{came(probes.Unknown, probes.ReasonOverdue, time.Second, 2*time.Second, 11*minute)}, probes.Unknown, probes.StepAwaitOTP, detect.PartyHandset, []string{"as it was"}},
		{"stopped meanwhile", []probes.Result{opens, waiting}, probes.Unknown, probes.StepAwaitOTP, detect.PartyUnknown, []string{"it is not decided whether the message is late"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := detect.JudgeRun(test.results, true)
			if got.Verdict != test.verdict || got.Decided.Step != test.decided || got.Fault.Party != test.party {
				t.Errorf("%s, decided by %q, fault of %q; want %s, %q, %q", got.Verdict, got.Decided.Step, got.Fault.Party, test.verdict, test.decided, test.party)
			}
			if !slices.Equal(got.Fault.Evidence, test.evidence) {
				t.Errorf("evidence %q, want %q", got.Fault.Evidence, test.evidence)
			}
		})
	}
	unreferenced := detect.JudgeRun([]probes.Result{step(probes.StepOpen, probes.Down, probes.ReasonUnreachable)}, false)
	if unreferenced.Verdict != probes.Down || unreferenced.Fault.Party != detect.PartyUnknown {
		t.Errorf("without a reference host it is %+v, want the fault of nobody known", unreferenced)
	}
}

// Every reason has been thought of: only what the portal itself answers is the
// portal's.
func TestEveryReasonOfARunIsSomeones(t *testing.T) {
	theirs := []probes.Reason{
		probes.ReasonStatus, probes.ReasonUnexpected, probes.ReasonSlow, probes.ReasonImage, probes.ReasonAnswerRefused,
		probes.ReasonChallenge, probes.ReasonRequest, probes.ReasonCodeRefused, probes.ReasonOlderAccepted, probes.ReasonExpiredTaken,
		probes.ReasonWording, probes.ReasonWrongAccepted, probes.ReasonUnreachable, probes.ReasonTimeout,
	}
	for _, reason := range []probes.Reason{
		probes.ReasonLate, probes.ReasonLost, probes.ReasonJunk, probes.ReasonAmbiguous, probes.ReasonOracle, probes.ReasonStopped,
		probes.ReasonOwnLine, probes.ReasonSilent, probes.ReasonOverdue, probes.ReasonGateway, probes.ReasonShutdown, probes.ReasonBrowser,
		probes.ReasonPanic, probes.ReasonWaiting,
	} {
		r := probes.Result{Step: probes.StepAwaitOTP, Verdict: probes.Unknown, Reason: reason, Wait: &probes.WaitAge{}}
		if got := detect.JudgeRun([]probes.Result{r}, true).Fault.Party; got == detect.PartyPortal {
			t.Errorf("%s is said to be the portal's fault", reason)
		}
	}
	for _, reason := range theirs {
		r := probes.Result{Step: probes.StepOpen, Verdict: probes.Down, Reason: reason}
		if got := detect.JudgeRun([]probes.Result{r}, true).Fault.Party; got != detect.PartyPortal {
			t.Errorf("%s is said to be the fault of %q", reason, got)
		}
	}
}

package probes

import (
	"slices"
	"testing"
	"time"
)

func TestWhatIsToBeSaidOfSIMs(t *testing.T) {
	idr := func(n int) *int { return &n }
	then := noon.Add(-time.Hour)
	for _, test := range []struct {
		name  string
		sim   SIM
		asked int // codes, since its credit was looked up
		want  SIMCheck
	}{
		{"nothing known", SIM{}, 100, SIMCheck{}},
		{"in use", SIM{Expires: noon.AddDate(1, 0, 0), CreditIDR: idr(50_000), CreditAt: then}, 1, SIMCheck{}},
		{"used", SIM{Used: true, Expires: then}, 0, SIMCheck{Told: "not used: an account has its number"}},
		{"registered", SIM{RegisteredUntil: noon.Add(time.Hour)}, 0, SIMCheck{Told: "not used before 2026-11-02T06:00:00Z: an account has its number"}},
		{"registered no longer", SIM{RegisteredUntil: noon}, 0, SIMCheck{}},
		{"expired this moment", SIM{Expires: noon}, 0, SIMCheck{Wrong: "its active period ended at 2026-11-02T05:00:00Z; top it up and write expires anew"}},
		{"expires", SIM{Expires: noon.Add(EndsSoon - time.Second)}, 0, SIMCheck{Soon: "its active period ends at 2026-11-16T04:59:59Z; top it up and write expires anew"}},
		{"expires later", SIM{Expires: noon.Add(EndsSoon)}, 0, SIMCheck{}},
		{"credit spent", SIM{CreditIDR: idr(1499), CreditAt: then}, 2, SIMCheck{Wrong: "it has Rp499 left and a code needs Rp500; top it up and write credit_idr and credit_at anew"}},
		{"credit for the last", SIM{CreditIDR: idr(1500), CreditAt: then}, 2, SIMCheck{Soon: "it has Rp500 left, for 1 more codes; top it up and write credit_idr and credit_at anew"}},
		{"credit for a day", SIM{CreditIDR: idr(12_000), CreditAt: then}, 0, SIMCheck{}},
		{"credit for less", SIM{CreditIDR: idr(12_000), CreditAt: then}, 1, SIMCheck{Soon: "it has Rp11500 left, for 23 more codes; top it up and write credit_idr and credit_at anew"}},
		{"credit looked up afterwards", SIM{CreditIDR: idr(12_000), CreditAt: noon.Add(time.Hour)}, 9, SIMCheck{}},
	} {
		test.sim.ID, test.sim.Operator = "a", "indosat"
		p := NewPlanner(Options{SIMs: []SIM{test.sim}}, map[string]string{"email": "a mailbox is no SIM"})
		now := Moment{Wall: noon}
		for range test.asked {
			p.Rebuild(now, Result{Step: StepRequestOTP, Reason: ReasonRequesting, Stream: SMS("indosat"), At: noon, Opened: &Wait{Key: "a"}})
		}
		var want []SIMCheck
		if test.want != (SIMCheck{}) {
			test.want.SIM = "a"
			want = []SIMCheck{test.want}
		}
		if got := p.CheckSIMs(now); !slices.Equal(got, want) {
			t.Errorf("%s: got %+v, want %+v", test.name, got, want)
		}
	}
}

func TestWhatTheScheduleTakes(t *testing.T) {
	sms := Journey{Stream: SMS("xl"), Steps: wholeWay(), Every: 15 * time.Minute}
	control := Journey{Stream: SMS("xl"), Steps: []Step{StepSendControl, StepAwaitControl}, Every: time.Hour}
	o := Options{Journeys: []Journey{sms, control, control}}
	if got := o.ControlCost(); got != 2*24*230 {
		t.Errorf("control messages cost Rp%d, want %d", got, 2*24*230)
	}
	for every, want := range map[time.Duration]int{time.Minute: 60, 15 * time.Minute: 4, 50 * time.Minute: 2, time.Hour: 1, 24 * time.Hour: 1} {
		sms.Every = every
		if got := o.SIMsNeeded(sms); got != want {
			t.Errorf("a code every %s takes %d SIMs, want %d", every, got, want)
		}
	}
	if got := o.SIMsNeeded(control); got != 0 {
		t.Errorf("control messages take %d SIMs, want none of their own", got)
	}
}

package probes

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestMetricsAreCleanAndCount(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	m := NewMetrics(registry)
	m.recorded(Result{Journey: "sms", Step: StepRequestOTP, Verdict: Unknown, Reason: ReasonRequesting})
	m.recorded(Result{Journey: "sms", Step: StepOpen, Verdict: Up, Took: time.Second})
	m.recorded(Result{Journey: "sms", Step: StepOpen, Verdict: Down, Reason: ReasonSlow, Took: 9 * time.Second})
	m.recorded(Result{Journey: "sms", Step: StepAwaitOTP, Verdict: Unknown, Reason: ReasonWaiting, Wait: &WaitAge{}})
	m.waited(Result{Stream: SMS("xl"), Verdict: Up, Wait: &WaitAge{Age: 7 * time.Second}})
	m.waited(Result{Stream: SMS("xl"), Verdict: Unknown, Reason: ReasonOverdue, Wait: &WaitAge{Age: time.Hour}})
	m.skipped("sms", WhyLate, 0)
	m.skipped("sms", WhyLate, 3)
	m.inUse(+1)
	m.planned(Spending{IDR: 730, Codes: 1, Extras: []Extras{{"sms/xl", 1}}, SIMs: []SIMs{{Operator: "xl", Usable: 4}}})

	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) != 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
	if got := testutil.CollectAndCount(m.results); got != 3 {
		t.Errorf("%d kinds of results, want 3: asking is none", got)
	}
	if got := testutil.ToFloat64(m.skips.WithLabelValues("sms", "late")); got != 3 {
		t.Errorf("%v late ticks, want 3", got)
	}
	if got := testutil.ToFloat64(m.pool); got != 1 {
		t.Errorf("%v in use, want 1", got)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "pantau_probe_otp_wait_seconds" {
			continue
		}
		h := family.GetMetric()[0].GetHistogram()
		if h.GetSampleCount() != 1 || len(h.GetBucket()) == 0 || len(h.GetPositiveSpan()) == 0 {
			t.Errorf("the wait's histogram is %v, want one sample in both kinds of buckets", h)
		}
	}
}

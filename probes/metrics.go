package probes

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics counts what probes do. A nil Metrics counts nothing.
type Metrics struct {
	results *prometheus.CounterVec
	steps   *prometheus.HistogramVec
	waits   *prometheus.HistogramVec
	skips   *prometheus.CounterVec
	pool    prometheus.Gauge
}

// nativeFactor makes each bucket of a native histogram at most 10 % wider than
// the one before.
const nativeFactor = 1.1

// NewMetrics registers the metrics of probes with reg, which must not have
// them yet. Labels come from the configuration and from closed sets only.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	factory := promauto.With(reg)
	return &Metrics{
		results: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "pantau_probe_results_total",
			Help: "Results of probe steps by verdict and reason; a wait for a code gives one at each edge of its age.",
		}, []string{"journey", "step", "verdict", "reason"}),
		steps: factory.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "pantau_probe_step_duration_seconds",
			Help:    "How long the steps that talk to the portal take.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 20, 30, 60}, NativeHistogramBucketFactor: nativeFactor,
			NativeHistogramMaxBucketNumber: 100,
		}, []string{"journey", "step"}),
		waits: factory.NewHistogramVec(prometheus.HistogramOpts{
			Name: "pantau_probe_otp_wait_seconds",
			Help: "From the portal's acceptance of a request to the arrival of the code, of codes that arrived.",
			// The edges of a wait for a code valid ten minutes, finer below
			// for short validities, and the tail up to giving up.
			Buckets: []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200}, NativeHistogramBucketFactor: nativeFactor,
			NativeHistogramMaxBucketNumber: 100,
		}, []string{"stream"}),
		skips: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "pantau_probe_skipped_ticks_total",
			Help: "Ticks of the schedule that started no run, by why.",
		}, []string{"journey", "why"}),
		pool: factory.NewGauge(prometheus.GaugeOpts{
			Name: "pantau_probe_pool_in_use",
			Help: "Runs that talk to the portal now.",
		}),
	}
}

// recorded counts a result that is stored.
func (m *Metrics) recorded(r Result) {
	if m == nil || r.Reason == ReasonRequesting {
		return
	}
	m.results.WithLabelValues(r.Journey, string(r.Step), string(r.Verdict), string(r.Reason)).Inc()
	if r.Step != StepAwaitOTP {
		m.steps.WithLabelValues(r.Journey, string(r.Step)).Observe(r.Took.Seconds())
	}
}

// waited notes how long a code that came took. How late a code is that our
// own forwarder delayed says nothing.
func (m *Metrics) waited(r Result) {
	if m == nil || r.Verdict == Unknown {
		return
	}
	m.waits.WithLabelValues(string(r.Stream)).Observe(r.Wait.Age.Seconds())
}

func (m *Metrics) skipped(journey string, why skip, ticks int) {
	if m == nil || ticks == 0 {
		return
	}
	m.skips.WithLabelValues(journey, string(why)).Add(float64(ticks))
}

func (m *Metrics) inUse(change float64) {
	if m != nil {
		m.pool.Add(change)
	}
}

package probes

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics counts what probes do. A nil Metrics counts nothing.
type Metrics struct {
	results *prometheus.CounterVec
	steps   *prometheus.HistogramVec
	waits   *prometheus.HistogramVec

	controls *prometheus.HistogramVec
	skips    *prometheus.CounterVec
	pool     prometheus.Gauge

	spent, left, reserved prometheus.Gauge
	texts                 *prometheus.GaugeVec
	extras                *prometheus.GaugeVec
	sims                  *prometheus.GaugeVec
	oracle                *prometheus.CounterVec
	leave                 prometheus.Gauge
	stops                 *prometheus.CounterVec
}

// nativeFactor makes each bucket of a native histogram at most 10 % wider than
// the one before.
const nativeFactor = 1.1

// NewMetrics registers the metrics of probes with reg, which must not have
// them yet. Labels come from the configuration and from closed sets only.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	factory := promauto.With(reg)
	m := &Metrics{
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
		controls: factory.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "pantau_probe_control_wait_seconds",
			Help:    "From the handing over of a control message to its arrival, of those that arrived.",
			Buckets: []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200}, NativeHistogramBucketFactor: nativeFactor,
			NativeHistogramMaxBucketNumber: 100,
		}, []string{"journey"}),
		skips: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "pantau_probe_skipped_ticks_total",
			Help: "Slots of the schedule in which no run began, by why.",
		}, []string{"journey", "why"}),
		pool: factory.NewGauge(prometheus.GaugeOpts{
			Name: "pantau_probe_pool_in_use",
			Help: "Runs that talk to the portal now.",
		}),
		spent: factory.NewGauge(prometheus.GaugeOpts{
			Name: "pantau_probe_spent_today_rupiah",
			Help: "What text messages cost today (WIB), codes and control messages.",
		}),
		left: factory.NewGauge(prometheus.GaugeOpts{
			Name: "pantau_probe_budget_left_rupiah",
			Help: "What is left of today's budget (WIB); +Inf where there is none.",
		}),
		reserved: factory.NewGauge(prometheus.GaugeOpts{
			Name: "pantau_probe_budget_reserved_rupiah",
			Help: "What the usual cadence will cost in the rest of the day (WIB); bursts and control messages cannot spend it.",
		}),
		texts: factory.NewGaugeVec(prometheus.GaugeOpts{
			Name: "pantau_probe_texts_today",
			Help: "Text messages today (WIB): codes asked for and control messages sent.",
		}, []string{"kind"}),
		extras: factory.NewGaugeVec(prometheus.GaugeOpts{
			Name: "pantau_probe_extra_runs",
			Help: "Runs beyond the usual cadence within the last 12 validities of a code, of at most 10, to confirm a suspicion or a recovery.",
		}, []string{"stream"}),
		sims: factory.NewGaugeVec(prometheus.GaugeOpts{
			Name: "pantau_probe_sims",
			Help: "Our SIMs: usable; empty, as none of their codes comes while others get theirs; or out of credit, expired or registered.",
		}, []string{"operator", "state"}),
		oracle: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "pantau_probe_oracle_uses_total",
			Help: "Questions to the portal owner's captcha oracle, by what came of them.",
		}, []string{"journey", "outcome"}),
		leave: factory.NewGauge(prometheus.GaugeOpts{
			Name: "pantau_probe_permission_expiry_timestamp_seconds",
			Help: "When the permission of the portal's owner ends, or ended, in seconds since 1970; 0 when none is needed.",
		}),
		stops: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "pantau_probe_stops_total",
			Help: "How often the portal asked probes to stop, by how, and how often the permission's caps kept something from being sent.",
		}, []string{"by"}),
	}
	for _, by := range stops() {
		m.stops.WithLabelValues(string(by)) // so that the first one is seen as a rise
	}
	return m
}

// recorded counts a result that is stored.
func (m *Metrics) recorded(r Result) {
	if m == nil || r.Reason == ReasonRequesting {
		return
	}
	m.results.WithLabelValues(r.Journey, string(r.Step), string(r.Verdict), string(r.Reason)).Inc()
	if !r.Step.Awaits() {
		m.steps.WithLabelValues(r.Journey, string(r.Step)).Observe(r.Took.Seconds())
	}
}

// waited notes how long a code that came took. How late a code is that our
// own forwarder delayed says nothing.
func (m *Metrics) waited(r Result) {
	if m == nil || r.Verdict == Unknown || !r.Wait.Exact() || r.Variant != VariantNone {
		return
	}
	if r.Step == StepAwaitControl {
		m.controls.WithLabelValues(r.Journey).Observe(r.Wait.Age.Seconds())
		return
	}
	m.waits.WithLabelValues(string(r.Stream)).Observe(r.Wait.Age.Seconds())
}

func (m *Metrics) skipped(journey string, why Why, slots int) {
	if m == nil || slots == 0 {
		return
	}
	m.skips.WithLabelValues(journey, string(why)).Add(float64(slots))
}

// planned shows how the day's budget stands.
func (m *Metrics) planned(s Spending) {
	if m == nil {
		return
	}
	left := math.Inf(+1)
	if s.Limited {
		left = float64(s.Left)
	}
	m.spent.Set(float64(s.IDR))
	m.left.Set(left)
	m.reserved.Set(float64(s.Reserved))
	m.texts.WithLabelValues("code").Set(float64(s.Codes))
	m.texts.WithLabelValues("control").Set(float64(s.Controls))
	for _, extra := range s.Extras {
		m.extras.WithLabelValues(string(extra.Stream)).Set(float64(extra.Runs))
	}
	for _, sims := range s.SIMs {
		m.sims.WithLabelValues(sims.Operator, "usable").Set(float64(sims.Usable))
		m.sims.WithLabelValues(sims.Operator, "empty").Set(float64(sims.Empty))
		m.sims.WithLabelValues(sims.Operator, "out").Set(float64(sims.Out))
	}
}

func (m *Metrics) inUse(change float64) {
	if m != nil {
		m.pool.Add(change)
	}
}

// asked counts a use of the oracle.
func (m *Metrics) asked(journey string, outcome oracleOutcome) {
	if m != nil {
		m.oracle.WithLabelValues(journey, string(outcome)).Inc()
	}
}

func (m *Metrics) stopped(by stop) {
	if m != nil {
		m.stops.WithLabelValues(string(by)).Inc()
	}
}

func (m *Metrics) permitted(until time.Time) {
	if m != nil {
		m.leave.Set(float64(until.Unix()))
	}
}

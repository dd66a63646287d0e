package incident

import (
	"time"

	"pantau/detect"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics shows what the engine decided. A nil *Metrics counts nothing.
type Metrics struct {
	state   *prometheus.GaugeVec
	open    *prometheus.GaugeVec
	commits *prometheus.HistogramVec
}

// NewMetrics registers the metrics with reg.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		state: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "pantau_component_state",
			Help: "1 for the state a component is in, 0 for every other state.",
		}, []string{"component", "state"}),
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "pantau_incidents_open",
			Help: "Incidents that are not resolved, by impact.",
		}, []string{"impact"}),
		commits: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:                        "pantau_commit_duration_seconds",
			Help:                        "Time to write a batch of results and what follows from it, by outcome.",
			Buckets:                     []float64{.001, .002, .005, .01, .02, .05, .1, .5, 2},
			NativeHistogramBucketFactor: 1.1,
		}, []string{"outcome"}),
	}
	reg.MustRegister(m.state, m.open, m.commits)
	return m
}

func (m *Metrics) committed(took time.Duration, err error) {
	if m == nil {
		return
	}
	outcome := "written"
	if err != nil {
		outcome = "failed"
	}
	m.commits.WithLabelValues(outcome).Observe(took.Seconds())
}

func (m *Metrics) situation(s Situation) {
	if m == nil {
		return
	}
	for _, a := range s.Components {
		for _, state := range detect.States() {
			m.state.WithLabelValues(string(a.Component), string(state)).Set(oneIf(a.State == state))
		}
	}
	for _, impact := range []Impact{ImpactNone, ImpactMinor, ImpactMajor, ImpactCritical} {
		count := 0.0
		for _, inc := range s.Incidents {
			count += oneIf(inc.Open() && inc.Impact == impact)
		}
		m.open.WithLabelValues(string(impact)).Set(count)
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

package inbox

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// kind is the kind of a receiver, a label of metrics.
type kind string

const (
	kindAndroid kind = "android"
	kindSMTP    kind = "smtp"
)

// Metrics counts messages and shows when handsets were last heard. A nil
// Metrics counts nothing.
type Metrics struct {
	messages  *prometheus.CounterVec
	heartbeat *prometheus.GaugeVec
}

// NewMetrics registers the metrics at r.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pantau_inbox_messages_total",
			Help: "Messages by kind of receiver and what became of them.",
		}, []string{"receiver", "outcome"}),
		heartbeat: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "pantau_inbox_last_heartbeat_timestamp_seconds",
			Help: "When a handset was last heard, by our clock.",
		}, []string{"receiver", "device"}),
	}
	r.MustRegister(m.messages, m.heartbeat)
	for _, k := range []kind{kindAndroid, kindSMTP} {
		for _, o := range []outcome{matched, duplicate, unmatched, noCode, refused, failed} {
			m.messages.WithLabelValues(string(k), string(o))
		}
	}
	return m
}

func (m *Metrics) count(k kind, o outcome) {
	if m != nil {
		m.messages.WithLabelValues(string(k), string(o)).Inc()
	}
}

// heard is called for configured handsets only, so that the label set is fixed.
func (m *Metrics) heard(phone handset, at time.Time) {
	if m != nil {
		m.heartbeat.WithLabelValues(phone.receiver, phone.device).Set(float64(at.UnixMilli()) / 1000)
	}
}

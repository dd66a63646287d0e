package inbox

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// kind is the kind of a receiver, a label of metrics.
type kind string

const (
	kindAndroid kind = "android"
	kindKannel  kind = "kannel"
	kindTwilio  kind = "twilio"
	kindGeneric kind = "generic"
	kindGammu   kind = "gammu"
	kindSMTP    kind = "smtp"
	kindIMAP    kind = "imap"
	kindUnknown kind = "unknown" // a webhook that no receiver has
)

func kinds() []kind {
	return []kind{kindAndroid, kindKannel, kindTwilio, kindGeneric, kindGammu, kindSMTP, kindIMAP, kindUnknown}
}

// Metrics counts messages and shows when handsets were last heard. A nil
// Metrics counts nothing.
type Metrics struct {
	messages  *prometheus.CounterVec
	heartbeat *prometheus.GaugeVec
	clock     *prometheus.GaugeVec
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
			Help: "When a handset that gives heartbeats was last heard, by our clock; before that, when listening began.",
		}, []string{"receiver", "device"}),
		clock: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "pantau_inbox_clock_offset_seconds",
			Help: "By how much a handset's clock is behind ours, negative when it is ahead; not there while that is not known.",
		}, []string{"receiver", "device"}),
	}
	r.MustRegister(m.messages, m.heartbeat, m.clock)
	for _, k := range kinds() {
		for _, o := range outcomes() {
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

// heard is called for configured handsets with heartbeats only, so that the
// label set is fixed and the age of a value means something.
func (m *Metrics) heard(phone handset, at time.Time) {
	if m != nil {
		m.heartbeat.WithLabelValues(phone.receiver, phone.device).Set(float64(at.UnixMilli()) / 1000)
	}
}

// clockRead is called for handsets that are read, of which the configured ones
// alone are ever known.
func (m *Metrics) clockRead(phone handset, behind time.Duration, known bool) {
	switch {
	case m == nil:
	case known:
		m.clock.WithLabelValues(phone.receiver, phone.device).Set(behind.Seconds())
	default:
		m.clock.DeleteLabelValues(phone.receiver, phone.device)
	}
}

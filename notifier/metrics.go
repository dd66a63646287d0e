package notifier

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics count what becomes of deliveries.
type Metrics struct {
	ended    *prometheus.CounterVec
	attempts *prometheus.CounterVec
	queue    *prometheus.GaugeVec
	delay    *prometheus.HistogramVec
}

// NewMetrics registers the metrics of a dispatcher.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pantau_deliveries_total",
			Help: "Deliveries that came to an end, by channel and outcome: sent, or failed and left to a person.",
		}, []string{"channel", "outcome"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pantau_delivery_attempts_total",
			Help: "Attempts at deliveries, by channel and the state each left behind.",
		}, []string{"channel", "state"}),
		queue: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "pantau_delivery_queue",
			Help: "Deliveries that have not come to an end, by channel and state.",
		}, []string{"channel", "state"}),
		delay: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:                            "pantau_delivery_delay_seconds",
			Help:                            "Time from a notice to its post, of deliveries that were sent.",
			Buckets:                         []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600},
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  100,
			NativeHistogramMinResetDuration: time.Hour,
		}, []string{"channel"}),
	}
	registry.MustRegister(m.ended, m.attempts, m.queue, m.delay)
	return m
}

// expect shows a channel's metrics from the start, at 0.
func (m *Metrics) expect(channel string) {
	for _, outcome := range []State{Sent, Failed} {
		m.ended.WithLabelValues(channel, string(outcome))
	}
	for _, state := range []State{Sent, Failed, Waiting, Unsure} {
		m.attempts.WithLabelValues(channel, string(state))
	}
	for _, state := range pending() {
		m.queue.WithLabelValues(channel, string(state))
	}
	m.delay.WithLabelValues(channel)
}

// count notes how an attempt left d.
func (m *Metrics) count(d Delivery) {
	m.attempts.WithLabelValues(d.Channel, string(d.State)).Inc()
	if d.State != Sent && d.State != Failed {
		return
	}
	m.ended.WithLabelValues(d.Channel, string(d.State)).Inc()
	if d.State == Sent {
		m.delay.WithLabelValues(d.Channel).Observe(d.Finished.Sub(d.Created).Seconds())
	}
}

// giveUp counts a delivery that failed before the first attempt.
func (m *Metrics) giveUp(d Delivery) { m.ended.WithLabelValues(d.Channel, string(Failed)).Inc() }

// show sets the lengths of the channels' queues; what is not in queues is
// empty.
func (m *Metrics) show(channels []Channel, queues []Queue) {
	length := map[Queue]int{}
	for _, q := range queues {
		length[Queue{Channel: q.Channel, State: q.State}] += q.Count
	}
	for _, c := range channels {
		for _, state := range pending() {
			m.queue.WithLabelValues(c.Name, string(state)).Set(float64(length[Queue{Channel: c.Name, State: state}]))
		}
	}
}

// pending are the states in which something is still to be done.
func pending() []State { return []State{Waiting, Sending, Unsure} }

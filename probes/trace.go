package probes

import (
	"crypto/tls"
	"net/http/httptrace"
	"sync"
	"time"
)

// meter adds up where the time of a step's exchanges goes. Connections are
// made by goroutines of the transport, some of which outlive their request.
type meter struct {
	mu       sync.Mutex
	phases   Phases
	dns      time.Time
	connect  time.Time
	tls      time.Time
	wrote    time.Time
	answered time.Time // first byte of the answer to the exchange's first request
}

// exchange forgets when the last exchange was answered.
func (m *meter) exchange() { m.at(func(time.Time) { m.answered = time.Time{} }) }

func (m *meter) at(note func(now time.Time)) {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	note(now)
}

func (m *meter) read() (Phases, time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.phases, m.answered
}

func (m *meter) body(took time.Duration) { m.at(func(time.Time) { m.phases.Body += took }) }

func (m *meter) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) { m.at(func(now time.Time) { m.dns = now }) },
		DNSDone: func(httptrace.DNSDoneInfo) {
			m.at(func(now time.Time) { m.phases.DNS += took(&m.dns, now) })
		},
		// Two addresses may be tried side by side: the first start and the
		// first success count.
		ConnectStart: func(string, string) {
			m.at(func(now time.Time) {
				if m.connect.IsZero() {
					m.connect = now
				}
			})
		},
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				m.at(func(now time.Time) { m.phases.Connect += took(&m.connect, now) })
			}
		},
		TLSHandshakeStart: func() { m.at(func(now time.Time) { m.tls = now }) },
		TLSHandshakeDone: func(tls.ConnectionState, error) {
			m.at(func(now time.Time) { m.phases.TLS += took(&m.tls, now) })
		},
		WroteRequest: func(httptrace.WroteRequestInfo) { m.at(func(now time.Time) { m.wrote = now }) },
		GotFirstResponseByte: func() {
			m.at(func(now time.Time) {
				m.phases.FirstByte += took(&m.wrote, now)
				if m.answered.IsZero() {
					m.answered = now
				}
			})
		},
	}
}

// took is the time since start, which it forgets; 0 when there was no start.
func took(start *time.Time, now time.Time) time.Duration {
	if start.IsZero() {
		return 0
	}
	length := now.Sub(*start)
	*start = time.Time{}
	return length
}

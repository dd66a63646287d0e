package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pantau/detect"
	"pantau/simulator"
	"pantau/simulator/delivery"
)

// logged keeps what was logged, for many writers.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// measured is the demo's world and the service that measures it, in this
// process.
type measured struct {
	t       *testing.T
	world   *demoWorld
	outside *simulator.Simulator
	service *service
	log     *logged
}

func measure(t *testing.T, tweak func(*simulator.Options)) *measured {
	t.Helper()
	m := &measured{t: t, world: newDemoWorld(16 * time.Second), log: &logged{}}
	log := slog.New(slog.NewTextHandler(m.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o := m.world.simulator("127.0.0.1:0", slog.New(slog.DiscardHandler))
	o.Seed = 7
	if tweak != nil {
		tweak(&o)
	}
	ctx, stop := context.WithCancel(context.Background())
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	m.outside, err = simulator.Start(context.Background(), o)
	must(err)
	settings, err := m.world.config(m.outside)
	must(err)
	settings.Listen, settings.MetricsListen = "127.0.0.1:0", "127.0.0.1:0"
	settings.Store.URL = filepath.Join(t.TempDir(), "pantau.db")
	m.service, err = newService(ctx, settings, io.Discard, log)
	must(err)
	must(m.outside.Connect("http://"+m.service.page.Addr().String()+"/hooks/android/"+demoReceiver, m.service.inbox.SMTPAddr()))
	ended := make(chan error)
	go func() { ended <- m.service.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the service ended with %v", err)
		}
		_ = m.service.Close()
		_ = m.outside.Close()
		m.saysNothingPrivate()
	})
	return m
}

// saysNothingPrivate wants no number, token or password in the log, nor in what
// is said of faults.
func (m *measured) saysNothingPrivate() {
	text := m.log.String()
	for _, a := range m.service.engine.Situation().Components {
		text += strings.Join(a.Fault.Evidence, "\n")
	}
	for _, sim := range m.world.sims {
		if strings.Contains(text, strings.TrimPrefix(sim.Number.Reveal(), "+62")) {
			m.t.Fatalf("the number of %s is in the log or the evidence", sim.ID)
		}
	}
	if strings.Contains(text, "Pantau K-") || strings.Contains(text, m.world.gateway) {
		m.t.Error("a control message or the gateway's password is in the log or the evidence")
	}
}

func (m *measured) breaks(faults ...delivery.Fault) {
	m.t.Helper()
	if err := m.outside.SetFaults(faults); err != nil {
		m.t.Fatal(err)
	}
}

func (m *measured) wants(component detect.Component, party detect.Party) {
	m.t.Helper()
	began := time.Now()
	eventually(m.t, fmt.Sprintf("the fault of %s is of %q", component, party), 60*time.Second, func() error {
		for _, a := range m.service.engine.Situation().Components {
			switch {
			case a.Component != component:
			case a.Fault.Party == party && party != detect.PartyNone:
				m.t.Logf("%s after %s: %s", party, time.Since(began).Round(time.Second), strings.Join(a.Fault.Evidence, "; "))
				return nil
			case a.Fault.Party == party && a.Measured == detect.Operational:
				return nil
			default:
				return fmt.Errorf("it is %q with %q; %s %s", a.Fault.Party, a.Fault.Evidence, a.State, a.Blind)
			}
		}
		return fmt.Errorf("there is no %s", component)
	})
}

// The control messages go through the phones' API, the operator, the handset
// and the webhooks, and the verdict is the right one each time.
func TestWhoseFaultEndToEnd(t *testing.T) {
	t.Run("the supplier is late", func(t *testing.T) {
		t.Parallel()
		m := measure(t, nil)
		m.wants("otp-sms-indosat", detect.PartyNone)
		m.breaks(delivery.Fault{
			Kind: delivery.OTPDelay, Streams: []string{"sms/indosat"}, Late: 1,
			Median: delivery.Duration(20 * time.Minute), P95: delivery.Duration(40 * time.Minute),
		})
		m.wants("otp-sms-indosat", detect.PartyPortal)
		m.wants("otp-sms-xl", detect.PartyNone)
	})
	t.Run("the operator is late", func(t *testing.T) {
		t.Parallel()
		m := measure(t, func(o *simulator.Options) {
			o.Healthy = map[string]delivery.Healthy{"sms/telkomsel": {
				Median: delivery.Duration(12 * time.Hour), P95: delivery.Duration(20 * time.Hour),
			}}
		})
		m.wants("otp-sms-telkomsel", detect.PartyOperator)
	})
	t.Run("the handsets are away, then our line", func(t *testing.T) {
		t.Parallel()
		m := measure(t, nil)
		m.wants("otp-sms-xl", detect.PartyNone)
		m.breaks(delivery.Fault{Kind: delivery.HandsetOffline, Streams: []string{"sms/xl"}})
		m.wants("otp-sms-xl", detect.PartyHandset)
		m.wants("otp-sms-indosat", detect.PartyNone)
		m.breaks(delivery.Fault{Kind: delivery.MonitorOffline})
		m.wants("otp-sms-indosat", detect.PartyLine)
		m.wants("portal", detect.PartyLine)
	})
	t.Run("the forwarder is late", func(t *testing.T) {
		t.Parallel()
		m := measure(t, nil)
		m.wants("otp-sms-xl", detect.PartyNone)
		m.breaks(delivery.Fault{Kind: delivery.ReceiverLate, Streams: []string{"sms/xl"}, Delay: delivery.Duration(10 * time.Second)})
		m.wants("otp-sms-xl", detect.PartyHandset)
	})
}

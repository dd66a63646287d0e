package simulator

import (
	"context"
	"fmt"
	"sync"

	"pantau/simulator/delivery"
	"pantau/simulator/network"
	"pantau/simulator/portal"
)

// post is the network that carries the portal's messages now. It is replaced
// when the monitor's receivers move.
type post struct {
	mu      sync.Mutex
	network *network.Network
	stop    func() // ends the network and waits
	faults  []delivery.Fault
	closed  bool
}

// use carries messages by a new network from now on. What the one before had
// on its way is lost.
func (p *post) use(ctx context.Context, options network.Options) error {
	next, err := network.New(options)
	if err != nil {
		return fmt.Errorf("connecting the simulated network: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return fmt.Errorf("connecting the simulated network: the simulator is closed")
	}
	if p.stop != nil {
		p.stop()
	}
	next.SetFaults(p.faults)
	running, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := next.Run(running); err != nil {
			options.Log.Error("running the simulated network", "error", err)
		}
	}()
	p.network = next
	p.stop = func() { cancel(); <-ended }
	return nil
}

// now gives the network in use.
func (p *post) now() *network.Network {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.network
}

// SendSMS implements portal.Sender.
func (p *post) SendSMS(operator, number, text string) { p.now().SendSMS(operator, number, text) }

// SendMail implements portal.Sender.
func (p *post) SendMail(to string, m portal.Mail) { p.now().SendMail(to, network.Mail(m)) }

func (p *post) setFaults(faults []delivery.Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = faults
	p.network.SetFaults(faults)
}

// close ends the network and waits. It may be called twice.
func (p *post) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.stop != nil {
		p.stop()
		p.stop = nil
	}
}

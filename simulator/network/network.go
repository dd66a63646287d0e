package network

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"pantau/simulator/delivery"
)

// Network carries messages. Its methods may be called from anywhere at any
// time; what is sent before Run is carried when it runs.
type Network struct {
	options  Options
	log      *slog.Logger
	agenda   *agenda
	handsets []*handset
	byNumber map[string]*handset
	post     *lane // the mail server's
	client   *http.Client
	webhook  string // the webhook's id
	inbox    inbox

	mu      sync.Mutex // of what follows
	carrier *delivery.Carrier
	faults  []delivery.Fault // with the instant each began
	sent    uint64
	queued  map[uint64]func(stamped time.Time)
	looking bool // look is in the agenda
}

const (
	mostUnderway  = 20000                  // messages on their way at one time
	pause         = 100 * time.Millisecond // between two looks at queues and at who is back
	requestWithin = 10 * time.Second       // for one webhook or mail
	mostRetries   = 14
)

// New makes a network of valid options. Nothing runs before Run.
func New(options Options) (*Network, error) {
	if err := options.Validate(); err != nil {
		return nil, fmt.Errorf("simulated network: %w", err)
	}
	options = options.withDefaults()
	carrier, err := delivery.NewCarrier(delivery.Options{
		Seed: options.Seed, Scale: options.Scale, Duplicates: options.Duplicates, SIMs: simsByStream(options.Handsets),
		Healthy: options.Healthy,
	})
	if err != nil {
		return nil, fmt.Errorf("simulated network: %w", err)
	}
	n := &Network{
		options:  options,
		log:      options.Log,
		agenda:   newAgenda(),
		byNumber: make(map[string]*handset),
		post:     newLane("mail", options.Log),
		client:   newClient(),
		webhook:  newID(),
		carrier:  carrier,
		queued:   make(map[uint64]func(time.Time)),
	}
	for _, settings := range options.Handsets {
		n.addHandset(settings)
	}
	return n, nil
}

func simsByStream(handsets []Handset) map[string][]string {
	all := make(map[string][]string)
	for _, handset := range handsets {
		for _, sim := range handset.SIMs {
			stream := textsOf(handset.Operator)
			all[stream] = append(all[stream], canonical(sim.Number))
		}
	}
	return all
}

func textsOf(operator string) string { return "sms/" + operator }

// Run carries messages and lets handsets give heartbeats until ctx ends. It
// returns when all it started has ended; what is on its way then is lost. It is
// called once.
func (n *Network) Run(ctx context.Context) error {
	defer n.client.CloseIdleConnections()
	var all sync.WaitGroup
	all.Go(func() { n.post.run(ctx) })
	for _, h := range n.handsets {
		all.Go(func() { h.lane.run(ctx) })
		n.beat(h)
	}
	n.agenda.run(ctx)
	all.Wait()
	return nil
}

// SendSMS hands a text message to an operator ("telkomsel") for a number,
// written in any usual way, and returns at once.
func (n *Network) SendSMS(operator, number, text string) {
	to := canonical(number)
	n.send(delivery.Message{Stream: textsOf(operator), SIM: to}, func(stamped time.Time) {
		n.deliverText(textMessage{operator: operator, to: to, text: text, stamped: stamped})
	})
}

// SendMail hands a mail over for one address and returns at once.
func (n *Network) SendMail(to string, mail Mail) {
	id := newID()
	n.send(delivery.Message{Stream: delivery.Email}, func(time.Time) {
		n.deliverMail(letter{to: to, mail: mail, id: id})
	})
}

// send lets the carrier decide and enters the arrivals in the agenda.
func (n *Network) send(message delivery.Message, arrive func(stamped time.Time)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.queued) >= mostUnderway {
		n.log.Warn("too many messages are on their way; one is lost", "stream", message.Stream)
		return
	}
	n.sent++
	message.ID, message.At = n.sent, time.Now()
	fate, known := n.carrier.Send(message)
	if !known {
		n.queued[message.ID] = arrive
		n.startLooking()
		return
	}
	n.schedule(message, fate, arrive)
}

func (n *Network) schedule(message delivery.Message, fate delivery.Fate, arrive func(stamped time.Time)) {
	if fate.Lost {
		return
	}
	stamped := message.At.Add(fate.Stamp)
	n.at(message.At.Add(fate.Delay), func() { arrive(stamped) })
	if fate.Again > 0 {
		n.at(message.At.Add(fate.Again), func() { arrive(stamped) })
	}
}

// at takes a message on later; it is lost when too many are on their way.
func (n *Network) at(when time.Time, do func()) {
	if n.agenda.len() >= mostUnderway {
		n.log.Warn("too many messages are on their way; one is lost")
		return
	}
	n.later(when, do)
}

// later does what keeps the network itself going, however much is on its way.
func (n *Network) later(when time.Time, do func()) {
	n.agenda.enter(when, func() { safely(n.log, do) })
}

// SetFaults replaces the faults that are on; they must be valid. One that was
// set before goes on as it was, one without From begins now, and the queue of
// one that is gone drains. The kinds that concern the portal alone are ignored.
func (n *Network) SetFaults(faults []delivery.Fault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.carrier.SetFaults(faults, time.Now())
	n.faults = n.carrier.Faults()
}

// fault gives the fault of this kind that is on now for the stream.
func (n *Network) fault(kind delivery.Kind, stream string) (delivery.Fault, bool) {
	return n.faultAt(kind, stream, time.Now())
}

func (n *Network) faultAt(kind delivery.Kind, stream string, at time.Time) (delivery.Fault, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return delivery.Find(n.faults, kind, stream, at)
}

// lineDown says whether the monitor cannot be reached from anywhere.
func (n *Network) lineDown() bool {
	_, down := n.fault(delivery.MonitorOffline, "")
	return down
}

// outside is what the clocks of message centres, phones and mail servers show
// at this instant. When the monitor's clock jumps ahead, then seen from it all
// others fall behind, and as this process shares the monitor's clock it is
// theirs that move.
func (n *Network) outside(at time.Time) time.Time {
	jump, jumped := n.faultAt(delivery.ClockJump, "", at)
	if !jumped {
		return at
	}
	return at.Add(-time.Duration(jump.By))
}

// startLooking begins to look at queues and at who is back, when it is not
// done already. The caller holds n.mu.
func (n *Network) startLooking() {
	if !n.looking {
		n.looking = true
		n.later(time.Now().Add(pause), n.look)
	}
}

// look takes on what left a queue and what waited for a handset, again and
// again until nothing waits.
func (n *Network) look() {
	defer n.lookAgain()
	n.leaveQueues()
	for _, h := range n.handsets {
		if !n.offline(h) {
			h.release()
		}
	}
}

func (n *Network) lookAgain() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.looking = false
	if len(n.queued) > 0 || slices.ContainsFunc(n.handsets, (*handset).holds) {
		n.startLooking()
	}
}

func (n *Network) leaveQueues() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, release := range n.carrier.Advance(time.Now()) {
		arrive := n.queued[release.Message.ID]
		delete(n.queued, release.Message.ID)
		n.schedule(release.Message, release.Fate, arrive)
	}
}

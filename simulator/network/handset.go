package network

import (
	"cmp"
	"log/slog"
	"sync"
	"time"

	"pantau/simulator/delivery"
)

// handset is a phone with its forwarder.
type handset struct {
	Handset
	stream string
	slots  map[string]int // by number
	lane   *lane
	log    *slog.Logger

	mu   sync.Mutex
	held []func() // what waits until the phone has a network again
}

// mostHeld is how much an operator keeps for a phone that is away.
const mostHeld = 1000

func (n *Network) addHandset(settings Handset) {
	h := &handset{
		Handset: settings, stream: textsOf(settings.Operator), slots: make(map[string]int),
		lane: newLane(settings.Device, n.log), log: n.log,
	}
	for i, sim := range settings.SIMs {
		number := canonical(sim.Number)
		h.slots[number] = sim.Slot
		if sim.Slot == 0 {
			h.slots[number] = i + 1
		}
		n.byNumber[number] = h
	}
	n.handsets = append(n.handsets, h)
}

// textMessage is a text message at its operator.
type textMessage struct {
	operator string
	from     string // "" is the portal's sender
	to       string // canonical
	text     string
	stamped  time.Time // when the message centre took it
}

// deliverText brings the message to its phone, which may be nobody's of ours.
func (n *Network) deliverText(message textMessage) {
	h := n.byNumber[message.to]
	if h == nil {
		n.inbox.add(Delivered{
			At: time.Now(), Stream: textsOf(message.operator), To: message.to, From: cmp.Or(message.from, n.options.Sender), Text: message.text,
		})
		return
	}
	n.whenOnline(h, func() { n.forward(h, n.received(h, message)) })
}

// forward lets the phone hand the event over, at once or as late as its
// forwarder is.
func (n *Network) forward(h *handset, e event) {
	late, isLate := n.fault(delivery.ReceiverLate, h.stream)
	if !isLate {
		n.handOver(h, e)
		return
	}
	when := time.Now().Add(time.Duration(late.Delay))
	if !e.until.IsZero() {
		e.until = e.until.Add(time.Duration(late.Delay))
	}
	n.at(when, func() { n.handOver(h, e) })
}

// beat enters the next heartbeat and gives one now. A phone without a network
// gives none.
func (n *Network) beat(h *handset) {
	next := time.Now().Add(n.options.Heartbeat)
	n.later(next, func() { n.beat(h) })
	if !n.offline(h) {
		n.forward(h, n.ping(h, next))
	}
}

func (n *Network) offline(h *handset) bool {
	_, is := n.fault(delivery.HandsetOffline, h.stream)
	return is
}

// whenOnline does something with the phone's network when there is one. What
// the operator has for a phone that is away it keeps, and so does the phone
// with what it has for the monitor.
func (n *Network) whenOnline(h *handset, do func()) {
	if !n.offline(h) {
		do()
		return
	}
	h.hold(do)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.startLooking()
}

func (h *handset) hold(do func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.held) >= mostHeld {
		h.log.Warn("too much waits for a handset that is away; one message is lost", "device", h.Device)
		return
	}
	h.held = append(h.held, do)
}

func (h *handset) holds() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.held) > 0
}

// release does what was held, in its order.
func (h *handset) release() {
	h.mu.Lock()
	held := h.held
	h.held = nil
	h.mu.Unlock()
	for _, do := range held {
		safely(h.log, do)
	}
}

package probes

import "time"

// Instant is one of the four instants of a message.
type Instant string

// The instants, in the order they happen.
const (
	AtRequest Instant = "requested" // the portal accepted the request; our clock
	AtCentre  Instant = "smsc"      // the message centre stamped it; the network's clock, in whole seconds
	AtDevice  Instant = "device"    // the handset had it; by its own clock
	AtUs      Instant = "received"  // it was handed to us; our clock
)

// Leg is the part of a message's way between two instants that are known.
type Leg struct {
	From, To Instant
	Length   time.Duration // 0 or more
	// Offset is by how much the handset's clock, by which the leg begins or
	// ends, was found to be behind ours and is corrected. It is 0 when that
	// clock is taken as it stands, and for a leg that it has no part in.
	Offset time.Duration
}

// ByDevice says whether the leg begins or ends by the handset's clock.
func (l Leg) ByDevice() bool { return l.From == AtDevice || l.To == AtDevice }

// clockSlack is by how much an instant of another clock may contradict ours: a
// message centre stamps whole seconds.
const clockSlack = time.Second

// Legs are the parts of the way of the message that ended a wait of that age,
// in order; together they are exactly that long. What lies between two
// instants that are not both known is one joint leg, and so is what lies at an
// instant that cannot be right: before the request, or after the next one.
func (a Arrival) Legs(age time.Duration) []Leg {
	requested := a.Received.Add(-age)
	device := between(requested, a.Device, a.Received)
	next := a.Received
	if !device.IsZero() {
		next = device
	}
	centre := between(requested, a.Stamped, next)
	var legs []Leg
	from, since := AtRequest, requested
	for _, stop := range []struct {
		name Instant
		at   time.Time
	}{{AtCentre, centre}, {AtDevice, device}, {AtUs, a.Received}} {
		if stop.at.IsZero() {
			continue
		}
		leg := Leg{From: from, To: stop.name, Length: stop.at.Sub(since)}
		if leg.ByDevice() {
			leg.Offset = a.Offset
		}
		legs = append(legs, leg)
		from, since = stop.name, stop.at
	}
	return legs
}

// between is at within first and last, the zero time when it lies further
// outside than clocks can differ, or is not known.
func between(first, at, last time.Time) time.Time {
	switch {
	case at.IsZero(), at.Before(first.Add(-clockSlack)), at.After(last.Add(clockSlack)):
		return time.Time{}
	case at.Before(first):
		return first
	case at.After(last):
		return last
	default:
		return at
	}
}

// Legs are those of the message that ended the wait of r, none when there is
// none or when it is not known whether the message is the wait's. A mailbox is
// where a mail is centre and handset at once.
func (r Result) Legs() []Leg {
	if r.Arrival == nil || r.Wait == nil || !r.Step.Awaits() || !r.isItsOwn() {
		return nil
	}
	a := *r.Arrival
	if r.Stream == StreamEmail {
		a.Stamped = time.Time{}
	}
	return a.Legs(r.Wait.Age)
}

// isItsOwn says whether the message of r is the wait's and no other's: nothing
// about its age is uncertain but what it lay with a late forwarder.
func (r Result) isItsOwn() bool {
	if r.Wait.Exact() {
		return true
	}
	held := r.Arrival.forwarded(r.Wait.Age)
	return r.Reason == ReasonOverdue && r.Wait.AgeMax == r.Wait.Age && r.Wait.Age-r.Wait.AgeMin <= held+clockSlack
}

// Part says in plain words whose part of the way of the message of r the leg
// is.
func (r Result) Part(l Leg) string {
	switch way := [2]Instant{l.From, l.To}; {
	case way == [2]Instant{AtDevice, AtUs} && r.Stream == StreamEmail:
		return "mailbox and our line"
	case r.Stream == StreamEmail:
		return "portal and the mail servers on the way"
	case way == [2]Instant{AtCentre, AtDevice}:
		return "operator's last leg and radio"
	case way == [2]Instant{AtDevice, AtUs}:
		return "forwarder and our line"
	case way == [2]Instant{AtCentre, AtUs}:
		return "operator's last leg, radio, forwarder and our line"
	case r.Step == StepAwaitControl:
		return controlPart(l.To)
	case l.To == AtCentre:
		return "portal, its supplier and the operator's centre"
	case l.To == AtDevice:
		return "portal, supplier and operator"
	default:
		return "the whole way"
	}
}

// controlPart is the part up to an instant of a control message's way, which
// does not begin at the portal.
func controlPart(to Instant) string {
	switch to {
	case AtCentre:
		return "our gateway, the sender's operator and the recipient's centre"
	case AtDevice:
		return "our gateway and the operators"
	default:
		return "the whole way"
	}
}

// LateForwarder is the time from the handset to us from which on the forwarder
// is late, for codes of the given validity: as long as the first edge of a
// wait, below which no delay says anything, and never less than two seconds,
// because the handset's clock is told in whole ones.
func LateForwarder(validity time.Duration) time.Duration {
	return max(Edges(validity)[0], 2*time.Second)
}

// forwarded is how long the message that ended a wait of that age was with the
// forwarder and on our line; 0 when it is not known when the handset had it.
func (a Arrival) forwarded(age time.Duration) time.Duration {
	for _, leg := range a.Legs(age) {
		if leg.From == AtDevice {
			return leg.Length
		}
	}
	return 0
}

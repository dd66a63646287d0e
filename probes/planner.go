package probes

import (
	"slices"
	"time"
)

// Planner decides which runs begin, when, and with which SIM, within the rules
// of politeness and the budget. It is a fold: each method takes in one event
// and changes nothing but the planner. It reads no clock and starts nothing,
// so that the same events give the same plan in production and in a replay.
// It is not safe for concurrent use.
//
// The rules, with V the validity of a code:
//   - a journey has slots, every so often, at a place that its name decides;
//     a slot that is missed is not made up for, and one that finds no SIM waits
//     for one up to V/2, and no longer than half its interval;
//   - at most one run of a journey is under way;
//   - at most one code is on its way to a SIM, and two requests are the
//     spacing apart, 6 V; while the detector asks for confirmation, V;
//   - a run asks for a code once, whatever becomes of the request;
//   - while trouble is confirmed a journey rests for its EveryListening;
//   - while the detector asks for confirmation one extra run every V/10, at
//     most 10 of a stream in 12 V;
//   - a day's budget is never exceeded, and what the slots of the rest of the
//     day will cost is not spent on anything else.
type Planner struct {
	validity time.Duration
	journeys []planned
	streams  []demanded
	pool     pool
	purse    purse
	runs     []underWay
	tickets  int
	begun    bool // slots have been laid out
}

// planned is a journey and where it stands in its schedule.
type planned struct {
	Journey
	stream  int           // in Planner.streams
	mailbox int           // card of the mailbox that all its runs share, -1 for none
	asks    int           // codes that one run asks for
	cost    int           // of each, Rp
	next    time.Duration // its next slot
	due     time.Duration // the slot that waits to begin
	waiting bool          // there is such a slot
	why     Why           // what it waits for
	walking bool
	last    time.Duration // when its last run began
	slot    time.Duration // when the last of those began that were no extra
	ran     bool          // last means something
	slotRan bool          // slot means something
}

// demanded is a stream and what the detector wishes of it.
type demanded struct {
	stream  Stream
	level   Level
	journey int // that its extra runs walk, -1 for none
	extras  bursts
}

// underWay is a run that has not ended.
type underWay struct {
	ticket, journey int
	card            int // -1 for none
	left            int // codes it may still ask for; their cost is set aside
	extra           bool
}

// NewPlanner plans the journeys of o. shared has the keys of mailboxes that
// all runs of a journey share, by journey.
func NewPlanner(o Options, shared map[string]string) *Planner {
	p := &Planner{validity: o.Portal.CodeValidity(), purse: newPurse(o), pool: newPool(o)}
	for _, j := range o.Journeys {
		next := planned{Journey: j, stream: p.streamOf(j.Stream), mailbox: -1, asks: j.codes()}
		if key, isShared := shared[j.Name]; isShared {
			next.mailbox = p.pool.addMailbox(key)
		}
		if j.Stream.Operator() != "" {
			next.cost = p.purse.costs.SMS
		}
		if stream := &p.streams[next.stream]; j.asks() && j.Usual() && stream.journey < 0 {
			stream.journey = len(p.journeys)
		}
		p.journeys = append(p.journeys, next)
	}
	return p
}

// streamOf gives the place of stream, which it makes when there is none.
func (p *Planner) streamOf(stream Stream) int {
	at := slices.IndexFunc(p.streams, func(s demanded) bool { return s.stream == stream })
	if at >= 0 {
		return at
	}
	p.streams = append(p.streams, demanded{stream: stream, level: LevelNormal, journey: -1})
	return len(p.streams) - 1
}

// SetDemands replaces what the detector wishes. A stream that is not named has
// its usual cadence, and none of its SIMs is taken for empty.
func (p *Planner) SetDemands(demands []Demand) {
	for i := range p.streams {
		p.streams[i].level = LevelNormal
	}
	p.pool.fill()
	for _, d := range demands {
		if at := slices.IndexFunc(p.streams, func(s demanded) bool { return s.stream == d.Stream }); at >= 0 {
			p.streams[at].level = d.Level
		}
		p.pool.empty(d.EmptySIMs)
	}
}

// Tick says what begins at now.
func (p *Planner) Tick(now Moment) Plan {
	p.layOut(now)
	var plan Plan
	for i := range p.journeys {
		p.tickSlot(&plan, i, now)
	}
	for i := range p.streams {
		p.tickExtra(&plan, i, now)
	}
	plan.Next = p.next(now)
	return plan
}

// cardFor gives the SIM or mailbox for a run of j, -1 when it needs none.
func (p *Planner) cardFor(j *planned, now Moment, confirming bool) (card int, why Why) {
	switch {
	case j.mailbox >= 0:
		return j.mailbox, p.pool.mayMail(j.mailbox, now)
	case j.asks > 0 && j.Stream.Operator() != "":
		return p.pool.pick(j.Stream.Operator(), now, confirming)
	default:
		return -1, WhyNot
	}
}

// start begins a run: it holds its SIM, and what it will cost is set aside.
func (p *Planner) start(i, card int, extra bool, now Moment) Start {
	j := &p.journeys[i]
	p.tickets++
	j.walking, j.last, j.ran = true, now.Up, true
	p.purse.hold(j.asks * j.cost)
	started := Start{Ticket: p.tickets, Journey: j.Journey, Extra: extra}
	if card >= 0 {
		started.SIM = p.pool.take(card, p.tickets)
	}
	p.runs = append(p.runs, underWay{ticket: p.tickets, journey: i, card: card, left: j.asks, extra: extra})
	return started
}

// Begin starts a run of a journey outside its schedule, because a person asks
// for it, or says why it cannot be now.
func (p *Planner) Begin(now Moment, journey string) (Start, Why) {
	i := slices.IndexFunc(p.journeys, func(j planned) bool { return j.Name == journey })
	if i < 0 || p.journeys[i].walking {
		return Start{}, WhyInFlight
	}
	j := &p.journeys[i]
	card, why := p.cardFor(j, now, false)
	switch {
	case why != WhyNot:
		return Start{}, why
	case !p.purse.allows(now.Wall, j.asks*j.cost, 0):
		return Start{}, WhyBudget
	}
	return p.start(i, card, false, now), WhyNot
}

// Asking says whether the run may ask for a code now. A run that has asked
// for all it is made to ask for never asks again. The money counts as spent
// from here on.
func (p *Planner) Asking(now Moment, ticket int) bool {
	at := p.run(ticket)
	if at < 0 || p.runs[at].left == 0 {
		return false
	}
	r, cost := &p.runs[at], p.journeys[p.runs[at].journey].cost
	r.left--
	p.purse.hold(-cost)
	reserve := 0
	if r.extra {
		reserve = p.reserved(now)
	}
	if !p.purse.allows(now.Wall, cost, reserve) {
		return false // another day has begun meanwhile, one that has no money left for it
	}
	p.purse.spend(now.Wall, cost)
	if r.card >= 0 {
		p.pool.asked(r.card, now.Up)
	}
	return true
}

// Ended gives back what a run holds. A SIM to which a code is on its way stays
// held until Freed.
func (p *Planner) Ended(ticket int) {
	at := p.run(ticket)
	if at < 0 {
		return
	}
	r := p.runs[at]
	p.runs = slices.Delete(p.runs, at, at+1)
	j := &p.journeys[r.journey]
	j.walking = false
	p.purse.hold(-r.left * j.cost)
	if r.card >= 0 {
		p.pool.giveBack(r.card, ticket)
	}
}

func (p *Planner) run(ticket int) int {
	return slices.IndexFunc(p.runs, func(r underWay) bool { return r.ticket == ticket })
}

// Awaiting takes in that a code is on its way.
func (p *Planner) Awaiting(now Moment, w Wait) {
	if card, known := p.pool.places[w.Key]; known {
		p.pool.await(card, w.ID, now.ago(w.Requested))
	}
}

// Freed takes in that the code of this wait is listened for no longer.
func (p *Planner) Freed(w Wait) {
	if card, known := p.pool.places[w.Key]; known {
		p.pool.free(card, w.ID)
	}
}

// Rest keeps a SIM or mailbox unused for a while from now: a code may be on
// its way to it that nobody waits for.
func (p *Planner) Rest(now Moment, key string, length time.Duration) {
	if card, known := p.pool.places[key]; known {
		p.pool.cards[card].rest = now.Up + length
	}
}

// Control asks to send a control message from one of our SIMs, and counts it
// as spent when it may be sent. The cadence of probes comes first.
func (p *Planner) Control(now Moment, from string) bool {
	p.layOut(now)
	card, known := p.pool.places[from]
	if !known || !p.pool.canPay(card, now, p.purse.costs.Control) {
		return false
	}
	if !p.purse.allows(now.Wall, p.purse.costs.Control, p.reserved(now)) {
		return false
	}
	p.purse.spendControl(now.Wall)
	p.pool.pay(card, p.purse.costs.Control)
	return true
}

// ago is the Up of an instant that the wall clock told, as well as can be
// said: never later than now.
func (m Moment) ago(then time.Time) time.Duration {
	return m.Up - max(0, m.Wall.Sub(then))
}

func (plan *Plan) skip(j *planned, why Why, slots int) {
	if slots > 0 {
		plan.Skips = append(plan.Skips, Skip{Journey: j.Name, Why: why, Slots: slots})
	}
}

// next is when something can be due after now: a slot, the end of a rest, or
// an extra run.
func (p *Planner) next(now Moment) time.Duration {
	soonest := now.Up + time.Hour
	for i := range p.journeys {
		j := &p.journeys[i]
		soonest = min(soonest, j.next)
		if j.waiting {
			end := j.due + p.grace(j)
			ready := p.ready(j, p.streams[j.stream].level == LevelConfirm)
			soonest = min(soonest, after(now.Up, ready, end))
		}
	}
	for i := range p.streams {
		if s := &p.streams[i]; s.level == LevelConfirm && s.journey >= 0 {
			j := &p.journeys[s.journey]
			paced := max(j.last+p.pace(), s.extras.room(p.validity))
			soonest = min(soonest, after(now.Up, max(paced, p.ready(j, true)), now.Up+p.pace()))
		}
	}
	return soonest
}

// ready is when the SIMs that wait for no code will let a run of j begin.
func (p *Planner) ready(j *planned, confirming bool) time.Duration {
	if j.mailbox >= 0 {
		return p.pool.mailReady(j.mailbox)
	}
	return p.pool.ready(j.Stream.Operator(), confirming)
}

// after is then if it is to come, else otherwise.
func after(now, then, otherwise time.Duration) time.Duration {
	if then > now && then < otherwise {
		return then
	}
	return otherwise
}

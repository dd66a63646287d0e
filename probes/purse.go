package probes

import (
	"slices"
	"time"
)

// purse is the money: what was spent on each day, and what is set aside for
// runs that have not asked yet. Every day that was ever seen is remembered, so
// that a clock that is set back finds no second budget; on a day before those
// that were rebuilt nothing may be spent.
type purse struct {
	limit   int
	limited bool
	costs   Costs
	days    map[int64]ledger
	held    int
	from    int64 // the first day of which all is known
}

// ledger is one day.
type ledger struct{ idr, codes, controls int }

func newPurse(o Options) purse {
	p := purse{costs: o.Costs.withDefaults(), days: map[int64]ledger{}}
	p.limit, p.limited = o.limit()
	return p
}

const (
	day = 24 * time.Hour
	wib = 7 * time.Hour // ahead of UTC, all year
)

// dayOf numbers the days of WIB.
func dayOf(at time.Time) int64 {
	seconds := at.Unix() + int64(wib/time.Second)
	number := seconds / int64(day/time.Second)
	if seconds%int64(day/time.Second) < 0 {
		number--
	}
	return number
}

// leftOfDay is the time until midnight WIB.
func leftOfDay(at time.Time) time.Duration {
	midnight := time.Unix((dayOf(at)+1)*int64(day/time.Second)-int64(wib/time.Second), 0)
	return midnight.Sub(at)
}

// allows says whether cost can be spent at now when reserve is to stay
// untouched. What costs nothing is always allowed.
func (p *purse) allows(now time.Time, cost, reserve int) bool {
	if cost == 0 || !p.limited {
		return true
	}
	today := dayOf(now)
	return today >= p.from && p.days[today].idr+p.held+reserve+cost <= p.limit
}

// hold sets cost aside, or gives it back when it is below 0.
func (p *purse) hold(cost int) { p.held += cost }

// spend counts a code that is asked for, unless it costs nothing.
func (p *purse) spend(at time.Time, cost int) {
	if cost == 0 {
		return
	}
	ledger := p.days[dayOf(at)]
	ledger.idr += cost
	ledger.codes++
	p.days[dayOf(at)] = ledger
}

func (p *purse) spendControl(at time.Time) {
	ledger := p.days[dayOf(at)]
	ledger.idr += p.costs.Control
	ledger.controls++
	p.days[dayOf(at)] = ledger
}

// reserved is what the slots of the rest of the day will cost.
func (p *Planner) reserved(now Moment) int {
	left, total := leftOfDay(now.Wall), 0
	for i := range p.journeys {
		j := &p.journeys[i]
		if j.asks*j.cost == 0 {
			continue
		}
		slots := 0
		if j.waiting {
			slots++
		}
		if until := max(0, j.next-now.Up); until < left {
			slots += 1 + int((left-until-1)/j.Every)
		}
		total += slots * j.asks * j.cost
	}
	return total
}

// Spending is how the day's budget stands, for the team.
type Spending struct {
	Codes, Controls int // asked for and sent today
	IDR             int // spent today
	Reserved        int // what the cadence of the rest of the day will cost, Rp
	Left            int // of the budget, Rp; 0 when it is not Limited
	Limited         bool
	Extras          []Extras
	SIMs            []SIMs
}

// Extras is how many extra runs of a stream began within the last 12
// validities.
type Extras struct {
	Stream Stream
	Runs   int
}

// Spending says how the day of now stands.
func (p *Planner) Spending(now Moment) Spending {
	today := p.purse.days[dayOf(now.Wall)]
	s := Spending{
		Codes: today.codes, Controls: today.controls, IDR: today.idr,
		Reserved: p.reserved(now), Limited: p.purse.limited,
		SIMs: p.pool.count(now),
	}
	if s.Limited {
		s.Left = max(0, p.purse.limit-today.idr)
	}
	for i := range p.streams {
		if stream := &p.streams[i]; stream.journey >= 0 {
			stream.extras.forget(now.Up, p.validity)
			s.Extras = append(s.Extras, Extras{stream.stream, stream.extras.n})
		}
	}
	return s
}

// Rebuild takes in a stored result, so that a restart neither forgets nor
// doubles what was spent and used. Only requests count; they come before the
// first Tick, the oldest first, and go back to Options.SpendingSince.
func (p *Planner) Rebuild(now Moment, r Result) {
	switch {
	case r.Reason != ReasonRequesting || r.Opened == nil:
		return
	case r.Step == StepSendControl:
		p.rebuildControl(now, r)
		return
	case r.Step != StepRequestOTP:
		return
	}
	up := now.ago(r.At)
	if r.Stream.Operator() != "" {
		p.purse.spend(r.At, p.purse.costs.SMS)
	}
	if card, known := p.pool.places[r.Opened.Key]; known {
		c := &p.pool.cards[card]
		p.pool.lastAsked(c, up)
		if !r.At.Before(c.CreditAt) {
			p.pool.pay(card, p.pool.received)
		}
	}
	p.rebuildJourney(r, up)
}

// rebuildJourney notes when the journey's last runs began.
func (p *Planner) rebuildJourney(r Result, up time.Duration) {
	i := slices.IndexFunc(p.journeys, func(j planned) bool { return j.Name == r.Journey })
	if i < 0 {
		return
	}
	j := &p.journeys[i]
	j.last, j.ran = latest(j.last, up, j.ran), true
	if r.Opened.Extra {
		p.streams[j.stream].extras.add(up)
		return
	}
	j.slot, j.slotRan = latest(j.slot, up, j.slotRan), true
}

// latest is the later of two, of which the first may not be known.
func latest(before, up time.Duration, known bool) time.Duration {
	if known {
		return max(before, up)
	}
	return up
}

// RebuildControl takes in that a control message was sent from one of our SIMs
// before the first Tick.
func (p *Planner) RebuildControl(at time.Time, from string) {
	p.purse.spendControl(at)
	if card, known := p.pool.places[from]; known && !at.Before(p.pool.cards[card].CreditAt) {
		p.pool.pay(card, p.purse.costs.Control)
	}
}

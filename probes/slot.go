package probes

import (
	"hash/fnv"
	"time"
)

// layOut puts each journey's first slot where its name decides, counted from
// the epoch: so journeys are spread, and a process that restarts often does
// not probe more often.
func (p *Planner) layOut(now Moment) {
	if p.begun {
		return
	}
	p.begun = true
	p.purse.from = dayOf(now.Wall) - daysKnown + 1
	for i := range p.journeys {
		j := &p.journeys[i]
		j.next = now.Up + j.Every - sinceSlot(j.Name, j.Every, now.Wall)
	}
}

// sinceSlot is how long before now the last slot of the journey was.
func sinceSlot(name string, every time.Duration, now time.Time) time.Duration {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(name)) // never fails
	offset := int64(hash.Sum64() % uint64(every))
	since := (now.UnixNano() - offset) % int64(every)
	if since < 0 {
		since += int64(every) // a clock that stands before 1970
	}
	return time.Duration(since)
}

// tickSlot begins the run of a slot that is due, if it may.
func (p *Planner) tickSlot(plan *Plan, i int, now Moment) {
	j := &p.journeys[i]
	if now.Up >= j.next {
		p.reach(plan, j, now)
	}
	if !j.waiting {
		return
	}
	card, why := p.maySlot(j, now)
	switch {
	case why == WhyNot:
		j.waiting, j.slot, j.slotRan = false, now.Up, true
		plan.Starts = append(plan.Starts, p.start(i, card, false, now))
	case !why.waits() || now.Up-j.due >= p.grace(j):
		j.waiting = false
		plan.skip(j, why, 1)
	default:
		j.why = why
	}
}

// reach moves j on to the newest slot that is due. The ones before it are left
// out, and so is the newest when it is long past: what slept does not begin
// everything at once.
func (p *Planner) reach(plan *Plan, j *planned, now Moment) {
	if j.waiting {
		plan.skip(j, j.why, 1)
	}
	missed := (now.Up - j.next) / j.Every
	j.due = j.next + missed*j.Every
	j.next = j.due + j.Every
	j.waiting = now.Up-j.due <= min(j.Every/2, p.validity/20)
	if !j.waiting {
		missed++
	}
	plan.skip(j, WhyLate, int(missed))
}

// grace is how long a slot waits for a SIM.
func (p *Planner) grace(j *planned) time.Duration { return min(j.Every/2, p.validity/2) }

// maySlot says why a slot of j cannot begin a run now, or with which SIM it
// can.
func (p *Planner) maySlot(j *planned, now Moment) (card int, why Why) {
	level := p.streams[j.stream].level
	switch {
	case j.walking:
		return -1, WhyInFlight
	case level == LevelListen && j.asks > 0 && j.ran && now.Up-j.last < j.everyListening(p.validity):
		return -1, WhyListening
	case j.slotRan && now.Up-j.slot < j.Every/2:
		return -1, WhySoon
	}
	card, why = p.cardFor(j, now, level == LevelConfirm)
	if why == WhyNot && !p.purse.allows(now.Wall, j.asks*j.cost, 0) {
		return -1, WhyBudget
	}
	return card, why
}

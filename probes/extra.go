package probes

import "time"

// The bound of extra runs: so many of one stream within so many validities,
// for the usual code 10 within two hours.
const (
	extraAtMost = 10
	extraWithin = 12
)

// bursts remembers when the extra runs of a stream began, the oldest first.
type bursts struct {
	began [extraAtMost]time.Duration
	n     int
}

// forget drops those that no longer count.
func (b *bursts) forget(now, validity time.Duration) {
	gone := 0
	for gone < b.n && now-b.began[gone] >= extraWithin*validity {
		gone++
	}
	b.n = copy(b.began[:], b.began[gone:b.n])
}

// add notes one, in its place: after a jump of the wall clock, stored ones do
// not come in order. When there are too many, which only a restart can bring
// about, the oldest is forgotten.
func (b *bursts) add(up time.Duration) {
	if b.n == extraAtMost {
		b.n = copy(b.began[:], b.began[1:])
	}
	at := b.n
	for ; at > 0 && b.began[at-1] > up; at-- {
		b.began[at] = b.began[at-1]
	}
	b.began[at] = up
	b.n++
}

// room is when there is room for another.
func (b *bursts) room(validity time.Duration) time.Duration {
	if b.n < extraAtMost {
		return 0
	}
	return b.began[0] + extraWithin*validity
}

// pace is the least time between two runs of a stream whose trouble is to be
// confirmed.
func (p *Planner) pace() time.Duration { return p.validity / 10 }

// tickExtra begins an extra run of a stream about which the detector wants to
// know more. It ends as soon as the detector has decided, because then the
// level is another.
func (p *Planner) tickExtra(plan *Plan, i int, now Moment) {
	s := &p.streams[i]
	if s.level != LevelConfirm || s.journey < 0 {
		return
	}
	j := &p.journeys[s.journey]
	s.extras.forget(now.Up, p.validity)
	if j.walking || s.extras.n == extraAtMost || j.ran && now.Up-j.last < p.pace() {
		return
	}
	card, why := p.cardFor(j, now, true)
	if why != WhyNot || !p.purse.allows(now.Wall, j.asks*j.cost, p.reserved(now)) {
		return
	}
	s.extras.add(now.Up)
	plan.Starts = append(plan.Starts, p.start(s.journey, card, true, now))
}

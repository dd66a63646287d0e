package probes

import (
	"fmt"
	"time"
)

// referee holds what it sees of a planner against the rules. It has its own
// books and knows nothing of the planner's.
type referee struct {
	options Options
	rules   []string // broken
	starts  int
	extras  int

	life     int
	born     time.Duration
	bornWall time.Time
	levels   map[Stream]Level
	emptied  map[string]bool

	busy     map[string]bool   // SIMs a code is on its way to
	inFlight map[int]*flight   // by ticket
	asked    map[string]seen   // SIMs' last
	began    map[string][]seen // journeys' starts in their slots, the last few
	last     map[string]seen   // journeys' last
	extra    map[Stream][]seen
	spent    map[string]int // by day
	credit   map[string]int
}

// flight is a run under way.
type flight struct {
	journey, sim string
	confirming   bool
	extra        bool
	cost         int
}

// seen is when something was: by true time, by the wall clock, and in which
// life of the process.
type seen struct {
	at    time.Duration
	wall  time.Time
	life  int
	asked bool // a restarted process can know of it
}

var wibZone = time.FixedZone("WIB", 7*60*60)

func newReferee(o Options) *referee {
	r := &referee{
		options: o, levels: map[Stream]Level{}, emptied: map[string]bool{}, busy: map[string]bool{},
		inFlight: map[int]*flight{}, asked: map[string]seen{}, began: map[string][]seen{}, last: map[string]seen{},
		extra: map[Stream][]seen{}, spent: map[string]int{}, credit: map[string]int{},
	}
	for _, sim := range o.SIMs {
		if sim.CreditIDR != nil {
			r.credit[sim.ID] = *sim.CreditIDR
		}
	}
	return r
}

func (r *referee) broken(format string, args ...any) {
	if len(r.rules) < 5 {
		r.rules = append(r.rules, fmt.Sprintf(format, args...))
	}
}

func (r *referee) boot(at time.Duration, wall time.Time) {
	r.life++
	r.born, r.bornWall = at, wall
	clear(r.inFlight)
	clear(r.levels)
	clear(r.emptied)
}

func (r *referee) wished(demands []Demand) {
	clear(r.levels)
	clear(r.emptied)
	for _, d := range demands {
		r.levels[d.Stream] = d.Level
		for _, id := range d.EmptySIMs {
			r.emptied[id] = true
		}
	}
}

// since is how long ago something was, as well as a process can know that
// has only the wall clock for what was before it began.
func (r *referee) since(s seen, at time.Duration) time.Duration {
	if s.life == r.life {
		return at - s.at
	}
	return max(0, r.bornWall.Sub(s.wall)) + at - r.born
}

// remembers says whether this process can know of it.
func (r *referee) remembers(s seen) bool { return s.life == r.life || s.asked && s.life > 0 }

func (r *referee) start(s *Start, at time.Duration, wall time.Time) {
	r.starts++
	j := &s.Journey
	now := seen{at: at, wall: wall, life: r.life}
	for _, other := range r.inFlight {
		if other.journey == j.Name {
			r.broken("%s begins while its last run is under way", j.Name)
		}
		if other.sim != "" && other.sim == s.SIM.ID {
			r.broken("%s is held by two runs", other.sim)
		}
	}
	level := r.levels[j.Stream]
	if level == LevelListen && r.last[j.Name].life == r.life && at-r.last[j.Name].at < 30*time.Minute-j.Every/2 {
		r.broken("%s begins after %s in confirmed trouble", j.Name, at-r.last[j.Name].at)
	}
	f := &flight{journey: j.Name, sim: s.SIM.ID, confirming: level == LevelConfirm, extra: s.Extra}
	if operator := j.Stream.Operator(); operator != "" {
		f.cost = 730
		r.startSIM(s, at, wall, operator)
	}
	r.inFlight[s.Ticket] = f
	if s.Extra {
		r.startExtra(s, now, level)
	} else {
		r.startSlot(s, now)
	}
	r.last[j.Name] = now
}

func (r *referee) startSIM(s *Start, at time.Duration, wall time.Time, operator string) {
	sim := &s.SIM
	credit, tracked := r.credit[sim.ID]
	switch {
	case sim.Operator != operator:
		r.broken("%q of %q is asked for %s", sim.ID, sim.Operator, operator)
	case r.busy[sim.ID]:
		r.broken("%s is taken while a code is on its way to it", sim.ID)
	case sim.Used, wall.Before(sim.RegisteredUntil), !sim.Expires.IsZero() && !wall.Before(sim.Expires), tracked && credit < 500:
		r.broken("%s cannot be used: used %t, until %s, expires %s, Rp%d, at %s", sim.ID, sim.Used, sim.RegisteredUntil, sim.Expires, credit, wall)
	case r.emptied[sim.ID] && r.asked[sim.ID].life > 0 && r.since(r.asked[sim.ID], at) < 24*time.Hour:
		r.broken("%s is taken for empty and asked after %s", sim.ID, r.since(r.asked[sim.ID], at))
	}
	r.spacing(sim.ID, at, r.levels[s.Journey.Stream] == LevelConfirm, "begins")
}

func (r *referee) spacing(sim string, at time.Duration, confirming bool, what string) {
	least := time.Hour
	if confirming {
		least = 10 * time.Minute
	}
	if before := r.asked[sim]; before.life > 0 && r.since(before, at) < least {
		r.broken("%s %s %s after its last code, want %s", sim, what, r.since(before, at), least)
	}
}

// startExtra: asked for, one a minute, ten in two hours, and paid from what
// the cadence leaves over.
func (r *referee) startExtra(s *Start, now seen, level Level) {
	r.extras++
	stream := s.Journey.Stream
	if level != LevelConfirm {
		r.broken("%s begins an extra run that nobody wishes: %q", s.Journey.Name, level)
	}
	if before := r.last[s.Journey.Name]; before.life == r.life && now.at-before.at < time.Minute {
		r.broken("%s begins an extra run %s after the one before", s.Journey.Name, now.at-before.at)
	}
	var recent []seen
	for _, before := range append(r.extra[stream], now) {
		if r.since(before, now.at) < 2*time.Hour {
			recent = append(recent, before)
		}
	}
	known := 0
	for _, before := range recent {
		if r.remembers(before) {
			known++
		}
	}
	if known > 10 {
		r.broken("%s has %d extra runs in 2 hours", stream, known)
	}
	r.extra[stream] = recent
	if s.Journey.Stream.Operator() != "" {
		r.surplus(now.wall, "an extra run")
	}
}

// surplus: what was spent, what runs under way will spend and what the
// cadence needs to the end of the day are within the budget.
func (r *referee) surplus(wall time.Time, what string) {
	if r.options.Budget.IDRPerDay == nil {
		return
	}
	in := wall.In(wibZone)
	left := time.Date(in.Year(), in.Month(), in.Day()+1, 0, 0, 0, 0, wibZone).Sub(wall)
	need := r.spent[dayName(wall)]
	for _, f := range r.inFlight {
		need += f.cost
	}
	for i := range r.options.Journeys {
		if j := &r.options.Journeys[i]; j.Stream.Operator() != "" {
			need += 730 * int(left/j.Every)
		}
	}
	if need > *r.options.Budget.IDRPerDay {
		r.broken("%s at %s spends what the cadence needs: Rp%d of Rp%d", what, in, need, *r.options.Budget.IDRPerDay)
	}
}

// startSlot: never sooner than half an interval, never more than the cadence.
func (r *referee) startSlot(s *Start, now seen) {
	j := &s.Journey
	before := r.began[j.Name]
	if len(before) > 0 {
		if last := before[len(before)-1]; r.remembers(last) && r.since(last, now.at) < j.Every/2 {
			r.broken("%s begins %s after its last run, want every %s", j.Name, r.since(last, now.at), j.Every)
		}
	}
	before = append(before, now)
	if len(before) > 12 {
		before = before[1:]
		if first := before[0]; first.life == r.life && now.at-first.at < 10*j.Every {
			r.broken("%s begins 12 times in %s", j.Name, now.at-first.at)
		}
	}
	r.began[j.Name] = before
}

func (r *referee) ask(s *Start, at time.Duration, wall time.Time) {
	now := seen{at: at, wall: wall, life: r.life, asked: true}
	f := r.inFlight[s.Ticket]
	if f == nil {
		r.broken("%s asks without a start", s.Journey.Name)
		return
	}
	r.markAsked(s, now)
	if f.cost == 0 {
		return
	}
	r.spacing(f.sim, at, f.confirming, "is asked")
	if r.busy[f.sim] {
		r.broken("%s is asked for a second code", f.sim)
	}
	r.busy[f.sim], r.asked[f.sim] = true, now
	r.pay(f.sim, 500)
	r.spend(wall, f.cost)
	f.cost = 0
	if f.extra {
		r.surplus(wall, "an extra run that asks")
	}
}

// markAsked notes that a restarted process can know of the run's start.
func (r *referee) markAsked(s *Start, now seen) {
	list := r.began[s.Journey.Name]
	if s.Extra {
		list = r.extra[s.Journey.Stream]
	}
	if len(list) > 0 {
		last := &list[len(list)-1]
		last.wall, last.asked = now.wall, true
	}
}

func (r *referee) control(from SIM, at time.Duration, wall time.Time) {
	if credit, tracked := r.credit[from.ID]; tracked && credit < 500+230 {
		r.broken("%s sends a control message with Rp%d", from.ID, credit)
	}
	r.pay(from.ID, 230)
	r.spend(wall, 230)
	r.surplus(wall, "a control message")
}

func (r *referee) pay(sim string, amount int) {
	if credit, tracked := r.credit[sim]; tracked {
		r.credit[sim] = credit - amount
	}
}

func (r *referee) spend(wall time.Time, amount int) {
	day := dayName(wall)
	r.spent[day] += amount
	if limit := r.options.Budget.IDRPerDay; limit != nil && r.spent[day] > *limit {
		r.broken("Rp%d are spent on %s, want Rp%d at most", r.spent[day], day, *limit)
	}
}

func dayName(wall time.Time) string { return wall.In(wibZone).Format(time.DateOnly) }

func (r *referee) end(ticket int)  { delete(r.inFlight, ticket) }
func (r *referee) free(sim string) { delete(r.busy, sim) }

package probes

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// month is a simulated month around a planner: runs and codes that take their
// time or are lost, a detector that changes its mind, control messages, SIMs
// that run out, restarts, a machine that sleeps or stands still, and a wall
// clock that jumps either way. True time, at, goes on through all of it.
type month struct {
	draw    *rand.Rand
	options Options
	planner *Planner
	referee *referee
	agenda  agenda

	at     time.Duration // true time since the beginning
	born   time.Duration // when this process began
	asleep time.Duration // since then
	offset time.Duration // of the wall clock

	stored   []request
	controls []control
	waits    []Wait // open
	runs     int
	quiet    bool // nothing but runs, codes and the detector
}

// request is what the store knows of a code that was asked for.
type request struct {
	at      time.Time
	journey string
	stream  Stream
	sim     string
	extra   bool
}

// control is a control message that was sent.
type control struct {
	at   time.Time
	from string
}

// happening is something that will be.
type happening struct {
	at   time.Duration
	what func(*month)
	life int // ends with this process; 0 outlives it
}

const monthLong = 30 * 24 * time.Hour

var monthBegan = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func newMonth(seed uint64, quiet bool) *month {
	m := &month{draw: rand.New(rand.NewPCG(seed, 7)), quiet: quiet}
	m.options = m.drawOptions()
	m.referee = newReferee(m.options)
	m.boot()
	m.after(m.upTo(6*time.Hour), (*month).wish)
	m.after(m.upTo(time.Hour), (*month).control)
	if !quiet {
		m.after(m.upTo(48*time.Hour), (*month).upset)
	}
	return m
}

func (m *month) drawOptions() Options {
	asks := []Step{StepOpen, StepCaptcha, StepRequestOTP, StepAwaitOTP}
	o := Options{Journeys: []Journey{
		{Name: "captcha", Stream: StreamCaptcha, Steps: asks[:2], Every: time.Hour},
		{Name: "email", Stream: StreamEmail, Steps: asks, Every: m.among(30, 60)},
	}}
	for _, operator := range []string{"telkomsel", "indosat", "xl"}[:1+m.draw.IntN(3)] {
		o.Journeys = append(o.Journeys, Journey{Name: operator, Stream: SMS(operator), Steps: asks, Every: m.among(15, 30, 30, 60)})
		if m.draw.IntN(2) == 0 { // shares the operator's SIMs
			o.Journeys = append(o.Journeys, Journey{Name: operator + "-expired", Stream: SMS(operator), Steps: asks, Every: m.among(60, 240), Submit: "expired"})
		}
		for i := range 2 + m.draw.IntN(5) {
			o.SIMs = append(o.SIMs, m.drawSIM(fmt.Sprintf("%s-%d", operator, i), operator))
		}
	}
	if m.draw.IntN(5) > 0 {
		limit := o.baseCost() * []int{40, 103, 110, 125, 200}[m.draw.IntN(5)] / 100
		o.Budget.IDRPerDay = &limit
	}
	return o
}

func (m *month) drawSIM(id, operator string) SIM {
	sim := SIM{ID: id, Operator: operator}
	switch m.draw.IntN(12) {
	case 0:
		sim.Used = true
	case 1:
		sim.RegisteredUntil = monthBegan.Add(m.upTo(monthLong))
	case 2:
		sim.Expires = monthBegan.Add(m.upTo(monthLong))
	case 3, 4:
		credit := m.draw.IntN(100_000)
		sim.CreditIDR, sim.CreditAt = &credit, monthBegan.Add(-10*24*time.Hour)
	}
	return sim
}

// among gives one of so many minutes.
func (m *month) among(minutes ...int) time.Duration {
	return time.Duration(minutes[m.draw.IntN(len(minutes))]) * time.Minute
}

func (m *month) upTo(length time.Duration) time.Duration {
	return time.Duration(m.draw.Int64N(int64(length))) + 1
}

func (m *month) now() Moment { return Moment{Wall: m.wall(), Up: m.at - m.born - m.asleep} }

func (m *month) wall() time.Time { return monthBegan.Add(m.at + m.offset) }

func (m *month) after(delay time.Duration, what func(*month)) {
	m.agenda.add(happening{at: m.at + delay, what: what})
}

// inThisLife is after, for what a restart ends.
func (m *month) inThisLife(delay time.Duration, what func(*month)) {
	m.agenda.add(happening{at: m.at + delay, what: what, life: m.referee.life})
}

// boot starts the process: what is stored is all it knows.
func (m *month) boot() {
	m.born, m.asleep = m.at, 0
	m.referee.boot(m.at, m.wall())
	m.planner = NewPlanner(m.options, nil)
	since := m.options.SpendingSince(m.wall())
	for _, r := range m.stored {
		if !r.at.Before(since) {
			m.planner.Rebuild(m.now(), r.result())
		}
	}
	for _, c := range m.controls {
		if !c.at.Before(since) {
			m.planner.RebuildControl(c.at, c.from)
		}
	}
	for _, w := range m.waits {
		m.planner.Awaiting(m.now(), w)
	}
}

// run lets the month pass.
func (m *month) run() {
	for m.at < monthLong {
		m.step()
	}
}

// step asks the planner and goes on to what happens next.
func (m *month) step() {
	plan := m.planner.Tick(m.now())
	for i := range plan.Starts {
		m.begin(&plan.Starts[i])
	}
	next := m.at + max(plan.Next-m.now().Up, time.Second)
	due, any := m.agenda.first()
	if !any || due.at > next {
		m.at = next
		return
	}
	m.at = max(m.at, due.at) // later when the machine slept meanwhile
	m.agenda.drop()
	if due.life == 0 || due.life == m.referee.life {
		due.what(m)
	}
}

func (m *month) begin(start *Start) {
	m.referee.start(start, m.at, m.wall())
	length := m.upTo(20 * time.Second)
	if !start.Journey.asks() || m.draw.IntN(10) == 0 { // the captcha blocks some
		m.inThisLife(length, func(m *month) { m.end(start) })
		return
	}
	m.inThisLife(length, func(m *month) { m.ask(start) })
}

func (m *month) end(start *Start) {
	m.referee.end(start.Ticket)
	m.planner.Ended(start.Ticket)
}

// ask is the request, recorded before it is made.
func (m *month) ask(start *Start) {
	defer m.end(start)
	if !m.planner.Asking(m.now(), start.Ticket) {
		return
	}
	if m.planner.Asking(m.now(), start.Ticket) {
		m.referee.broken("a run may ask twice")
	}
	m.referee.ask(start, m.at, m.wall())
	m.runs++
	w := Wait{ID: strconv.Itoa(m.runs), Key: start.SIM.ID, Requested: m.wall()}
	m.stored = append(m.stored, request{m.wall(), start.Journey.Name, start.Journey.Stream, start.SIM.ID, start.Extra})
	m.planner.Awaiting(m.now(), w)
	if m.draw.IntN(40) == 0 { // without an answer: a code may be on its way
		m.planner.Freed(w)
		m.planner.Rest(m.now(), w.Key, 10*time.Minute)
		m.referee.free(w.Key)
		return
	}
	m.waits = append(m.waits, w)
	m.after(m.codeTakes(), func(m *month) { m.arrive(w) })
}

func (r request) result() Result {
	return Result{
		Step: StepRequestOTP, Reason: ReasonRequesting, Journey: r.journey, Stream: r.stream,
		At: r.at, Opened: &Wait{Key: r.sim, Requested: r.at, Extra: r.extra},
	}
}

// codeTakes is the wait for a code: up to two hours, when it is given up.
func (m *month) codeTakes() time.Duration {
	switch m.draw.IntN(10) {
	case 0:
		return 2 * time.Hour
	case 1, 2:
		return m.upTo(2 * time.Hour)
	default:
		return m.upTo(20 * time.Second)
	}
}

func (m *month) arrive(w Wait) {
	m.waits = slices.DeleteFunc(m.waits, func(other Wait) bool { return other.ID == w.ID })
	m.planner.Freed(w)
	m.referee.free(w.Key)
}

// wish has the detector change its mind.
func (m *month) wish() {
	var demands []Demand
	for _, j := range m.options.Journeys {
		d := Demand{Stream: j.Stream, Level: LevelNormal}
		if m.draw.IntN(4) == 0 {
			d.Level = []Level{LevelConfirm, LevelListen}[m.draw.IntN(2)]
		}
		for _, sim := range m.options.SIMs {
			if SMS(sim.Operator) == j.Stream && m.draw.IntN(20) == 0 {
				d.EmptySIMs = append(d.EmptySIMs, sim.ID)
			}
		}
		demands = append(demands, d)
	}
	m.planner.SetDemands(demands)
	m.referee.wished(demands)
	m.after(m.upTo(6*time.Hour), (*month).wish)
}

func (m *month) control() {
	m.after(m.upTo(4*time.Hour), (*month).control)
	if len(m.options.SIMs) == 0 {
		return
	}
	from := m.options.SIMs[m.draw.IntN(len(m.options.SIMs))]
	if m.planner.Control(m.now(), from.ID) {
		m.controls = append(m.controls, control{m.wall(), from.ID})
		m.referee.control(from, m.at, m.wall())
	}
}

// upset is what planners are afraid of.
func (m *month) upset() {
	m.after(m.upTo(48*time.Hour), (*month).upset)
	switch m.draw.IntN(5) {
	case 0: // the machine sleeps: its monotonic clock stands still
		length := m.upTo(10 * time.Hour)
		m.at += length
		m.asleep += length
	case 1: // the process stands still
		m.at += m.upTo(4 * time.Hour)
	case 2:
		m.offset += m.upTo(60*time.Hour) - 30*time.Hour
	case 3:
		m.offset += m.upTo(20*time.Minute) - 10*time.Minute
	default:
		m.at += m.upTo(3 * time.Hour)
		m.boot()
	}
}

// agenda is a heap of happenings, the earliest first.
type agenda []happening

func (a *agenda) add(h happening) {
	*a = append(*a, h)
	for i := len(*a) - 1; i > 0; {
		parent := (i - 1) / 2
		if (*a)[parent].at <= (*a)[i].at {
			return
		}
		(*a)[parent], (*a)[i] = (*a)[i], (*a)[parent]
		i = parent
	}
}

func (a agenda) first() (happening, bool) {
	if len(a) == 0 {
		return happening{}, false
	}
	return a[0], true
}

func (a *agenda) drop() {
	last := len(*a) - 1
	(*a)[0] = (*a)[last]
	*a = (*a)[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child+1 < last && (*a)[child+1].at < (*a)[child].at {
			child++
		}
		if child >= last || (*a)[i].at <= (*a)[child].at {
			return
		}
		(*a)[i], (*a)[child] = (*a)[child], (*a)[i]
		i = child
	}
}

// Over a thousand months no rule of politeness or budget is ever broken, as
// a referee sees it who knows the starts and nothing of the planner.
func TestAThousandMonths(t *testing.T) {
	months := uint64(1000)
	if testing.Short() || raceEnabled {
		months = 60
	}
	var next, starts, extras, asks atomic.Int64
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for seed := uint64(next.Add(1)); seed <= months && !t.Failed(); seed = uint64(next.Add(1)) {
				m := newMonth(seed, seed%4 == 0)
				m.run()
				for _, broken := range m.referee.rules {
					t.Errorf("month %d: %s", seed, broken)
				}
				starts.Add(int64(m.referee.starts))
				extras.Add(int64(m.referee.extras))
				asks.Add(int64(m.runs))
			}
		})
	}
	all.Wait()
	t.Logf("%d months: %d starts, %d of them extra, %d codes asked for", months, starts.Load(), extras.Load(), asks.Load())
	if starts.Load() < int64(months)*1500 || extras.Load() < int64(months)*100 {
		t.Errorf("%d starts and %d extra ones in %d months: the planner hardly does anything", starts.Load(), extras.Load(), months)
	}
}

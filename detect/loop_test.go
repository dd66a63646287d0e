package detect_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pantau/detect"
	"pantau/probes"
)

// loop is the planner and the detector as they run together: one asks for
// codes, the other says how many it wants.
type loop struct {
	draw     *rand.Rand
	planner  *probes.Planner
	detector *detect.Detector
	at       time.Duration
	asked    int
	due      []arrival // the earliest first
	takes    func(l *loop, sim string) time.Duration
}

type arrival struct {
	at   time.Duration
	what func()
}

const quarter = 15 * time.Minute

// newLoop has one operator, six SIMs and a code every quarter of an hour.
func newLoop(seed uint64, takes func(l *loop, sim string) time.Duration) *loop {
	o := probes.Options{Journeys: []probes.Journey{{Name: "sms", Stream: indosat, Every: quarter, Steps: []probes.Step{
		probes.StepOpen, probes.StepCaptcha, probes.StepRequestOTP, probes.StepAwaitOTP,
	}}}}
	for i := range 6 {
		o.SIMs = append(o.SIMs, probes.SIM{ID: fmt.Sprint("sim-", i), Operator: "indosat"})
	}
	return &loop{
		draw: rand.New(rand.NewPCG(seed, 11)), planner: probes.NewPlanner(o, nil), takes: takes,
		detector: detect.New(detect.Options{Validity: validity, Streams: []detect.StreamOptions{{Stream: indosat, Cadence: quarter}}}),
	}
}

func (l *loop) wall() time.Time {
	return time.Date(2026, 11, 2, 5, 0, 0, 0, time.UTC).Add(l.at)
}

func (l *loop) now() probes.Moment { return probes.Moment{Wall: l.wall(), Up: l.at} }

func (l *loop) trouble() bool { return l.assess().State.Trouble() }

func (l *loop) assess() detect.Assessment { return l.detector.Assess(l.wall())[0] }

// until runs until done says so, or for so long, and gives how long it ran.
func (l *loop) until(length time.Duration, done func() bool) time.Duration {
	began := l.at
	for l.at < began+length && !done() {
		plan := l.planner.Tick(l.now())
		for _, start := range plan.Starts {
			l.ask(start)
		}
		l.at = max(plan.Next, l.at+time.Second)
		if len(l.due) > 0 && l.due[0].at <= l.at {
			next := l.due[0]
			l.due = l.due[1:]
			l.at = next.at
			next.what()
		}
	}
	return l.at - began
}

func (l *loop) ask(start probes.Start) {
	if !l.planner.Asking(l.now(), start.Ticket) {
		return
	}
	l.asked++
	w := probes.Wait{ID: fmt.Sprint("wait-", l.asked), Key: start.SIM.ID, Requested: l.wall()}
	l.planner.Awaiting(l.now(), w)
	l.planner.Ended(start.Ticket)
	l.fold(probes.Result{
		Stream: indosat, Step: probes.StepRequestOTP, Verdict: probes.Unknown, Reason: probes.ReasonRequesting, At: l.wall(), Opened: &w,
	})
	takes := min(l.takes(l, start.SIM.ID), 2*time.Hour)
	for _, edge := range probes.Edges(validity) {
		if edge < takes {
			l.plan(edge, func() { l.tell(w, edge, true, edge < 2*time.Hour) })
		}
	}
	l.plan(takes, func() {
		l.planner.Freed(w)
		l.tell(w, takes, false, takes < 2*time.Hour)
	})
}

func (l *loop) plan(after time.Duration, what func()) {
	l.due = append(l.due, arrival{l.at + after, what})
	slices.SortStableFunc(l.due, func(a, b arrival) int { return int(a.at - b.at) })
}

func (l *loop) tell(w probes.Wait, age time.Duration, open, comes bool) {
	r := probes.Result{
		Stream: indosat, Step: probes.StepAwaitOTP, At: l.wall(), Verdict: probes.Up,
		Wait: &probes.WaitAge{ID: w.ID, Requested: w.Requested, Age: age, Open: open, Validity: validity},
	}
	switch {
	case !comes:
		r.Verdict, r.Reason = probes.Down, probes.ReasonLost
	case age >= validity:
		r.Verdict, r.Reason = probes.Down, probes.ReasonLate
	case open:
		r.Verdict, r.Reason = probes.Unknown, probes.ReasonWaiting
	}
	l.fold(r)
}

func (l *loop) fold(r probes.Result) {
	l.detector.Fold(r)
	l.planner.SetDemands(l.detector.Demands())
}

// healthy is how long a code takes when all is well: 1 in 100 is slow.
func healthy(l *loop, _ string) time.Duration {
	if l.draw.IntN(100) == 0 {
		return time.Duration(5+l.draw.IntN(20)) * time.Minute
	}
	return time.Duration(math.Exp(1.8+.8*l.draw.NormFloat64()) * float64(time.Second))
}

func never(*loop, string) time.Duration { return 2 * time.Hour }

// From one code in a quarter of an hour to certainty, by a burst, and back.
func TestTheLoopOfPlannerAndDetector(t *testing.T) {
	const stories = 20
	var found, over time.Duration
	for seed := range uint64(stories) {
		l := newLoop(seed, healthy)
		l.until(12*time.Hour+time.Duration(l.draw.Int64N(int64(quarter))), func() bool { return false })
		if l.trouble() {
			t.Errorf("story %d begins in trouble", seed)
		}
		l.takes = never
		took := l.until(6*time.Hour, l.trouble)
		found += took
		if took > 45*time.Minute {
			t.Errorf("story %d: nothing comes any more, and it is noticed after %s", seed, took)
		}
		l.until(3*time.Hour, func() bool { return false })
		l.takes = healthy
		took = l.until(6*time.Hour, func() bool { return !l.trouble() })
		over += took
		if took > time.Hour {
			t.Errorf("story %d: the end is noticed after %s", seed, took)
		}
	}
	t.Logf("a total loss is noticed after %s, its end after %s on average", (found / stories).Round(time.Second), (over / stories).Round(time.Second))
}

// Two SIMs of six are empty: their operator is not blamed, and they are found.
func TestEmptySIMsInTheLoop(t *testing.T) {
	for seed := range uint64(20) {
		l := newLoop(seed, healthy)
		l.until(8*time.Hour, func() bool { return false })
		empty := []string{fmt.Sprint("sim-", seed%6), fmt.Sprint("sim-", (seed+1+seed%5)%6)}
		slices.Sort(empty)
		l.takes = func(l *loop, sim string) time.Duration {
			if slices.Contains(empty, sim) {
				return 2 * time.Hour
			}
			return healthy(l, sim)
		}
		isFound := func() bool {
			found := slices.Sorted(slices.Values(l.assess().EmptySIMs))
			return slices.Equal(found, empty)
		}
		if took := l.until(12*time.Hour, func() bool { return l.trouble() || isFound() }); l.trouble() || took >= 12*time.Hour {
			t.Errorf("story %d: blamed %t, found %v after %s, want %v", seed, l.trouble(), l.assess().EmptySIMs, took, empty)
		}
		before := l.asked
		l.until(4*time.Hour, l.trouble)
		if l.trouble() || l.asked == before {
			t.Errorf("story %d: afterwards blamed %t, %d codes", seed, l.trouble(), l.asked-before)
		}
	}
}

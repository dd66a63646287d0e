package probes

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// desk is a planner and the two clocks it is told of.
type desk struct {
	t       *testing.T
	options Options
	planner *Planner
	at      time.Duration // Up
	offset  time.Duration // of the wall clock
	waits   int
}

// noon is 12.00 WIB.
var noon = time.Date(2026, 11, 2, 5, 0, 0, 0, time.UTC)

const indosat = Stream("sms/indosat")

// wholeWay is what a run with a code walks.
func wholeWay() []Step {
	return []Step{StepOpen, StepCaptcha, StepRequestOTP, StepAwaitOTP, StepSubmitOTP}
}

// newDesk has one journey of text messages every 15 minutes and three SIMs.
func newDesk(t *testing.T, tweak func(*Options)) *desk {
	t.Helper()
	d := &desk{t: t, options: Options{
		Journeys: []Journey{{Name: "sms", Stream: indosat, Steps: wholeWay(), Every: 15 * time.Minute}},
		SIMs:     []SIM{{ID: "a", Operator: "indosat"}, {ID: "b", Operator: "indosat"}, {ID: "c", Operator: "indosat"}},
	}}
	if tweak != nil {
		tweak(&d.options)
	}
	d.planner = NewPlanner(d.options, nil)
	return d
}

func (d *desk) now() Moment { return Moment{Wall: noon.Add(d.at + d.offset), Up: d.at} }

// pass asks the planner each second for a while and gives what began.
func (d *desk) pass(length time.Duration) (began []Start, skipped map[Why]int) {
	d.t.Helper()
	skipped = map[Why]int{}
	for end := d.at + length; d.at < end; d.at += time.Second {
		plan := d.planner.Tick(d.now())
		began = append(began, plan.Starts...)
		for _, skip := range plan.Skips {
			skipped[skip.Why] += skip.Slots
		}
		for _, start := range plan.Starts {
			d.ask(start)
		}
	}
	return began, skipped
}

// ask walks a run whose code comes at once.
func (d *desk) ask(s Start) {
	d.t.Helper()
	if s.Journey.asks() && d.planner.Asking(d.now(), s.Ticket) {
		d.planner.Freed(d.await(s.SIM.ID))
	}
	d.planner.Ended(s.Ticket)
}

func (d *desk) await(key string) Wait {
	d.waits++
	w := Wait{ID: fmt.Sprint("wait-", d.waits), Key: key, Requested: d.now().Wall}
	d.planner.Awaiting(d.now(), w)
	return w
}

// demand has the detector wish for one level of every stream.
func (d *desk) demand(level Level, empty ...string) {
	d.planner.SetDemands([]Demand{{Stream: indosat, Level: level, EmptySIMs: empty}})
}

func sims(began []Start) string {
	var ids []string
	for _, start := range began {
		ids = append(ids, start.SIM.ID)
	}
	return strings.Join(ids, " ")
}

func extras(began []Start) (n int) {
	for _, start := range began {
		if start.Extra {
			n++
		}
	}
	return n
}

func budget(idr int) func(*Options) {
	return func(o *Options) { o.Budget.IDRPerDay = &idr }
}

func fourSIMs(o *Options) { o.SIMs = append(o.SIMs, SIM{ID: "d", Operator: "indosat"}) }

func TestTheCadence(t *testing.T) {
	d := newDesk(t, fourSIMs)
	began, skipped := d.pass(6 * time.Hour)
	if len(began) != 24 || len(skipped) != 0 {
		t.Errorf("%d runs in 6 hours, want 24; skipped %v", len(began), skipped)
	}
	if got := sims(began[:8]); got != "a b c d a b c d" {
		t.Errorf("SIMs %s, want each in its turn", got)
	}
}

func TestThreeSIMsCannotKeepTheCadence(t *testing.T) {
	d := newDesk(t, nil)
	began, skipped := d.pass(6 * time.Hour)
	if len(began) != 18 || skipped[WhySpacing] != 6 {
		t.Errorf("%d runs and %d skipped for spacing, want 18 and 6", len(began), skipped[WhySpacing])
	}
}

func TestWhichSIM(t *testing.T) {
	now := Moment{Wall: noon, Up: 5 * time.Hour}
	credit := func(rp int) func(*card) { return func(c *card) { c.credited, c.credit = true, rp } }
	ago := func(d time.Duration) func(*card) { return func(c *card) { c.used, c.askedAt = true, now.Up-d } }
	waits := func(c *card) { c.wait = "w" }
	held := func(c *card) { c.holder = 7 }
	expires := func(d time.Duration) func(*card) { return func(c *card) { c.Expires = noon.Add(d) } }
	registered := func(d time.Duration) func(*card) { return func(c *card) { c.RegisteredUntil = noon.Add(d) } }
	empty := func(d time.Duration) func(*card) {
		return func(c *card) { c.isEmpty, c.used, c.askedAt = true, true, now.Up-d }
	}
	resting := func(c *card) { c.rest = now.Up + 1 }
	for _, test := range []struct {
		name       string
		a, b, c    func(*card)
		confirming bool
		want       string
		why        Why
	}{
		{"none used yet: the first", nil, nil, nil, false, "a", ""},
		{"one never used", ago(2 * time.Hour), nil, ago(3 * time.Hour), false, "b", ""},
		{"the longest ago", ago(2 * time.Hour), ago(4 * time.Hour), ago(3 * time.Hour), false, "b", ""},
		{"equal: the first configured", ago(2 * time.Hour), ago(2 * time.Hour), ago(2 * time.Hour), false, "a", ""},
		{"an hour to the instant", ago(time.Hour - 1), ago(time.Hour), waits, false, "b", ""},
		{"all wait", waits, waits, held, false, "", WhyNoSIM},
		{"waiting or too recent", waits, ago(time.Minute), held, false, "", WhySpacing},
		{"too recent but to confirm", waits, ago(10 * time.Minute), held, true, "b", ""},
		{"too recent even to confirm", waits, ago(10*time.Minute - 1), held, true, "", WhySpacing},
		{"resting even to confirm", waits, resting, held, true, "", WhySpacing},
		{"waits though used long ago", func(c *card) { waits(c); ago(4 * time.Hour)(c) }, ago(2 * time.Hour), held, false, "b", ""},
		{"credit to the rupiah", credit(499), credit(500), credit(0), false, "b", ""},
		{"expired at this instant", expires(0), expires(1), expires(-time.Hour), false, "b", ""},
		{"registered to this instant", registered(1), registered(0), registered(time.Hour), false, "b", ""},
		{"an account has it", func(c *card) { c.Used = true }, nil, nil, false, "b", ""},
		{"none is any good", func(c *card) { c.Used = true }, credit(0), expires(0), true, "", WhyPool},
		{"one good one waits", func(c *card) { c.Used = true }, waits, expires(0), false, "", WhyNoSIM},
		{"taken for empty", empty(2 * time.Hour), empty(23 * time.Hour), nil, false, "c", ""},
		{"taken for empty a day ago", waits, empty(24 * time.Hour), held, false, "b", ""},
		{"another operator's", func(c *card) { c.Operator = "xl" }, nil, nil, false, "b", ""},
	} {
		p := newPool(newDesk(t, nil).options)
		for i, tweak := range []func(*card){test.a, test.b, test.c} {
			if tweak != nil {
				tweak(&p.cards[i])
			}
		}
		got, why := p.pick("indosat", now, test.confirming)
		id := ""
		if got >= 0 {
			id = p.cards[got].ID
		}
		if id != test.want || why != test.why {
			t.Errorf("%s: got %q (%s), want %q (%s)", test.name, id, why, test.want, test.why)
		}
	}
}

// Whatever happened, no SIM is picked that is held, waits or rests, none is
// passed over that was used longer ago, and a reason is given for none.
func TestPickNeverDisturbs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := Moment{Wall: noon, Up: 10 * time.Hour}
		p := newPool(Options{SIMs: []SIM{{ID: "a", Operator: "xl"}, {ID: "b", Operator: "xl"}, {ID: "c", Operator: "xl"}, {ID: "d", Operator: "tri"}}})
		for i := range p.cards {
			c := &p.cards[i]
			c.holder = rapid.IntRange(0, 1).Draw(t, "holder")
			c.wait = rapid.SampledFrom([]string{"", "", "w"}).Draw(t, "wait")
			c.used = rapid.Bool().Draw(t, "used")
			c.askedAt = now.Up - time.Duration(rapid.IntRange(0, 120).Draw(t, "ago"))*time.Minute
			c.isEmpty = rapid.Bool().Draw(t, "empty")
			c.credited, c.credit = rapid.Bool().Draw(t, "credited"), rapid.IntRange(0, 1000).Draw(t, "credit")
		}
		confirming := rapid.Bool().Draw(t, "confirming")
		free := func(c *card) bool {
			return c.Operator == "xl" && p.usable(c, now) && c.holder == 0 && c.wait == "" && now.Up >= p.readyAt(c, confirming)
		}
		got, why := p.pick("xl", now, confirming)
		if (got < 0) != (why != WhyNot) {
			t.Fatalf("SIM %d for %q", got, why)
		}
		if got >= 0 && !free(&p.cards[got]) {
			t.Fatalf("%+v is picked", p.cards[got])
		}
		for i := range p.cards {
			if c := &p.cards[i]; free(c) && (got < 0 || c.before(&p.cards[got])) {
				t.Fatalf("%+v is passed over", c)
			}
		}
	})
}

func TestAConfirmBurst(t *testing.T) {
	d := newDesk(t, func(o *Options) {
		for i := range 9 {
			o.SIMs = append(o.SIMs, SIM{ID: fmt.Sprint("more-", i), Operator: "indosat"})
		}
	})
	d.pass(time.Hour)
	d.demand(LevelConfirm)
	began, _ := d.pass(14 * time.Minute)
	if got := extras(began); got != 10 {
		t.Errorf("%d extra runs in the first 14 minutes, want 10", got)
	}
	began, _ = d.pass(105 * time.Minute)
	if got := extras(began); got != 0 {
		t.Errorf("%d more within two hours, want none", got)
	}
	began, _ = d.pass(5 * time.Minute)
	if got := extras(began); got == 0 {
		t.Error("none after two hours, though still wished for")
	}
	d.demand(LevelNormal)
	if began, _ = d.pass(time.Hour); extras(began) != 0 {
		t.Error("extra runs after it is decided")
	}
}

func TestABurstUsesASIMAgainOnlyAfterTheCodesValidity(t *testing.T) {
	d := newDesk(t, nil)
	d.demand(LevelConfirm)
	began, _ := d.pass(9 * time.Minute)
	if got := sims(began); got != "a b c" {
		t.Errorf("within the validity %s are asked, want each once", got)
	}
	if began, _ = d.pass(4 * time.Minute); len(began) == 0 {
		t.Error("none is asked after the validity")
	}
}

func TestConfirmedTroubleIsListenedTo(t *testing.T) {
	d := newDesk(t, fourSIMs)
	d.pass(time.Hour)
	d.demand(LevelListen)
	began, skipped := d.pass(4 * time.Hour)
	if len(began) != 8 || skipped[WhyListening] != 8 {
		t.Errorf("%d runs, %v; want one in 30 minutes", len(began), skipped)
	}
}

func TestACodeOnItsWayHoldsItsSIM(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.SIMs = o.SIMs[:1] })
	w := d.await("a")
	if began, skipped := d.pass(2 * time.Hour); len(began) != 0 || skipped[WhyNoSIM] == 0 {
		t.Errorf("%d runs though the SIM waits; %v", len(began), skipped)
	}
	d.planner.Freed(Wait{ID: "another", Key: "a"})
	if began, _ := d.pass(30 * time.Minute); len(began) != 0 {
		t.Errorf("%d runs after another wait ended", len(began))
	}
	d.planner.Freed(w)
	if began, _ := d.pass(16 * time.Minute); len(began) != 1 {
		t.Errorf("%d runs after its wait ended, want 1", len(began))
	}
}

func TestARunAsksOnce(t *testing.T) {
	d := newDesk(t, nil)
	start, why := d.planner.Begin(d.now(), "sms")
	if why != WhyNot || !d.planner.Asking(d.now(), start.Ticket) {
		t.Fatalf("it cannot ask: %q", why)
	}
	if d.planner.Asking(d.now(), start.Ticket) {
		t.Error("it may ask twice")
	}
	d.planner.Ended(start.Ticket)
	if d.planner.Asking(d.now(), start.Ticket) || d.planner.Asking(d.now(), 99) {
		t.Error("a run that has ended, or never began, may ask")
	}
	if got := d.planner.Spending(d.now()); got.IDR != 730 || got.Codes != 1 {
		t.Errorf("spent %+v, want one code", got)
	}
}

// What is missed is not made up for, and nothing happens twice.
func TestAfterASleepOrAJumpOfTheClock(t *testing.T) {
	for _, test := range []struct {
		name      string
		up, wall  time.Duration // by how much each clock goes on
		late      int
		withinMin int // runs in the following 15 minutes
	}{
		{"stands still for an hour", time.Hour, time.Hour, 4, 1},
		{"stands still for 20 s", 20 * time.Second, 20 * time.Second, 0, 1},
		{"sleeps for an hour, the monotonic clock too", 0, time.Hour, 0, 1},
		{"the wall clock jumps on by an hour", 0, time.Hour, 0, 1},
		{"the wall clock jumps back by an hour", 0, -time.Hour, 0, 1},
		{"the wall clock jumps on by a week", 0, 7 * 24 * time.Hour, 0, 1},
	} {
		d := newDesk(t, fourSIMs)
		d.pass(time.Hour)
		d.at += test.up
		d.offset += test.wall - test.up
		began, skipped := d.pass(15 * time.Minute)
		if len(began) != test.withinMin || skipped[WhyLate] != test.late {
			t.Errorf("%s: %d runs and %v skipped, want %d and %d late", test.name, len(began), skipped, test.withinMin, test.late)
		}
		began, skipped = d.pass(4 * time.Hour)
		if len(began) != 16 || len(skipped) != 0 {
			t.Errorf("%s: %d runs in 4 hours, %v", test.name, len(began), skipped)
		}
	}
}

// A clock that is set back over midnight finds no second budget, and one that
// is set back to days of which nothing is known finds none at all.
func TestNoSecondBudgetByTheClock(t *testing.T) {
	d := newDesk(t, budget(3*730))
	fourSIMs(&d.options)
	d.planner = NewPlanner(d.options, nil)
	if began, skipped := d.pass(4 * time.Hour); len(began) != 3 || skipped[WhyBudget] != 13 {
		t.Fatalf("%d runs, %v; want 3 for the money", len(began), skipped)
	}
	for _, step := range []struct {
		jump time.Duration
		want int
	}{
		{24 * time.Hour, 3},  // tomorrow
		{-24 * time.Hour, 0}, // today again
		{24 * time.Hour, 0},  // tomorrow again
		{-48 * time.Hour, 3}, // yesterday, of which all is known: nothing was spent
		{-24 * time.Hour, 0}, // the day before: not known
		{-365 * day, 0},      // long ago
		{365*day + 4*day, 3}, // a new day
	} {
		d.offset += step.jump
		if began, _ := d.pass(4 * time.Hour); len(began) != step.want {
			t.Errorf("at %s: %d runs, want %d", d.now().Wall, len(began), step.want)
		}
		d.offset -= 4 * time.Hour // the same hours of each day
	}
}

func TestTheBudget(t *testing.T) {
	const base = 96 * 730
	for _, test := range []struct {
		name           string
		idr            int
		slots, extras  int // in the 12 hours to midnight, a burst wished for all along
		controlAllowed bool
	}{
		{"none", 0, 0, 0, false},
		{"one code", 730, 1, 0, false},
		{"the cadence of half a day", 48 * 730, 48, 0, false},
		{"and five more codes", 53*730 + 229, 48, 5, false},
		{"and a control message", 53*730 + 230, 48, 5, true},
		{"plenty", 2 * base, 48, 60, true},
	} {
		d := newDesk(t, budget(test.idr))
		for i := range 30 {
			d.options.SIMs = append(d.options.SIMs, SIM{ID: fmt.Sprint("more-", i), Operator: "indosat"})
		}
		d.planner = NewPlanner(d.options, nil)
		d.demand(LevelConfirm)
		began, _ := d.pass(12*time.Hour - time.Minute)
		if got := extras(began); got != test.extras || len(began)-got != test.slots {
			t.Errorf("%s: %d runs of the cadence and %d extra ones, want %d and %d", test.name, len(began)-got, got, test.slots, test.extras)
		}
		if got := d.planner.Control(d.now(), "a"); got != test.controlAllowed {
			t.Errorf("%s: a control message is allowed: %t", test.name, got)
		}
		if s := d.planner.Spending(d.now()); s.IDR > test.idr || s.Left != test.idr-s.IDR {
			t.Errorf("%s: %+v", test.name, s)
		}
	}
}

func TestDefaultsOfTheBudget(t *testing.T) {
	zero := 0
	for _, test := range []struct {
		name    string
		base    string
		every   time.Duration
		given   *int
		idr     int
		limited bool
	}{
		{"every quarter of an hour", "http://localhost", 15 * time.Minute, nil, 260_000, true},
		{"every ten minutes", "http://localhost", 10 * time.Minute, nil, 260_000, true},
		{"more often, where texts cost nothing", "http://localhost", 10*time.Minute - 1, nil, 0, false},
		{"more often, where they do", "https://portal.example", 10*time.Minute - 1, nil, 260_000, true},
		{"none allowed", "http://localhost", time.Second, &zero, 0, true},
	} {
		d := newDesk(t, func(o *Options) {
			o.Portal.BaseURL, o.Journeys[0].Every, o.Budget.IDRPerDay = test.base, test.every, test.given
		})
		if idr, limited := d.options.limit(); idr != test.idr || limited != test.limited {
			t.Errorf("%s: Rp%d, limited %t", test.name, idr, limited)
		}
	}
}

// An extra run that began before midnight and asks after it is paid from what the
// new day's cadence leaves over, like any other.
func TestAnExtraRunOverMidnightLeavesTheCadenceItsMoney(t *testing.T) {
	for _, test := range []struct {
		name string
		idr  int
		want bool
	}{{"as much as the cadence costs", 96 * 730, false}, {"and one more", 97 * 730, true}} {
		d := newDesk(t, budget(test.idr))
		for i := range 30 {
			d.options.SIMs = append(d.options.SIMs, SIM{ID: fmt.Sprint("more-", i), Operator: "indosat"})
		}
		d.planner = NewPlanner(d.options, nil)
		d.at = 12*time.Hour - time.Minute
		d.pass(time.Second)
		d.demand(LevelConfirm)
		var extra *Start
		for extra == nil && d.at < 12*time.Hour {
			for _, start := range d.planner.Tick(d.now()).Starts {
				if start.Extra {
					extra = &start
				} else {
					d.planner.Ended(start.Ticket)
				}
			}
			d.at += time.Second
		}
		if extra == nil {
			t.Fatalf("%s: no extra run before midnight", test.name)
		}
		d.at = 12*time.Hour + 10*time.Second
		if got := d.planner.Asking(d.now(), extra.Ticket); got != test.want {
			t.Errorf("%s: it asks: %t, want %t; %+v", test.name, got, test.want, d.planner.Spending(d.now()))
		}
	}
}

func TestDaysAreWIBs(t *testing.T) {
	midnight := time.Date(2026, 11, 1, 17, 0, 0, 0, time.UTC)
	if dayOf(midnight) != dayOf(midnight.Add(-1))+1 || dayOf(midnight) != dayOf(midnight.Add(24*time.Hour-1)) {
		t.Error("a day does not begin at 17.00 UTC")
	}
	if got := leftOfDay(midnight); got != 24*time.Hour {
		t.Errorf("%s are left of a day that begins", got)
	}
	if got := leftOfDay(midnight.Add(-time.Minute).In(time.FixedZone("far", -11*60*60))); got != time.Minute {
		t.Errorf("%s are left, want 1m, whatever the zone", got)
	}
	if dayOf(time.Unix(-1, 0)) > dayOf(time.Unix(0, 0)) || dayOf(time.Unix(-8*60*60, 0)) != -1 {
		t.Error("days before 1970 are not in order")
	}
}

// A restart at any moment neither forgets nor doubles.
func TestARestartRemembers(t *testing.T) {
	d := newDesk(t, func(o *Options) { budget(100 * 730)(o); fourSIMs(o); o.SIMs[0].CreditAt = noon })
	credit := 2000
	d.options.SIMs[0].CreditIDR = &credit
	d.planner = NewPlanner(d.options, nil)
	d.demand(LevelConfirm)
	var stored []Result
	began, _ := d.pass(3 * time.Minute)
	for i, start := range began {
		stored = append(stored, Result{
			Step: StepRequestOTP, Reason: ReasonRequesting, Journey: "sms", Stream: indosat,
			At: noon.Add(time.Duration(i) * time.Minute), Opened: &Wait{Key: start.SIM.ID, Extra: start.Extra},
		})
	}
	before := d.planner.Spending(d.now())
	again := NewPlanner(d.options, nil)
	again.Rebuild(d.now(), Result{Step: StepRequestOTP, Verdict: Up, Journey: "sms", Stream: indosat, At: noon, Opened: &Wait{Key: "a"}})
	for _, r := range stored {
		again.Rebuild(d.now(), r)
	}
	again.RebuildControl(noon.Add(-time.Minute), "a") // before its credit was looked up
	again.RebuildControl(noon, "a")
	again.layOut(d.now())
	after := again.Spending(d.now())
	if after.IDR != before.IDR+2*230 || after.Codes != before.Codes || after.Extras[0] != before.Extras[0] || after.Codes == 0 {
		t.Errorf("after a restart %+v, before it %+v", after, before)
	}
	if got := again.pool.cards[0].credit; got != 2000-500-230 {
		t.Errorf("the first SIM has Rp%d left, want 1270", got)
	}
	again.SetDemands([]Demand{{Stream: indosat, Level: LevelConfirm}})
	for range 60 {
		d.at += time.Second
		for _, start := range again.Tick(d.now()).Starts {
			if start.SIM.ID != "d" {
				t.Errorf("%s is asked again after a restart", start.SIM.ID)
			}
		}
	}
}

func TestARunThatNeverAskedGivesBack(t *testing.T) {
	d := newDesk(t, budget(730))
	start, _ := d.planner.Begin(d.now(), "sms")
	if _, why := d.planner.Begin(d.now(), "sms"); why != WhyInFlight {
		t.Errorf("a second run of the journey begins: %q", why)
	}
	d.planner.Ended(start.Ticket)
	again, why := d.planner.Begin(d.now(), "sms")
	if why != WhyNot || again.SIM.ID != "a" {
		t.Errorf("what was not spent is not there: %q", why)
	}
}

func TestExtraRunsAreNotForPages(t *testing.T) {
	d := newDesk(t, func(o *Options) {
		o.Journeys = append(o.Journeys, Journey{Name: "captcha", Stream: StreamCaptcha, Steps: wholeWay()[:2], Every: time.Hour})
	})
	d.planner.SetDemands([]Demand{{Stream: StreamCaptcha, Level: LevelConfirm}, {Stream: "sms/xl", Level: LevelConfirm}})
	if began, _ := d.pass(50 * time.Minute); extras(began) != 0 {
		t.Errorf("%d extra runs of a stream that carries no codes, or is not probed", extras(began))
	}
}

func TestNextIsWhenSomethingIsDue(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(t, fourSIMs)
		d.at = time.Duration(rapid.IntRange(0, 3600).Draw(rt, "seconds")) * time.Second
		d.demand(rapid.SampledFrom([]Level{LevelNormal, LevelConfirm, LevelListen}).Draw(rt, "level"))
		for range 40 {
			plan := d.planner.Tick(d.now())
			for _, start := range plan.Starts {
				d.ask(start)
			}
			if len(plan.Starts) > 0 {
				continue // what was told to it since is due at once
			}
			if plan.Next <= d.at {
				rt.Fatalf("asked at %s it wants to be asked at %s", d.at, plan.Next)
			}
			// Nothing begins before.
			if early := d.at + (plan.Next-d.at)/2; early > d.at {
				d.at = early
				if began := d.planner.Tick(d.now()).Starts; len(began) > 0 {
					rt.Fatalf("%d runs begin at %s, before %s", len(began), d.at, plan.Next)
				}
			}
			d.at = plan.Next
		}
	})
}

func TestSlotsAreSpreadAndSurviveRestarts(t *testing.T) {
	const every = 15 * time.Minute
	places := map[time.Duration]bool{}
	for i := range 50 {
		name := fmt.Sprintf("journey-%d", i)
		since := sinceSlot(name, every, noon)
		if since < 0 || since >= every {
			t.Fatalf("%s: the last slot was %s ago", name, since)
		}
		later := sinceSlot(name, every, noon.Add(7*time.Minute+3))
		if moved := (later - since - 7*time.Minute - 3) % every; moved != 0 {
			t.Errorf("%s: a restart moves its slots by %s", name, moved)
		}
		places[since.Truncate(time.Minute)] = true
	}
	if len(places) < 10 {
		t.Errorf("50 journeys share %d of 15 minutes", len(places))
	}
	if since := sinceSlot("x", every, time.Unix(-5, 0)); since < 0 || since >= every {
		t.Errorf("before 1970: %s", since)
	}
}

// One step of the planner with 6 journeys and 36 SIMs, now and then with
// something to start.
func BenchmarkPlannerTick(b *testing.B) {
	o := Options{Journeys: []Journey{
		{Name: "portal", Stream: StreamPortal, Steps: wholeWay()[:1], Every: time.Minute},
		{Name: "captcha", Stream: StreamCaptcha, Steps: wholeWay()[:2], Every: time.Minute},
		{Name: "email", Stream: StreamEmail, Steps: wholeWay(), Every: 15 * time.Minute},
	}}
	for _, operator := range []string{"telkomsel", "indosat", "xl"} {
		o.Journeys = append(o.Journeys, Journey{Name: operator, Stream: SMS(operator), Steps: wholeWay(), Every: 15 * time.Minute})
		for i := range 12 {
			o.SIMs = append(o.SIMs, SIM{ID: fmt.Sprint(operator, i), Operator: operator})
		}
	}
	p := NewPlanner(o, nil)
	p.SetDemands([]Demand{{Stream: indosat, Level: LevelConfirm}})
	now := Moment{Wall: noon}
	b.ReportAllocs()
	for b.Loop() {
		now.Up += time.Second
		now.Wall = now.Wall.Add(time.Second)
		for _, start := range p.Tick(now).Starts {
			p.Asking(now, start.Ticket)
			p.Ended(start.Ticket)
		}
	}
}

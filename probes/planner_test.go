package probes

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestPickSIM(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	ago := func(length time.Duration) time.Time { return now.Add(-length) }
	sims := []SIM{{ID: "t-1", Operator: "telkomsel"}, {ID: "x-1", Operator: "xl"}, {ID: "t-2", Operator: "telkomsel"}, {ID: "t-3", Operator: "telkomsel"}}
	for _, test := range []struct {
		name   string
		states map[string]simState
		want   string
		why    skip
	}{
		{"none used yet: the first", nil, "t-1", ""},
		{"one never used", map[string]simState{"t-1": {used: ago(time.Hour)}, "t-2": {used: ago(2 * time.Hour)}}, "t-3", ""},
		{"the longest ago", map[string]simState{"t-1": {used: ago(1)}, "t-2": {used: ago(3)}, "t-3": {used: ago(2)}}, "t-2", ""},
		{"equal: the first configured", map[string]simState{"t-1": {used: ago(1)}, "t-2": {used: ago(1)}, "t-3": {used: ago(1)}}, "t-1", ""},
		{"one waits", map[string]simState{"t-1": {busy: true}, "t-2": {used: ago(1)}, "t-3": {busy: true}}, "t-2", ""},
		{"all wait", map[string]simState{"t-1": {busy: true}, "t-2": {busy: true}, "t-3": {busy: true}}, "", skipNoSIM},
		{"waiting or resting", map[string]simState{"t-1": {busy: true}, "t-2": {rest: now.Add(1)}, "t-3": {busy: true}}, "", skipSpacing},
		{"rested to this instant", map[string]simState{"t-1": {busy: true}, "t-2": {rest: now}, "t-3": {busy: true}}, "t-2", ""},
		{"waits though rested", map[string]simState{"t-1": {busy: true, rest: ago(1)}, "t-2": {busy: true}, "t-3": {busy: true, rest: now.Add(1)}}, "", skipNoSIM},
	} {
		got, why := pickSIM(sims, test.states, "telkomsel", now)
		if got.ID != test.want || why != test.why {
			t.Errorf("%s: got %q (%s), want %q (%s)", test.name, got.ID, why, test.want, test.why)
		}
	}
	if _, why := pickSIM(sims, nil, "indosat", now); why != skipNoSIM {
		t.Errorf("an operator without a SIM gives %q", why)
	}
}

// Whatever happens, a SIM is never asked while it waits or rests, and no free
// one is passed over for one that was used later.
func TestPickSIMNeverDisturbs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const gap = time.Minute
		now := time.Unix(0, 0)
		states := map[string]simState{}
		var sims []SIM
		for i := range rapid.IntRange(1, 5).Draw(t, "sims") {
			sims = append(sims, SIM{ID: fmt.Sprint(i), Operator: "xl"})
		}
		for range rapid.IntRange(1, 40).Draw(t, "ticks") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second)
			got, why := pickSIM(sims, states, "xl", now)
			free := 0
			for _, sim := range sims {
				state := states[sim.ID]
				if state.busy || now.Before(state.rest) {
					continue
				}
				free++
				if why == skipNot && state.used.Before(states[got.ID].used) {
					t.Fatalf("%s was used before %s and is free", sim.ID, got.ID)
				}
			}
			if (free == 0) != (why != skipNot) {
				t.Fatalf("%d free, but %q", free, why)
			}
			if why == skipNot {
				if state := states[got.ID]; state.busy || now.Before(state.rest) {
					t.Fatalf("%s is disturbed: %+v", got.ID, state)
				}
				states[got.ID] = simState{busy: rapid.Bool().Draw(t, "waits on"), used: now, rest: now.Add(gap)}
			}
		}
	})
}

func TestMissedTicks(t *testing.T) {
	start := time.Unix(1000, 0)
	for _, test := range []struct {
		after time.Duration
		want  int
	}{
		{-time.Second, 0},
		{0, 0},
		{time.Second, 0},
		{9 * time.Second, 0},
		{10 * time.Second, 0},
		{14 * time.Second, 0},
		{16 * time.Second, 1},
		{20 * time.Second, 1},
		{24 * time.Second, 1},
		{100 * time.Second, 9},
	} {
		if got := missedTicks(start, start.Add(test.after), 10*time.Second); got != test.want {
			t.Errorf("after %s: %d missed, want %d", test.after, got, test.want)
		}
	}
	if got := missedTicks(time.Time{}, start, time.Second); got != 0 {
		t.Errorf("the first tick: %d missed", got)
	}
}

func TestPhasesSpreadJourneysAndSurviveRestarts(t *testing.T) {
	const every = 15 * time.Minute
	now := time.Now()
	places := map[time.Duration]bool{}
	for i := range 50 {
		name := fmt.Sprintf("journey-%d", i)
		at := phase(name, every, now)
		if since := now.Sub(at); since < 0 || since >= every {
			t.Fatalf("%s: the last tick was %s ago", name, since)
		}
		later := phase(name, every, now.Add(7*time.Minute+3))
		if moved := later.Sub(at); moved != 0 && moved != every {
			t.Errorf("%s: a restart moves its ticks by %s", name, moved)
		}
		places[now.Sub(at).Truncate(time.Minute)] = true
	}
	if len(places) < 10 {
		t.Errorf("50 journeys share %d of 15 minutes", len(places))
	}
}

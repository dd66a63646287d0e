package probes

import "slices"

// Level is how much the detector wants to know about a stream.
type Level string

// The levels, from the usual cadence to the two ways of leaving it.
const (
	LevelNormal  Level = "normal"  // the configured cadence
	LevelConfirm Level = "confirm" // suspected, or perhaps over: more, soon, within the budget
	LevelListen  Level = "listen"  // confirmed: fewer requests, listen to those outstanding
)

// Demand is the detector's wish for one stream, valid until replaced.
type Demand struct {
	Stream Stream
	Level  Level
	// EmptySIMs are our SIMs of the stream that look as if their credit was
	// used up, by id.
	EmptySIMs []string
}

// SetDemands replaces what the detector wishes. A stream that is not named has
// its usual cadence.
func (p *Prober) SetDemands(demands []Demand) {
	p.mu.Lock()
	before := p.planner.pool.emptyIDs()
	p.planner.SetDemands(demands)
	after := p.planner.pool.emptyIDs()
	p.mu.Unlock()
	for _, sim := range after {
		if !slices.Contains(before, sim) {
			p.deps.Log.Warn("a SIM looks empty: none of its codes comes while others get theirs; it is not used", "sim", sim)
		}
	}
}

package probes

// Level is how much the detector wants to know about a stream.
type Level string

// The levels, from the usual cadence to the two ways of leaving it. The first
// detector does not ask for LevelConfirm yet.
const (
	LevelNormal  Level = "normal"  // the configured cadence
	LevelConfirm Level = "confirm" // suspected: more, soon, within the budget
	LevelListen  Level = "listen"  // confirmed: fewer requests, listen to those outstanding
)

// Demand is the detector's wish for one stream, valid until replaced.
type Demand struct {
	Stream Stream
	Level  Level
}

// SetDemands replaces what the detector wishes. A stream that is not named has
// its usual cadence.
func (p *Prober) SetDemands(demands []Demand) {
	levels := make(map[Stream]Level, len(demands))
	for _, d := range demands {
		levels[d.Stream] = d.Level
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.levels = levels
}

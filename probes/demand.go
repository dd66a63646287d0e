package probes

import "time"

// Level is how much the detector wants to know about a stream.
type Level string

// The levels, from the usual cadence to the two ways of leaving it.
const (
	LevelNormal  Level = "normal"  // the configured cadence
	LevelConfirm Level = "confirm" // suspected: more, soon, within the budget
	LevelListen  Level = "listen"  // confirmed: fewer requests, listen to those outstanding
)

// Demand is the detector's wish for one stream, valid until replaced.
type Demand struct {
	Stream Stream
	Level  Level
	Since  time.Time
}

//go:build race

package inbox

// raceEnabled says that the race detector slows everything down.
const raceEnabled = true

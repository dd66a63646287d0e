//go:build race

package probes

// raceEnabled: everything takes ten times as long.
const raceEnabled = true

// Package incident decides what follows from the state of the components:
// what is opened, updated and resolved, and what is said to whom. Policy is a
// pure function; Engine records what it decides together with the results it
// was decided from, in one transaction.
package incident

import (
	"time"

	"pantau/detect"
	"pantau/internal/words"
	"pantau/probes"
)

// Status of an incident, in the words of the Statuspage API.
type Status string

// The statuses, in order.
const (
	Investigating Status = "investigating"
	Identified    Status = "identified"
	Monitoring    Status = "monitoring"
	Resolved      Status = "resolved"
)

// Impact of an incident on the public.
type Impact string

// The impacts, worst last.
const (
	ImpactNone     Impact = "none"
	ImpactMinor    Impact = "minor"
	ImpactMajor    Impact = "major"
	ImpactCritical Impact = "critical"
)

// ImpactOf is the impact of a component in the given state.
func ImpactOf(state detect.State) Impact {
	switch state {
	case detect.Degraded:
		return ImpactMinor
	case detect.Partial:
		return ImpactMajor
	case detect.Major:
		return ImpactCritical
	default:
		return ImpactNone
	}
}

// Rank orders impacts, 0 for none.
func (i Impact) Rank() int {
	switch i {
	case ImpactMinor:
		return 1
	case ImpactMajor:
		return 2
	case ImpactCritical:
		return 3
	default:
		return 0
	}
}

// Incident is one cause of trouble on one or more components.
type Incident struct {
	ID         string // INC-2023-001, counted per year in WIB
	Cause      detect.Cause
	Status     Status
	Impact     Impact // the worst so far
	Components []detect.Component
	Title      words.Text
	StartedAt  time.Time // when the trouble began, as well as can be told
	OpenedAt   time.Time
	ResolvedAt time.Time // zero while open
	Updates    []Update  // oldest first
}

// Open says whether the incident has not been resolved.
func (i Incident) Open() bool { return i.Status != Resolved }

// Update is one thing said about an incident.
type Update struct {
	ID         string // INC-2023-001/1
	Number     int    // from 1
	Status     Status
	At         time.Time
	Body       words.Text   // what happens: one sentence
	Advice     []words.Text // what to do now, most useful first
	NextBy     time.Time    // when the next update is due; zero once resolved
	Components []Affected
	Told       []Audience // who got a notice of it; the page shows every update
}

// Affected is a component's state at the time of an update.
type Affected struct {
	Component detect.Component `json:"component"`
	Old       detect.State     `json:"old"`
	New       detect.State     `json:"new"`
}

// Maintenance is planned downtime.
type Maintenance struct {
	ID         string             `yaml:"id"`
	Title      words.Text         `yaml:"title"`
	Components []detect.Component `yaml:"components"`
	From       time.Time          `yaml:"from"`
	Until      time.Time          `yaml:"until"`
}

// Covers says whether the window is open at t for component.
func (m Maintenance) Covers(component detect.Component, t time.Time) bool {
	if t.Before(m.From) || !t.Before(m.Until) {
		return false
	}
	for _, c := range m.Components {
		if c == component {
			return true
		}
	}
	return false
}

// Situation is everything the page and the team are told, as of one commit.
type Situation struct {
	At           time.Time           // when it was decided
	Components   []detect.Assessment // in configured order
	Incidents    []Incident          // open ones and those of the last 90 days, newest first
	Maintenances []Maintenance       // running and to come, soonest first
	Demands      []probes.Demand     // what the detector wants probed otherwise
	LastResult   time.Time           // of any kind that was not Unknown; zero when none
}

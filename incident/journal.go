package incident

import (
	"context"

	"pantau/detect"
	"pantau/probes"
)

// Commit is what one Record made true: everything in it or nothing of it.
type Commit struct {
	Results    []probes.Result     // with the waits they open and close
	Components []detect.Assessment // those whose state changed
	Incidents  []Incident          // those that changed, whole; a stored update never changes
	Notices    []Notice            // new ones
}

// Journal keeps commits; store implements it.
type Journal interface {
	Commit(ctx context.Context, c Commit) error
}

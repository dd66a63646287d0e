// Package invalid reports mistakes in settings with the place they stand at,
// so that the configuration can point at line and column, and all of them can
// be said at once with errors.Join.
package invalid

import (
	"errors"
	"fmt"
	"strings"
)

// Error is one mistake at one place.
type Error struct {
	Path    string // as written in the file: "journeys[2].every"
	Problem string // what is wrong and what was expected
}

func (e *Error) Error() string {
	if e.Path == "" {
		return e.Problem
	}
	return e.Path + ": " + e.Problem
}

// At is a mistake at path.
func At(path, format string, args ...any) error {
	return &Error{Path: path, Problem: fmt.Sprintf(format, args...)}
}

// In puts every mistake in err below path: In("portal", At("url", …)) is at
// "portal.url". It gives nil for nil.
func In(path string, err error) error {
	var below []error
	for _, e := range All(err) {
		below = append(below, &Error{Path: join(path, e.Path), Problem: e.Problem})
	}
	return errors.Join(below...)
}

// All takes a joined error apart. An error that has no place gets an empty one.
func All(err error) []*Error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*Error
		for _, e := range joined.Unwrap() {
			all = append(all, All(e)...)
		}
		return all
	}
	var placed *Error
	if errors.As(err, &placed) {
		return []*Error{placed}
	}
	return []*Error{{Problem: err.Error()}}
}

func join(above, below string) string {
	switch {
	case above == "":
		return below
	case below == "", strings.HasPrefix(below, "["):
		return above + below
	default:
		return above + "." + below
	}
}

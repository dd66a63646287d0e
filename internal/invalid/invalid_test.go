package invalid_test

import (
	"errors"
	"testing"

	"pantau/internal/invalid"
)

func TestPathsAreJoined(t *testing.T) {
	inner := errors.Join(
		invalid.At("every", "%d is not a duration", 5),
		invalid.At("[2].name", "is empty"),
		invalid.At("", "is missing"),
		errors.New("placeless"),
		nil,
	)
	err := invalid.In("portal", errors.Join(invalid.In("journeys", inner)))

	want := []string{
		"portal.journeys.every: 5 is not a duration",
		"portal.journeys[2].name: is empty",
		"portal.journeys: is missing",
		"portal.journeys: placeless",
	}
	got := invalid.All(err)
	if len(got) != len(want) {
		t.Fatalf("%d mistakes, want %d: %v", len(got), len(want), err)
	}
	for i := range want {
		if got[i].Error() != want[i] {
			t.Errorf("mistake %d is %q, want %q", i, got[i], want[i])
		}
	}
	if invalid.In("x", nil) != nil {
		t.Error("no mistake became one")
	}
}

package store

import (
	"reflect"
	"slices"
	"testing"

	"pantau/incident"
)

// A field that the samples leave empty would come back empty unnoticed, which
// is how the numbers of a thread once began again after a restart.
func TestSamplesAreWhole(t *testing.T) {
	resolved := sampleIncident()
	resolved.ResolvedAt = start
	for _, sample := range []any{
		sampleUpdate(1), resolved, sampleNotice(1, incident.IT, start), sampleState(),
	} {
		value := reflect.ValueOf(sample)
		for i := range value.NumField() {
			field := value.Type().Field(i).Name
			if value.Field(i).IsZero() && !notStored(value.Type(), field) {
				t.Errorf("the sample of %s leaves %s empty", value.Type(), field)
			}
		}
	}
}

// notStored are fields that need not come back: what State tells, what only
// unknown components have, and what follows anew from the stored results.
func notStored(of reflect.Type, field string) bool {
	anew := []string{"Measured", "Blind", "EmptySIMs", "EmptySince", "Lax", "LaxSince", "Fault", "Picture"}
	return of.Name() == "Assessment" && slices.Contains(anew, field)
}

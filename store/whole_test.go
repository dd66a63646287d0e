package store

import (
	"reflect"
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

// notStored are fields that need not come back.
func notStored(of reflect.Type, field string) bool {
	return of.Name() == "Assessment" && (field == "Measured" || field == "Blind") // told by State; only of unknown ones
}

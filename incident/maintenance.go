package incident

import (
	"errors"
	"fmt"
	"slices"

	"pantau/detect"
	"pantau/internal/invalid"
	"pantau/internal/words"
)

// Validate gives every mistake in m with its place; known are the components
// there are.
func (m Maintenance) Validate(known []detect.Component) error {
	var mistakes []error
	if m.ID == "" {
		mistakes = append(mistakes, invalid.At("id", "is missing; it stands in the window's address"))
	}
	for _, lang := range words.Langs() {
		if m.Title.In(lang) == "" {
			mistakes = append(mistakes, invalid.At("title."+string(lang), "is missing"))
		}
	}
	if len(m.Components) == 0 {
		mistakes = append(mistakes, invalid.At("components", "is empty; some of %v", known))
	}
	for i, c := range m.Components {
		if !slices.Contains(known, c) {
			mistakes = append(mistakes, invalid.At(fmt.Sprintf("components[%d]", i), "%q is unknown; one of %v", c, known))
		}
	}
	switch {
	case m.From.IsZero():
		mistakes = append(mistakes, invalid.At("from", "is missing; write 2023-05-26T18:00:00+07:00"))
	case !m.Until.After(m.From):
		mistakes = append(mistakes, invalid.At("until", "is not after from"))
	}
	return errors.Join(mistakes...)
}

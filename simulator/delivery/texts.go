package delivery

import (
	"fmt"
	"strings"
	"time"
)

// Duration is a time.Duration that is written "14m" or "1h30m" in JSON and
// YAML, as Go writes it. A bare number is refused, because nobody can tell
// whether it means seconds or minutes.
type Duration time.Duration

// MarshalText writes d without trailing zero units: "14m", not "14m0s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration; write 90s, 15m or 1h30m", text)
	}
	*d = Duration(parsed)
	return nil
}

// UnmarshalYAML reads d as text only. Without it a YAML decoder takes a bare
// number for nanoseconds.
func (d *Duration) UnmarshalYAML(decode func(any) error) error {
	var text string
	if err := decode(&text); err != nil {
		return err
	}
	return d.UnmarshalText([]byte(text))
}

func (d Duration) String() string {
	text := time.Duration(d).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Time is an instant that is written in RFC 3339 with its zone in JSON and
// YAML, and in no other way: a YAML decoder left to itself takes a time
// without a zone, or turns what it cannot read into no time at all.
type Time struct{ time.Time }

// At wraps t.
func At(t time.Time) Time { return Time{t} }

// UnmarshalText reads RFC 3339.
func (t *Time) UnmarshalText(text []byte) error {
	parsed, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return fmt.Errorf("%q is not a time; write 2006-01-02T15:04:05+07:00", text)
	}
	t.Time = parsed
	return nil
}

// UnmarshalYAML reads t as text.
func (t *Time) UnmarshalYAML(decode func(any) error) error {
	var text string
	if err := decode(&text); err != nil {
		return err
	}
	return t.UnmarshalText([]byte(text))
}

// UnmarshalJSON reads t as text.
func (t *Time) UnmarshalJSON(raw []byte) error {
	text, isText := strings.CutPrefix(string(raw), `"`)
	text, closed := strings.CutSuffix(text, `"`)
	if !isText || !closed {
		return fmt.Errorf("%s is not a time; write \"2006-01-02T15:04:05+07:00\"", raw)
	}
	return t.UnmarshalText([]byte(text))
}

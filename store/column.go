package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// The types below wrap a pointer to a field and are both what is written (a
// driver.Valuer) and where a column is read to (a sql.Scanner), so that one
// list of fields serves both ways and cannot get out of step.

// instant is a column of UTC epoch milliseconds, 0 for the zero time.
type instant struct{ to *time.Time }

func (i instant) Value() (driver.Value, error) { return millis(*i.to), nil }

func (i instant) Scan(column any) error {
	value, ok := column.(int64)
	if !ok {
		return fmt.Errorf("reading an instant: got %T, want int64", column)
	}
	*i.to = time.Time{}
	if value != 0 {
		*i.to = time.UnixMilli(value).UTC()
	}
	return nil
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// flag is a column of 0 or 1.
type flag struct{ to *bool }

func (f flag) Value() (driver.Value, error) {
	if *f.to {
		return int64(1), nil
	}
	return int64(0), nil
}

func (f flag) Scan(column any) error {
	value, ok := column.(int64)
	if !ok {
		return fmt.Errorf("reading a flag: got %T, want int64", column)
	}
	*f.to = value != 0
	return nil
}

// foreign is a text column for what came from outside: bytes that are not
// UTF-8, and NUL, which PostgreSQL refuses, become U+FFFD.
type foreign struct{ to *string }

func (f foreign) Value() (driver.Value, error) { return cleaned(*f.to), nil }

func (f foreign) Scan(column any) error {
	value, ok := column.(string)
	if !ok {
		return fmt.Errorf("reading a text: got %T, want string", column)
	}
	*f.to = value
	return nil
}

func cleaned(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// document is a column of JSON. to is a pointer.
type document struct{ to any }

func (d document) Value() (driver.Value, error) {
	encoded, err := json.Marshal(d.to)
	return string(encoded), err
}

func (d document) Scan(column any) error {
	value, ok := column.(string)
	if !ok {
		return fmt.Errorf("reading a document: got %T, want string", column)
	}
	return json.Unmarshal([]byte(value), d.to)
}

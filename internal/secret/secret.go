// Package secret holds values that must never be printed: tokens, keys, phone
// numbers and one-time codes. A Value can be compared and used, but every way
// of formatting it gives "<secret>".
package secret

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
)

// Hidden is what every formatted Value looks like.
const Hidden = "<secret>"

// Value is a text that never prints. The zero Value is the empty secret.
type Value struct{ text string }

// New wraps text.
func New(text string) Value { return Value{text} }

// Parse reads a secret reference as it stands in a configuration file:
// ${env:NAME} or ${file:PATH}. A trailing line end of the file is dropped.
// A literal is refused, so that secrets do not end up in version control, and
// so is a reference to something missing or empty.
func Parse(reference string) (Value, error) {
	inner, isReference := strings.CutPrefix(reference, "${")
	inner, closed := strings.CutSuffix(inner, "}")
	kind, name, named := strings.Cut(inner, ":")
	if !isReference || !closed || !named || name == "" {
		return Value{}, fmt.Errorf("a secret is written ${env:NAME} or ${file:PATH}, never in the file itself")
	}
	switch kind {
	case "env":
		text := os.Getenv(name)
		if text == "" {
			return Value{}, fmt.Errorf("the environment variable %s is not set", name)
		}
		return Value{text}, nil
	case "file":
		raw, err := os.ReadFile(name)
		if err != nil {
			return Value{}, fmt.Errorf("reading a secret: %w", err)
		}
		text := strings.TrimRight(string(raw), "\r\n")
		if text == "" {
			return Value{}, fmt.Errorf("the secret file %s is empty", name)
		}
		return Value{text}, nil
	default:
		return Value{}, fmt.Errorf("%q is not a place for secrets; write ${env:NAME} or ${file:PATH}", kind)
	}
}

// Reveal gives the text itself. Call it only where the secret is used.
func (v Value) Reveal() string { return v.text }

// Empty says whether there is nothing in v.
func (v Value) Empty() bool { return v.text == "" }

// Equal compares in constant time.
func (v Value) Equal(other string) bool {
	return subtle.ConstantTimeCompare([]byte(v.text), []byte(other)) == 1
}

// String hides the text.
func (v Value) String() string { return Hidden }

// GoString hides the text from %#v.
func (v Value) GoString() string { return Hidden }

// Format hides the text from every verb.
func (v Value) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, Hidden) }

// LogValue hides the text from slog.
func (v Value) LogValue() slog.Value { return slog.StringValue(Hidden) }

// MarshalText hides the text from JSON, YAML and other encoders.
func (v Value) MarshalText() ([]byte, error) { return []byte(Hidden), nil }

// UnmarshalText reads a reference with Parse.
func (v *Value) UnmarshalText(reference []byte) error {
	parsed, err := Parse(string(reference))
	if err != nil {
		return err
	}
	*v = parsed
	return nil
}

package config

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
)

// notYAML says where a text stops being YAML, without the library's picture of
// the lines around, which may hold secrets.
func notYAML(name string, err error) error {
	var syntax *yaml.SyntaxError
	if !errors.As(err, &syntax) {
		return fmt.Errorf("%s: %w", name, err)
	}
	position := syntax.Token.Position
	return fmt.Errorf("%s:%d:%d: %s", name, position.Line, position.Column, syntax.Message)
}

package probes

import (
	_ "embed" // the profile below
	"fmt"

	"github.com/goccy/go-yaml"
)

//go:embed ereg.yaml
var eregYAML []byte

// EregProfile is the profile of e-Registration at baseURL, without the
// oracle's secret.
func EregProfile(baseURL string) (Portal, error) {
	var p Portal
	if err := yaml.UnmarshalWithOptions(eregYAML, &p, yaml.Strict()); err != nil {
		return Portal{}, fmt.Errorf("reading the embedded profile ereg.yaml: %w", err)
	}
	p.BaseURL = baseURL
	return p, nil
}

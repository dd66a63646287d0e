package config_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"
)

// TestEveryKeyIsDescribed: docs/config.md has a table row for each setting, and
// for nothing else.
func TestEveryKeyIsDescribed(t *testing.T) {
	root := schemaNode(t)
	manual, err := os.ReadFile("../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	known := root.keys("")
	var described []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(string(manual), -1) {
		described = append(described, row[1])
	}
	if len(known) < 100 {
		t.Errorf("the schema has only %d keys; is it read as it is built?", len(known))
	}
	for _, key := range known {
		if !slices.Contains(described, key) {
			t.Errorf("docs/config.md does not describe %s", key)
		}
	}
	for i, key := range described {
		if !slices.Contains(known, key) {
			t.Errorf("docs/config.md describes %s, which is not a setting", key)
		}
		if slices.Contains(described[:i], key) {
			t.Errorf("docs/config.md describes %s twice", key)
		}
	}
}

// schemaNode is the root of the schema.
func schemaNode(t *testing.T) node {
	t.Helper()
	raw, err := os.ReadFile("config.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var root node
	if err := json.Unmarshal(raw, &root); err != nil {
		t.Fatal(err)
	}
	return root
}

// node is the part of a JSON schema that says which keys there are.
type node struct {
	Properties map[string]node `json:"properties"`
	Items      *node           `json:"items"`
}

// keys are the settings at path and below, as the manual writes them:
// "journeys[].every". A text in two languages is one setting.
func (n node) keys(path string) []string {
	names := slices.Sorted(maps.Keys(n.Properties))
	switch {
	case n.Items != nil && len(n.Items.Properties) > 0 && !n.Items.isText():
		return n.Items.keys(path + "[]")
	case len(names) == 0, n.isText():
		return []string{path}
	case path != "":
		path += "."
	}
	var keys []string
	for _, name := range names {
		keys = append(keys, n.Properties[name].keys(path+name)...)
	}
	return keys
}

// isText says whether the node is a text in two languages.
func (n node) isText() bool {
	return slices.Equal(slices.Sorted(maps.Keys(n.Properties)), []string{"en", "id"})
}

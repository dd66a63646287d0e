package config_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pantau/config"

	"github.com/goccy/go-yaml"
	validator "github.com/santhosh-tekuri/jsonschema/v6"
)

// uncommented is the example with every setting that stands there as a comment,
// and how many lines that were.
func uncommented(t *testing.T) (text string, lines int) {
	t.Helper()
	raw, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	setting := regexp.MustCompile(`^( *)# ( *(?:- )?(?:[a-z_]+:(?: |$)|\{).*)$`)
	var all []string
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSuffix(line, "\n")
		if found := setting.FindStringSubmatch(line); found != nil {
			line = found[1] + found[2]
			lines++
		}
		all = append(all, line)
	}
	return strings.Join(all, "\n") + "\n", lines
}

// withFiles has every ${file:…} of text name a file that is there.
func withFiles(t *testing.T, text string) string {
	t.Helper()
	folder := t.TempDir()
	return regexp.MustCompile(`\$\{file:/[^}]*/([^}/]+)\}`).ReplaceAllStringFunc(text, func(reference string) string {
		name := filepath.Base(strings.TrimSuffix(reference, "}"))
		value := "secret-" + name
		switch {
		case name == "signing.pem": // test-key-ed25519 of RFC 9421, B.1.4
			value = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----\n"
		case name == "mailbox":
			value = "probe@mail.example"
		case strings.HasPrefix(name, "sim-"):
			value = "+6281799999999"
		}
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
		return "${file:" + path + "}"
	})
}

// TestTheCommentedExamplesAreValid: whoever takes the # away from what stands in
// config.yaml has a configuration that works.
func TestTheCommentedExamplesAreValid(t *testing.T) {
	text, lines := uncommented(t)
	if lines < 40 {
		t.Errorf("only %d lines of config.yaml are settings in a comment; are they read as they are written?", lines)
	}
	setSecrets(t, text)
	c, err := config.Parse("config.yaml", []byte(withFiles(t, text)))
	if err != nil {
		t.Fatalf("with its comments taken away config.yaml has mistakes:\n%v", err)
	}
	if len(c.Gateways) != 3 || len(c.Maintenance) != 1 || c.Portal.Signing == nil || len(c.Inbox.Gammu) != 1 {
		t.Errorf("%d gateways, %d windows of maintenance, signing %v, %d modems: not all comments were taken away",
			len(c.Gateways), len(c.Maintenance), c.Portal.Signing != nil, len(c.Inbox.Gammu))
	}
	asJSON, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	document, err := validator.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := validator.NewCompiler().Compile("config.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(document); err != nil {
		t.Errorf("the schema refuses it: %v", err)
	}
}

// TestTheExampleShowsEachPart: a newcomer looks there for what there is.
func TestTheExampleShowsEachPart(t *testing.T) {
	text, _ := uncommented(t)
	var shown map[string]any
	if err := yaml.Unmarshal([]byte(text), &shown); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"", "portal", "inbox"} {
		here, known := shown, schemaNode(t)
		if part != "" {
			here, _ = shown[part].(map[string]any)
			known = known.Properties[part]
		}
		for _, key := range slices.Sorted(maps.Keys(known.Properties)) {
			if _, is := here[key]; !is && !slices.Contains(leftOut(), key) {
				t.Errorf("config.yaml does not show %s", strings.TrimPrefix(part+"."+key, "."))
			}
		}
	}
}

// leftOut are settings whose default is right for nearly everybody.
func leftOut() []string {
	return []string{"hosts", "stop_header", "node_header", "clock_tolerance", "stamp_tolerance", "senders"}
}

package config_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"pantau/config"
	"pantau/detect"
	"pantau/incident"
	"pantau/internal/secret"
	"pantau/internal/words"
	"pantau/notifier"
	"pantau/probes"
	"pantau/statuspage"

	"github.com/goccy/go-yaml"
	"github.com/invopop/jsonschema"
	validator "github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write the schema anew")

const schemaFile = "config/config.schema.json"

// TestTheSchemaIsTrue: the schema that editors read is the one the settings
// give, descriptions included. `go test ./config -run Schema -update` writes it.
func TestTheSchemaIsTrue(t *testing.T) {
	t.Chdir("..")
	want := schema(t)
	if *update {
		if err := os.WriteFile(schemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the settings give; run go test ./config -run Schema -update", schemaFile)
	}
}

func TestTheSchemaAcceptsTheExampleAndRefusesMistakes(t *testing.T) {
	compiler := validator.NewCompiler()
	compiled, err := compiler.Compile("config.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, good := range []string{"../config.yaml", "testdata/good.yaml"} {
		if err := compiled.Validate(document(t, good)); err != nil {
			t.Errorf("the schema refuses %s: %v", good, err)
		}
	}
	// Of the mistakes these are the ones a schema can see.
	for _, bad := range []string{
		"unknown-key", "unknown-key-deep", "duration-without-unit", "duration-nonsense", "literal-secret",
		"literal-number", "step-unknown", "kind-unknown", "not-a-mapping", "not-a-list", "not-a-boolean",
		"not-a-number", "not-a-time",
	} {
		if err := compiled.Validate(document(t, "testdata/bad/"+bad+".yaml")); err == nil {
			t.Errorf("the schema accepts bad/%s.yaml", bad)
		}
	}
}

// document is a YAML file as a JSON schema sees it.
func document(t *testing.T, path string) any {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := yaml.YAMLToJSON(raw)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := validator.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func schema(t *testing.T) []byte {
	t.Helper()
	r := &jsonschema.Reflector{
		FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true, ExpandedStruct: true, DoNotReference: true,
		Mapper: oneText, Anonymous: true, CommentMap: map[string]string{},
	}
	for _, folder := range []string{"config", "probes", "inbox", "notifier", "statuspage", "store", "incident", "internal/words"} {
		if err := r.AddGoComments("pantau", folder); err != nil {
			t.Fatal(err)
		}
	}
	for name, comment := range r.CommentMap {
		r.CommentMap[name] = strings.Join(strings.Fields(comment), " ")
	}
	s := r.Reflect(config.Config{})
	s.Title = "Pantau's config.yaml"
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(s); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// oneText describes the types that are written as one text, or as one of few.
func oneText(of reflect.Type) *jsonschema.Schema {
	switch of {
	case reflect.TypeFor[time.Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: `^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`, Examples: []any{"90s", "15m"}}
	case reflect.TypeFor[time.Time]():
		return &jsonschema.Schema{
			Type: "string", Pattern: `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$`, Examples: []any{"2023-05-26T18:00:00+07:00"},
		}
	case reflect.TypeFor[secret.Value]():
		return &jsonschema.Schema{Type: "string", Pattern: `^\$\{(env|file):[^}]+\}$`, Examples: []any{"${env:NAME}", "${file:PATH}"}}
	case reflect.TypeFor[probes.Step]():
		return oneOf(probes.StepOpen, probes.StepCaptcha, probes.StepRequestOTP, probes.StepAwaitOTP, probes.StepSubmitOTP,
			probes.StepSendControl, probes.StepAwaitControl)
	case reflect.TypeFor[notifier.Kind]():
		return oneOf(notifier.KindX, notifier.KindSlack, notifier.KindConsole)
	case reflect.TypeFor[notifier.Transport]():
		return oneOf(notifier.TransportV2, notifier.TransportV11)
	case reflect.TypeFor[notifier.IncludeLink]():
		return oneOf(notifier.LinkNever, notifier.LinkRoot, notifier.LinkAlways)
	case reflect.TypeFor[incident.Audience]():
		return oneOf(incident.Public, incident.IT)
	case reflect.TypeFor[words.Lang]():
		return oneOf(words.Indonesian, words.English)
	case reflect.TypeFor[statuspage.Publisher]():
		return oneOf(statuspage.Official, statuspage.Independent)
	case reflect.TypeFor[detect.Component](), reflect.TypeFor[probes.Stream]():
		return &jsonschema.Schema{Type: "string"}
	default:
		return nil
	}
}

func oneOf[T ~string](values ...T) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, v := range values {
		s.Enum = append(s.Enum, string(v))
	}
	return s
}

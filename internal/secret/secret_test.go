package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pantau/internal/secret"
)

func TestAValueNeverPrints(t *testing.T) {
	const canary = "s3cr3t-canary"
	v := secret.New(canary)
	holder := struct{ Token secret.Value }{v}

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		fmt.Fprintf(&out, verb, v)
		fmt.Fprintf(&out, verb, holder)
		fmt.Fprintf(&out, verb, &holder)
	}
	if err := json.NewEncoder(&out).Encode(holder); err != nil {
		t.Fatal(err)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "token", v, "holder", holder)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "token", v, "holder", holder)

	if strings.Contains(out.String(), canary) || strings.Contains(out.String(), fmt.Sprintf("%x", canary)) {
		t.Errorf("the secret was printed:\n%s", out.String())
	}
	if v.Reveal() != canary {
		t.Errorf("Reveal gives %q, want the text", v.Reveal())
	}
}

func TestParse(t *testing.T) {
	dir := t.TempDir()
	good, empty := filepath.Join(dir, "good"), filepath.Join(dir, "empty")
	for path, text := range map[string]string{good: "from-file\n", empty: "\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PANTAU_TEST_SECRET", "from-env")

	for _, test := range []struct{ reference, want, wantErr string }{
		{"${env:PANTAU_TEST_SECRET}", "from-env", ""},
		{"${file:" + good + "}", "from-file", ""},
		{"${file:" + empty + "}", "", "is empty"},
		{"${file:" + dir + "/none}", "", "no such file"},
		{"${env:PANTAU_TEST_UNSET}", "", "is not set"},
		{"${vault:x}", "", "not a place for secrets"},
		{"xoxb-literal", "", "never in the file itself"},
		{"${env:}", "", "never in the file itself"},
		{"", "", "never in the file itself"},
	} {
		got, err := secret.Parse(test.reference)
		switch {
		case test.wantErr == "" && (err != nil || got.Reveal() != test.want):
			t.Errorf("Parse(%q) = %q, %v; want %q", test.reference, got.Reveal(), err, test.want)
		case test.wantErr != "" && (err == nil || !strings.Contains(err.Error(), test.wantErr)):
			t.Errorf("Parse(%q) gives error %v; want one with %q", test.reference, err, test.wantErr)
		}
		if err != nil && strings.Contains(err.Error(), "xoxb-literal") {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
}

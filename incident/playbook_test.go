package incident_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"pantau/incident"
)

func TestPlaybooksWithMistakesAreRefused(t *testing.T) {
	for _, test := range []struct{ name, file, old, new, want string }{
		{"unknown key", "otp-late.yaml", "title:", "titel:", "unknown field"},
		{"unknown condition", "otp-late.yaml", "[codes-usable]", "[codes-useable]", `advice[3].when: "codes-useable" is unknown`},
		{"unknown placeholder", "otp-late.yaml", "masukkan kode yang", "masukkan {kode} yang", "advice[3]: id has the placeholders [kode], en has []"},
		{"the same in both", "portal-down.yaml", "{figures}", "{angka}", "update[0]: {angka} is unknown"},
		{"one language", "captcha-loop.yaml", `en: "Since {since}, the captcha has been repeating even after correct answers; it is not your mistake. {figures}"`, `en: ""`, "update[0]: needs a text in both languages"},
		{"wrong file", "otp-lost.yaml", "cause: otp-lost", "cause: otp-late", `cause: "otp-late", want the file's name "otp-lost"`},
		{"no sentence", "common.yaml", "last_advice:", "last_advice: []\nlast:", "unknown field"},
		{"a missing reason", "common.yaml", "    own-line:", "    own-lane:", "blind.reasons.own-line: needs a text in both languages"},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := copied(t)
			text := string(folder[test.file].Data)
			if !strings.Contains(text, test.old) {
				t.Fatalf("%s does not hold %q", test.file, test.old)
			}
			folder[test.file].Data = []byte(strings.ReplaceAll(text, test.old, test.new))
			_, err := incident.LoadPlaybooks(folder)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), test.file) {
				t.Errorf("the mistake gives %v, want the file and %q", err, test.want)
			}
		})
	}
}

func TestAMissingPlaybookIsNamed(t *testing.T) {
	folder := copied(t)
	delete(folder, "otp-lost.yaml")
	delete(folder, "common.yaml")
	_, err := incident.LoadPlaybooks(folder)
	for _, want := range []string{"otp-lost.yaml: missing", "common.yaml: missing"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want it to say %q", err, want)
		}
	}
}

// copied is the folder of built-in playbooks, free to be spoiled.
func copied(t *testing.T) fstest.MapFS {
	t.Helper()
	source := os.DirFS("playbooks")
	names, err := fs.Glob(source, "*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no playbooks: %v", err)
	}
	folder := fstest.MapFS{}
	for _, name := range names {
		raw, err := fs.ReadFile(source, name)
		if err != nil {
			t.Fatal(err)
		}
		folder[name] = &fstest.MapFile{Data: raw}
	}
	return folder
}

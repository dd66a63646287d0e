package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pantau/config"
)

const goodPermission = `owner: Direktorat Contoh
contact: ti@portal.example
hosts: [portal.example]
reach: captcha
caps: {requests_per_minute: 60, requests_per_hour: 600}
issued: 2026-01-01T00:00:00+07:00
expires: 2026-07-01T00:00:00+07:00
note: |
  Surat S-1/2026
`

func TestAPermissionIsReadStrictly(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"good", goodPermission, ""},
		{"unknown key", "reech: get\n" + goodPermission, "permission.yaml:1:1: reech: is unknown; one of caps, contact, expires, hosts, issued, note, owner, reach"},
		{"unknown cap", "owner: A\ncontact: b\nhosts: [c]\nreach: get\nissued: 2026-01-01T00:00:00Z\nexpires: 2026-01-02T00:00:00Z\n" +
			"caps: {requests_per_minute: 1, requests_per_hour: 1, a_day: 3}\n", "permission.yaml:7:54: caps.a_day: is unknown; one of otp_requests_per_day, requests_per_hour, requests_per_minute"},
		{"a date without time", "owner: A\ncontact: b\nhosts: [c]\nreach: get\ncaps: {requests_per_minute: 1, requests_per_hour: 1}\n" +
			"issued: 2026-01-01T00:00:00Z\nexpires: 2026-12-31\n", "permission.yaml:7:10: expires: \"2026-12-31\" is not a time; write 2023-05-26T18:00:00+07:00"},
		{"reach and caps", "owner: A\ncontact: b\nhosts: [c]\nreach: otp-request\ncaps: {requests_per_minute: 1, requests_per_hour: 1}\n" +
			"issued: 2026-01-01T00:00:00Z\nexpires: 2026-12-31T00:00:00Z\n", "permission.yaml:5:1: caps.otp_requests_per_day: is 0, want 1 or more"},
		{"not YAML", "owner: [", "permission.yaml:1:8: sequence end token ']' not found"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile("permission.yaml", []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			p, err := config.LoadPermission("permission.yaml")
			switch {
			case test.want == "" && (err != nil || p.Reach != "captcha" || p.Expires.UTC() != time.Date(2026, 6, 30, 17, 0, 0, 0, time.UTC)):
				t.Errorf("got %+v, %v", p, err)
			case test.want != "" && (err == nil || err.Error() != test.want):
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
	if _, err := config.LoadPermission(filepath.Join(t.TempDir(), "none.yaml")); err == nil {
		t.Error("a file that is not there was read")
	}
}

// TestTheDocumentedPermissionIsValid reads the example in docs/permission.md.
func TestTheDocumentedPermissionIsValid(t *testing.T) {
	raw, err := os.ReadFile("../docs/permission.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), "```yaml\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("docs/permission.md has no example")
	}
	file := filepath.Join(t.TempDir(), "izin.yaml")
	if err := os.WriteFile(file, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := config.LoadPermission(file); err != nil || len(p.Hosts) != 2 {
		t.Errorf("got %+v, %v", p, err)
	}
}

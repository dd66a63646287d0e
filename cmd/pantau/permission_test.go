package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pantau/probes"
	"pantau/simulator"
)

const testOracle = "canary-oracle"

// portalSettings are those of a portal at address that is only looked at, with
// further settings at the top level and below portal.
func portalSettings(address, top, below string) string {
	return fmt.Sprintf(`listen: 127.0.0.1:0
metrics_listen: 127.0.0.1:0
store: {url: pantau.db}
%s
portal:
  name: Portal
  base_url: %s
  validity: 30s
  user_agent: Pantau/1
  open: {page: /, expect: h1#judul}
  captcha:
    page: /daftar
    form: form#form-captcha
    image: img#gambar-captcha
    id_field: id_captcha
    answer_field: jawaban_captcha
    accepted: form#form-kontak
    refused: "#galat-captcha"
  oracle: {url: /oracle/captcha, secret: "${env:PANTAU_TEST_ORACLE}", expires: 2099-01-01T00:00:00Z}
%s
journeys:
  - {name: portal, stream: portal, steps: [open], every: 1s}
  - {name: captcha, stream: captcha, steps: [open, captcha], every: 1s}
inbox: {silence: 1s}
`, top, address, below)
}

// inFolder writes files into a new folder and makes it the working one of
// programs that are launched.
func inFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func allowed(reach string, expires time.Time) string {
	return fmt.Sprintf("owner: Direktorat Contoh\ncontact: ti@portal.example\nhosts: [portal.example]\nreach: %s\n"+
		"caps: {requests_per_minute: 600, requests_per_hour: 6000, otp_requests_per_day: 9}\nissued: 2020-01-01T00:00:00Z\nexpires: %s\n",
		reach, expires.Format(time.RFC3339))
}

func TestWithoutPermissionNothingIsProbed(t *testing.T) {
	t.Parallel()
	later := time.Now().Add(time.Hour)
	for _, test := range []struct{ name, top, file, want string }{
		{"no file configured", "", "", "portal.example is not on this machine, so probing it takes its owner's permission, and authorisation is missing"},
		{"no file there", "authorisation: FOLDER/izin.yaml", "", "portal.example may not be probed: reading the permission: open"},
		{"expired", "authorisation: FOLDER/izin.yaml", allowed("get", time.Now().Add(-time.Hour)), "the permission of Direktorat Contoh ended at"},
		{"another host", "authorisation: FOLDER/izin.yaml", strings.Replace(allowed("get", later), "portal.example]", "other.example]", 1), "is for other.example, and not for portal.example"},
		{"unknown key", "authorisation: FOLDER/izin.yaml", allowed("get", later) + "hots: [x]\n", "izin.yaml:8:1: hots: is unknown"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			folder := inFolder(t, map[string]string{"izin.yaml": test.file})
			if test.file == "" {
				_ = os.Remove(filepath.Join(folder, "izin.yaml"))
			}
			file := filepath.Join(folder, "config.yaml")
			top := strings.ReplaceAll(test.top, "FOLDER", folder)
			settings := portalSettings("https://portal.example", top, "")
			settings = strings.Replace(settings, "pantau.db", filepath.Join(folder, "pantau.db"), 1)
			if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, command := range [][]string{{"serve"}, {"probe", "portal"}} {
				p := launch(t, []string{"PANTAU_TEST_ORACLE=" + testOracle}, append(command, "--config", file)...)
				if code := p.exit(20 * time.Second); code != exitUsage {
					t.Errorf("%v: exit code %d, want %d", command, code, exitUsage)
				}
				said := strings.TrimSpace(p.stderr.String())
				if !strings.Contains(said, test.want) || strings.Count(said, "\n") > 0 {
					t.Errorf("%v says %q, want one line with %q", command, said, test.want)
				}
			}
			if _, err := os.Stat(filepath.Join(folder, "pantau.db")); err == nil {
				t.Error("a database was made all the same")
			}
		})
	}
}

// startPortal is a portal of its own, whose oracle takes testOracle.
func startPortal(t *testing.T) *simulator.Simulator {
	t.Helper()
	s, err := simulator.Start(t.Context(), simulator.Options{OracleSecret: testOracle, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestProbeSaysWhatIsNotAllowed(t *testing.T) {
	t.Parallel()
	folder := inFolder(t, map[string]string{"izin.yaml": allowed("get", time.Now().Add(time.Hour))})
	file := filepath.Join(folder, "config.yaml")
	settings := portalSettings(startPortal(t).URL(), "authorisation: "+folder+"/izin.yaml", "")
	settings = strings.Replace(settings, "pantau.db", filepath.Join(folder, "pantau.db"), 1)
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"PANTAU_TEST_ORACLE=" + testOracle}
	p := launch(t, env, "probe", "captcha", "--config", file)
	if code := p.exit(20 * time.Second); code != exitFailed {
		t.Errorf("exit code %d, want %d: the captcha was not reached", code, exitFailed)
	}
	for _, want := range []string{"permission: of Direktorat Contoh until", "not allowed: journey captcha: it ends after open, without captcha"} {
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("standard error has no %q", want)
		}
	}
	for _, want := range []string{"open         up", "captcha      unknown", "as far as get and no further"} {
		if !strings.Contains(p.stdout.String(), want) {
			t.Errorf("standard output has no %q:\n%s", want, p.stdout.String())
		}
	}
	c := launch(t, env, "check", "--config", file)
	c.exit(30 * time.Second)
	for _, want := range []string{"ok     permission    of Direktorat Contoh", "note   permission    it ends at ", "; ask ti@portal.example for a new one", "ok     oracle        /oracle/captcha: it knows us by a secret", "WRONG  permission    the journeys take about 7320 requests an hour and 0 codes a day: that is more than the 6000", "ok     permission    not allowed: journey captcha", "ok     portal        open"} {
		if !strings.Contains(c.stdout.String(), want) {
			t.Errorf("check says nothing of %q:\n%s", want, c.stdout.String())
		}
	}
}

func TestProbingEndsByItselfWhenThePermissionDoes(t *testing.T) {
	t.Parallel()
	world := startPortal(t)
	folder := inFolder(t, map[string]string{"izin.yaml": allowed("captcha", time.Now().Add(6*time.Second))})
	file := filepath.Join(folder, "config.yaml")
	settings := portalSettings(world.URL(), "authorisation: "+folder+"/izin.yaml", "")
	settings = strings.Replace(settings, "pantau.db", filepath.Join(folder, "pantau.db"), 1)
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, []string{"PANTAU_TEST_ORACLE=" + testOracle}, "serve", "--config", file)
	page := p.line("page: ", 20*time.Second)
	p.line("permission: ", 5*time.Second)
	shows(t, page+"api/v2/components.json", `"status":"operational"`, 20*time.Second)
	shows(t, page+"api/v2/components.json", `"x_state":"unknown"`, 30*time.Second)
	shows(t, page+"en/", "does not allow this to be measured", 10*time.Second)
	if !strings.Contains(p.stderr.String(), "probing has stopped: there is no permission") {
		t.Error("the log says nothing of it")
	}
}

// shows waits until the page at address has text.
func shows(t *testing.T, address, text string, within time.Duration) {
	t.Helper()
	var body string
	for limit := time.Now().Add(within); time.Now().Before(limit); time.Sleep(200 * time.Millisecond) {
		if _, body = fetch(t, address); strings.Contains(body, text) {
			return
		}
	}
	t.Errorf("%s has no %q:\n%s", address, text, lastOf(body, 2000))
}

func fetch(t *testing.T, address string) (*http.Response, string) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestInTheShadowThePublicSeesNothing(t *testing.T) {
	t.Parallel()
	folder := inFolder(t, map[string]string{"key.pem": testSigningKey})
	file := filepath.Join(folder, "config.yaml")
	settings := portalSettings(startPortal(t).URL(), "shadow: true\nshadow_listen: 127.0.0.1:0",
		"  signing:\n    agent: https://status.example\n    keys: [{key: \"${file:"+folder+"/key.pem}\"}]")
	settings = strings.Replace(settings, "pantau.db", filepath.Join(folder, "pantau.db"), 1)
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, []string{"PANTAU_TEST_ORACLE=" + testOracle}, "serve", "--config", file)
	public := p.line("page: ", 20*time.Second)
	team := p.line("shadow: the public is told nothing; the page as it would be: ", 5*time.Second)
	shows(t, team+"api/v2/components.json", `"status":"operational"`, 20*time.Second)
	for _, path := range []string{"", "en/", "api/v2/summary.json", "badge"} {
		if response, body := fetch(t, public+path); response.StatusCode != http.StatusServiceUnavailable || strings.Contains(body, "operational") {
			t.Errorf("/%s: status %d, %s", path, response.StatusCode, lastOf(body, 500))
		}
	}
	keys, body := fetch(t, strings.TrimSuffix(public, "/")+probes.DirectoryPath)
	if keys.Header.Get("Content-Type") != "application/http-message-signatures-directory+json" || !strings.Contains(body, `"crv":"Ed25519"`) {
		t.Errorf("the key directory is %d, %v, %s", keys.StatusCode, keys.Header, body)
	}
}

// testSigningKey is test-key-ed25519 of RFC 9421, B.1.4, which nobody trusts.
const testSigningKey = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----
`

func TestTheOwnersWordByTheControlAddress(t *testing.T) {
	t.Parallel()
	world := startPortal(t)
	put := func(body string) int {
		request, err := http.NewRequest(http.MethodPut, world.URL()+"/control/owner", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	for body, want := range map[string]int{`{"status":500}`: 400, `{"halt":true}`: 400, `{"policy":"{\"stop\":true}"}`: 204} {
		if got := put(body); got != want {
			t.Errorf("%s: status %d, want %d", body, got, want)
		}
	}
	put(`{"policy":"{\"reach\":\"get\"}"}`)
	if _, body := fetch(t, world.URL()+"/.well-known/pantau"); body != `{"reach":"get"}` {
		t.Errorf("the portal's policy is %s", body)
	}
}

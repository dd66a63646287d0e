package probes

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pantau/internal/secret"
)

const (
	gatewayPassword = "canary-gateway-password"
	gatewayText     = "Pantau K-CANARYTOKEN"
	canaryNumber    = "+628170000077"
)

func canaries() []string {
	return []string{gatewayPassword, "CANARYTOKEN", strings.TrimPrefix(canaryNumber, "+62")}
}

func wantNoCanary(t *testing.T, text string) {
	t.Helper()
	for _, canary := range canaries() {
		if strings.Contains(text, canary) {
			t.Errorf("%q holds what nobody may read", text)
		}
	}
}

func sendBy(g Gateway, from SIM) error {
	return g.send(context.Background(), from, SIM{ID: "xl-2", Number: secret.New(canaryNumber)}, gatewayText)
}

func androidGateway(url string) Gateway {
	return Gateway{Name: "hp", Kind: GatewayAndroid, Device: "hp-1", URL: url, Password: secret.New(gatewayPassword), Timeout: 2 * time.Second}
}

func TestAndroidGatewaySendsAsTheAppTakesIt(t *testing.T) {
	var body map[string]any
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if r.Method != http.MethodPost || r.URL.Path != "/api/message" || user != "sms" || password != gatewayPassword ||
			r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s with user %q and type %q", r.Method, r.URL.Path, user, r.Header.Get("Content-Type"))
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()
	g := androidGateway(server.URL + "/api/")
	if err := sendBy(g, SIM{Device: "hp-1", Slot: 2}); err != nil {
		t.Fatal(err)
	}
	_, named := body["deviceId"]
	numbers, _ := body["phoneNumbers"].([]any)
	if body["message"] != gatewayText || len(numbers) != 1 || numbers[0] != canaryNumber || body["simNumber"] != 2.0 ||
		body["withDeliveryReport"] != false || body["ttl"] != 3600.0 || named {
		t.Errorf("the app is sent %v", body)
	}
	g.Device = "" // a server for several phones
	clear(body)
	if err := sendBy(g, SIM{Device: "hp-7"}); err != nil {
		t.Fatal(err)
	}
	if _, slot := body["simNumber"]; body["deviceId"] != "hp-7" || slot {
		t.Errorf("the server is sent %v, want the device and no slot", body)
	}
}

func TestAndroidGatewayThatDoesNotTakeIt(t *testing.T) {
	for name, row := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		want   string
	}{
		"password":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, "status 401: the username or password is wrong"},
		"forbidden": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, "status 403: the username or password is wrong"},
		"refused":   {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(400); _, _ = io.Copy(w, r.Body) }, "status 400, want 2xx"},
		"broken":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "status 500, want 2xx"},
		"redirected": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/"+canaryNumber, http.StatusTemporaryRedirect)
		}, "status 307, want 2xx"},
		"hung up":   {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "connection: closed before the answer was complete"},
		"no answer": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "no answer in time"},
		"slow answer": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(202)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				row.answer(w, r)
			}))
			defer server.Close()
			g := androidGateway(server.URL)
			g.Timeout = 300 * time.Millisecond
			err := sendBy(g, SIM{Device: "hp-1", Slot: 1})
			if row.want == "" {
				if err != nil {
					t.Errorf("taken with 202, and gives %v", err)
				}
				return
			}
			if err == nil || err.Error() != "sending by gateway hp: "+row.want {
				t.Fatalf("gives %v, want %q", err, row.want)
			}
			wantNoCanary(t, err.Error())
		})
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	err := sendBy(androidGateway(gone.URL), SIM{})
	if err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Fatalf("nobody listens, and it gives %v", err)
	}
	wantNoCanary(t, err.Error())
}

func TestCheckingAGatewaySendsNothing(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		switch {
		case r.Method != http.MethodGet || r.URL.Path != "/device":
			t.Errorf("checking calls %s %s", r.Method, r.URL.Path)
		case password != gatewayPassword:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer server.Close()
	g := androidGateway(server.URL)
	if err := g.Check(t.Context()); err != nil {
		t.Errorf("a gateway that answers: %v", err)
	}
	g.Password = secret.New("another")
	if err := g.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "password is wrong") {
		t.Errorf("a wrong password: %v", err)
	}
}

// injectGateway writes into the outbox of a configuration of its own.
func injectGateway(t *testing.T) (g Gateway, outbox string) {
	t.Helper()
	if _, err := exec.LookPath(defaultInject); err != nil {
		t.Skip("gammu-smsd-inject is not installed: apt-get install gammu-smsd")
	}
	folder := t.TempDir()
	outbox = filepath.Join(folder, "out") + "/"
	text := "[gammu]\nmodel = dummy\nconnection = none\ndevice = " + folder + "\n[smsd]\nservice = files\n"
	for _, each := range []struct{ key, folder string }{{"inbox", "in"}, {"outbox", "out"}, {"sentsms", "sent"}, {"errorsms", "error"}} {
		path := filepath.Join(folder, each.folder)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		text += each.key + "path = " + path + "/\n"
	}
	config := filepath.Join(folder, "smsdrc")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Gateway{Name: "modem", Kind: GatewayGammu, Device: "modem-1", Config: config}, outbox
}

func TestTheRealInjectQueuesTheMessage(t *testing.T) {
	g, outbox := injectGateway(t)
	if err := g.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := sendBy(g, SIM{}); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(outbox)
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files are queued (%v), want 1", len(files), err)
	}
	raw, err := os.ReadFile(filepath.Join(outbox, files[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	var inHex strings.Builder
	for _, r := range gatewayText {
		inHex.WriteString("00" + strings.ToUpper(string("0123456789abcdef"[r>>4])+string("0123456789abcdef"[r&15])))
	}
	if !strings.Contains(string(raw), "Text00 = "+inHex.String()+"\r\n") || !strings.Contains(string(raw), canaryNumber) {
		t.Error("what is queued is not the message to the number")
	}
	if err := os.RemoveAll(outbox); err != nil {
		t.Fatal(err)
	}
	err = sendBy(g, SIM{})
	if err == nil || !strings.Contains(err.Error(), "gammu-smsd-inject ended with") {
		t.Errorf("without a folder it gives %v", err)
	}
	wantNoCanary(t, err.Error())
	if err := g.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "outboxpath") {
		t.Errorf("checking without the folder gives %v", err)
	}
}

// smsd's configuration is looked at by itself, so that this needs no program.
func TestAnOutboxThatCannotBeWrittenTo(t *testing.T) {
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("there is no /proc, where nobody makes files")
	}
	config := filepath.Join(t.TempDir(), "smsdrc")
	for outbox, want := range map[string]string{
		"/proc":           "smsd's outboxpath /proc cannot be written to: ",
		t.TempDir() + "/": "",
	} {
		if err := os.WriteFile(config, []byte("[smsd]\nOutboxPath = "+outbox+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		err := smsdConfig(config)
		if (err == nil) != (want == "") || err != nil && (!strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "pantau-check")) {
			t.Errorf("%s: got %v, want %q", outbox, err, want)
		}
	}
}

// An argument is never a command, whatever a number or a path holds.
func TestInjectIsRunWithoutAShell(t *testing.T) {
	folder := t.TempDir()
	program := filepath.Join(folder, "inject")
	script := "#!/bin/sh\nfor each; do echo \"$each\"; done > '" + folder + "/arguments'\ncat > '" + folder + "/text'\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	g := Gateway{Name: "modem", Kind: GatewayGammu, Program: program, Config: "/etc/a b;touch " + folder + "/bad"}
	if err := sendBy(g, SIM{}); err != nil {
		t.Fatal(err)
	}
	arguments, _ := os.ReadFile(filepath.Join(folder, "arguments"))
	text, _ := os.ReadFile(filepath.Join(folder, "text"))
	if want := "-c\n" + g.Config + "\nTEXT\n" + canaryNumber + "\n"; string(arguments) != want || string(text) != gatewayText {
		t.Errorf("it is run with %q and reads %q, want %q and %q", arguments, text, want, gatewayText)
	}
	if _, err := os.Stat(filepath.Join(folder, "bad")); err == nil {
		t.Error("a path was taken for a command")
	}
	hangs := filepath.Join(folder, "hangs")
	if err := os.WriteFile(hangs, []byte("#!/bin/sh\nexec sleep 60\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	g.Program, g.Timeout = hangs, 200*time.Millisecond
	if err := sendBy(g, SIM{}); err == nil || !strings.HasSuffix(err.Error(), "no answer in time") {
		t.Errorf("a program that hangs gives %v", err)
	}
	g.Program = filepath.Join(folder, "missing")
	if err := sendBy(g, SIM{}); err == nil || !strings.Contains(err.Error(), "is gammu-smsd installed?") {
		t.Errorf("a program that is missing gives %v", err)
	}
}

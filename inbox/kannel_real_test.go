package inbox

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pantau/internal/secret"
)

// kannelConf is what docs/receivers.md tells people to write, around a message
// centre that this test plays.
const kannelConf = `
group = core
admin-port = %[1]d
admin-interface = "127.0.0.1"
admin-password = %[6]s
admin-deny-ip = "*.*.*.*"
admin-allow-ip = "127.0.0.1"
box-deny-ip = "*.*.*.*"
smsbox-port = %[2]d
smsbox-interface = "127.0.0.1"
box-allow-ip = "127.0.0.1"
log-level = 1

group = smsc
smsc = fake
smsc-id = tsel
our-host = "127.0.0.1"
port = %[3]d
connect-allow-ip = "127.0.0.1"

group = smsbox
bearerbox-host = "127.0.0.1"
sendsms-port = %[4]d
sendsms-interface = "127.0.0.1"
http-request-retry = 3
http-queue-delay = 1
log-level = 1

group = sms-service
keyword = default
catch-all = true
max-messages = 0
omit-empty = true
%[5]s
`

// realKannel is Debian's bearerbox and smsbox with a message centre of ours.
type realKannel struct {
	t      *testing.T
	centre net.Conn
}

// say lets the message centre deliver a message, in the words of Kannel's fake
// SMSC.
func (k realKannel) say(from, to, kind, text string) {
	k.t.Helper()
	if _, err := fmt.Fprintf(k.centre, "%s %s %s %s\n", from, to, kind, text); err != nil {
		k.t.Fatal(err)
	}
}

func startKannel(t *testing.T, service string) realKannel {
	t.Helper()
	for _, program := range []string{"bearerbox", "smsbox"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is missing; install Debian's kannel", program)
		}
	}
	ports := freePorts(t, 4)
	folder := t.TempDir()
	path := filepath.Join(folder, "kannel.conf")
	text := fmt.Sprintf(kannelConf, ports[0], ports[1], ports[2], ports[3], service, "of-this-test")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	startBox(t, folder, "bearerbox", path)
	k := realKannel{t, dialSoon(t, ports[2])}
	dialSoon(t, ports[1]).Close() // bearerbox takes boxes
	startBox(t, folder, "smsbox", path)
	dialSoon(t, ports[3]).Close() // smsbox has read its configuration
	return k
}

// startBox runs a program of Kannel's until the test ends.
func startBox(t *testing.T, folder, program, conf string) {
	t.Helper()
	var out lockedText
	cmd := exec.Command(program, conf)
	cmd.Dir, cmd.Stdout, cmd.Stderr = folder, &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s says:\n%s", program, out.String())
		}
	})
}

type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// freePorts gives ports that were free a moment ago; Kannel takes no port 0.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = listener.Close() }()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

func dialSoon(t *testing.T, port int) net.Conn {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			t.Cleanup(func() { _ = conn.Close() })
			return conn
		}
		if time.Now().After(deadline) {
			t.Fatalf("port %d is not opened: %v", port, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// TestRealKannel: a message centre hands messages to Debian's Kannel, which
// hands them to us; one of them is refused at first and comes again.
func TestRealKannel(t *testing.T) {
	for _, way := range []string{"get-url", "post-url"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel() // both wait far more than they compute
			testRealKannel(t, way)
		})
	}
}

func testRealKannel(t *testing.T, way string) {
	w := &world{registry: prometheus.NewRegistry()}
	sims := twoSIMs()
	for i := range sims {
		sims[i].Receiver, sims[i].Device, sims[i].Slot = "smpp", "tsel", i+1
	}
	o := Options{Kannel: []Kannel{{Name: "smpp", Secret: secret.New(signingKey), Allow: []string{"127.0.0.1"}}}}
	var err error
	if w.Inbox, err = New(o, sims, Deps{Deliver: w.deliver, Metrics: NewMetrics(w.registry)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	calls := make(chan int, 64)
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		recorder := httptest.NewRecorder()
		w.Routes().ServeHTTP(recorder, r)
		for name, values := range recorder.Header() {
			out.Header()[name] = values
		}
		out.WriteHeader(recorder.Code)
		_, _ = out.Write(recorder.Body.Bytes())
		calls <- recorder.Code
	}))
	t.Cleanup(server.Close)
	w.expect("A", "sim-a")
	w.expect("B", "sim-b")

	address := strings.Replace(o.Webhooks(server.URL)[0].URL, "SECRET", signingKey, 1)
	if way == "post-url" {
		address = strings.ReplaceAll(address, "&text=%b", "")
	}
	k := startKannel(t, way+` = "`+address+`"`)
	next := func(want int) {
		t.Helper()
		select {
		case got := <-calls:
			if got != want {
				t.Fatalf("Kannel was answered %d, want %d", got, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("Kannel does not call")
		}
	}
	k.say("DJP", "6289999999999", "text", "Kode OTP Anda: 000000")
	next(200) // for somebody else
	w.breakWith(fmt.Errorf("disk full"))
	k.say("DJP", "6281200000001", "text", "Kode OTP Anda: 482915. Berlaku 10 menit. & 100% = ya?")
	next(503)
	w.breakWith(nil)
	next(200)
	k.say("DJP", "6281700000002", "ucs2", "%00K%00o%00d%00e%00+%00O%00T%00P%00:%00+%007%003%009%002%000%001%20%26")
	next(200)
	all := w.taken()
	if len(all) != 2 || all[0].Wait != "A" || all[0].Code.Reveal() != "482915" || all[1].Wait != "B" || all[1].Code.Reveal() != "739201" {
		t.Fatalf("arrivals %+v, want one for A and then one for B", all)
	}
	for _, a := range all {
		if age := a.Received.Sub(a.Device); age < 0 || age > time.Minute {
			t.Errorf("received %v after Kannel's clock", age)
		}
	}
	// Nothing is sent back: what Kannel sends would reach the message centre.
	if err := k.centre.SetReadDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	var sent [1]byte
	if n, _ := k.centre.Read(sent[:]); n > 0 {
		t.Error("Kannel sent something back to the sender of a code")
	}
}

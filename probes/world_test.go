package probes

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"pantau/internal/secret"
	"pantau/simulator/delivery"
	"pantau/simulator/portal"
)

const (
	oracleSecret = "canary-oracle-secret"
	simNumber    = "+6281234567890"
	probeAddress = "canary-probe@inbox.example"
)

// world is a portal, a prober that walks it, and the messages between them.
type world struct {
	t      *testing.T
	portal *portal.Portal
	server *httptest.Server
	prober *Prober
	log    *journal

	mu       sync.Mutex
	results  []Result
	expects  map[string]Wait // by key
	forgot   []string
	answered []string
	codes    []string
	holding  bool          // messages are kept back
	refuse   error         // what Record answers
	news     chan struct{} // something was recorded
}

// newWorld has journeys for everything against a portal in the given dress.
func newWorld(t *testing.T, dress string, tweak func(*Options)) *world {
	t.Helper()
	return newWorldOf(t, portal.Options{Dress: dress}, tweak)
}

func newWorldOf(t *testing.T, of portal.Options, tweak func(*Options)) *world {
	t.Helper()
	w := &world{t: t, expects: map[string]Wait{}, log: &journal{}, news: make(chan struct{}, 1)}
	of.OracleSecret, of.Sender, of.Seed, of.Log = oracleSecret, w, 1, slog.New(slog.DiscardHandler)
	var err error
	w.portal, err = portal.New(of)
	if err != nil {
		t.Fatal(err)
	}
	w.server = httptest.NewServer(w.portal.Handler())
	t.Cleanup(w.server.Close)
	options := testOptions(t, of.Dress, w.server.URL)
	if tweak != nil {
		tweak(&options)
	}
	w.prober = w.newProber(options)
	return w
}

func (w *world) newProber(options Options) *Prober {
	w.t.Helper()
	p, err := New(options, w.deps(nil))
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) deps(permission func() (Permission, error)) Deps {
	return Deps{
		Record: w.record, Mailbox: w, AddressFor: w.addressFor, Permission: permission,
		Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

// addressFor gives all runs of a journey whose receiver is "shared" one address.
func (w *world) addressFor(receiver, _ string) MailAddress {
	return MailAddress{Address: secret.New(probeAddress), Shared: receiver == "shared"}
}

// profile gives the profile for a dress.
func profile(t *testing.T, dress, baseURL string) Portal {
	t.Helper()
	p, err := EregProfile(baseURL)
	if dress == portal.DressLayanan {
		p = Portal{}
		raw, readErr := os.ReadFile("testdata/layanan.yaml")
		if readErr != nil {
			t.Fatal(readErr)
		}
		err = yaml.UnmarshalWithOptions(raw, &p, yaml.Strict())
	}
	if err != nil {
		t.Fatal(err)
	}
	p.BaseURL = baseURL
	p.Oracle.Secret = secret.New(oracleSecret)
	return p
}

func testOptions(t *testing.T, dress, baseURL string) Options {
	t.Helper()
	otp := []Step{StepOpen, StepCaptcha, StepRequestOTP, StepAwaitOTP, StepSubmitOTP}
	return Options{
		Portal: profile(t, dress, baseURL),
		Journeys: []Journey{
			{Name: "front", Stream: StreamPortal, Steps: []Step{StepOpen}, Every: time.Minute},
			{Name: "captcha", Stream: StreamCaptcha, Steps: []Step{StepCaptcha}, Every: time.Minute},
			{Name: "sms", Stream: SMS("telkomsel"), Steps: otp, Every: time.Minute},
			{Name: "mail", Stream: StreamEmail, Steps: otp, Every: time.Minute},
		},
		SIMs: []SIM{{ID: "sim-1", Operator: "telkomsel", Number: secret.New(simNumber), Receiver: "phone"}},
	}
}

func (w *world) record(_ context.Context, results []Result) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refuse != nil {
		return w.refuse
	}
	w.results = append(w.results, results...)
	select {
	case w.news <- struct{}{}:
	default:
	}
	return nil
}

func (w *world) Expect(wait Wait) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expects[wait.Key] = wait
}

func (w *world) Forget(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forgot = append(w.forgot, id)
}

func (w *world) Answered(id string, _ Arrival) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answered = append(w.answered, id)
}

var inSMS, inMail = regexp.MustCompile(`Anda:? (\d{4} ?\d{2})`), regexp.MustCompile(`(?:<b>|Anda:? )(\d{4} ?\d{2})`)

func (w *world) SendSMS(_, number, text string) {
	if number != simNumber {
		w.t.Errorf("an SMS to another number than the SIM's")
	}
	w.deliver("sim-1", inSMS.FindStringSubmatch(text))
}

func (w *world) SendMail(to string, m portal.Mail) {
	w.deliver(AddressKey(to), inMail.FindStringSubmatch(m.Text+m.HTML))
}

// deliver hands a message over as an inbox does: elsewhere, and perhaps before
// the portal has answered.
func (w *world) deliver(key string, match []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	wait, expected := w.expects[key]
	if len(match) != 2 || !expected {
		w.t.Errorf("a message without a code or without anyone who waits: %d parts, expected %t", len(match), expected)
		return
	}
	code := strings.ReplaceAll(match[1], " ", "")
	w.codes = append(w.codes, code)
	if w.holding {
		return
	}
	go func() {
		if err := w.prober.Arrived(context.Background(), arrival(wait.ID, code)); err != nil {
			w.t.Errorf("handing over a message: %v", err)
		}
	}()
}

func arrival(wait, code string) Arrival {
	return Arrival{ID: "message-1", Receiver: "phone", Wait: wait, Received: time.Now().UTC(), Code: secret.New(code)}
}

func (w *world) fault(f delivery.Fault) { w.portal.SetFaults([]delivery.Fault{f}) }

// once runs a journey to its end and gives its results.
func (w *world) once(journey string) []Result {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var told []Result
	if err := w.prober.Once(ctx, journey, func(r Result) { told = append(told, r) }); err != nil {
		w.t.Fatalf("running %s: %v; so far %s", journey, err, lines(told))
	}
	if got, want := lines(w.recorded()), lines(told); !strings.HasSuffix(got, want) {
		w.t.Errorf("recorded\n%s\ntold\n%s", got, want)
	}
	return told
}

// sim is what the planner knows of the one SIM there is.
func (w *world) sim() card { return w.prober.planner.pool.cards[0] }

func (w *world) recorded() []Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.results)
}

// until waits for a recorded result that is wanted.
func (w *world) until(wanted func(Result) bool) Result {
	w.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		for _, r := range w.recorded() {
			if wanted(r) {
				return r
			}
		}
		select {
		case <-w.news:
		case <-limit:
			w.t.Fatalf("the wanted result did not come; there are\n%s", lines(w.recorded()))
		}
	}
}

func lines(results []Result) string {
	var all []string
	for _, r := range results {
		all = append(all, strings.TrimSpace(string(r.Step)+" "+string(r.Verdict)+" "+string(r.Reason)))
	}
	return strings.Join(all, "\n")
}

func wantLines(t *testing.T, results []Result, want ...string) {
	t.Helper()
	if got := lines(results); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
		for _, r := range results {
			t.Logf("%s: %s", r.Step, r.Evidence)
		}
	}
}

// serve is a portal of one handler and a prober for its front page.
func serve(t *testing.T, handler http.HandlerFunc, tweak func(*Options)) *world {
	t.Helper()
	w := &world{t: t, expects: map[string]Wait{}, log: &journal{}, news: make(chan struct{}, 1)}
	w.server = httptest.NewServer(handler)
	t.Cleanup(w.server.Close)
	options := testOptions(t, portal.DressEreg, w.server.URL)
	if tweak != nil {
		tweak(&options)
	}
	w.prober = w.newProber(options)
	return w
}

// journal is a log that may be written to while it is read.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

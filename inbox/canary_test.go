package inbox

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"pantau/internal/secret"
	"pantau/probes"
)

// Nothing that goes out of the package holds a code, a number, an address, a
// text or a key, whatever happens to a message.
func TestNothingLeaks(t *testing.T) {
	var log syncBuffer
	const code, number, sender, word = "739201", "6281200000001", "DJPCANARY", "canarytext"
	w := mailWorld(t, func(_ *Options, deps *Deps) {
		deps.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	to := w.addressOf("run-1")
	var said strings.Builder
	hooks := func() {
		for i, fields := range []string{
			`"message":"` + word + ` kode OTP: ` + code + `","sender":"` + sender + `","recipient":"+` + number + `","simNumber":1`,
			`"message":"` + word + ` kode OTP ` + code + ` atau 482915","sender":"` + sender + `"`,
			`"message":"` + word + `","sender":"+` + number + `","simNumber":9`,
			`"message":` + code + `,"sender":"` + sender + `"`,
			`"message":"` + word + `" ` + code,
		} {
			answer := w.post(smsEvent(fmt.Sprint("id-", i), fields))
			fmt.Fprintln(&said, answer.Code, answer.Header(), answer.Body)
		}
		answer := w.post(word + code)
		fmt.Fprintln(&said, answer.Code, answer.Header(), answer.Body)
	}
	mails := func() {
		c := dial(t, w)
		body := "Subject: " + word + "\r\nMessage-ID: <" + word + ">\r\n\r\n" + word + " kode OTP: " + code + "\r\n"
		for _, mail := range []string{body, word + code, "Content-Type: multipart/mixed; boundary=" + word + "\r\n\r\n--" + word + "\r\n" + code} {
			fmt.Fprintln(&said, c.SendMail(sender+"@b.example", []string{to}, strings.NewReader(mail)))
		}
		_ = c.Reset()
		_ = c.Mail(sender+"@b.example", nil)
		fmt.Fprintln(&said, c.Rcpt(word+"@else.example", nil), c.Rcpt(word+"@probe.example", nil))
	}
	w.expect("A", "sim-a")
	w.expect("M", probes.AddressKey(to))
	w.breakWith(errors.New("disk full"))
	hooks()
	mails()
	w.breakWith(nil)
	hooks()
	mails()
	w.Forget("A")
	hooks()
	for _, r := range w.Listen(time.Now().Add(time.Hour)) {
		fmt.Fprintf(&said, "%+v\n", r)
	}
	if len(w.taken()) != 2 {
		t.Fatalf("%d arrivals, want 2: the test does not test what it should", len(w.taken()))
	}
	fmt.Fprintf(&said, "%+v %+v %v\n", w.taken(), Message{Text: secret.New(word), Recipient: secret.New(to)}, w.options)
	wantClean(t, "what is said", said.String(), code, number, number[2:], sender, word, to, signingKey)
	wantClean(t, "the log", log.String(), code, number, number[2:], sender, word, to, to[:16], signingKey)
	if !strings.Contains(log.String(), "answers a wait") {
		t.Errorf("the log is empty of what it should say:\n%s", &log)
	}
	families, err := w.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	wantClean(t, "the metrics", fmt.Sprint(families), code, number, sender, word, to, signingKey)
}

func wantClean(t *testing.T, what, text string, canaries ...string) {
	t.Helper()
	for _, canary := range canaries {
		if strings.Contains(strings.ToLower(text), strings.ToLower(canary)) {
			t.Errorf("%s holds %q:\n%s", what, canary, text)
		}
	}
}

// The words of go-smtp about a broken connection or a panic stay out of the log.
func TestMailLogHidesWords(t *testing.T) {
	var log bytes.Buffer
	l := mailLog{slog.New(slog.NewTextHandler(&log, nil))}
	l.Printf("panic serving %v: %v\n%s", "canary", "canary", []byte("canary"))
	l.Printf("error handling %v: %s", "canary", errors.New("canary"))
	l.Println("canary")
	wantClean(t, "the log", log.String(), "canary")
	if !strings.Contains(log.String(), `about="panic serving"`) {
		t.Errorf("the log does not say what it is about:\n%s", &log)
	}
}

func TestMetricsLint(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	m := NewMetrics(registry)
	m.heard(handset{"phones", "d1"}, time.Unix(1685422800, 5e8))
	m.count(kindSMTP, noCode)
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("problems %v, %v", problems, err)
	}
	if got := testutil.ToFloat64(m.heartbeat); got != 1685422800.5 {
		t.Errorf("heartbeat %v, want 1685422800.5", got)
	}
	if got, want := testutil.CollectAndCount(m.messages), len(kinds())*len(outcomes()); got != want {
		t.Errorf("%d series of messages, want %d from the start", got, want)
	}
	var none *Metrics
	none.count(kindAndroid, matched)
	none.heard(handset{}, time.Now())
}

func TestEveryWhyHasAnOutcome(t *testing.T) {
	for why, want := range map[Why]outcome{
		WhyReference: matched, WhyAddress: matched, WhySIM: matched, WhyDuplicate: duplicate, WhyInFlight: failed,
		WhySender: noCode, WhyNoForm: noCode, WhyNotCode: noCode, WhySeveral: noCode,
		WhyNobody: unmatched, WhyStale: unmatched, WhyAmbiguous: ambiguous, WhyStranger: unmatched, WhyConflict: unmatched,
	} {
		if why.outcome() != want {
			t.Errorf("%s is counted as %s, want %s", why, why.outcome(), want)
		}
	}
}

// syncBuffer is a buffer that several goroutines write.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

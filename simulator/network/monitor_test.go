package network_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"pantau/simulator/delivery"
	"pantau/simulator/network"
)

const secret = "canary-webhook-key"

// hook is one webhook as the monitor sees it.
type hook struct {
	Device  string `json:"deviceId"`
	Event   string `json:"event"`
	ID      string `json:"id"`
	Webhook string `json:"webhookId"`
	Payload struct {
		MessageID  string  `json:"messageId"`
		Message    string  `json:"message"`
		Sender     string  `json:"sender"`
		Recipient  *string `json:"recipient"`
		SIMNumber  *int    `json:"simNumber"`
		ReceivedAt string  `json:"receivedAt"`
	} `json:"payload"`
	at        time.Time // when it came
	timestamp time.Time
	raw       []byte
}

// monitor is the other end: it takes webhooks that are signed well.
type monitor struct {
	t      *testing.T
	server *httptest.Server
	texts  chan hook
	pings  chan hook

	mu     sync.Mutex
	answer func(hook) int // the status to give; nil is always 200
}

func newMonitor(t *testing.T) *monitor {
	m := &monitor{t: t, texts: make(chan hook, 1000), pings: make(chan hook, 1000)}
	m.server = httptest.NewServer(m)
	t.Cleanup(m.server.Close)
	return m
}

func (m *monitor) answers(with func(hook) int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answer = with
}

func (m *monitor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	got := hook{at: time.Now()}
	got.raw, _ = io.ReadAll(r.Body)
	if err := json.Unmarshal(got.raw, &got); err != nil {
		m.t.Errorf("the webhook is not JSON: %v", err)
	}
	stamp := r.Header.Get("X-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		m.t.Errorf("X-Timestamp is %q, want unix seconds", stamp)
	}
	got.timestamp = time.Unix(seconds, 0)
	if want := byHand(secret, string(got.raw)+stamp); r.Header.Get("X-Signature") != want {
		m.t.Errorf("X-Signature is %q, want %q", r.Header.Get("X-Signature"), want)
	}
	m.mu.Lock()
	answer := m.answer
	m.mu.Unlock()
	if got.Event == "system:ping" {
		m.pings <- got
	} else {
		m.texts <- got
	}
	if answer != nil {
		w.WriteHeader(answer(got))
	}
}

// byHand is HMAC-SHA256 as RFC 2104 writes it, for a key shorter than a block.
func byHand(key, text string) string {
	inner, outer := make([]byte, 64), make([]byte, 64)
	for i := range 64 {
		var k byte
		if i < len(key) {
			k = key[i]
		}
		inner[i], outer[i] = k^0x36, k^0x5c
	}
	first := sha256.Sum256(append(inner, text...))
	second := sha256.Sum256(append(outer, first[:]...))
	return hex.EncodeToString(second[:])
}

// options are of a quick world with one phone of two SIMs at XL.
func (m *monitor) options() network.Options {
	return network.Options{
		Seed: 1, Scale: 0.001, Duplicates: -1, Heartbeat: time.Hour, RetryBase: 20 * time.Millisecond,
		WebhookURL: m.server.URL + "/hooks/sms", WebhookSecret: secret,
		Handsets: []network.Handset{{
			Device: "phone-xl", Operator: "xl",
			SIMs: []network.SIM{{Number: "+628170000001", Slot: 1}, {Number: "+628170000002", Slot: 2}},
		}},
		Log: slog.New(slog.DiscardHandler),
	}
}

// next is the next webhook in the channel.
func next(t *testing.T, from chan hook, what string) hook {
	t.Helper()
	select {
	case got := <-from:
		return got
	case <-time.After(8 * time.Second):
		t.Fatalf("%s did not come", what)
		return hook{}
	}
}

// none says that nothing comes for a little while.
func none(t *testing.T, from chan hook, what string) {
	t.Helper()
	select {
	case got := <-from:
		t.Fatalf("%s came: %s", what, got.raw)
	case <-time.After(250 * time.Millisecond):
	}
}

func running(t *testing.T, options network.Options) *network.Network {
	t.Helper()
	n, err := network.New(options)
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error)
	go func() { stopped <- n.Run(t.Context()) }()
	t.Cleanup(func() { // t's context has ended by now
		select {
		case err := <-stopped:
			if err != nil {
				t.Errorf("Run gave %v, want nil", err)
			}
		case <-time.After(8 * time.Second):
			t.Error("Run did not return when its context ended")
		}
	})
	return n
}

func xl(kind delivery.Kind) delivery.Fault {
	return delivery.Fault{Kind: kind, Streams: []string{"sms/xl"}}
}

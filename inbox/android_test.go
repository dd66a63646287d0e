package inbox

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"pantau/internal/secret"
	"pantau/probes"
)

const signingKey = "k3y-canary"

// world is an Inbox with what it delivers.
type world struct {
	*Inbox
	registry *prometheus.Registry

	mu       sync.Mutex
	arrivals []probes.Arrival
	broken   error // what Deliver gives
}

func newWorld(t testing.TB, change func(*Options, *Deps), more ...probes.SIM) *world {
	t.Helper()
	w := &world{registry: prometheus.NewRegistry()}
	o := Options{Android: []Android{{"phones", secret.New(signingKey)}}}
	deps := Deps{Deliver: w.deliver, Metrics: NewMetrics(w.registry)}
	if change != nil {
		change(&o, &deps)
	}
	var err error
	if w.Inbox, err = New(o, append(twoSIMs(), more...), deps); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func (w *world) deliver(_ context.Context, a probes.Arrival) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken != nil {
		return w.broken
	}
	w.arrivals = append(w.arrivals, a)
	return nil
}

func (w *world) breakWith(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = err
}

func (w *world) taken() []probes.Arrival {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]probes.Arrival(nil), w.arrivals...)
}

// expect makes the ledger wait for a code sent to key just now.
func (w *world) expect(id, key string) {
	wait := waitFor(id, key, 0)
	wait.Requested = time.Now()
	w.Expect(wait)
}

func (w *world) wantCount(t *testing.T, k kind, o outcome, want float64) {
	t.Helper()
	if got := testutil.ToFloat64(w.deps.Metrics.messages.WithLabelValues(string(k), string(o))); got != want {
		t.Errorf("%v messages of %s are %s, want %v", got, k, o, want)
	}
}

func sign(key, body, timestamp string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body + timestamp))
	return hex.EncodeToString(mac.Sum(nil))
}

func hook(method, path, body, timestamp, signature string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("X-Timestamp", timestamp)
	r.Header.Set("X-Signature", signature)
	return r
}

// post sends body as a phone would.
func (w *world) post(body string) *httptest.ResponseRecorder {
	now := strconv.FormatInt(time.Now().Unix(), 10)
	recorder := httptest.NewRecorder()
	w.Routes().ServeHTTP(recorder, hook(http.MethodPost, "/hooks/android/phones", body, now, sign(signingKey, body, now)))
	return recorder
}

func smsEvent(id, fields string) string {
	return fmt.Sprintf(`{"deviceId":"d1","event":"sms:received","id":%q,"webhookId":"x","payload":{"messageId":"m",%s}}`, id, fields)
}

func TestAndroidRefusals(t *testing.T) {
	now := time.Now()
	stamp := func(d time.Duration) string { return strconv.FormatInt(now.Add(d).Unix(), 10) }
	body := smsEvent("1", `"message":"Kode OTP Anda: 482915","sender":"DJP","simNumber":1`)
	const path = "/hooks/android/phones"
	for _, test := range []struct {
		name    string
		request *http.Request
		status  int
		text    string
	}{
		{"good", hook("POST", path, body, stamp(0), sign(signingKey, body, stamp(0))), 200, "ok"},
		{"signed early", hook("POST", path, body, stamp(-4*time.Minute), sign(signingKey, body, stamp(-4*time.Minute))), 200, "ok"},
		{"another method", hook("GET", path, body, stamp(0), sign(signingKey, body, stamp(0))), 405, "another method is needed"},
		{"PUT", hook("PUT", path, body, stamp(0), sign(signingKey, body, stamp(0))), 405, "another method is needed"},
		{"another receiver", hook("POST", "/hooks/android/others", body, stamp(0), sign(signingKey, body, stamp(0))), 404, "no such receiver"},
		{"below the receiver", hook("POST", path+"/x", body, stamp(0), sign(signingKey, body, stamp(0))), 404, "no such receiver"},
		{"no receiver", hook("POST", "/hooks/", body, stamp(0), sign(signingKey, body, stamp(0))), 404, "no such receiver"},
		{"another key", hook("POST", path, body, stamp(0), sign("other", body, stamp(0))), 401, "X-Signature does not match"},
		{"no key", hook("POST", path, body, stamp(0), sign("", body, stamp(0))), 401, "X-Signature does not match"},
		{"upper case", hook("POST", path, body, stamp(0), strings.ToUpper(sign(signingKey, body, stamp(0)))), 401, "X-Signature does not match"},
		{"no signature", hook("POST", path, body, stamp(0), ""), 401, "X-Signature does not match"},
		{"another body", hook("POST", path, body+" ", stamp(0), sign(signingKey, body, stamp(0))), 401, "X-Signature does not match"},
		{"another time", hook("POST", path, body, stamp(time.Second), sign(signingKey, body, stamp(0))), 401, "X-Signature does not match"},
		{"too old", hook("POST", path, body, stamp(-6*time.Minute), sign(signingKey, body, stamp(-6*time.Minute))), 401, "X-Timestamp is missing or too far from now"},
		{"from the future", hook("POST", path, body, stamp(6*time.Minute), sign(signingKey, body, stamp(6*time.Minute))), 401, "X-Timestamp is missing or too far from now"},
		{"no time", hook("POST", path, body, "", sign(signingKey, body, "")), 401, "X-Timestamp is missing or too far from now"},
		{"a time that is none", hook("POST", path, body, "now", sign(signingKey, body, "now")), 401, "X-Timestamp is missing or too far from now"},
		{"a time beyond numbers", hook("POST", path, body, "99999999999999999999", sign(signingKey, body, "99999999999999999999")), 401, "X-Timestamp is missing or too far from now"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.expect("A", "sim-a")
			recorder := httptest.NewRecorder()
			w.Routes().ServeHTTP(recorder, test.request)
			if recorder.Code != test.status || recorder.Body.String() != test.text+"\n" {
				t.Errorf("answer %d %q, want %d %q", recorder.Code, recorder.Body, test.status, test.text)
			}
			if got := len(w.taken()); (got == 1) != (test.status == 200) {
				t.Errorf("%d arrivals", got)
			}
			if (recorder.Header().Get("Allow") != "") != (test.status == 405) {
				t.Errorf("Allow is %q", recorder.Header().Get("Allow"))
			}
			if test.status != 200 {
				w.wantCount(t, map[bool]kind{true: kindUnknown, false: kindAndroid}[test.status == 404], refused, 1)
			}
		})
	}
}

func TestAndroidBodies(t *testing.T) {
	const code = `"message":"Kode OTP Anda: 482915"`
	for _, test := range []struct {
		name, body string
		status     int
		arrives    bool
	}{
		{"as today", smsEvent("1", code+`,"sender":"DJP","recipient":"+6281200000001","simNumber":1,"receivedAt":"2023-05-30T12:00:00.000+07:00"`), 200, false},
		{"an unreadable stamp", smsEvent("1", code+`,"sender":"DJP","simNumber":1,"receivedAt":"yesterday"`), 200, true},
		{"older: phoneNumber", smsEvent("1", code+`,"phoneNumber":"DJP","simNumber":1`), 200, true},
		{"recipient and simNumber null", smsEvent("1", code+`,"sender":"DJP","recipient":null,"simNumber":null`), 200, true},
		{"unknown fields", smsEvent("1", code+`,"sender":"DJP","simNumber":1,"new":{"a":[1]}`), 200, true},
		{"another slot", smsEvent("1", code+`,"sender":"DJP","simNumber":3`), 200, false},
		{"no code", smsEvent("1", `"message":"Sisa pulsa Anda Rp500","simNumber":1`), 200, false},
		{"a ping", `{"deviceId":"d1","event":"system:ping","id":"p","payload":{"health":{}}}`, 200, false},
		{"a ping without a payload", `{"deviceId":"d1","event":"system:ping","id":"p"}`, 200, false},
		{"another event with another payload", `{"deviceId":"d1","event":"sms:delivered","id":"p","payload":[1]}`, 200, false},
		{"not JSON", "hello", 400, false},
		{"nothing", "", 400, false},
		{"two values", "{} {}", 400, false},
		{"an array", "[]", 400, false},
		{"no id", smsEvent("", code+`,"simNumber":1`), 400, false},
		{"an id that is a text", smsEvent("a b", code), 400, false},
		{"no device", `{"event":"sms:received","id":"1","payload":{}}`, 400, false},
		{"no event", `{"deviceId":"d1","id":"1","payload":{}}`, 400, false},
		{"no payload", `{"deviceId":"d1","event":"sms:received","id":"1"}`, 400, false},
		{"payload null", `{"deviceId":"d1","event":"sms:received","id":"1","payload":null}`, 400, false},
		{"message is a number", smsEvent("1", `"message":482915`), 400, false},
		{"64 KiB", strings.Repeat(" ", mostBody-len(smsEvent("1", code+`,"simNumber":1`))) + smsEvent("1", code+`,"simNumber":1`), 200, true},
		{"too large", strings.Repeat(" ", mostBody) + smsEvent("1", code+`,"simNumber":1`), 413, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.expect("A", "sim-a")
			answer := w.post(test.body)
			if answer.Code != test.status {
				t.Errorf("answer %d, want %d", answer.Code, test.status)
			}
			if got := len(w.taken()); (got == 1) != test.arrives {
				t.Errorf("%d arrivals", got)
			}
		})
	}
}

func TestAndroidIsToldOnlyWhatIsRecorded(t *testing.T) {
	w := newWorld(t, nil)
	w.expect("A", "sim-a")
	body := smsEvent("1", `"message":"Kode OTP Anda: 482915","sender":"DJP","simNumber":1`)
	w.breakWith(errors.New("disk full"))
	if answer := w.post(body); answer.Code != 503 || answer.Body.String() != "not recorded, try again\n" {
		t.Errorf("answer %d %q when nothing was recorded", answer.Code, answer.Body)
	}
	w.breakWith(nil)
	for range 2 {
		if answer := w.post(body); answer.Code != 200 {
			t.Errorf("answer %d, want 200", answer.Code)
		}
	}
	got := w.taken()
	if len(got) != 1 || got[0].Wait != "A" || got[0].Code.Reveal() != "482915" || got[0].Receiver != "phones" || got[0].ID != "1" {
		t.Fatalf("arrivals %+v, want one for A", got)
	}
	if age := got[0].Received.Sub(got[0].Device); age < 0 || age > time.Minute {
		t.Errorf("received %v after the handset's clock", age)
	}
	w.wantCount(t, kindAndroid, failed, 1)
	w.wantCount(t, kindAndroid, matched, 1)
	w.wantCount(t, kindAndroid, duplicate, 1)
}

// Run ends once the message in hand is recorded; what comes later is left to
// the phone, which tries again.
func TestStoppingFinishesTheMessageInHand(t *testing.T) {
	inHand, goOn := make(chan bool), make(chan bool)
	w := newWorld(t, func(_ *Options, deps *Deps) {
		deps.Deliver = func(context.Context, probes.Arrival) error {
			close(inHand)
			<-goOn
			return nil
		}
	})
	w.expect("A", "sim-a")
	w.expect("B", "sim-b")
	ctx, stop := context.WithCancel(t.Context())
	ended, answered := make(chan error, 1), make(chan int, 1)
	go func() { ended <- w.Run(ctx) }()
	go func() {
		answered <- w.post(smsEvent("1", `"message":"Kode OTP Anda: 482915","sender":"DJP","simNumber":1`)).Code
	}()
	<-inHand
	stop()
	select {
	case <-ended:
		t.Error("it stopped with a message in hand")
	case <-time.After(50 * time.Millisecond):
	}
	close(goOn)
	if code := <-answered; code != 200 {
		t.Errorf("the message in hand is answered with %d, want 200", code)
	}
	if err := <-ended; err != nil {
		t.Errorf("stopping: %v", err)
	}
	if answer := w.post(smsEvent("2", `"message":"Kode OTP Anda: 137902","sender":"DJP","simNumber":2`)); answer.Code != 503 {
		t.Errorf("a message that comes later is answered with %d, want 503", answer.Code)
	}
}

func TestAPanicInDeliverFreesTheWait(t *testing.T) {
	panics := true
	w := newWorld(t, nil)
	w.deps.Deliver = func(ctx context.Context, a probes.Arrival) error {
		if panics {
			panic("a mistake of ours")
		}
		return w.deliver(ctx, a)
	}
	w.expect("A", "sim-a")
	body := smsEvent("1", `"message":"Kode OTP Anda: 482915","simNumber":1`)
	func() {
		defer func() { _ = recover() }() // net/http does
		w.post(body)
	}()
	panics = false
	if answer := w.post(body); answer.Code != 200 || len(w.taken()) != 1 {
		t.Errorf("answer %d and %d arrivals after a panic, want 200 and one", answer.Code, len(w.taken()))
	}
}

func TestAndroidASecondTryWhileTheFirstIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		release := make(chan struct{})
		w.deps.Deliver = func(ctx context.Context, a probes.Arrival) error {
			<-release
			return w.deliver(ctx, a)
		}
		w.expect("A", "sim-a")
		body := smsEvent("1", `"message":"Kode OTP Anda: 482915","simNumber":1`)
		first := make(chan int, 1)
		go func() { first <- w.post(body).Code }()
		synctest.Wait()
		if second := w.post(body).Code; second != 503 {
			t.Errorf("the second try is told %d before anything is recorded, want 503", second)
		}
		close(release)
		if code := <-first; code != 200 {
			t.Errorf("the first try is told %d, want 200", code)
		}
	})
}

func FuzzAndroidWebhook(f *testing.F) {
	good := smsEvent("1", `"message":"Kode OTP Anda: 482915","sender":"DJP","recipient":null,"simNumber":1,"receivedAt":"2023-05-30T12:00:00Z"`)
	now := strconv.FormatInt(time.Now().Unix(), 10)
	f.Add("POST", "/hooks/android/phones", good, now, "", true)
	f.Add("POST", "/hooks/android/phones", good, now, sign("", good, now), false)
	f.Add("POST", "/hooks/android/phones", good, "0", "zz", true)
	f.Add("GET", "/hooks/android/", `{"payload":{}}`, now, "", true)
	f.Add("POST", "/hooks/android/phones", `{"deviceId":"d1","event":"sms:received","id":"1","payload":{"simNumber":-1}}`, now, "", true)
	f.Fuzz(func(t *testing.T, method, path, body, timestamp, signature string, signed bool) {
		request, err := http.NewRequest(method, "http://inbox.example/", strings.NewReader(body))
		if err != nil {
			return // no server would hand it to us
		}
		request.URL.Path = path
		if signed {
			timestamp = strconv.FormatInt(time.Now().Unix(), 10)
			signature = sign(signingKey, body, timestamp)
		}
		request.Header["X-Timestamp"], request.Header["X-Signature"] = []string{timestamp}, []string{signature}
		w := newWorld(t, nil)
		w.expect("A", "sim-a")
		recorder := httptest.NewRecorder()
		w.Routes().ServeHTTP(recorder, request)
		valid := signature == sign(signingKey, body, timestamp)
		if recorder.Code/100 == 2 && (!valid || method != http.MethodPost || path != "/hooks/android/phones") {
			t.Errorf("answer %d to a request that nobody signed", recorder.Code)
		}
		if len(w.taken()) > 0 && recorder.Code != 200 {
			t.Errorf("answer %d to a message that was recorded", recorder.Code)
		}
		if recorder.Body.Len() > 64 {
			t.Errorf("answer %q is more than a short reason", recorder.Body)
		}
	})
}

// Newer versions say sender, older ones phoneNumber, and some both.
func TestAndroidSender(t *testing.T) {
	for fields, want := range map[string]string{
		`"sender":"DJP"`: "DJP", `"phoneNumber":"DJP"`: "DJP", `"sender":"DJP","phoneNumber":"+62"`: "DJP",
		`"sender":null,"phoneNumber":"DJP"`: "DJP", `"sender":"","phoneNumber":"DJP"`: "DJP", `"simNumber":null`: "",
	} {
		e, err := parseEvent([]byte(smsEvent("1", `"message":"x",`+fields)))
		if err != nil {
			t.Fatal(err)
		}
		if m := e.message(noon, noon); m.Sender.Reveal() != want || m.Slot != 0 {
			t.Errorf("%s is from %q, want %q", fields, m.Sender.Reveal(), want)
		}
	}
}

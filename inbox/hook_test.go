package inbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pantau/internal/secret"
	"pantau/probes"
)

// caller is the other side of one kind of webhook: the row of that kind in the
// tests that all of them must pass.
type caller struct {
	name   string // of the row; the receiver is called "r"
	kind   kind
	device string // what the messages say, or the receiver's name
	answer string
	media  string // of the answer
	setup  func(*Options)
	// request is an authentic call at an instant, as the other side makes it.
	request func(at time.Time, m said) *http.Request
	// break makes an authentic call with something else in place of a message.
	empty, garbage, otherMedia func() *http.Request
	wrong                      func(*http.Request) // makes the call one of somebody with another key
	naked                      func(*http.Request) // takes from the call what makes it authentic
	dated                      bool                // an old call is refused
	unnamed                    bool                // ids are made of what the message says
}

// said is what a caller is told to hand over.
type said struct{ id, to, text string }

const (
	numberA, numberB = "+6281200000001", "+6281700000002"
	textA, textB     = "Kode OTP Anda: 482915", "Kode OTP Anda: 739201"
	otherKey         = "another-key"
)

func callers() []caller {
	return []caller{
		androidCaller(), gammuCaller(), kannelCaller(http.MethodGet), kannelCaller(http.MethodPost), twilioCaller(),
		genericCaller("JSON, bearer", Generic{Bearer: secret.New(signingKey), Fields: genericFields("")}, mediaJSON),
		genericCaller("JSON, hex", Generic{HMAC: HMAC{
			Secret: secret.New(signingKey), Header: "X-Sign", Prefix: "sha256=",
		}, Fields: genericFields("id")}, mediaJSON),
		genericCaller("form, base64 with a timestamp", Generic{HMAC: HMAC{
			Secret: secret.New(signingKey), Header: "X-Sign", Encoding: "base64", Hash: "sha512", Timestamp: "X-At", Signed: "v0:{timestamp}:{body}",
		}, Fields: genericFields("id")}, mediaForm),
	}
}

func androidCaller() caller {
	signed := func(at time.Time, body string) *http.Request {
		now := strconv.FormatInt(at.Unix(), 10)
		r := hook(http.MethodPost, "/hooks/android/r", body, now, sign(signingKey, body, now))
		r.Header.Set("Content-Type", mediaJSON)
		return r
	}
	return caller{
		name: "android", kind: kindAndroid, device: "d1", answer: "ok\n", media: "text/plain; charset=utf-8", dated: true,
		setup: func(o *Options) { o.Android = []Android{{"r", secret.New(signingKey)}} },
		request: func(at time.Time, m said) *http.Request {
			return signed(at, smsEvent(m.id, fmt.Sprintf(`"message":%q,"sender":"DJP","recipient":%q`, m.text, m.to)))
		},
		empty:   func() *http.Request { return signed(time.Now(), "") },
		garbage: func() *http.Request { return signed(time.Now(), "\x00{canary") },
		otherMedia: func() *http.Request {
			r := signed(time.Now(), smsEvent("1", `"message":"x"`))
			r.Header.Set("Content-Type", "application/canary")
			return r
		},
		wrong: func(r *http.Request) {
			body, at := peek(r), r.Header.Get("X-Timestamp")
			r.Header.Set("X-Signature", sign(otherKey, body, at))
		},
		naked: func(r *http.Request) { r.Header.Del("X-Signature") },
	}
}

// gammuCaller is `pantau inbox gammu`. A modem holds one card and does not say
// its number, so that each card has a modem of its own.
func gammuCaller() caller {
	c := androidCaller()
	signed := func(at time.Time, body string) *http.Request {
		now := strconv.FormatInt(at.Unix(), 10)
		r := hook(http.MethodPost, "/hooks/gammu/r", body, now, sign(signingKey, body, now))
		r.Header.Set("Content-Type", mediaJSON)
		return r
	}
	c.name, c.kind, c.device = "gammu", kindGammu, modemOf(numberA)
	c.setup = func(o *Options) { o.Gammu = []Gammu{{Name: "r", Secret: secret.New(signingKey)}} }
	c.request = func(at time.Time, m said) *http.Request {
		return signed(at, fmt.Sprintf(`{"id":%q,"phone":%q,"sender":"DJP","text":%q}`, m.id, modemOf(m.to), m.text))
	}
	c.empty = func() *http.Request { return signed(time.Now(), "") }
	c.garbage = func() *http.Request { return signed(time.Now(), "\x00{canary") }
	c.otherMedia = func() *http.Request {
		r := signed(time.Now(), `{"id":"1","phone":"m"}`)
		r.Header.Set("Content-Type", "application/canary")
		return r
	}
	return c
}

func modemOf(number string) string { return "modem" + strings.TrimPrefix(number, "+") }

func kannelCaller(method string) caller {
	const path = "/hooks/kannel/r?"
	secretly := func(query url.Values) string {
		query.Set("secret", signingKey)
		return path + query.Encode()
	}
	request := func(query url.Values, body string) *http.Request {
		r := httptest.NewRequest(method, secretly(query), strings.NewReader(body))
		if method == http.MethodPost {
			r.Header.Set("Content-Type", `text/plain; charset="UTF-8"`)
		}
		return r
	}
	return caller{
		name: "kannel " + method, kind: kindKannel, device: "bind", media: "text/plain; charset=utf-8",
		setup: func(o *Options) {
			o.Kannel = []Kannel{{Name: "r", Secret: secret.New(signingKey), Allow: []string{"192.0.2.0/24"}}}
		},
		request: func(at time.Time, m said) *http.Request {
			query := url.Values{
				"id": {m.id}, "smsc": {"bind"}, "from": {"DJP"}, "to": {strings.TrimPrefix(m.to, "+")},
				"at": {strconv.FormatInt(at.Unix(), 10)}, "charset": {"UTF-8"},
			}
			if method == http.MethodPost {
				return request(query, m.text)
			}
			query.Set("text", m.text)
			return request(query, "")
		},
		empty: func() *http.Request { return request(url.Values{}, "") },
		garbage: func() *http.Request {
			r := request(url.Values{"id": {"1"}}, "")
			r.URL.RawQuery += "&text=%zzcanary"
			return r
		},
		otherMedia: func() *http.Request {
			r := httptest.NewRequest(http.MethodPost, secretly(url.Values{"id": {"1"}}), strings.NewReader("x"))
			r.Header.Set("Content-Type", "application/canary")
			return r
		},
		wrong: func(r *http.Request) {
			r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, "secret="+signingKey, "secret="+otherKey)
		},
		naked: func(r *http.Request) {
			r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, "secret="+signingKey, "")
		},
	}
}

const twilioURL = "https://status.example/hooks/twilio/r?x=1"

func twilioCaller() caller {
	signed := func(body string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/hooks/twilio/r", strings.NewReader(body))
		r.Header.Set("Content-Type", mediaForm)
		form, _ := url.ParseQuery(body)
		r.Header.Set("X-Twilio-Signature", base64.StdEncoding.EncodeToString(twilioMAC(secret.New(signingKey), twilioURL, form)))
		return r
	}
	good := url.Values{"MessageSid": {"SM1"}, "Body": {"x"}}.Encode()
	return caller{
		name: "twilio", kind: kindTwilio, device: "r", answer: twilioAnswer, media: "text/xml; charset=utf-8",
		setup: func(o *Options) { o.Twilio = []Twilio{{Name: "r", Token: secret.New(signingKey), URL: twilioURL}} },
		request: func(_ time.Time, m said) *http.Request {
			return signed(url.Values{"MessageSid": {m.id}, "From": {"DJP"}, "To": {m.to}, "Body": {m.text}, "NumMedia": {"0"}}.Encode())
		},
		empty:   func() *http.Request { return signed("") },
		garbage: func() *http.Request { return signed("MessageSid=%zzcanary&;=&Body=x") },
		otherMedia: func() *http.Request {
			r := signed(good)
			r.Header.Set("Content-Type", "application/canary")
			return r
		},
		wrong: func(r *http.Request) {
			form, _ := url.ParseQuery(peek(r))
			r.Header.Set("X-Twilio-Signature", base64.StdEncoding.EncodeToString(twilioMAC(secret.New(otherKey), twilioURL, form)))
		},
		naked: func(r *http.Request) { r.Header.Del("X-Twilio-Signature") },
	}
}

func genericFields(id string) Fields {
	return Fields{ID: id, Sender: "from", Recipient: "to", Text: "text", Device: "gateway", At: "at"}
}

func genericCaller(name string, g Generic, media string) caller {
	g.Name = "r"
	signed := func(key string, at time.Time, r *http.Request, body string) {
		if !g.Bearer.Empty() {
			r.Header.Set("Authorization", "Bearer "+key)
			return
		}
		now := strconv.FormatInt(at.Unix(), 10)
		if g.HMAC.Timestamp != "" {
			mac := hmac.New(sha512.New, []byte(key))
			io.WriteString(mac, "v0:"+now+":"+body)
			r.Header.Set("X-At", now)
			r.Header.Set("X-Sign", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
			return
		}
		mac := hmac.New(sha256.New, []byte(key))
		io.WriteString(mac, body)
		r.Header.Set("X-Sign", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	request := func(at time.Time, body string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/hooks/generic/r", strings.NewReader(body))
		r.Header.Set("Content-Type", media)
		signed(signingKey, at, r, body)
		return r
	}
	return caller{
		name: "generic " + name, kind: kindGeneric, device: "gw-1", answer: "ok\n", media: "text/plain; charset=utf-8",
		dated: g.HMAC.Timestamp != "", unnamed: g.Fields.ID == "",
		setup: func(o *Options) { o.Generic = []Generic{g} },
		request: func(at time.Time, m said) *http.Request {
			body := fmt.Sprintf(`{"id":%q,"from":"DJP","to":%q,"text":%q,"gateway":"gw-1","at":%d}`, m.id, m.to, m.text, at.Unix())
			if media == mediaForm {
				body = url.Values{"id": {m.id}, "from": {"DJP"}, "to": {m.to}, "text": {m.text}, "gateway": {"gw-1"}}.Encode()
			}
			return request(at, body)
		},
		empty:   func() *http.Request { return request(time.Now(), "") },
		garbage: func() *http.Request { return request(time.Now(), "%zz{canary") },
		otherMedia: func() *http.Request {
			r := request(time.Now(), "text=x")
			r.Header.Set("Content-Type", "application/canary")
			return r
		},
		wrong: func(r *http.Request) { signed(otherKey, time.Now(), r, peek(r)) },
		naked: func(r *http.Request) { r.Header.Del("Authorization"); r.Header.Del("X-Sign") },
	}
}

// peek gives the body of a call that is still to be made.
func peek(r *http.Request) string {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	return string(body)
}

// world is an Inbox with this kind of receiver only, whose two SIMs both wait.
func (c caller) world(t testing.TB) *world {
	t.Helper()
	w := &world{registry: prometheus.NewRegistry()}
	var o Options
	c.setup(&o)
	sims := twoSIMs()
	for i := range sims {
		sims[i].Receiver, sims[i].Device = "r", c.device
		if c.kind == kindGammu {
			sims[i].Device = modemOf(sims[i].Number.Reveal())
		}
	}
	var err error
	if w.Inbox, err = New(o, sims, Deps{Deliver: w.deliver, Metrics: NewMetrics(w.registry)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	w.expect("A", "sim-a")
	w.expect("B", "sim-b")
	return w
}

func (w *world) call(r *http.Request) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	w.Routes().ServeHTTP(recorder, r)
	return recorder
}

// wantRefused wants a short reason and nothing else, no effect, and no word of
// the call in the answer.
func (w *world) wantRefused(t *testing.T, r *http.Request, status int) {
	t.Helper()
	sent := peek(r)
	got := w.call(r)
	if got.Code != status {
		t.Errorf("answer %d %q, want %d", got.Code, got.Body, status)
	}
	if got.Body.Len() > 64 || strings.Contains(got.Body.String(), "canary") || sent != "" && strings.Contains(got.Body.String(), sent) {
		t.Errorf("answer %q is more than a short reason", got.Body)
	}
	if n := len(w.taken()); n != 0 {
		t.Errorf("%d arrivals of what was refused", n)
	}
}

// TestWebhooks holds for every kind.
func TestWebhooks(t *testing.T) {
	for _, c := range callers() {
		now := time.Now()
		good := func() *http.Request { return c.request(now, said{"m-1", numberA, textA}) }
		changed := func(change func(*http.Request)) *http.Request {
			r := good()
			change(r)
			return r
		}
		t.Run(c.name, func(t *testing.T) {
			t.Run("good, then replayed", func(t *testing.T) { c.wantTaken(t, good) })
			t.Run("out of order", func(t *testing.T) { c.wantBoth(t, now) })
			t.Run("recorded late", func(t *testing.T) { c.wantOnceRecorded(t, good) })
			t.Run("too many at one time", func(t *testing.T) { c.wantShed(t, good) })
			t.Run("for a number that is not ours", func(t *testing.T) { c.wantStranger(t, now) })
			for _, test := range []struct {
				name    string
				request *http.Request
				status  int
			}{
				{"no signature", changed(c.naked), 401},
				{"wrong signature", changed(c.wrong), 401},
				{"another method", changed(func(r *http.Request) { r.Method = http.MethodDelete }), 405},
				{"unknown name", changed(func(r *http.Request) { r.URL.Path += "canary" }), 404},
				{"below the name", changed(func(r *http.Request) { r.URL.Path += "/canary" }), 404},
				{"another kind", changed(func(r *http.Request) { r.URL.Path = "/hooks/canary/r" }), 404},
				{"too large", large(c, mostBody+1, -1), 413},
				{"too large, as it says", large(c, 1, mostBody+1), 413},
				{"another media type", c.otherMedia(), 415},
				{"another media type, no signature", stripped(c, c.otherMedia()), 401},
				{"empty", c.empty(), 400},
				{"empty, no signature", stripped(c, c.empty()), 401},
				{"garbage", c.garbage(), 400},
				{"garbage, no signature", stripped(c, c.garbage()), 401},
			} {
				t.Run(test.name, func(t *testing.T) { c.world(t).wantRefused(t, test.request, test.status) })
			}
			if c.dated {
				t.Run("replayed later", func(t *testing.T) {
					c.world(t).wantRefused(t, c.request(now.Add(-6*time.Minute), said{"m-1", numberA, textA}), 401)
				})
				t.Run("from the future", func(t *testing.T) {
					c.world(t).wantRefused(t, c.request(now.Add(6*time.Minute), said{"m-1", numberA, textA}), 401)
				})
			}
		})
	}
}

func stripped(c caller, r *http.Request) *http.Request {
	c.naked(r)
	return r
}

// large is a call with a body of so many bytes, that says it has others.
func large(c caller, bytes, says int) *http.Request {
	r := c.request(time.Now(), said{"m-1", numberA, textA})
	r.Method, r.ContentLength = http.MethodPost, int64(says)
	r.Body = io.NopCloser(strings.NewReader(strings.Repeat("x", bytes)))
	return r
}

func (c caller) wantTaken(t *testing.T, good func() *http.Request) {
	w := c.world(t)
	for range 3 {
		got := w.call(good())
		if got.Code != 200 || got.Body.String() != c.answer || got.Header().Get("Content-Type") != c.media {
			t.Errorf("answer %d %q of %s, want 200 %q of %s", got.Code, got.Body, got.Header().Get("Content-Type"), c.answer, c.media)
		}
	}
	all := w.taken()
	if len(all) != 1 || all[0].Wait != "A" || all[0].Receiver != "r" || all[0].Code.Reveal() != "482915" || (all[0].ID == "m-1") == c.unnamed {
		t.Fatalf("arrivals %+v, want one for A", all)
	}
	w.wantCount(t, c.kind, matched, 1)
	w.wantCount(t, c.kind, duplicate, 2)
	if at := w.pulse.heard[handset{"r", c.device}]; at.IsZero() {
		t.Errorf("device %q was not heard", c.device)
	}
}

func (c caller) wantBoth(t *testing.T, now time.Time) {
	w := c.world(t)
	w.call(c.request(now.Add(time.Second), said{"m-2", numberB, textB}))
	w.call(c.request(now, said{"m-1", numberA, textA}))
	all := w.taken()
	if len(all) != 2 || all[0].Wait != "B" || all[1].Wait != "A" {
		t.Errorf("arrivals %+v, want B and then A", all)
	}
}

func (c caller) wantOnceRecorded(t *testing.T, good func() *http.Request) {
	w := c.world(t)
	w.breakWith(errors.New("disk full"))
	got := w.call(good())
	if got.Code != 503 || got.Header().Get("Retry-After") == "" || got.Body.String() != "not recorded, try again\n" {
		t.Errorf("answer %d %q, want 503 with Retry-After", got.Code, got.Body)
	}
	w.breakWith(nil)
	for range 2 {
		if got := w.call(good()); got.Code != 200 {
			t.Errorf("answer %d, want 200", got.Code)
		}
	}
	if n := len(w.taken()); n != 1 {
		t.Errorf("%d arrivals, want one", n)
	}
	w.wantCount(t, c.kind, failed, 1)
}

func (c caller) wantShed(t *testing.T, good func() *http.Request) {
	w := c.world(t)
	for range mostHooks {
		w.busy.enter()
	}
	got := w.call(good())
	if got.Code != 503 || got.Header().Get("Retry-After") != "2" {
		t.Errorf("answer %d with Retry-After %q, want 503 with 2", got.Code, got.Header().Get("Retry-After"))
	}
	w.wantCount(t, c.kind, shed, 1)
	w.busy.leave()
	for range 2 { // whoever was let in has left again
		if got := w.call(good()); got.Code != 200 {
			t.Errorf("answer %d, want 200", got.Code)
		}
	}
}

// Phones belong to us whatever they think their number is; the others carry
// messages that are nobody's business here.
func (c caller) wantStranger(t *testing.T, now time.Time) {
	w := c.world(t)
	w.Forget("B")
	if got := w.call(c.request(now, said{"m-1", "+6281355555555", textA})); got.Code != 200 {
		t.Errorf("answer %d, want 200", got.Code)
	}
	if n := len(w.taken()); (n == 1) != (c.kind == kindAndroid) {
		t.Errorf("%d arrivals", n)
	}
}

// A receiver that is fixed to a SIM needs no number.
func TestAFixedSIM(t *testing.T) {
	w := &world{registry: prometheus.NewRegistry()}
	sims := twoSIMs()
	o := Options{
		Android: []Android{{"phones", secret.New("k")}},
		Generic: []Generic{{Name: "r", Bearer: secret.New(signingKey), SIM: "sim-b", Fields: Fields{Text: "data.messages.0.text"}}},
	}
	var err error
	if w.Inbox, err = New(o, sims, Deps{Deliver: w.deliver}); err != nil {
		t.Fatal(err)
	}
	w.expect("A", "sim-a")
	w.expect("B", "sim-b")
	r := httptest.NewRequest(http.MethodPost, "/hooks/generic/r", strings.NewReader(`{"data":{"messages":[{"text":"Kode OTP: 1234"}]}}`))
	r.Header.Set("Authorization", "bearer "+signingKey)
	if got := w.call(r); got.Code != 200 {
		t.Errorf("answer %d, want 200", got.Code)
	}
	if all := w.taken(); len(all) != 1 || all[0].Wait != "B" || all[0].ID == "" {
		t.Errorf("arrivals %+v, want one for B with an id", all)
	}
	o.Generic[0].SIM = "sim-c"
	_, err = New(o, sims, Deps{Deliver: w.deliver})
	wantMistakes(t, err, []string{`generic[0].sim: "sim-c" is not the id of a SIM`})
}

// Nobody is silent who has no way to be heard.
func TestReceiversWithoutHeartbeatsAreNeverSilent(t *testing.T) {
	for _, c := range callers() {
		w := c.world(t)
		got := w.Listen(time.Now().Add(time.Hour))
		if c.kind == kindAndroid {
			if len(got) != 2 || got[0].Verdict != probes.Unknown {
				t.Errorf("%s: results %+v, want both streams unknown", c.name, got)
			}
			continue
		}
		if len(got) != 0 {
			t.Errorf("%s: results %+v, want none", c.name, got)
		}
	}
}

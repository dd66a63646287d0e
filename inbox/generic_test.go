package inbox

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"pantau/internal/secret"
)

// What others publish about how they sign, each with a value worked out with
// openssl dgst -mac HMAC.
func TestHMACSchemes(t *testing.T) {
	key := secret.New("key")
	const body = "The quick brown fox jumps over the lazy dog"
	for _, test := range []struct {
		name      string
		scheme    HMAC
		timestamp string
		want      string
	}{
		{"hex", HMAC{Header: "X"}, "", "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"},
		{"with a prefix", HMAC{Header: "X", Prefix: "sha256="}, "", "sha256=f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"},
		{"sha1 in base64", HMAC{Header: "X", Hash: "sha1", Encoding: "base64"}, "", "3nybhbi3iqa8ino29wqQcBydtNk="},
		{"as Slack signs", HMAC{Header: "X", Prefix: "v0=", Timestamp: "T", Signed: "v0:{timestamp}:{body}"}, "1685422800", ""},
		{"as SMS Gateway for Android signs", HMAC{Header: "X", Timestamp: "T", Signed: "{body}{timestamp}"}, "1685422800", ""},
	} {
		scheme := test.scheme.withDefaults()
		scheme.Secret = key
		want := test.want
		if test.name == "as SMS Gateway for Android signs" {
			want = sign("key", body, test.timestamp)
		}
		if test.name == "as Slack signs" {
			want = "v0=" + sign("key", "v0:1685422800:", body)
		}
		sum, ok := scheme.decode(want)
		if !ok || string(sum) != string(scheme.sum([]byte(body), test.timestamp)) {
			t.Errorf("%s: signature %s (%s), want %s", test.name, hex.EncodeToString(scheme.sum([]byte(body), test.timestamp)),
				base64.StdEncoding.EncodeToString(scheme.sum([]byte(body), test.timestamp)), want)
		}
	}
	for _, bad := range []string{"", "zz", "sha256=", "v1=00"} {
		if _, ok := (HMAC{Prefix: "sha256="}).withDefaults().decode(bad); ok {
			t.Errorf("%q is a signature", bad)
		}
	}
}

func TestFields(t *testing.T) {
	deep := `{"a":{"b":[{"c":"x"},{"c":12345678901234567890}]},"t":true,"n":null,"o":{},"":"empty"}`
	body, err := parseBody(mediaJSON, []byte(deep))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"a.b.0.c": "x", "a.b.1.c": "12345678901234567890", "t": "true",
		"": "-", "n": "-", "o": "-", "a": "-", "a.b": "-", "a.b.2.c": "-", "a.b.-1.c": "-", "a.b.x": "-", "t.x": "-", "a..b": "-", "A.b": "-",
	} {
		got, ok := body.get(path)
		if !ok {
			got = "-"
		}
		if got != want {
			t.Errorf("%q is %q, want %q", path, got, want)
		}
	}
	form, err := parseBody(mediaForm, []byte("a.b=1&c=&d=x+y"))
	if err != nil || form.text("a.b") != "1" || form.text("d") != "x y" {
		t.Errorf("form %v, %v", form, err)
	}
	if _, ok := form.get("c"); !ok {
		t.Error("an empty field is missing")
	}
	for _, bad := range []string{"", "{", "{} {}", "{}x", "\xff", strings.Repeat("[", 20000)} {
		if _, err := parseBody(mediaJSON, []byte(bad)); err != errJSON {
			t.Errorf("%.20q: %v, want %v", bad, err, errJSON)
		}
	}
}

func TestGenericReadsEveryField(t *testing.T) {
	hook := newGenericHook(Generic{Name: "r", Bearer: secret.New("k"), Heartbeat: Heartbeat{"kind", "ping"}, Fields: Fields{
		ID: "d.id", Sender: "d.from", Recipient: "d.to", Text: "d.text", Device: "gw", Slot: "d.sim", Stamped: "d.sent", At: "d.at",
	}}, idKey{1})
	now := time.Unix(1685422800, 5e8)
	open := func(body string) (delivery, error) {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("Authorization", "Bearer k")
		return hook.open(call{Request: r, body: []byte(body), now: now})
	}
	got, err := open(`{"gw":"gw-1","d":{"id":"a/b","from":"DJP","to":6281200000001,"text":"hi","sim":"2","sent":"2023-05-30T12:00:00+07:00","at":1685422800000}}`)
	if err != nil {
		t.Fatal(err)
	}
	m := got.message
	if got.device != "gw-1" || m.Slot != 2 || m.Recipient.Reveal() != "6281200000001" || m.Sender.Reveal() != "DJP" || m.Text.Reveal() != "hi" {
		t.Errorf("delivery %+v", got)
	}
	if !m.Stamped.Equal(time.Unix(1685422800, 0)) || m.DeviceAt != now {
		t.Errorf("stamped %v and at %v", m.Stamped, m.DeviceAt)
	}
	again, _ := open(`{"gw":"gw-1","d":{"id":"a/b","text":"other"}}`)
	other, _ := open(`{"gw":"gw-1","d":{"id":"a/c","text":"hi"}}`)
	if m.ID != again.message.ID || m.ID == other.message.ID || !plainWord.MatchString(m.ID) || strings.Contains(m.ID, "a/b") {
		t.Errorf("ids %q, %q and %q", m.ID, again.message.ID, other.message.ID)
	}
	if got, err := open(`{"kind":"ping","gw":"gw-2"}`); err != nil || got.message != nil || got.device != "gw-2" {
		t.Errorf("a ping is %+v, %v", got, err)
	}
	for _, bad := range []string{`{}`, `[]`, `1`, `{"d":{"text":null}}`, `{"d":{"text":"x","sim":"-1"}}`, `{"d":{"text":"x","sim":"two"}}`, `{"gw":"a b","d":{"text":"x"}}`} {
		if _, err := open(bad); err != errField {
			t.Errorf("%s: %v, want %v", bad, err, errField)
		}
	}
}

func TestInstantOf(t *testing.T) {
	noon := time.Unix(1685422800, 0)
	for text, want := range map[string]time.Time{
		"2023-05-30T12:00:00+07:00": noon, "1685422800": noon, "1685422800000": noon,
		"": {}, "0": {}, "-5": {}, "soon": {}, "2023-05-30 12:00:00": {}, "999999999999999999": {}, "99999999999999999999": {},
	} {
		if got := instantOf(text); !got.Equal(want) {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

func TestWebhookOptions(t *testing.T) {
	k := secret.New("k")
	fields := Fields{Text: "t"}
	for _, test := range []struct {
		name    string
		options Options
		want    []string
	}{
		{"everything", Options{
			Kannel:  []Kannel{{Name: "smpp", Secret: k, Allow: []string{"10.0.0.1", "::1", "10.0.0.0/8"}}},
			Twilio:  []Twilio{{Name: "tw", Token: k, URL: "https://status.example/hooks/twilio/tw"}},
			Generic: []Generic{{Name: "g", Bearer: k, Fields: fields}, {Name: "h", HMAC: HMAC{Secret: k, Header: "X", Timestamp: "T"}, Fields: fields}},
		}, nil},
		{"names", Options{
			Android: []Android{{"a", k}}, Kannel: []Kannel{{Name: "a", Secret: k}},
			Twilio: []Twilio{{Name: "B", Token: k, URL: "https://x/"}}, Generic: []Generic{{Name: "smtp", Bearer: k, Fields: fields}},
		}, []string{
			`kannel[0].name: "a" is taken by another receiver`,
			`twilio[0].name: "B" is not a name; use lower-case letters, digits and hyphens`,
			`generic[0].name: "smtp" is taken by another receiver`,
		}},
		{"kannel", Options{Kannel: []Kannel{{Name: "a", Allow: []string{"localhost", "10.0.0.0/33"}, Params: KannelParams{ID: "text", At: "secret"}}}}, []string{
			`kannel[0].secret: is missing; whoever knows the address could send codes`,
			`kannel[0].allow[0]: "localhost" is not an address; write 10.0.0.7 or 10.0.0.0/8`,
			`kannel[0].allow[1]: "10.0.0.0/33" is not an address; write 10.0.0.7 or 10.0.0.0/8`,
			`kannel[0].params: "text" is used twice`,
			`kannel[0].params: "secret" is used twice`,
		}},
		{"twilio", Options{Twilio: []Twilio{{Name: "a", URL: "status.example"}}}, []string{
			`twilio[0].token: is missing; it is the account's primary auth token`,
			`twilio[0].url: "status.example" is not an address; write https://host/hooks/twilio/a`,
		}},
		{"generic", Options{Generic: []Generic{
			{Name: "a"},
			{Name: "b", Bearer: k, HMAC: HMAC{Header: "X"}, Fields: fields, Heartbeat: Heartbeat{Field: "x"}},
			{Name: "c", HMAC: HMAC{Encoding: "base32", Hash: "md5", Signed: "{body}{body}{timestamp}"}, Fields: fields},
			{Name: "d", HMAC: HMAC{Secret: k, Header: "X", Timestamp: "T", Signed: "{body}"}, Fields: fields},
		}}, []string{
			`generic[0].bearer: is missing, and so is hmac; one of them must tell who calls`,
			`generic[0].fields.text: is missing; it is where the message's text stands`,
			`generic[1].bearer: stands beside hmac; take one`,
			`generic[1].heartbeat: needs field and value`,
			`generic[2].hmac.secret: is missing`,
			`generic[2].hmac.header: is missing; it names the header with the signature`,
			`generic[2].hmac.encoding: "base32" is unknown; one of hex, base64`,
			`generic[2].hmac.hash: "md5" is unknown; one of sha256, sha512, sha1`,
			`generic[2].hmac.signed: "{body}{body}{timestamp}" does not hold {body} once`,
			`generic[2].hmac.signed: "{body}{body}{timestamp}": {timestamp} and timestamp_header go together`,
			`generic[3].hmac.signed: "{body}": {timestamp} and timestamp_header go together`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) { wantMistakes(t, test.options.Validate(), test.want) })
	}
}

func TestWebhookAddresses(t *testing.T) {
	k := secret.New("k")
	o := Options{
		Android: []Android{{"phones", k}}, Kannel: []Kannel{{Name: "smpp", Secret: k}},
		Twilio: []Twilio{{Name: "tw", Token: k, URL: "https://other.example/tw"}}, Generic: []Generic{{Name: "g", Bearer: k}},
	}
	want := []Webhook{
		{"android", "phones", "https://status.example/hooks/android/phones"},
		{"kannel", "smpp", "https://status.example/hooks/kannel/smpp?secret=SECRET&id=%I&smsc=%i&from=%p&to=%P&at=%T&charset=%C&text=%b"},
		{"twilio", "tw", "https://other.example/tw"},
		{"generic", "g", "https://status.example/hooks/generic/g"},
	}
	got := o.Webhooks("https://status.example/")
	if len(got) != len(want) {
		t.Fatalf("%d webhooks, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
}

func FuzzGeneric(f *testing.F) {
	f.Add(`{"id":"1","from":"DJP","to":"+6281200000001","text":"Kode OTP: 482915","gateway":"gw-1","at":1685422800}`, mediaJSON, "", true)
	f.Add(`{"text":{"a":[]},"at":1e400}`, mediaJSON, "", true)
	f.Add(url.Values{"text": {"Kode OTP: 482915"}, "to": {numberA}}.Encode(), mediaForm, "", true)
	f.Add(`[[[[`, "application/json; charset=utf-8", "zz", false)
	f.Fuzz(func(t *testing.T, body, media, signature string, known bool) {
		c := genericCaller("", Generic{HMAC: HMAC{Secret: secret.New(signingKey), Header: "X-Sign"}, Fields: genericFields("id")}, mediaJSON)
		r := fuzzRequest(t, http.MethodPost, "/hooks/generic/r", body, media)
		right := sign(signingKey, body, "")
		if known {
			signature = right
		}
		r.Header["X-Sign"] = []string{signature}
		fuzzed(t, c, r, strings.EqualFold(signature, right)) // hex in any case
	})
}

package inbox

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"pantau/internal/secret"
)

func kannelCall(r *http.Request, body string) call {
	return call{Request: r, body: []byte(body), now: time.Unix(1685422800, 5e8)}
}

func TestKannelReadsWhatKannelWrites(t *testing.T) {
	hook := newKannelHook(Kannel{Name: "smpp", Secret: secret.New("k")})
	renamed := newKannelHook(Kannel{Name: "smpp", Secret: secret.New("k"), SIM: "sim-a", Params: KannelParams{
		ID: "i", SMSC: "c", Sender: "s", Recipient: "r", Text: "b", Charset: "cs", At: "x", Stamped: "t",
	}})
	const utf16 = "%00K%00o%00d%00e%00+%00%E9" // "Kode é" as it came
	for _, test := range []struct {
		name   string
		hook   kannelHook
		query  string
		header http.Header
		body   string
		text   string
		to     string
		device string
		at     int64 // seconds, 0 for none
		stamp  int64
	}{
		{"get-url", hook, "id=u-1&smsc=tsel&from=DJP&to=62812&at=1685422799&charset=UTF-8&text=Kode%0A482915", nil, "", "Kode\n482915", "62812", "tsel", 1685422799, 0},
		{"in UCS-2", hook, "id=u-1&charset=UTF-16BE&text=" + utf16, nil, "", "Kode é", "", "smpp", 0, 0},
		{"in UCS-2, a byte too many", hook, "id=u-1&charset=UTF-16BE&text=%00K%00", nil, "", "K", "", "smpp", 0, 0},
		{"in Latin-1 without saying so", hook, "id=u-1&text=caf%E9", nil, "", "café", "", "smpp", 0, 0},
		{"without a text", hook, "id=u-1&text=", nil, "", "", "", "smpp", 0, 0},
		{"a time in UTC as %t", hook, "id=u-1&stamped=2023-05-30+05:00:00", nil, "", "", "", "smpp", 0, 1685422800},
		{"a time that is none", hook, "id=u-1&at=-1&stamped=soon", nil, "", "", "", "smpp", 0, 0},
		{"other names", renamed, "i=u-1&c=tsel&s=DJP&r=62812&x=1685422000&t=1685421000&cs=UTF-8&b=1234", nil, "", "1234", "62812", "tsel", 1685422000, 1685421000},
		{"post-url", hook, "id=u-1", http.Header{
			"Content-Type": {`text/plain; charset="UTF-16BE"`}, "X-Kannel-From": {"DJP"}, "X-Kannel-To": {"62812"},
		}, "\x00O\x00K", "OK", "62812", "smpp", 0, 0},
		{"post-url of bytes", hook, "id=u-1", http.Header{"Content-Type": {"application/octet-stream"}}, "caf\xe9", "café", "", "smpp", 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			method := http.MethodGet
			if test.header != nil {
				method = http.MethodPost
			}
			r := httptest.NewRequest(method, "/hooks/kannel/smpp?secret=k&"+test.query, nil)
			for name, values := range test.header {
				r.Header[name] = values
			}
			got, err := test.hook.open(kannelCall(r, test.body))
			if err != nil {
				t.Fatal(err)
			}
			m := got.message
			if m.Text.Reveal() != test.text || m.Recipient.Reveal() != test.to || got.device != test.device || m.ID != "u-1" || m.SIM != test.hook.SIM {
				t.Errorf("text %q to %q by %q with id %q for %q", m.Text.Reveal(), m.Recipient.Reveal(), got.device, m.ID, m.SIM)
			}
			if !sameSecond(m.DeviceAt, test.at) || !sameSecond(m.Stamped, test.stamp) {
				t.Errorf("at %v and stamped %v", m.DeviceAt, m.Stamped)
			}
		})
	}
}

func sameSecond(t time.Time, seconds int64) bool {
	return t.IsZero() && seconds == 0 || !t.IsZero() && t.Unix() == seconds
}

func TestKannelKnowsItsCaller(t *testing.T) {
	allow := []string{"10.0.0.7", "192.168.0.0/16", "2001:db8::/32"}
	for _, test := range []struct {
		name, from, secret string
		header             string
		allow              []string
		want               error
	}{
		{"in the query", "203.0.113.5:9", "k", "", nil, nil},
		{"as a token", "203.0.113.5:9", "", "Bearer k", nil, nil},
		{"as a password", "203.0.113.5:9", "", "Basic eDpr", nil, nil},
		{"another token beside the query", "203.0.113.5:9", "k", "Bearer x", nil, errSecret},
		{"another", "203.0.113.5:9", "K", "", nil, errSecret},
		{"longer", "203.0.113.5:9", "kk", "", nil, errSecret},
		{"none", "203.0.113.5:9", "", "", nil, errSecret},
		{"an allowed address", "10.0.0.7:9", "k", "", allow, nil},
		{"an allowed network", "192.168.9.9:9", "k", "", allow, nil},
		{"an IPv4 address on an IPv6 socket", "[::ffff:10.0.0.7]:9", "k", "", allow, nil},
		{"an allowed IPv6 network", "[2001:db8::1]:9", "k", "", allow, nil},
		{"another address", "10.0.0.8:9", "k", "", allow, errSource},
		{"another address, another secret", "10.0.0.8:9", "x", "", allow, errSource},
		{"an allowed address, another secret", "10.0.0.7:9", "x", "", allow, errSecret},
		{"no address", "@", "k", "", allow, errSource},
	} {
		r := httptest.NewRequest(http.MethodGet, "/?"+url.Values{"id": {"1"}, "secret": {test.secret}}.Encode(), nil)
		r.RemoteAddr = test.from
		if test.header != "" {
			r.Header.Set("Authorization", test.header)
		}
		hook := newKannelHook(Kannel{Name: "smpp", Secret: secret.New("k"), Allow: test.allow})
		if _, err := hook.open(kannelCall(r, "")); err != test.want {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

func FuzzKannel(f *testing.F) {
	f.Add("GET", "id=u-1&smsc=tsel&from=DJP&to=6281200000001&at=1685422799&charset=UTF-8&text=Kode+OTP:+482915", "", "", true)
	f.Add("GET", "id=u-1&charset=UTF-16BE&text=%00K%00", "", "", true)
	f.Add("POST", "id=u-1&stamped=2023-05-30+05:00:00", "Kode OTP: 482915", "text/plain; charset=\"UTF-8\"", true)
	f.Add("POST", "id=u-1", "\xff", "application/octet-stream", false)
	f.Add("GET", "id=%zz&;", "", "", true)
	f.Fuzz(func(t *testing.T, method, query, body, media string, known bool) {
		if method != http.MethodPost {
			method = http.MethodGet
		}
		r := fuzzRequest(t, method, "/hooks/kannel/r", body, media)
		r.URL.RawQuery = query
		if known {
			r.URL.RawQuery = "secret=" + signingKey + "&" + query
		}
		r.RemoteAddr = "192.0.2.1:1"
		fuzzed(t, kannelCaller(method), r, known || strings.Contains(query, "secret="))
	})
}

func fuzzRequest(t *testing.T, method, path, body, media string) *http.Request {
	r, err := http.NewRequest(method, "http://inbox.example"+path, strings.NewReader(body))
	if err != nil {
		t.Skip("no server would hand it to us")
	}
	r.Header["Content-Type"] = []string{media}
	return r
}

// fuzzed wants that a call does no harm: no panic, no effect without a known
// caller, a short answer, and an effect only when it says so.
func fuzzed(t *testing.T, c caller, r *http.Request, known bool) {
	w := c.world(t)
	got := w.call(r)
	switch {
	case got.Code == 200 && !known:
		t.Errorf("answer 200 to nobody")
	case got.Code != 200 && len(w.taken()) > 0:
		t.Errorf("answer %d to a message that was recorded", got.Code)
	case got.Code != 200 && (got.Code/100 != 4 || got.Body.Len() > 64):
		t.Errorf("answer %d %q, want 4xx and a short reason", got.Code, got.Body)
	}
}

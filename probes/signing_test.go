package probes

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dunglas/httpsfv"

	"pantau/internal/secret"
	"pantau/simulator/portal"
)

// rfcKey is test-key-ed25519 of RFC 9421, B.1.4.
func rfcKey(t *testing.T) signerKey {
	t.Helper()
	seed, err := base64.RawURLEncoding.DecodeString("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU")
	if err != nil {
		t.Fatal(err)
	}
	private := ed25519.NewKeyFromSeed(seed)
	return signerKey{private: private, id: thumbprint(private.Public().(ed25519.PublicKey))}
}

func TestAKeyIsNamedByItsThumbprint(t *testing.T) {
	if got, want := rfcKey(t).id, "poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U"; got != want {
		t.Errorf("thumbprint is %s, want %s", got, want)
	}
}

// TestPublishedVectors: Ed25519 gives the same signature each time, so that
// ours must be the published ones, byte for byte.
func TestPublishedVectors(t *testing.T) {
	request := func(method, url string, header ...string) valueOf {
		r, err := http.NewRequest(method, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return ofRequest(r)
	}
	for _, test := range []struct {
		name      string
		of        valueOf
		input     string // label and what is covered
		signature string
	}{
		{
			"RFC 9421, B.2.6",
			request(http.MethodPost, "https://example.com/foo?param=Value&Pet=dog", "Date", "Tue, 20 Apr 2021 02:07:55 GMT",
				"Content-Type", "application/json", "Content-Length", "18"),
			`sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`,
			"wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==",
		},
		{
			"web-bot-auth, Signature-Agent as a dictionary",
			request(http.MethodGet, "https://EXAMPLE.com:443/", "Signature-Agent", `sig2="https://signature-agent.test"`),
			`sig2=("@authority" "signature-agent";key="sig2");created=1735689600;keyid="poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U";alg="ed25519";expires=4889289600;nonce="n9p433xm+NJ3ph3upfBIGmsuwHw387YV7Q/F+6BSpGCVjYCqQw6rznNA8PVVLySrAWsv0hQtFioQb6E1YsauiA==";tag="web-bot-auth"`,
			"CGokAoY/FrPpyuzTe1Fb2kLTAH9Idw6qSFd1+D77r1firsMRCxeuLu5e6O+ek3zQgDMAzjiXtLVfqE00xnABCQ==",
		},
		{
			"web-bot-auth, Signature-Agent as a text",
			request(http.MethodGet, "https://example.com/", "Signature-Agent", `"https://signature-agent.test"`),
			`sig2=("@authority" "signature-agent");created=1735689600;keyid="poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U";alg="ed25519";expires=1735693200;nonce="e8N7S2MFd/qrd6T2R3tdfAuuANngKI7LFtKYI/vowzk4lAZYadIX6wW25MwG7DCT9RUKAJ0qVkU0mEeLElW1qg==";tag="web-bot-auth"`,
			"jdq0SqOwHdyHr9+r5jw3iYZH6aNGKijYp/EstF4RQTQdi5N5YYKrD+mCT1HA1nZDsi6nJKuHxUi/5Syp3rLWBA==",
		},
		{
			"web-bot-auth, the directory's own",
			func(component httpsfv.Item) (string, error) {
				if component.Value == "@authority" {
					return "signature-agent.test", nil
				}
				return "sha-256=:CADMT2aBdV/rqQr/NIru64ERQkCobVvllA4V0fLFDu0=:", nil
			},
			`binding=("@authority";req "content-digest");created=1735689600;expires=4889289600;keyid="poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U";tag="http-message-signatures-directory"`,
			"l6P8R67tm3kujAxbHWio7ll01qrEZ0dKD/WWlGhNYEmTnFZM8Wt0VQ9zqGfvo7T/UMkBxsigzChM1Gpz7gOVBg==",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			dictionary, err := httpsfv.UnmarshalDictionary([]string{test.input})
			if err != nil {
				t.Fatal(err)
			}
			label := dictionary.Names()[0]
			member, _ := dictionary.Get(label)
			header := http.Header{}
			if err := rfcKey(t).sign(header, label, member.(httpsfv.InnerList), test.of); err != nil {
				t.Fatal(err)
			}
			if got, want := header.Get("Signature"), label+"=:"+test.signature+":"; got != want {
				t.Errorf("signature is\n%s, want\n%s", got, want)
			}
			if got := header.Get("Signature-Input"); got != test.input {
				t.Errorf("input is\n%s, want\n%s", got, test.input)
			}
		})
	}
}

func TestWhatCannotBeSignedIsSaid(t *testing.T) {
	for _, input := range []string{`a=("x-none")`, `a=("x-there";key="b")`, `a=("x-text";key="a")`} {
		dictionary, err := httpsfv.UnmarshalDictionary([]string{input})
		if err != nil {
			t.Fatal(err)
		}
		member, _ := dictionary.Get("a")
		r, _ := http.NewRequest(http.MethodGet, "https://example.com", nil)
		r.Header.Set("X-There", "a=1")
		r.Header.Set("X-Text", "((")
		if err := rfcKey(t).sign(http.Header{}, "a", member.(httpsfv.InnerList), ofRequest(r)); err == nil {
			t.Errorf("%s was signed", input)
		}
	}
}

// newKey is a key as it stands in a configuration.
func newKey(t *testing.T, notBefore, notAfter time.Time) SigningKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return SigningKey{Key: secret.New(strings.TrimSpace(string(text))), NotBefore: notBefore, NotAfter: notAfter}
}

func newSigner(t *testing.T, agent string, keys ...SigningKey) *Signer {
	t.Helper()
	settings := Signing{Agent: agent, Keys: keys}
	if err := settings.Validate(); err != nil {
		t.Fatal(err)
	}
	signer, err := NewSigner(settings)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func TestTheNewestValidKeySigns(t *testing.T) {
	now := time.Now()
	hours := func(n int) time.Time { return now.Add(time.Duration(n) * time.Hour) }
	old, current := newKey(t, time.Time{}, hours(10)), newKey(t, hours(-1), hours(20))
	next, gone := newKey(t, hours(5), time.Time{}), newKey(t, hours(-20), hours(-10))
	signer := newSigner(t, "https://status.example", old, next, current, gone)
	for _, test := range []struct {
		name string
		at   time.Time
		want int // in signer.keys
	}{
		{"now", now, 2},
		{"before", hours(-2), 0},
		{"when the gone one was valid", hours(-15), 3},
		{"when the next has begun", hours(5), 1},
		{"long after", hours(1000), 1},
	} {
		key, err := signer.current(test.at)
		if err != nil || key.id != signer.keys[test.want].id {
			t.Errorf("%s: got %s, %v; want key %d", test.name, key.id, err, test.want)
		}
	}
	if err := newSigner(t, "https://status.example", gone).Check(now); err == nil {
		t.Error("a signer whose keys are over says that it can sign")
	}
	published := map[string]bool{}
	var set struct{ Keys []jwk }
	body, err := signer.directory(http.Header{}, now)
	if err != nil || json.Unmarshal(body, &set) != nil {
		t.Fatalf("%s: %v", body, err)
	}
	for _, key := range set.Keys {
		published[key.KID] = true
	}
	if len(set.Keys) != 3 || published[signer.keys[3].id] || !published[signer.keys[1].id] {
		t.Errorf("the directory has %s, want the old, the current and the next key", body)
	}
	for _, key := range signer.keys {
		seed := base64.RawURLEncoding.EncodeToString(key.private.Seed())
		if bytes.Contains(body, []byte(seed)) || bytes.Contains(body, []byte(`"d"`)) {
			t.Fatal("the directory tells a private key")
		}
	}
}

// signedWorld is a portal whose owner trusts our signatures, and the directory
// where it finds our keys.
func signedWorld(t *testing.T, pass bool, keys ...SigningKey) (*world, *Signer) {
	t.Helper()
	var signer *Signer
	directory := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != DirectoryPath {
			http.NotFound(w, r)
			return
		}
		signer.Directory().ServeHTTP(w, r)
	}))
	t.Cleanup(directory.Close)
	signer = newSigner(t, directory.URL, keys...)
	w := newWorld(t, portal.DressEreg, nil)
	var err error
	w.portal, err = portal.New(portal.Options{
		Agents: []string{directory.URL + DirectoryPath}, SignedPass: pass, Sender: w, Seed: 1, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.server.Config.Handler = w.portal.Handler()
	options := testOptions(t, portal.DressEreg, w.server.URL)
	options.Portal.Signing = &Signing{Agent: directory.URL, Keys: keys}
	options.Portal.Oracle.Secret, options.Portal.Oracle.Signed = secret.Value{}, true
	w.prober = w.newProber(options)
	return w, signer
}

func TestTheOracleTakesASignatureForAProof(t *testing.T) {
	now := time.Now()
	w, _ := signedWorld(t, false, newKey(t, time.Time{}, now.Add(time.Hour)), newKey(t, now.Add(-time.Minute), time.Time{}))
	wantLines(t, w.once("captcha"), "captcha up")
	if used := w.portal.Usage(); used.OracleAnswers != 1 || used.OracleDenied != 0 {
		t.Errorf("the oracle was used %+v", used)
	}
	wantLines(t, w.once("sms"), "open up", "captcha up", "request-otp unknown requesting", "request-otp up", "await-otp up", "submit-otp up")
}

func TestASignedProbeMayBeLetPast(t *testing.T) {
	w, _ := signedWorld(t, true, newKey(t, time.Time{}, time.Time{}))
	wantLines(t, w.once("mail"), "open up", "captcha unknown let-through", "request-otp unknown requesting", "request-otp up", "await-otp up", "submit-otp up")
	if used := w.portal.Usage(); used.LetPast != 1 || used.Challenges != 0 || used.OracleAnswers != 0 {
		t.Errorf("the portal saw %+v", used)
	}
}

func TestAnOldKeySignsNothing(t *testing.T) {
	w, _ := signedWorld(t, false, newKey(t, time.Time{}, time.Now().Add(-time.Hour)))
	results := w.once("front")
	wantLines(t, results, "open unknown stopped")
	if !strings.Contains(results[0].Evidence, "none of our signing keys is valid") {
		t.Errorf("evidence is %q", results[0].Evidence)
	}
}

// TestTheGatekeeperTakesNoOtherSignature asks the portal's oracle with signed
// requests that are not quite right. Without a challenge a right one is
// answered 404, any other 401.
func TestTheGatekeeperTakesNoOtherSignature(t *testing.T) {
	w, signer := signedWorld(t, false, newKey(t, time.Time{}, time.Time{}))
	strange := newSigner(t, signer.agent, newKey(t, time.Time{}, time.Time{}))
	elsewhere := newSigner(t, "https://other.example", newKey(t, time.Time{}, time.Time{}))
	now := time.Now()
	for _, test := range []struct {
		name   string
		signer *Signer
		at     time.Time
		spoil  func(*http.Request)
		want   int
	}{
		{"right", signer, now, func(*http.Request) {}, 404},
		{"not signed", signer, now, func(r *http.Request) { r.Header.Del("Signature-Input") }, 401},
		{"without its signature", signer, now, func(r *http.Request) { r.Header.Del("Signature") }, 401},
		{"without its agent", signer, now, func(r *http.Request) { r.Header.Del("Signature-Agent") }, 401},
		{"of a key that is not ours", strange, now, func(*http.Request) {}, 401},
		{"of another agent", elsewhere, now, func(*http.Request) {}, 401},
		{"for another method", signer, now, func(r *http.Request) { r.Method = http.MethodHead }, 401},
		{"for another query", signer, now, func(r *http.Request) { r.URL.RawQuery = "id=2" }, 401},
		{"for another host", signer, now, func(r *http.Request) { r.Host = "portal.example" }, 401},
		{"from yesterday", signer, now.Add(-24 * time.Hour), func(*http.Request) {}, 401},
		{"from tomorrow", signer, now.Add(24 * time.Hour), func(*http.Request) {}, 401},
		{"changed", signer, now, func(r *http.Request) {
			r.Header.Set("Signature-Input", strings.Replace(r.Header.Get("Signature-Input"), `nonce="`, `nonce="A`, 1))
		}, 401},
		{"another tag", signer, now, func(r *http.Request) {
			r.Header.Set("Signature-Input", strings.Replace(r.Header.Get("Signature-Input"), tagRequest, "web-bot", 1))
		}, 401},
	} {
		request, err := http.NewRequest(http.MethodGet, w.server.URL+"/oracle/captcha?id=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := test.signer.Sign(request, test.at); err != nil {
			t.Fatal(err)
		}
		test.spoil(request)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != test.want {
			t.Errorf("%s: status %d, want %d", test.name, response.StatusCode, test.want)
		}
	}
	request, _ := http.NewRequest(http.MethodGet, w.server.URL+"/oracle/captcha?id=1", nil)
	if err := signer.Sign(request, now); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{404, 401} {
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("the same signature twice: status %d, want %d", response.StatusCode, want)
		}
	}
}

func TestASigningKeyIsNeverSaid(t *testing.T) {
	rsaLike := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("canary-in-a-key")})
	for _, key := range []string{"canary-in-a-key", string(rsaLike), ""} {
		err := Signing{Agent: "https://status.example", Keys: []SigningKey{{Key: secret.New(key)}}}.Validate()
		if err == nil || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "Y2FuYXJ5") {
			t.Errorf("a bad key gives %v", err)
		}
	}
}

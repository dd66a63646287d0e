package probes

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dunglas/httpsfv"
)

// whole is a page with every kind of part, each from the portal itself.
const whole = `<!doctype html><title>Depan</title><link rel="stylesheet" href="/part.css"><script src="/part.js"></script>
<h1 id="judul">e-Registration</h1><img src="/part.png?kind=image"><img src="/moved"><iframe src="/frame"></iframe>
<script>
	fetch("/api?kind=get"); fetch("/api", {method: "POST", body: "kind=post", headers: {"Signature-Input": "sig1=()", "Signature": "sig1=:AA==:"}});
	navigator.sendBeacon("/beacon", "kind=beacon");
</script>`

// parts is a portal that notes who asks for what.
type parts struct {
	page    string                               // what stands at /
	special map[string]func(http.ResponseWriter) // says more to a path's answer

	mu    sync.Mutex
	asked []*http.Request
}

func (p *parts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Clone(r.Context()))
	p.mu.Unlock()
	w.Header().Set("Cache-Control", "no-store")
	if special := p.special[r.URL.Path]; special != nil {
		special(w)
		return
	}
	switch r.URL.Path {
	case "/":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprint(w, p.page)
	case "/part.css":
		w.Header().Set("Content-Type", "text/css")
		_, _ = fmt.Fprint(w, `@import "/more.css"; body { background: url(/background.png) }`)
	case "/moved":
		http.Redirect(w, r, "/part.png?kind=moved", http.StatusFound)
	case policyPath:
		http.NotFound(w, r)
	}
}

func (p *parts) requests() []*http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

func paths(requests []*http.Request) []string {
	seen := map[string]bool{}
	for _, r := range requests {
		seen[r.Method+" "+r.URL.Path] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// verify says what is wrong with the signature of r, of which public is the
// key; nonces are those seen before.
func verify(r *http.Request, public ed25519.PublicKey, nonces map[string]bool) error {
	if len(r.Header.Values("Signature")) != 1 || len(r.Header.Values("Signature-Input")) != 1 {
		return errors.New("want one signature")
	}
	inputs, err := httpsfv.UnmarshalDictionary(r.Header.Values("Signature-Input"))
	if err != nil {
		return err
	}
	signatures, err := httpsfv.UnmarshalDictionary(r.Header.Values("Signature"))
	if err != nil {
		return err
	}
	member, _ := inputs.Get(requestLabel)
	input, isList := member.(httpsfv.InnerList)
	value, _ := signatures.Get(requestLabel)
	signed, isItem := value.(httpsfv.Item)
	if !isList || !isItem {
		return fmt.Errorf("no signature %q", requestLabel)
	}
	received := r.Clone(r.Context())
	received.URL.Scheme, received.URL.Host = "http", r.Host
	base, err := signatureBase(input, ofRequest(received))
	if err != nil {
		return err
	}
	signature, _ := signed.Value.([]byte)
	nonce, _ := input.Params.Get("nonce")
	text, _ := nonce.(string)
	switch {
	case !ed25519.Verify(public, []byte(base), signature):
		return errors.New("the signature is another's")
	case text == "" || nonces[text]:
		return errors.New("the nonce was used before")
	}
	nonces[text] = true
	return nil
}

func TestEveryRequestOfABrowserIsSigned(t *testing.T) {
	t.Parallel()
	chosen := inChromium(t)
	key := newKey(t, time.Time{}, time.Time{})
	public := newSigner(t, "https://status.example", key).keys[0].private.Public().(ed25519.PublicKey)
	portal := &parts{page: whole}
	w := serve(t, portal.ServeHTTP, func(o *Options) {
		chosen(o)
		o.Portal.UserAgent = "Pantau/1 (test)"
		o.Portal.Signing = &Signing{Agent: "https://status.example", Keys: []SigningKey{key}}
	})
	wantLines(t, w.once("front"), "open up")
	asked := portal.requests()
	nonces := map[string]bool{}
	for _, r := range asked {
		if err := verify(r, public, nonces); err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		if agent := r.UserAgent(); agent != "Pantau/1 (test)" {
			t.Errorf("%s %s comes from %q", r.Method, r.URL, agent)
		}
	}
	got := paths(asked)
	for _, want := range []string{"GET /", "GET /api", "GET /background.png", "GET /frame", "GET /more.css", "GET /moved", "GET /part.css", "GET /part.js", "GET /part.png", "POST /api", "POST /beacon"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s was not asked for: %q", want, got)
		}
	}
}

func TestTheCapHoldsForThePartsOfAPage(t *testing.T) {
	t.Parallel()
	chosen := inChromium(t)
	portal := &parts{page: whole}
	w := serve(t, portal.ServeHTTP, chosen)
	given := permission(time.Now())
	given.Caps.PerMinute = 4
	options := w.prober.options
	var err error
	if w.prober, err = New(options, w.deps(func() (Permission, error) { return given, nil })); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		results := w.once("front")
		wantLines(t, results, "open unknown stopped")
		if !strings.Contains(results[0].Evidence, "allows 4 requests a minute") {
			t.Errorf("evidence is %q", results[0].Evidence)
		}
	}
	if asked := portal.requests(); len(asked) != 4 {
		t.Errorf("the portal was asked %d times, want 4: %q", len(asked), paths(asked))
	}
}

// TestThePortalsWordStopsABrowser has the portal say stop in the answer for a
// page or any part of it: nothing more is sent, now and later.
func TestThePortalsWordStopsABrowser(t *testing.T) {
	words := map[string]func(http.ResponseWriter){
		"403":  func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) },
		"429":  func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests) },
		"stop": func(w http.ResponseWriter) { w.Header().Set("Pantau-Stop", "1"); w.WriteHeader(http.StatusOK) },
	}
	for _, test := range []struct{ word, path string }{
		{"429", "/"}, {"403", "/part.js"}, {"429", "/api"}, {"stop", "/moved"},
	} {
		t.Run(test.word+" at "+test.path, func(t *testing.T) {
			t.Parallel()
			chosen := inChromium(t)
			portal := &parts{page: whole, special: map[string]func(http.ResponseWriter){test.path: words[test.word]}}
			w := serve(t, portal.ServeHTTP, chosen)
			wantLines(t, w.once("front"), "open unknown stopped")
			asked := portal.requests()
			if last := asked[len(asked)-1]; last.URL.Path != test.path {
				t.Errorf("after the stop at %s the portal was asked for %s", test.path, last.URL.Path)
			}
			wantLines(t, w.once("front"), "open unknown stopped")
			if more := portal.requests()[len(asked):]; len(more) > 0 {
				t.Errorf("a further run sent %q", paths(more))
			}
		})
	}
}

// TestABrowserIsNotLedAway: what a page or the portal's answer leads to is not
// asked for when it is another host's, and which host that was is evidence.
func TestABrowserIsNotLedAway(t *testing.T) {
	strays := &parts{page: front}
	elsewhere := httptest.NewServer(strays)
	t.Cleanup(elsewhere.Close) // after the parallel ones
	away := func(w http.ResponseWriter) {
		w.Header().Set("Location", elsewhere.URL+"/")
		w.WriteHeader(http.StatusFound)
	}
	for _, test := range []struct {
		name, page string
		special    map[string]func(http.ResponseWriter)
		want       string
		because    string
	}{
		{"by a redirect", "", map[string]func(http.ResponseWriter){"/": away}, "open down unexpected-page", "a redirect leads away to another host"},
		{"a part by a redirect", `<h1 id="judul"></h1><img src="/image"><script>fetch("/image", {redirect: "follow"}).catch(() => {})</script>`, map[string]func(http.ResponseWriter){"/image": away}, "open up", ""},
		{"by a script", `<script>location = "ELSEWHERE"</script>`, nil, "open down unexpected-page", "another host"},
		{"by the page's head", `<meta http-equiv="refresh" content="0; url=ELSEWHERE">`, nil, "open down unexpected-page", "another host"},
		{"by hints and parts", `<link rel="preconnect" href="ELSEWHERE"><link rel="prefetch" href="ELSEWHERE/a"><link rel="stylesheet" href="ELSEWHERE/b.css">
			<script>new EventSource("ELSEWHERE/events"); navigator.sendBeacon("ELSEWHERE/beacon", "x")</script>`, nil, "open down unexpected-page", "it also asked for hosts that are not in portal.hosts: 127.0.0.1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			chosen := inChromium(t)
			portal := &parts{page: strings.ReplaceAll(test.page, "ELSEWHERE", elsewhere.URL), special: test.special}
			w := serve(t, portal.ServeHTTP, chosen)
			results := w.once("front")
			wantLines(t, results, test.want)
			if !strings.Contains(results[0].Evidence, test.because) {
				t.Errorf("evidence is %q, want %q in it", results[0].Evidence, test.because)
			}
			if got := strays.requests(); len(got) > 0 {
				t.Errorf("another host was asked for %q", paths(got))
			}
		})
	}
}

func TestVendorsInTestInABrowser(t *testing.T) {
	for _, test := range []struct {
		kind   CaptchaKind
		class  string
		onPage string
		want   string
		token  string // that the portal must get, "" for nothing sent
	}{
		{CaptchaRecaptcha, "g-recaptcha", "6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI", "captcha up", "pantau-test"},
		{CaptchaTurnstile, "cf-turnstile", "0x4AAAAAAAreal", "captcha unknown oracle", ""},
	} {
		t.Run(string(test.kind), func(t *testing.T) {
			t.Parallel()
			chosen := inChromium(t)
			vendor, _ := testKeys(test.kind)
			var sent []string
			w := serve(t, func(out http.ResponseWriter, r *http.Request) {
				out.Header().Set("Content-Type", "text/html")
				switch {
				case r.URL.Path == policyPath:
					http.NotFound(out, r)
				case r.Method == http.MethodPost:
					sent = append(sent, r.PostFormValue(vendor.field))
					_, _ = fmt.Fprint(out, `<form id="form-kontak"></form>`)
				default:
					_, _ = fmt.Fprint(out, `<script src="https://widget.example/api.js" async defer></script>`+widgetPage(test.class, test.onPage))
				}
			}, func(o *Options) {
				chosen(o)
				o.Portal.Oracle = Oracle{}
				c := o.Portal.Captcha
				c.Kind, c.SiteKey, c.Image, c.IDField, c.AnswerField = test.kind, vendor.siteKey[0], "", "", ""
			})
			wantLines(t, w.once("captcha"), test.want)
			if got := strings.Join(sent, " "); got != test.token {
				t.Errorf("the portal got %q, want %q", got, test.token)
			}
		})
	}
}

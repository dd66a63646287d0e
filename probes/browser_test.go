package probes

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const front = `<!doctype html><title>Depan</title><h1 id="judul">e-Registration</h1>`

func TestWhatTheFrontPageGives(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("another host was visited")
	}))
	defer elsewhere.Close()
	for _, test := range []struct {
		name     string
		handler  http.HandlerFunc
		want     string
		evidence string
	}{
		{"right page", write(front), "open up", "GET / 200 69 B: the page has h1#judul"},
		{"another page", write("<h1>Pemeliharaan</h1>"), "open down unexpected-page", "no h1#judul"},
		{"empty", write(""), "open down unexpected-page", "200 0 B"},
		{"not found", status(404, front[:20]), "open down status", "status 404, want 200"},
		{"error", status(502, front), "open down status", "status 502, want 200"},
		{"not for probes", status(403, ""), "open unknown stopped", "does not want"},
		{"too many", status(429, ""), "open unknown stopped", "429"},
		{"too long", write(strings.Repeat("x", bodyAtMost+1)), "open down unexpected-page", "more than 1048576 bytes"},
		{"led away", http.RedirectHandler(elsewhere.URL, http.StatusFound).ServeHTTP, "open down unexpected-page", "GET / 302, GET /: a redirect leads away"},
		{"in circles", http.RedirectHandler("/", http.StatusFound).ServeHTTP, "open down unexpected-page", "more than 10 redirects"},
		{"breaks off", breakOff, "open down unreachable", "connection"},
		{"not HTTP", notHTTP, "open down unreachable", "no HTTP answer"},
		{"slow", slowly(150*time.Millisecond, front), "open down slow", "want at most 100ms"},
		{"too slow", slowly(5*time.Second, front), "open down timeout", "no complete answer"},
		{"drips", drip, "open down timeout", "no complete answer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := serve(t, test.handler, func(o *Options) {
				o.Portal.SlowAfter = 100 * time.Millisecond
				o.Portal.Timeouts.Step = 2 * time.Second
				if test.name == "right page" {
					o.Portal.SlowAfter = time.Minute
				}
			})
			results := w.once("front")
			wantLines(t, results, test.want)
			if !strings.Contains(results[0].Evidence, test.evidence) {
				t.Errorf("evidence is %q, want %q in it", results[0].Evidence, test.evidence)
			}
			if strings.Contains(results[0].Evidence, "482915") {
				t.Errorf("evidence repeats what the server sent: %q", results[0].Evidence)
			}
		})
	}
}

func write(body string) http.HandlerFunc { return status(http.StatusOK, body) }

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

func slowly(length time.Duration, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(length):
		case <-r.Context().Done():
		}
		_, _ = w.Write([]byte(body))
	}
}

// drip sends a page that never ends.
func drip(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		_, _ = w.Write([]byte("<p>"))
		_ = http.NewResponseController(w).Flush()
		time.Sleep(20 * time.Millisecond)
	}
}

func breakOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = w.Write([]byte(front))
}

func notHTTP(w http.ResponseWriter, _ *http.Request) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_, _ = connection.Write([]byte("kode 482915\r\n\r\n"))
		_ = connection.Close()
	}
}

func TestOurOwnLineIsNotThePortalsFault(t *testing.T) {
	reference := httptest.NewServer(http.HandlerFunc(status(500, "")))
	defer reference.Close()
	for _, test := range []struct {
		name       string
		references []string
		want       string
	}{
		{"no reference hosts", nil, "open down unreachable"},
		{"none answers", []string{"http://" + closedPort(t), "http://" + closedPort(t)}, "open unknown own-line"},
		{"one answers anything", []string{"http://" + closedPort(t), reference.URL}, "open down unreachable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := serve(t, write(front), func(o *Options) {
				o.Portal.BaseURL, o.References = "http://"+closedPort(t), test.references
			})
			results := w.once("front")
			wantLines(t, results, test.want)
			if !strings.Contains(results[0].Evidence, "connection refused") {
				t.Errorf("evidence is %q", results[0].Evidence)
			}
		})
	}
}

// closedPort is an address nobody listens at.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func TestPhasesOfATLSPageAreMeasured(t *testing.T) {
	server := httptest.NewTLSServer(slowly(20*time.Millisecond, front))
	defer server.Close()
	w := serve(t, write(""), func(o *Options) { o.Portal.BaseURL = server.URL })

	wantLines(t, w.once("front"), "open down unreachable") // the certificate is nobody's
	w.prober.roots = x509.NewCertPool()
	w.prober.roots.AddCert(server.Certificate())
	results := w.once("front")
	wantLines(t, results, "open up")
	p := results[0].Phases
	if p.Connect <= 0 || p.TLS <= 0 || p.FirstByte < 20*time.Millisecond || p.Body <= 0 || p.DNS != 0 {
		t.Errorf("phases are %+v", p)
	}
	if sum := p.DNS + p.Connect + p.TLS + p.FirstByte + p.Body; sum > results[0].Took {
		t.Errorf("phases add up to %s of %s", sum, results[0].Took)
	}
	if evidence := w.recorded()[0].Evidence; !strings.Contains(evidence, "certificate is not trusted") {
		t.Errorf("evidence is %q", evidence)
	}
}

func TestEveryRunIsANewVisitor(t *testing.T) {
	connections := map[string]bool{}
	w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == policyPath {
			return
		}
		connections[r.RemoteAddr] = true
		if len(r.Cookies()) > 0 {
			t.Error("a cookie of an earlier run came back")
		}
		http.SetCookie(rw, &http.Cookie{Name: "SESSION", Value: "1"})
		_, _ = rw.Write([]byte(front))
	}, nil)
	w.once("front")
	w.once("front")
	if len(connections) != 2 {
		t.Errorf("%d connections for two runs, want 2", len(connections))
	}
}

func TestAPostCarriesCookiesAndNeverLeavesTheHost(t *testing.T) {
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookie, _ := r.Cookie("SESSION")
		seen = append(seen, fmt.Sprintf("%s %s %v %s %s", r.Method, r.URL.Path, cookie, r.PostFormValue("token"), r.Referer()))
		http.SetCookie(w, &http.Cookie{Name: "SESSION", Value: "abc"})
		_, _ = w.Write([]byte(`<form id="f" method="post" action="/next"><input type="hidden" name="token" value="t-1"></form>
			<form id="away" method="post" action="https://other.example/"></form>`))
	}))
	defer server.Close()
	base, _ := url.Parse(server.URL)
	v := newVisit(gear{portal: &Portal{}, base: base, warden: newTestWarden(t)}, nil, "")
	if err := v.goTo(t.Context(), "/form"); err != nil {
		t.Fatal(err)
	}
	f, _ := v.page.form("#f")
	away, _ := v.page.form("#away")
	if err := v.send(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if err := v.send(t.Context(), away); err == nil || !strings.Contains(err.Error(), "another host") {
		t.Errorf("a form of another host gives %v", err)
	}
	want := []string{"GET /form   ", "POST /next SESSION=abc t-1 " + server.URL + "/form"}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("the server saw %q, want %q", seen, want)
	}
}

// A host is the same in capitals and with its usual port, and another with any
// other port, user or not.
func TestWhichHostsAreThePortals(t *testing.T) {
	base, _ := url.Parse("https://portal.example")
	g := gear{portal: &Portal{Hosts: []string{"login.example:8443", "[2001:db8::1]", "xn--prtal-jua.example"}}, base: base, warden: newTestWarden(t)}
	b := newBrowser(g, nil, "")
	for address, want := range map[string]bool{
		"https://portal.example/daftar":         true,
		"https://PORTAL.Example/daftar":         true,
		"https://portal.example:443/daftar":     true,
		"https://user:word@portal.example/":     true,
		"https://login.example:8443/":           true,
		"https://[2001:db8::1]:443/":            true,
		"https://xn--prtal-jua.example/":        true,
		"http://portal.example:443/":            false,
		"https://portal.example:8443/":          false,
		"https://login.example/":                false,
		"https://portal.example.evil.example/":  false,
		"https://portal.example@evil.example/":  false,
		"https://evil.example/#portal.example":  false,
		`https://evil.example\@portal.example/`: false,
		"https://pörtal.example/":               false, // written in another way: not followed
		"https://[::ffff:2001:db8::1]/":         false,
		"https://[2001:db8::2]/":                false,
		"//portal.example/":                     false,
		"ftp://portal.example/":                 false,
		"javascript:alert(1)":                   false,
	} {
		to, err := url.Parse(address)
		if got := err == nil && b.own(to); got != want {
			t.Errorf("%s is the portal's: %t, want %t", address, got, want)
		}
	}
}

// A page on https whose form leads to http would send a number in plain.
func TestAFormNeverLeadsFromHTTPSToHTTP(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`<form id="f" method="post" action="http://` + r.Host + `/next"><input name="nomor" value="62812"></form>`))
	}))
	defer server.Close()
	base, _ := url.Parse(server.URL)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	v := newVisit(gear{portal: &Portal{}, base: base, warden: newTestWarden(t)}, roots, "")
	if err := v.goTo(t.Context(), "/"); err != nil {
		t.Fatal(err)
	}
	f, _ := v.page.form("#f")
	if err := v.send(t.Context(), f); err == nil || len(v.browser.trail) != 1 {
		t.Errorf("it was sent: %v, %q", err, v.browser.trail)
	}
}

// A redirect that keeps the method has the form sent again, which for a code
// that is asked for must not happen twice at one place.
func TestARedirectNeverHasAFormSentTwice(t *testing.T) {
	var posts []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			posts = append(posts, r.URL.Path)
			http.Redirect(w, r, "/ask", http.StatusTemporaryRedirect)
		}
	}))
	defer server.Close()
	base, _ := url.Parse(server.URL)
	b := newBrowser(gear{portal: &Portal{}, base: base, warden: newTestWarden(t)}, nil, "")
	_, err := b.post(t.Context(), base, base.JoinPath("start"), url.Values{"nomor": {"62812"}})
	if err == nil || !strings.Contains(err.Error(), "sent again") || fmt.Sprint(posts) != "[/start /ask]" {
		t.Errorf("it was sent to %v: %v", posts, err)
	}
}

func TestPlainPath(t *testing.T) {
	for path, want := range map[string]string{
		"/daftar/kontak":               "/daftar/kontak",
		"/captcha/heRDGxrFjkcnCk.png":  "/captcha/…",
		"/verify/482915":               "/verify/…",
		"/u/canary-probe@mail.example": "/u/…",
		"/":                            "/",
		"":                             "",
		"/" + strings.Repeat("a", 25):  "/…",
	} {
		if got := plainPath(&url.URL{Path: path, RawQuery: "token=1"}); got != want {
			t.Errorf("plainPath(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestPlainHost(t *testing.T) {
	for host, want := range map[string]string{
		"www.google.com":                         "www.google.com",
		"s3.eu1.example":                         "s3.eu1.example",
		"482915.portal.example":                  "….portal.example",
		"kode-4829.example":                      "….example",
		strings.Repeat("a", 25) + ".cdn.example": "….cdn.example",
		"":                                       "",
	} {
		if got := plainHost(host); got != want {
			t.Errorf("plainHost(%q) = %q, want %q", host, got, want)
		}
	}
}

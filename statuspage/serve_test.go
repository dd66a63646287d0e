package statuspage_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"pantau/incident"
	"pantau/internal/words"
	"pantau/statuspage"
)

func TestBeforeTheFirstPublish(t *testing.T) {
	site := newSite(t, statuspage.Options{})
	handler := site.Handler()
	if page := get(t, handler, "/"); page.Code != http.StatusOK || !strings.Contains(page.Body.String(), "belum diukur") {
		t.Errorf("status %d, want 200 and a page that says nothing was measured", page.Code)
	}
	if ready := get(t, handler, "/readyz"); ready.Code != http.StatusServiceUnavailable {
		t.Errorf("readyz is %d, want 503", ready.Code)
	}
	if healthy := get(t, handler, "/healthz"); healthy.Code != http.StatusOK || healthy.Body.String() != "ok\n" {
		t.Errorf("healthz is %d %q, want 200", healthy.Code, healthy.Body)
	}
	if err := site.Publish(allWell()); err != nil {
		t.Fatal(err)
	}
	if ready := get(t, handler, "/readyz"); ready.Code != http.StatusOK {
		t.Errorf("readyz is %d after a publish, want 200", ready.Code)
	}
}

func TestHeaders(t *testing.T) {
	page := get(t, published(t, allWell()).Handler(), "/")
	for name, want := range map[string]string{
		"Content-Type":           "text/html; charset=utf-8",
		"Cache-Control":          "max-age=15, stale-while-revalidate=60, stale-if-error=86400",
		"Vary":                   "Accept-Encoding",
		"X-Content-Type-Options": "nosniff",
		"Referrer-Policy":        "no-referrer",
		"Set-Cookie":             "",
		"Content-Encoding":       "",
	} {
		if got := page.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	body := page.Body.String()
	_, rest, _ := strings.Cut(body, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	policy := page.Header().Get("Content-Security-Policy")
	if !strings.Contains(policy, "style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q does not allow the page's own style, or more than it", policy)
	}
	for _, forbidden := range []string{" style=", "<script", " onload=", "http-equiv"} {
		if strings.Contains(body, forbidden) {
			t.Errorf("the page has %q, which its policy refuses or its readers should not need", forbidden)
		}
	}
}

func TestRevalidation(t *testing.T) {
	site := published(t, allWell())
	handler := site.Handler()
	plain := get(t, handler, "/").Header().Get("Etag")
	packed := get(t, handler, "/", "Accept-Encoding", "gzip").Header().Get("Etag")
	if plain == packed || plain == "" || strings.HasPrefix(plain, "W/") {
		t.Fatalf("tags are %s and %s, want two strong ones", plain, packed)
	}
	for name, row := range map[string]struct {
		match, accept string
		want          int
	}{
		"none":             {"", "", 200},
		"the same":         {plain, "", 304},
		"weak":             {"W/" + plain, "", 304},
		"one of several":   {`"x", ` + plain, "", 304},
		"any":              {"*", "", 304},
		"another":          {`"x"`, "", 200},
		"without quotes":   {strings.Trim(plain, `"`), "", 200},
		"another encoding": {plain, "gzip", 200},
		"packed":           {packed, "gzip", 304},
	} {
		answer := get(t, handler, "/", "If-None-Match", row.match, "Accept-Encoding", row.accept)
		if answer.Code != row.want {
			t.Errorf("%s: status %d, want %d", name, answer.Code, row.want)
		}
		if answer.Code == 304 && (answer.Body.Len() > 0 || answer.Header().Get("Etag") == "" || answer.Header().Get("Cache-Control") == "") {
			t.Errorf("%s: 304 has %d bytes and headers %v", name, answer.Body.Len(), answer.Header())
		}
	}
	if err := site.Publish(oneLate()); err != nil {
		t.Fatal(err)
	}
	if answer := get(t, handler, "/", "If-None-Match", plain); answer.Code != 200 {
		t.Errorf("status %d after a change, want 200", answer.Code)
	}
}

func TestEncodings(t *testing.T) {
	handler := published(t, allWell()).Handler()
	for accept, want := range map[string]string{
		"": "", "identity": "", "gzip": "gzip", "br, GZIP;q=0.5": "gzip", "gzip;q=0": "", "gzip; q=0.000": "",
		"*": "gzip", "*;q=0": "", "gzip;q=0, *": "", "deflate": "", ",;,": "", "x-gzip": "gzip", "gzip;q=x": "gzip",
	} {
		if got := get(t, handler, "/", "Accept-Encoding", accept).Header().Get("Content-Encoding"); got != want {
			t.Errorf("%q gives %q, want %q", accept, got, want)
		}
	}
}

// A real server, because the recorder lets a body follow a HEAD.
func TestMethods(t *testing.T) {
	server := httptest.NewServer(published(t, oneLate()).Handler())
	defer server.Close()
	for _, path := range []string{"/", "/en/", "/api/v2/summary.json", "/incidents/INC-2023-003", "/healthz", "/robots.txt", "/nowhere"} {
		full, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = full.Body.Close()
		head, err := http.Head(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = head.Body.Close()
		if head.StatusCode != full.StatusCode || head.Header.Get("Content-Type") != full.Header.Get("Content-Type") || head.ContentLength <= 0 {
			t.Errorf("HEAD %s is %d with %d bytes, GET is %d", path, head.StatusCode, head.ContentLength, full.StatusCode)
		}
	}
	answer, err := http.Post(server.URL+"/", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST is %d, want 405", answer.StatusCode)
	}
}

func TestMissingPagesSpeakTheirLanguage(t *testing.T) {
	handler := published(t, allWell()).Handler()
	for path, want := range map[string]string{
		"/incidents/INC-1999-001":    "Halaman tidak ditemukan",
		"/en/incidents/INC-1999-001": "Page not found",
		"/wp-login.php":              "Halaman tidak ditemukan",
		"/api/v2/users.json":         `{"error":"not found"}`,
	} {
		answer := get(t, handler, path)
		if answer.Code != http.StatusNotFound || !strings.Contains(answer.Body.String(), want) {
			t.Errorf("%s is %d, want 404 with %q", path, answer.Code, want)
		}
		if got := answer.Header().Get("Cache-Control"); strings.Contains(got, "stale-if-error") {
			t.Errorf("%s may be kept for %q, want it forgotten soon", path, got)
		}
	}
	if answer := get(t, handler, "/en"); answer.Header().Get("Location") != "/en/" {
		t.Errorf("/en leads to %q, want /en/", answer.Header().Get("Location"))
	}
}

func TestWhatOthersWroteIsEscaped(t *testing.T) {
	const attack = `<script>alert("x")</script><img src=x onerror=alert(1)>`
	s := oneLate()
	i := &s.Incidents[0]
	i.Title = text(attack, attack)
	for n := range i.Updates {
		i.Updates[n].Body, i.Updates[n].Advice = text(attack, attack), []words.Text{text(attack, attack)}
	}
	s.Maintenances[0].Title = text(attack, attack)
	s.Components[0].Component = attack
	handler := published(t, s).Handler()
	for _, path := range []string{"/", "/en/", "/incidents/INC-2023-003", "/api/v2/summary.json"} {
		body := get(t, handler, path).Body.String()
		if strings.Contains(body, "<script") || strings.Contains(body, "<img") {
			t.Errorf("%s carries what an incident said as HTML", path)
		}
		if !strings.Contains(body, "alert(") {
			t.Errorf("%s does not carry what the incident said at all", path)
		}
	}
}

func TestAMistakeKeepsTheOldPage(t *testing.T) {
	site := published(t, allWell())
	handler := site.Handler()
	old := get(t, handler, "/").Body.String()
	broken := oneLate()
	broken.Incidents[0].Status = "exploded"
	err := site.Publish(broken)
	if err == nil || !strings.Contains(err.Error(), `"exploded"`) {
		t.Fatalf("error is %v, want one that names the status", err)
	}
	if get(t, handler, "/").Body.String() != old {
		t.Error("a page that could not be made replaced the one that could")
	}
	if answer := get(t, handler, "/incidents/INC-2023-003"); answer.Code != http.StatusNotFound {
		t.Errorf("a part of the broken edition is served: %d", answer.Code)
	}
}

func TestAnIndependentPublisherSpeaksForItself(t *testing.T) {
	site := newSite(t, statuspage.Options{Publisher: statuspage.Independent, PublisherName: "Relawan Pemantau"})
	s := blind()
	s.Maintenances = []incident.Maintenance{window()}
	if err := site.Publish(s); err != nil {
		t.Fatal(err)
	}
	for path, ours := range map[string]string{"/": " kami ", "/en/": " we "} {
		body := get(t, site.Handler(), path).Body.String()
		if strings.Contains(body, ours) || !strings.Contains(body, "Relawan Pemantau") {
			t.Errorf("%s says %q or does not say who measures", path, ours)
		}
	}
}

func TestAnIncidentPageChangesOnlyWithItsIncident(t *testing.T) {
	site := published(t, oneLate())
	handler := site.Handler()
	tag := func() string { return get(t, handler, "/en/incidents/INC-2023-003").Header().Get("Etag") }
	first := tag()
	later := oneLate()
	later.At = later.At.Add(time.Hour)
	if err := site.Publish(later); err != nil {
		t.Fatal(err)
	}
	if tag() != first {
		t.Error("the page of an unchanged incident changed")
	}
	later.Incidents[0].Status = incident.Monitoring
	if err := site.Publish(later); err != nil {
		t.Fatal(err)
	}
	if tag() == first {
		t.Error("the page of a changed incident did not change")
	}
}

func TestReadersAndWritersDoNotMeet(t *testing.T) {
	site := published(t, allWell())
	handler := site.Handler()
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for range 50 {
				if page := get(t, handler, "/", "Accept-Encoding", "gzip"); page.Code != http.StatusOK {
					t.Errorf("status %d while publishing", page.Code)
				}
			}
		})
	}
	for range 5 {
		if err := site.Publish(oneLate()); err != nil {
			t.Error(err)
		}
	}
	readers.Wait()
}

func TestAnswersAreCounted(t *testing.T) {
	site := published(t, allWell())
	handler := site.Handler()
	tag := get(t, handler, "/").Header().Get("Etag")
	get(t, handler, "/", "If-None-Match", tag)
	get(t, handler, "/secret?token=1")
	want := `
# HELP pantau_page_requests_total Answers of the public page by kind of address and HTTP status.
# TYPE pantau_page_requests_total counter
pantau_page_requests_total{code="200",route="api"} 0
pantau_page_requests_total{code="200",route="front"} 1
pantau_page_requests_total{code="200",route="incident"} 0
pantau_page_requests_total{code="304",route="api"} 0
pantau_page_requests_total{code="304",route="front"} 1
pantau_page_requests_total{code="304",route="incident"} 0
pantau_page_requests_total{code="404",route="other"} 1
`
	if err := testutil.CollectAndCompare(site.Collector(), strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

// The page costs what writing its bytes costs: compare the two.
func BenchmarkPage(b *testing.B) { serveMany(b, published(b, oneLate()).Handler()) }

func BenchmarkBareHandler(b *testing.B) {
	body := get(b, published(b, oneLate()).Handler(), "/", "Accept-Encoding", "gzip").Body.Bytes()
	serveMany(b, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
}

func serveMany(b *testing.B, handler http.Handler) {
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	request.Header.Set("Accept-Encoding", "gzip")
	b.ReportAllocs()
	for b.Loop() {
		handler.ServeHTTP(&discard{header: make(http.Header)}, request)
	}
}

// discard is a connection to nowhere.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header { return d.header }

func (d *discard) Write(b []byte) (int, error) { return len(b), nil }

func (d *discard) WriteHeader(int) {}

func BenchmarkPublish(b *testing.B) {
	site := published(b, oneLate())
	s := oneLate()
	b.ReportAllocs()
	for b.Loop() {
		if err := site.Publish(s); err != nil {
			b.Fatal(err)
		}
	}
}

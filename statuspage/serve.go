package statuspage

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"pantau/internal/words"
)

// cacheControl lets a cache shield the page in a rush, and keep it through a
// day in which we cannot be reached.
const cacheControl = "max-age=15, stale-while-revalidate=60, stale-if-error=86400"

// routes are all addresses and the label they are counted under.
var routes = []struct{ path, label string }{
	{"/", "front"},
	{"/en/", "front"},
	{"/incidents/:id", "incident"},
	{"/en/incidents/:id", "incident"},
	{"/api/v2/summary.json", "api"},
	{"/api/v2/status.json", "api"},
	{"/api/v2/components.json", "api"},
	{"/api/v2/incidents.json", "api"},
	{"/api/v2/incidents/unresolved.json", "api"},
	{"/api/v2/scheduled-maintenances.json", "api"},
	{"/api/v2/scheduled-maintenances/upcoming.json", "api"},
	{"/api/v2/scheduled-maintenances/active.json", "api"},
}

// Routes registers every public address on r. Whoever owns the engine answers
// other addresses with NotFound.
func (s *Site) Routes(r gin.IRouter) {
	methods := []string{http.MethodGet, http.MethodHead}
	for _, route := range routes {
		r.Match(methods, route.path, s.serve(route.label))
	}
	r.Match(methods, "/healthz", s.plain("ok\n"))
	r.Match(methods, "/robots.txt", s.plain("User-agent: *\nDisallow:\n"))
	r.Match(methods, "/readyz", s.ready)
}

// Handler is an engine with nothing but the page.
func (s *Site) Handler() http.Handler {
	// gin's debug mode prints every route to standard output.
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	s.Routes(engine)
	engine.NoRoute(s.NotFound)
	return engine
}

// Collector counts the answers, for the metrics listener.
func (s *Site) Collector() prometheus.Collector { return s.requests }

func newRequestCounter() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pantau_page_requests_total",
		Help: "Answers of the public page by kind of address and HTTP status.",
	}, []string{"route", "code"})
}

// serve answers from the current edition.
func (s *Site) serve(label string) gin.HandlerFunc {
	found := s.requests.WithLabelValues(label, "200")
	unchanged := s.requests.WithLabelValues(label, "304")
	return func(c *gin.Context) {
		d, exists := s.current.Load().documents[c.Request.URL.Path]
		if !exists {
			s.NotFound(c)
			return
		}
		v := d.choose(c.Request)
		s.writeHeaders(c.Writer.Header(), v)
		if matches(c.Request.Header.Get("If-None-Match"), v.etag) {
			delete(c.Writer.Header(), "Content-Length")
			c.Status(http.StatusNotModified)
			c.Writer.WriteHeaderNow()
			unchanged.Inc()
			return
		}
		writeBody(c, http.StatusOK, v.body)
		found.Inc()
	}
}

// NotFound answers an address that does not exist, in the language it would
// have had.
func (s *Site) NotFound(c *gin.Context) {
	s.requests.WithLabelValues("other", "404").Inc()
	path := c.Request.URL.Path
	if strings.HasPrefix(path, "/api/") {
		c.Writer.Header()["Access-Control-Allow-Origin"] = []string{"*"}
		s.short(c, http.StatusNotFound, typeJSON, `{"error":"not found"}`+"\n")
		return
	}
	lang := words.Indonesian
	if strings.HasPrefix(path, "/en/") {
		lang = words.English
	}
	v := s.missing[lang].choose(c.Request)
	s.writeHeaders(c.Writer.Header(), v)
	// A page that is missing now may exist after the next commit.
	c.Writer.Header()["Cache-Control"] = []string{"max-age=15"}
	delete(c.Writer.Header(), "Etag")
	writeBody(c, http.StatusNotFound, v.body)
}

// ready says whether a situation was published: before that the page is
// honest, but a replica that has one should be asked instead.
func (s *Site) ready(c *gin.Context) {
	if s.current.Load().published {
		s.short(c, http.StatusOK, typeText, "ready\n")
		return
	}
	s.short(c, http.StatusServiceUnavailable, typeText, "nothing published yet\n")
}

func (s *Site) plain(text string) gin.HandlerFunc {
	return func(c *gin.Context) { s.short(c, http.StatusOK, typeText, text) }
}

// short writes a small answer that nobody should cache.
func (s *Site) short(c *gin.Context, status int, contentType, text string) {
	header := c.Writer.Header()
	for name, values := range s.headers {
		header[name] = values
	}
	header["Cache-Control"] = []string{"no-store"}
	header["Content-Type"] = []string{contentType}
	header["Content-Length"] = []string{strconv.Itoa(len(text))}
	writeBody(c, status, []byte(text))
}

func (s *Site) writeHeaders(header http.Header, v variant) {
	for name, values := range s.headers {
		header[name] = values
	}
	for name, values := range v.header {
		header[name] = values
	}
}

func writeBody(c *gin.Context, status int, body []byte) {
	c.Status(status)
	if c.Request.Method == http.MethodHead {
		c.Writer.WriteHeaderNow()
		return
	}
	// A reader who hung up is nobody's mistake.
	_, _ = c.Writer.Write(body)
}

// commonHeaders keep everything out of the page but its own style, which is
// named by its hash.
func commonHeaders(style string) http.Header {
	sum := sha256.Sum256([]byte(style))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	return http.Header{
		"Cache-Control":                {cacheControl},
		"Vary":                         {"Accept-Encoding"},
		"Content-Security-Policy":      {policy},
		"X-Content-Type-Options":       {"nosniff"},
		"Referrer-Policy":              {"no-referrer"},
		"Permissions-Policy":           {"camera=(), geolocation=(), microphone=()"},
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
	}
}

// choose picks the encoding that the reader accepts.
func (d *document) choose(r *http.Request) variant {
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		return d.packed
	}
	return d.plain
}

// acceptsGzip reads "gzip, br;q=0.5": a coding with q=0 is refused, one that is
// not named is accepted only through "*".
func acceptsGzip(accept string) bool {
	wildcard := false
	for offer := range strings.SplitSeq(accept, ",") {
		coding, parameter, _ := strings.Cut(offer, ";")
		accepted := !refused(parameter)
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return accepted
		case "*":
			wildcard = accepted
		}
	}
	return wildcard
}

// refused says whether a parameter is a quality of zero: "q=0", "q=0.000".
func refused(parameter string) bool {
	name, value, _ := strings.Cut(parameter, "=")
	if !strings.EqualFold(strings.TrimSpace(name), "q") {
		return false
	}
	quality, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	return err == nil && quality == 0
}

// matches compares weakly, as If-None-Match asks.
func matches(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
			return true
		}
	}
	return false
}

package probes

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	bodyAtMost      = 1 << 20 // of any answer
	headerAtMost    = 64 << 10
	redirectsAtMost = 10
	trailAtMost     = 12 // exchanges told in evidence
)

// browser is one visitor: its cookies and its connections. It goes nowhere but
// to the portal's own hosts. It is used by one goroutine at a time.
type browser struct {
	client    *http.Client
	transport *http.Transport
	hosts     []string // with ports, where they are not the usual ones
	agent     string
	meter     *meter
	trail     []string // of this step: "GET /daftar 200 5123 B"
}

// newBrowser never takes over a connection or cookie of another run, because
// a visitor has neither. roots are the trusted certificates, nil the system's.
func newBrowser(p Portal, base *url.URL, roots *x509.CertPool) *browser {
	jar, _ := cookiejar.New(nil) // never fails without options
	b := &browser{hosts: append([]string{base.Host}, p.Hosts...), agent: p.UserAgent, meter: &meter{}}
	connect := or(p.Timeouts.Connect, defaultConnect)
	b.transport = &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: connect}).DialContext,
		TLSHandshakeTimeout:    connect,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: headerAtMost,
	}
	b.client = &http.Client{Jar: jar, Transport: b.transport, CheckRedirect: b.redirected}
	return b
}

// begin starts a step: its own phases, its own trail.
func (b *browser) begin() { b.meter, b.trail = &meter{}, nil }

// rest lets go of all connections. The next exchange makes new ones.
func (b *browser) rest() { b.transport.CloseIdleConnections() }

// answer is what came back, whatever its status below 500.
type answer struct {
	url      *url.URL // where the redirects ended
	status   int
	body     []byte
	answered time.Time // first byte of the first answer, before any redirect; monotonic
}

func (b *browser) get(ctx context.Context, to *url.URL) (answer, error) {
	return b.exchange(ctx, http.MethodGet, to, nil, http.Header{"Accept": {"text/html,*/*;q=0.8"}})
}

// post sends a form filled in on the page at from.
func (b *browser) post(ctx context.Context, from, to *url.URL, values url.Values) (answer, error) {
	return b.exchange(ctx, http.MethodPost, to, strings.NewReader(values.Encode()), http.Header{
		"Accept":       {"text/html,*/*;q=0.8"},
		"Content-Type": {"application/x-www-form-urlencoded"},
		"Origin":       {from.Scheme + "://" + from.Host},
		"Referer":      {from.String()},
	})
}

func (b *browser) exchange(ctx context.Context, method string, to *url.URL, body io.Reader, header http.Header) (answer, error) {
	if !b.own(to) {
		return answer{}, &fault{Down, ReasonUnexpected, "the page leads away to another host"}
	}
	b.meter.exchange()
	request, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, b.meter.trace()), method, to.String(), body)
	if err != nil {
		return answer{}, &fault{Down, ReasonUnexpected, "the page leads to an address that is none"}
	}
	request.Header = header
	request.Header.Set("User-Agent", b.agent)
	request.Header.Set("Accept-Language", "id")
	response, err := b.client.Do(request)
	if err != nil {
		b.went("%s %s", method, plainPath(to))
		return answer{}, faultOf(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	return b.read(ctx, response)
}

func (b *browser) read(ctx context.Context, response *http.Response) (answer, error) {
	began := time.Now()
	body, err := io.ReadAll(io.LimitReader(response.Body, bodyAtMost+1))
	b.meter.body(time.Since(began))
	b.went("%s %s %d %d B", response.Request.Method, plainPath(response.Request.URL), response.StatusCode, len(body))
	_, answered := b.meter.read()
	switch {
	case err != nil:
		return answer{}, faultOf(ctx, err)
	case len(body) > bodyAtMost:
		return answer{}, &fault{Down, ReasonUnexpected, fmt.Sprintf("more than %d bytes", bodyAtMost)}
	}
	got := answer{url: response.Request.URL, status: response.StatusCode, body: body, answered: answered}
	return got, statusFault(got.status)
}

// redirected lets the client follow to the portal's own hosts only.
func (b *browser) redirected(next *http.Request, via []*http.Request) error {
	last := via[len(via)-1]
	b.went("%s %s %d", last.Method, plainPath(last.URL), next.Response.StatusCode)
	switch {
	case !b.own(next.URL), last.URL.Scheme == "https" && next.URL.Scheme != "https":
		return &fault{Down, ReasonUnexpected, "a redirect leads away to another host"}
	case len(via) >= redirectsAtMost:
		return &fault{Down, ReasonUnexpected, fmt.Sprintf("more than %d redirects", redirectsAtMost)}
	}
	return nil
}

func (b *browser) own(to *url.URL) bool {
	return (to.Scheme == "http" || to.Scheme == "https") && slices.Contains(b.hosts, to.Host)
}

func (b *browser) went(format string, args ...any) {
	if len(b.trail) < trailAtMost {
		b.trail = append(b.trail, fmt.Sprintf(format, args...))
	}
}

// plainPath is a path fit for evidence: without query, and with an ellipsis
// for parts that look like an id or a token rather than a word.
func plainPath(u *url.URL) string {
	parts := strings.Split(u.Path, "/")
	for i, part := range parts {
		if len(part) > 24 || strings.ContainsFunc(part, func(r rune) bool { return !strings.ContainsRune(wordLetters, r) }) {
			parts[i] = "…"
		}
	}
	return strings.Join(parts, "/")
}

const wordLetters = "abcdefghijklmnopqrstuvwxyz-_."

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
	"unicode"
)

const (
	bodyAtMost      = 1 << 20 // of any answer
	headerAtMost    = 64 << 10
	redirectsAtMost = 10
	trailAtMost     = 12 // exchanges told in evidence
	refusedAtMost   = 6  // hosts told in evidence
)

// browser is one visitor: its cookies and its connections. It goes nowhere but
// to the portal's own hosts. It is used by one goroutine at a time.
type browser struct {
	client    *http.Client
	transport *http.Transport
	hosts     []string // with ports, where they are not the usual ones
	agent     string
	secure    bool // the portal is on https
	warden    *warden
	meter     *meter
	trail     []string // of this step: "GET /daftar 200 5123 B"
	refused   []string // hosts of others that a page asked for, in this step
	session   *session // of the whole visit
}

// newBrowser never takes over a connection or cookie of another run, because
// a visitor has neither. roots are the trusted certificates, nil the system's.
func newBrowser(g gear, roots *x509.CertPool, journey string) *browser {
	jar, _ := cookiejar.New(nil) // never fails without options
	p := g.portal
	b := &browser{hosts: append([]string{g.base.Host}, p.Hosts...), agent: p.UserAgent, secure: g.base.Scheme == "https", warden: g.warden, meter: &meter{}, session: newSession(p.NodeHeader)}
	b.transport = newTransport(p, roots)
	escorted := &escort{warden: g.warden, signer: g.signer, journey: journey, next: b.transport}
	b.client = &http.Client{Jar: jar, Transport: escorted, CheckRedirect: b.redirected}
	return b
}

func newTransport(p *Portal, roots *x509.CertPool) *http.Transport {
	connect := or(p.Timeouts.Connect, defaultConnect)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: connect}).DialContext,
		TLSHandshakeTimeout:    connect,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: headerAtMost,
	}
}

// begin starts a step: its own phases, its own trail.
func (b *browser) begin() { b.meter, b.trail, b.refused = &meter{}, nil, nil }

// rest lets go of all connections. The next exchange makes new ones.
func (b *browser) rest() { b.transport.CloseIdleConnections() }

// answer is what came back, whatever its status below 500.
type answer struct {
	url      *url.URL // where the redirects ended
	status   int
	body     []byte
	answered time.Time // first byte of the first answer, before any redirect; monotonic
	shown    int       // in Chromium, see origin
	document *reply    // likewise
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

// send sends the form, or asks for it where that is its method.
func (b *browser) send(ctx context.Context, f form) (answer, error) {
	if f.method != http.MethodPost {
		to := *f.to
		to.RawQuery = f.values.Encode()
		return b.get(ctx, &to)
	}
	return b.post(ctx, f.from, f.to, f.values)
}

func (b *browser) ready(context.Context) error { return nil }

// image is asked for when a step looks at it, and no sooner.
func (b *browser) image(ctx context.Context, to *url.URL) (answer, error) { return b.get(ctx, to) }

func (b *browser) picture(context.Context) ([]byte, error) { return nil, nil }

func (b *browser) exchange(ctx context.Context, method string, to *url.URL, body io.Reader, header http.Header) (answer, error) {
	switch {
	case !b.own(to):
		return answer{}, &fault{Down, ReasonUnexpected, "the page leads away to another host"}
	case b.secure && to.Scheme != "https":
		return answer{}, &fault{Down, ReasonUnexpected, "the page leads from https to http"}
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
	got, err := b.take(ctx, response, bodyAtMost)
	b.went("%s %s %d %d B", response.Request.Method, plainPath(response.Request.URL), response.StatusCode, len(got.body))
	return got, err
}

// take reads an answer. One without a url is not complete.
func (b *browser) take(ctx context.Context, response *http.Response, atMost int) (answer, error) {
	began := time.Now()
	b.session.saw(response)
	body, err := io.ReadAll(io.LimitReader(response.Body, int64(atMost)+1))
	b.meter.body(time.Since(began))
	_, answered := b.meter.read()
	switch {
	case err != nil:
		return answer{body: body}, faultOf(ctx, err)
	case len(body) > atMost:
		return answer{body: body}, &fault{Down, ReasonUnexpected, fmt.Sprintf("more than %d bytes", atMost)}
	}
	got := answer{url: response.Request.URL, status: response.StatusCode, body: body, answered: answered}
	return got, b.warden.refusal(response)
}

// redirected lets the client follow to the portal's own hosts only, and send a
// form on to where it was not sent yet.
func (b *browser) redirected(next *http.Request, via []*http.Request) error {
	last := via[len(via)-1]
	b.session.saw(next.Response)
	b.went("%s %s %d", last.Method, plainPath(last.URL), next.Response.StatusCode)
	switch {
	case !b.own(next.URL), last.URL.Scheme == "https" && next.URL.Scheme != "https":
		return &fault{Down, ReasonUnexpected, "a redirect leads away to another host"}
	case next.Method == http.MethodPost && slices.ContainsFunc(via, func(before *http.Request) bool { return before.URL.String() == next.URL.String() }):
		return &fault{Down, ReasonUnexpected, "a redirect has the form sent again to the same place"}
	case len(via) >= redirectsAtMost:
		return &fault{Down, ReasonUnexpected, fmt.Sprintf("more than %d redirects", redirectsAtMost)}
	}
	return nil
}

// own says whether to is on a host of the portal. Names in other letters than
// these are another host, whatever they resolve to.
func (b *browser) own(to *url.URL) bool {
	return (to.Scheme == "http" || to.Scheme == "https") && slices.ContainsFunc(b.hosts, func(host string) bool {
		return authority(&url.URL{Scheme: to.Scheme, Host: host}) == authority(to)
	})
}

func (b *browser) went(format string, args ...any) {
	if len(b.trail) < trailAtMost {
		b.trail = append(b.trail, fmt.Sprintf(format, args...))
	}
}

// refuse notes the host that an address led to.
func (b *browser) refuse(to *url.URL) {
	host := plainHost(to.Hostname())
	if len(b.refused) < refusedAtMost && !slices.Contains(b.refused, host) {
		b.refused = append(b.refused, host)
	}
}

// plainHost is a host fit for evidence: with an ellipsis for parts that could be
// a code, a number or a token.
func plainHost(host string) string {
	parts := strings.Split(host, ".")
	for i, part := range parts {
		digits := 0
		for _, letter := range part {
			if unicode.IsDigit(letter) {
				digits++
			}
		}
		if len(part) > 24 || digits > 3 {
			parts[i] = "…"
		}
	}
	return strings.Join(parts, ".")
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

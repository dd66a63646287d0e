package probes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
)

const (
	partAtMost   = 8 << 20 // of a script, picture or style of a page
	imagesAtMost = 32      // remembered of one page
)

// reply is an answer of the portal in Chromium's hands.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// serve answers one request of a page with what the portal says to it.
func (c *chromium) serve(tab context.Context, e *fetch.EventRequestPaused) {
	if isLocal(e.Request.URL) {
		_, _ = cdp.Call(tab, c.target, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: e.RequestID})
		return
	}
	got := c.fetch(e)
	if got == nil {
		_, _ = cdp.Call(tab, c.target, fetch.FailRequest, fetch.FailRequestParams{RequestID: e.RequestID, ErrorReason: network.ErrorReasonBlockedByClient})
		return
	}
	_, _ = cdp.Call(tab, c.target, fetch.FulfillRequest, fetch.FulfillRequestParams{
		RequestID: e.RequestID, ResponseCode: int64(got.status), ResponseHeaders: entries(got.header), Body: got.body,
	})
}

// isLocal says whether an address is data of the page itself.
func isLocal(address string) bool {
	return strings.HasPrefix(address, "data:") || strings.HasPrefix(address, "blob:")
}

// fetch gives nil for what may not be sent or has no answer; the scene then
// knows why, if that says anything about the page.
func (c *chromium) fetch(e *fetch.EventRequestPaused) (got *reply) {
	c.wire.Lock()
	defer c.wire.Unlock()
	isPage := e.ResourceType == network.ResourceTypeDocument && e.FrameID == c.frame
	var ctx context.Context
	var replay *reply
	c.set(func(s *scene) {
		if ctx = s.ctx; isPage {
			replay, s.replay = s.replay, nil
		}
	})
	switch {
	case ctx == nil:
		return nil // between two steps a page gets nothing
	case replay != nil:
		c.comes(replay)
		return replay
	}
	defer func() {
		if recover() != nil {
			got = nil
			c.set(func(s *scene) { s.fault = errors.New("a panic") })
		}
	}()
	got, err := c.exchange(ctx, e, isPage)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		c.set(func(s *scene) { s.late = true })
	}
	c.failed(err, isPage)
	if got != nil && isPage {
		c.comes(got)
	}
	return got
}

// comes notes the page that is about to stand there.
func (c *chromium) comes(got *reply) {
	isRedirect := got.header.Get("Location") != "" && got.status >= 300 && got.status < 400
	c.set(func(s *scene) {
		if isRedirect {
			s.redirects++
			return
		}
		s.loading, s.document, s.images = true, got, map[string]answer{}
	})
}

// failed keeps the first fault that is the page's, or that ends all sending. Of
// what was cut off on our side whoever did it knows why.
func (c *chromium) failed(err error, isPage bool) {
	var known *fault
	if err == nil || !errors.As(err, &known) || !isPage && known.reason != ReasonStopped || known.reason == ReasonShutdown {
		return
	}
	c.set(func(s *scene) {
		if s.fault == nil {
			s.fault = known
		}
	})
}

// exchange has the portal asked by the HTTP client. A page of an error comes
// with the fault that it is.
func (c *chromium) exchange(ctx context.Context, e *fetch.EventRequestPaused, isPage bool) (*reply, error) {
	request, err := c.request(ctx, e)
	if err != nil {
		return nil, err
	}
	response, err := c.client.Do(request)
	if err != nil {
		c.tell(isPage, e, "%s %s", request.Method, plainPath(request.URL))
		return nil, faultOf(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	limit := partAtMost
	if isPage {
		limit = bodyAtMost
	}
	got, err := c.net.take(ctx, response, limit)
	c.tell(isPage, e, "%s %s %d %d B", request.Method, plainPath(request.URL), response.StatusCode, len(got.body))
	if err != nil && got.url == nil {
		return nil, err
	}
	if e.ResourceType == network.ResourceTypeImage {
		c.set(func(s *scene) {
			if s.images == nil {
				s.images = map[string]answer{}
			}
			if len(s.images) < imagesAtMost {
				s.images[request.URL.String()] = got
			}
		})
	}
	return &reply{status: got.status, header: response.Header, body: got.body}, err
}

// tell puts into the evidence what a page and its scripts ask for, and not the
// pictures and styles.
func (c *chromium) tell(isPage bool, e *fetch.EventRequestPaused, format string, args ...any) {
	if isPage || e.ResourceType == network.ResourceTypeXHR || e.ResourceType == network.ResourceTypeFetch {
		c.net.went(format, args...)
	}
}

// request is what Chromium wanted to send, from us.
func (c *chromium) request(ctx context.Context, e *fetch.EventRequestPaused) (*http.Request, error) {
	redirects := 0
	c.set(func(s *scene) { redirects = s.redirects })
	to, err := url.Parse(e.Request.URL)
	if err == nil && !c.net.own(to) {
		c.net.refuse(to)
	}
	switch {
	case err != nil:
		return nil, &fault{Down, ReasonUnexpected, "the page leads to an address that is none"}
	case !c.net.own(to) && e.RedirectedRequestID != "":
		return nil, &fault{Down, ReasonUnexpected, "a redirect leads away to another host"}
	case !c.net.own(to):
		return nil, &fault{Down, ReasonUnexpected, "the page leads away to another host"}
	case c.net.secure && to.Scheme != "https":
		return nil, &fault{Down, ReasonUnexpected, "the page leads from https to http"}
	case redirects > redirectsAtMost:
		return nil, &fault{Down, ReasonUnexpected, fmt.Sprintf("more than %d redirects", redirectsAtMost)}
	}
	var body []byte
	for _, part := range e.Request.PostDataEntries {
		body = append(body, part.Bytes...)
	}
	traced := httptrace.WithClientTrace(ctx, c.net.meter.trace())
	request, err := http.NewRequestWithContext(traced, e.Request.Method, to.String(), bytes.NewReader(body))
	if err != nil {
		return nil, &fault{Down, ReasonUnexpected, "the page leads to an address that is none"}
	}
	for name, value := range e.Request.Headers {
		request.Header.Set(name, fmt.Sprint(value))
	}
	c.adopt(to, request.Cookies())
	for _, ours := range []string{"Cookie", "Accept-Encoding", "Host", "Content-Length", "Signature-Agent", "Signature-Input", "Signature"} {
		request.Header.Del(ours)
	}
	request.Header.Set("User-Agent", c.net.agent)
	request.Header.Set("Accept-Language", "id")
	return request, nil
}

// adopt takes the cookies that scripts have set over into those of the visitor,
// which are kept while Chromium is not running.
func (c *chromium) adopt(to *url.URL, cookies []*http.Cookie) {
	known := map[string]string{}
	for _, cookie := range c.client.Jar.Cookies(to) {
		known[cookie.Name] = cookie.Value
	}
	for _, cookie := range cookies {
		if value, has := known[cookie.Name]; !has || value != cookie.Value {
			c.client.Jar.SetCookies(to, []*http.Cookie{{Name: cookie.Name, Value: cookie.Value, Path: "/"}})
		}
	}
}

// entries are the headers for Chromium: those of the way to us are done with.
func entries(header http.Header) []*fetch.HeaderEntry {
	var all []*fetch.HeaderEntry
	for name, values := range header {
		switch name {
		case "Content-Encoding", "Content-Length", "Transfer-Encoding", "Connection", "Alt-Svc":
			continue
		}
		for _, value := range values {
			all = append(all, &fetch.HeaderEntry{Name: name, Value: value})
		}
	}
	return all
}

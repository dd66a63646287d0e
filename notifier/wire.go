package notifier

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"pantau/internal/secret"
)

const (
	maxAnswer  = 1 << 20 // bytes read of any answer
	maxProblem = 300     // bytes kept of what a channel says
)

// newTransport gives a sender connections of its own, so that channels share
// no pool, and answers that end.
func newTransport() http.RoundTripper {
	own := &http.Transport{
		Proxy:             http.ProxyFromEnvironment,
		TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: true,
		// A request that is cut off on a connection used before is sent again by
		// net/http itself, with the same signature, which X takes for a replay.
		// Posts are too few to gain from connections that are kept.
		DisableKeepAlives: true,
	}
	return capped{own}
}

// newClient follows no redirect: a post is not for another address, and the
// keys even less.
func newClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// capped ends the body of an answer after maxAnswer bytes.
type capped struct{ next http.RoundTripper }

func (c capped) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := c.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, maxAnswer), response.Body}
	return response, nil
}

// watched notes whether a call under the context it returns got a connection.
// Without one nothing can have been posted.
func watched(ctx context.Context) (context.Context, *atomic.Bool) {
	connected := new(atomic.Bool)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	}), connected
}

// unanswered is the error of a call that got no answer: a Refusal when there
// was no connection, else open.
func unanswered(err error, connected bool, hide hider) error {
	problem := hide.in(cause(err))
	if !connected {
		return &Refusal{Problem: "no connection: " + problem, Retry: true}
	}
	return errors.New("no answer: " + problem)
}

// cause leaves out method and address, which say nothing new.
func cause(err error) string {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return err.Error()
}

// answered is the error of an answer with status, which the channel explained
// with problem.
func answered(status int, problem string) error {
	text := fmt.Sprintf("status %d", status)
	if problem != "" {
		text += ": " + problem
	}
	switch {
	case status == http.StatusRequestTimeout, status >= 500:
		return errors.New(text) // it may have acted and failed on the way back
	case status == http.StatusTooManyRequests, status == http.StatusTooEarly:
		return &Refusal{Problem: text, Retry: true}
	case status >= 300:
		return &Refusal{Problem: text}
	default:
		return errors.New(text + ", and no id of a post")
	}
}

// hider takes a channel's keys out of what others say.
type hider []secret.Value

// in gives text without the keys, on one line and short.
func (h hider) in(text string) string {
	for _, key := range h {
		if key.Empty() {
			continue
		}
		inJSON, err := json.Marshal(key.Reveal())
		if err != nil {
			return secret.Hidden // no text can hold it safely
		}
		for _, written := range []string{key.Reveal(), url.QueryEscape(key.Reveal()), strings.Trim(string(inJSON), `"`)} {
			text = strings.ReplaceAll(text, written, secret.Hidden)
		}
	}
	text = strings.Join(strings.Fields(clean(text)), " ")
	for len(text) > maxProblem {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}

package notifier

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"

	//lint:ignore SA1019 deprecated with the interface it speaks; that is what this transport is for
	"github.com/dghubble/go-twitter/twitter"
)

const x11Host = "https://api.twitter.com"

// x11Duplicate is version 1.1's code for "this text stands there already".
const x11Duplicate = 187

// x11 posts through version 1.1 of X's interface, for enterprise plans and
// gateways that still speak it. Its library knows one host and no context;
// route gives it both.
type x11 struct {
	signed http.RoundTripper
	base   *url.URL
	user   int64
	hide   hider
}

func newX11(c ChannelOptions) (*x11, error) {
	base, err := url.Parse(cmp.Or(c.BaseURL, x11Host))
	if err != nil {
		return nil, fmt.Errorf("reading base_url: %w", err)
	}
	user, err := strconv.ParseInt(c.UserID, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("reading user_id: %w", err)
	}
	return &x11{signed: c.signed(), base: base, user: user, hide: c.keys()}, nil
}

// Send posts d, as an answer to the thread's earlier post where there is one.
func (s *x11) Send(ctx context.Context, d Delivery) (string, error) {
	params := &twitter.StatusUpdateParams{TrimUser: twitter.Bool(true)}
	if d.ReplyTo != "" {
		id, err := strconv.ParseInt(d.ReplyTo, 10, 64)
		if err != nil {
			return "", &Refusal{Problem: "posting to X: the post to answer has no number"}
		}
		params.InReplyToStatusID = id
		// Without it an answer must name the one it answers, even oneself.
		params.AutoPopulateReplyMetadata = twitter.Bool(true)
	}
	client, connected := s.client(ctx)
	tweet, response, err := client.Statuses.Update(d.Text, params)
	if err := s.outcome(response, err, connected.Load()); err != nil {
		return "", fmt.Errorf("posting to X: %w", err)
	}
	if tweet.IDStr == "" {
		return "", errors.New("posting to X: an answer without an id")
	}
	return tweet.IDStr, nil
}

// Find reads the account's posts since the first attempt, newest first.
func (s *x11) Find(ctx context.Context, d Delivery) (string, bool, error) {
	since := d.Began.Add(-xSkew)
	params := &twitter.UserTimelineParams{
		UserID: s.user, Count: 100, TweetMode: "extended", TrimUser: twitter.Bool(true),
		ExcludeReplies: twitter.Bool(false), IncludeRetweets: twitter.Bool(false),
	}
	for range xPages {
		client, connected := s.client(ctx)
		tweets, response, err := client.Timelines.UserTimeline(params)
		if err := s.outcome(response, err, connected.Load()); err != nil {
			return "", false, fmt.Errorf("reading posts of X: %w", err)
		}
		if tweets == nil {
			return "", false, errors.New("reading posts of X: an answer without a list")
		}
		for _, tweet := range tweets {
			if created, err := tweet.CreatedAtTime(); err == nil && created.Before(since) {
				return "", false, nil
			}
			if x11Is(tweet, d) {
				return tweet.IDStr, true, nil
			}
			params.MaxID = tweet.ID - 1
		}
		if len(tweets) == 0 {
			return "", false, nil
		}
	}
	return "", false, fmt.Errorf("reading posts of X: more than %d pages", xPages)
}

func x11Is(tweet twitter.Tweet, d Delivery) bool {
	if tweet.InReplyToStatusIDStr != "" && tweet.InReplyToStatusIDStr != d.ReplyTo {
		return false
	}
	return sameOnX(d.Text, cmp.Or(tweet.FullText, tweet.Text))
}

// outcome is nil for a good answer. It looks at the status first: the library
// gives no error for a bad one that it cannot read.
func (s *x11) outcome(response *http.Response, err error, connected bool) error {
	var said twitter.APIError
	explained := errors.As(err, &said)
	switch {
	case response == nil:
		return unanswered(err, connected, s.hide)
	case response.StatusCode/100 == 2 && err == nil:
		return nil
	case response.StatusCode/100 == 2:
		return errors.New("reading the answer: " + s.hide.in(err.Error()))
	case !explained:
		return xRefused(response, "", false)
	}
	duplicate := false
	for _, detail := range said.Errors {
		duplicate = duplicate || detail.Code == x11Duplicate
	}
	return xRefused(response, s.hide.in(said.Error()), duplicate)
}

// client makes a client for one call under ctx.
func (s *x11) client(ctx context.Context) (*twitter.Client, *atomic.Bool) {
	ctx, connected := watched(ctx)
	return twitter.NewClient(newClient(route{ctx, s.base, s.signed})), connected
}

// route brings a request to base and under ctx. It wraps the signing
// transport, because the signature covers the address.
type route struct {
	ctx  context.Context // of one call; the library takes none
	base *url.URL
	next http.RoundTripper
}

func (r route) RoundTrip(request *http.Request) (*http.Response, error) {
	routed := request.Clone(r.ctx)
	routed.URL.Scheme, routed.URL.Host = r.base.Scheme, r.base.Host
	routed.URL.Path = r.base.JoinPath(request.URL.Path).Path
	routed.Host = ""
	return r.next.RoundTrip(routed)
}

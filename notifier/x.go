package notifier

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/dghubble/oauth1"
)

const (
	xHost = "https://api.x.com"
	// xSkew is how far X's clock may be behind ours.
	xSkew = 2 * time.Minute
	// xPages bounds a read back to the 3,200 posts that X goes back.
	xPages = 32
)

// x posts through version 2 of X's interface, signed with OAuth 1.0a.
type x struct {
	client *http.Client
	base   string
	user   string
	hide   hider
}

func newX(c ChannelOptions) *x {
	return &x{
		client: newClient(c.signed()),
		base:   strings.TrimRight(cmp.Or(c.BaseURL, xHost), "/"),
		user:   c.UserID,
		hide:   c.keys(),
	}
}

// signed is a transport that signs requests with the keys of c.
func (c ChannelOptions) signed() http.RoundTripper {
	ctx := context.WithValue(context.Background(), oauth1.HTTPClient, &http.Client{Transport: newTransport()})
	config := oauth1.NewConfig(c.ConsumerKey.Reveal(), c.ConsumerSecret.Reveal())
	token := oauth1.NewToken(c.Token.Reveal(), c.TokenSecret.Reveal())
	return oauth1.NewClient(ctx, config, token).Transport
}

func (c ChannelOptions) keys() hider {
	return hider{c.ConsumerSecret, c.TokenSecret, c.ConsumerKey, c.Token}
}

type xPost struct {
	Text  string  `json:"text"`
	Reply *xReply `json:"reply,omitempty"`
}

type xReply struct {
	To string `json:"in_reply_to_tweet_id"`
}

// Send posts d, as an answer to the thread's earlier post where there is one.
func (s *x) Send(ctx context.Context, d Delivery) (string, error) {
	post := xPost{Text: d.Text}
	if d.ReplyTo != "" {
		post.Reply = &xReply{d.ReplyTo}
	}
	body, err := json.Marshal(post)
	if err != nil {
		return "", &Refusal{Problem: "writing the post as JSON: " + err.Error()}
	}
	var answer struct {
		Data struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := s.call(ctx, http.MethodPost, "/2/tweets", body, &answer); err != nil {
		return "", fmt.Errorf("posting to X: %w", err)
	}
	if answer.Data.ID == "" {
		return "", errors.New("posting to X: an answer without an id")
	}
	return answer.Data.ID, nil
}

// Find reads the account's posts since the first attempt.
func (s *x) Find(ctx context.Context, d Delivery) (string, bool, error) {
	query := url.Values{
		"start_time":   {d.Began.Add(-xSkew).UTC().Format(time.RFC3339)},
		"max_results":  {"100"},
		"tweet.fields": {"referenced_tweets"},
	}
	for range xPages {
		var page xPage
		if err := s.call(ctx, http.MethodGet, "/2/users/"+url.PathEscape(s.user)+"/tweets?"+query.Encode(), nil, &page); err != nil {
			return "", false, fmt.Errorf("reading posts of X: %w", err)
		}
		if page.Meta.Count == nil { // as when the account is not known: status 200 and errors
			return "", false, errors.New("reading posts of X: an answer that does not say how many there are")
		}
		for _, post := range page.Data {
			if post.is(d) {
				return post.ID, true, nil
			}
		}
		if page.Meta.NextToken == "" {
			return "", false, nil
		}
		query.Set("pagination_token", page.Meta.NextToken)
	}
	return "", false, fmt.Errorf("reading posts of X: more than %d pages", xPages)
}

type xPage struct {
	Data []xPosted `json:"data"`
	Meta struct {
		Count     *int   `json:"result_count"`
		NextToken string `json:"next_token"`
	} `json:"meta"`
}

type xPosted struct {
	ID         string `json:"id"`
	Text       string `json:"text"`
	Referenced []struct {
		Type string `json:"type"`
		ID   string `json:"id"`
	} `json:"referenced_tweets"`
}

// is says whether p is d: it has the same text and answers the same post, as
// far as X says what it answers.
func (p xPosted) is(d Delivery) bool {
	for _, r := range p.Referenced {
		if r.Type == "replied_to" && r.ID != d.ReplyTo {
			return false
		}
	}
	return sameOnX(d.Text, p.Text)
}

// call sends one signed request and reads a good answer into answer.
func (s *x) call(ctx context.Context, method, path string, body []byte, answer any) error {
	ctx, connected := watched(ctx)
	request, err := http.NewRequestWithContext(ctx, method, s.base+path, bytes.NewReader(body))
	if err != nil {
		return &Refusal{Problem: "making the request: " + s.hide.in(cause(err))}
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := s.client.Do(request)
	if err != nil {
		return unanswered(err, connected.Load(), s.hide)
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return s.refused(response)
	}
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		return errors.New("reading the answer: " + s.hide.in(err.Error()))
	}
	return nil
}

// refused reads why X said no.
func (s *x) refused(response *http.Response) error {
	var problem struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
	}
	// What cannot be read leaves the status to speak.
	_ = json.NewDecoder(response.Body).Decode(&problem)
	said := s.hide.in(cmp.Or(problem.Detail, problem.Title))
	return xRefused(response, said, strings.Contains(problem.Detail, "duplicate content"))
}

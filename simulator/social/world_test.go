package social_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	//lint:ignore SA1019 it still speaks v1.1, which enterprise gateways go on serving
	"github.com/dghubble/go-twitter/twitter"
	"github.com/dghubble/oauth1"
	"github.com/slack-go/slack"

	"pantau/simulator/social"
)

const slackToken = "xoxb-simulasi"

// account is who may post in these tests.
func account() social.XAccount {
	return social.XAccount{
		ConsumerKey: "ck", ConsumerSecret: "c s&/=", Token: "42-tok", TokenSecret: "t+s%",
		UserID: "42", Handle: "layanan", Name: "Layanan Contoh",
	}
}

// world is the stand-ins behind a real server.
type world struct {
	t *testing.T
	*social.Social
	url string
}

func newWorld(t *testing.T, change ...func(*social.Options)) world {
	t.Helper()
	options := social.Options{
		X: account(),
		Slack: social.SlackWorkspace{
			BotToken: slackToken,
			Channels: []social.SlackChannel{{ID: "C1", Name: "status"}, {ID: "C2", Name: "siaga"}},
		},
		Seed: 7,
	}
	for _, f := range change {
		f(&options)
	}
	s := social.New(options)
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return world{t, s, server.URL}
}

// signer is a client that signs as a.
func signer(t *testing.T, a social.XAccount) *http.Client {
	config := oauth1.NewConfig(a.ConsumerKey, a.ConsumerSecret)
	return config.Client(t.Context(), oauth1.NewToken(a.Token, a.TokenSecret))
}

// elsewhere sends what is meant for X to the stand-in. It wraps the signer, so
// that the signature is for the address the request goes to.
type elsewhere struct {
	to   *url.URL
	next http.RoundTripper
}

func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	there := r.Clone(r.Context())
	there.URL.Scheme, there.URL.Host, there.Host = e.to.Scheme, e.to.Host, ""
	there.URL.Path = "/x" + r.URL.Path
	return e.next.RoundTrip(there)
}

// twitterClient is go-twitter, which knows one host only, sent here.
func (w world) twitterClient(a social.XAccount) *twitter.Client {
	to, err := url.Parse(w.url)
	if err != nil {
		w.t.Fatal(err)
	}
	transport := elsewhere{to, signer(w.t, a).Transport}
	return twitter.NewClient(&http.Client{Transport: transport})
}

func (w world) slackClient(token string) *slack.Client {
	return slack.New(token, slack.OptionAPIURL(w.url+"/slack/api/"))
}

// answer is what came back from a raw call.
type answer struct {
	status int
	header http.Header
	body   string
}

// call makes a raw call; one that breaks gives status 0.
func (w world) call(client *http.Client, method, path, contentType, body string) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	response, err := client.Do(r)
	if err != nil {
		return answer{}
	}
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}
	}
	return answer{response.StatusCode, response.Header, strings.TrimSpace(string(read))}
}

// tweet posts text by API v2.
func (w world) tweet(text, replyTo string) answer {
	w.t.Helper()
	wanted := map[string]any{"text": text}
	if replyTo != "" {
		wanted["reply"] = map[string]string{"in_reply_to_tweet_id": replyTo}
	}
	body, err := json.Marshal(wanted)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.call(signer(w.t, account()), "POST", "/x/2/tweets", "application/json", string(body))
}

// mustTweet gives the id of the new post.
func (w world) mustTweet(text, replyTo string) string {
	w.t.Helper()
	a := w.tweet(text, replyTo)
	var made struct{ Data struct{ ID string } }
	if a.status != http.StatusCreated || json.Unmarshal([]byte(a.body), &made) != nil || made.Data.ID == "" {
		w.t.Fatalf("posting %q: got %d %s, want 201 with an id", text, a.status, a.body)
	}
	return made.Data.ID
}

// get reads path without keys and decodes it into v.
func (w world) get(path string, v any) {
	w.t.Helper()
	a := w.call(http.DefaultClient, "GET", path, "", "")
	if a.status != http.StatusOK {
		w.t.Fatalf("GET %s: got status %d, want 200", path, a.status)
	}
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		w.t.Fatalf("GET %s: %v in %s", path, err, a.body)
	}
}

// wantX fails unless the feed of X is these texts, oldest first.
func (w world) wantX(texts ...string) {
	w.t.Helper()
	var feed []struct{ Text string }
	w.get("/x/feed.json", &feed)
	got := make([]string, len(feed))
	for i, p := range feed {
		got[i] = p.Text
	}
	if strings.Join(got, "|") != strings.Join(texts, "|") {
		w.t.Fatalf("the feed of X: got %q, want %q", got, texts)
	}
}

package social_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"pantau/simulator/social"
)

func TestPostingByV2(t *testing.T) {
	w := newWorld(t)
	root := w.mustTweet("Pertama", "")
	second := w.mustTweet("Kedua (14.05 WIB · 2)", root)
	third := w.mustTweet("Ketiga (14.10 WIB · 3)", second)

	var feed []map[string]string
	w.get("/x/feed.json", &feed)
	if len(feed) != 3 {
		t.Fatalf("the feed: got %d posts, want 3", len(feed))
	}
	for i, want := range []struct{ id, text, replyTo string }{
		{root, "Pertama", ""}, {second, "Kedua (14.05 WIB · 2)", root}, {third, "Ketiga (14.10 WIB · 3)", second},
	} {
		p := feed[i]
		if p["id"] != want.id || p["text"] != want.text || p["in_reply_to"] != want.replyTo || p["conversation_id"] != root {
			t.Errorf("post %d: got %v, want id %s, text %q, reply to %q, conversation %s", i, p, want.id, want.text, want.replyTo, root)
		}
		if at, err := time.Parse(time.RFC3339, p["created_at"]); err != nil || time.Since(at).Abs() > time.Minute {
			t.Errorf("post %d: created_at is %q, want now in RFC 3339", i, p["created_at"])
		}
	}
}

func TestAnswerOfV2IsAsXGivesIt(t *testing.T) {
	w := newWorld(t)
	a := w.tweet("A & B < C, lihat https://pajak.go.id/ereg.", "")
	var made struct{ Data map[string]any }
	if err := json.Unmarshal([]byte(a.body), &made); err != nil {
		t.Fatal(err)
	}
	text, _ := made.Data["text"].(string)
	if !strings.HasPrefix(text, "A &amp; B &lt; C, lihat https://t.co/") || !strings.HasSuffix(text, ".") {
		t.Errorf("text: got %q, want it escaped and its link shortened", text)
	}
	w.wantX("A & B < C, lihat https://pajak.go.id/ereg.")
}

func TestRefusalsOfV2(t *testing.T) {
	w := newWorld(t)
	w.mustTweet("Sudah ada", "")
	tests := []struct {
		name, body string
		status     int
		want       string
	}{
		{
			"duplicate", `{"text":"Sudah ada"}`, 403,
			`{"detail":"You are not allowed to create a Tweet with duplicate content.","type":"about:blank","title":"Forbidden","status":403}`,
		},
		{"too long", `{"text":"` + strings.Repeat("a", 281) + `"}`, 403, `"title":"Forbidden"`},
		{"too heavy", `{"text":"` + strings.Repeat("漢", 141) + `"}`, 403, `"title":"Forbidden"`},
		{"no text", `{}`, 400, `"title":"Invalid Request"`},
		{"not JSON", `text=a`, 400, `"title":"Invalid Request"`},
		{"reply to nothing", `{"text":"b","reply":{"in_reply_to_tweet_id":"1"}}`, 403, "deleted or not visible"},
		{"reply to no id", `{"text":"b","reply":{"in_reply_to_tweet_id":""}}`, 400, "in_reply_to_tweet_id"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := w.call(signer(t, account()), "POST", "/x/2/tweets", "application/json", test.body)
			if a.status != test.status || !strings.Contains(a.body, test.want) {
				t.Errorf("got %d %s, want %d with %s", a.status, a.body, test.status, test.want)
			}
		})
	}
	w.wantX("Sudah ada")
}

func TestReadingBackByV2(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for i := range 12 {
		replyTo := ""
		if i == 11 {
			replyTo = ids[0]
		}
		ids = append(ids, w.mustTweet(fmt.Sprintf("Kiriman %d", i), replyTo))
	}
	type page struct {
		Data []struct {
			ID             string
			Text           string
			CreatedAt      time.Time `json:"created_at"`
			ConversationID string    `json:"conversation_id"`
			References     []struct{ Type, ID string }
		}
		Meta struct {
			Count int    `json:"result_count"`
			Next  string `json:"next_token"`
		}
	}
	read := func(query string) (p page) {
		t.Helper()
		a := w.call(signer(t, account()), "GET", "/x/2/users/42/tweets?"+query, "", "")
		if a.status != 200 {
			t.Fatalf("reading %s: got %d %s, want 200", query, a.status, a.body)
		}
		if err := json.Unmarshal([]byte(a.body), &p); err != nil {
			t.Fatal(err)
		}
		return p
	}

	first := read("max_results=5&tweet.fields=created_at,conversation_id,referenced_tweets")
	if len(first.Data) != 5 || first.Meta.Count != 5 || first.Meta.Next == "" || first.Data[0].ID != ids[11] {
		t.Fatalf("first page: got %+v, want the 5 newest and a token", first)
	}
	if first.Data[0].ConversationID != ids[0] || first.Data[0].CreatedAt.IsZero() {
		t.Errorf("the reply: got %+v, want its conversation and time", first.Data[0])
	}
	var all []string
	for token := ""; ; {
		query := "max_results=5"
		if token != "" {
			query += "&pagination_token=" + url.QueryEscape(token)
		}
		p := read(query)
		for _, d := range p.Data {
			all = append(all, d.ID)
		}
		if token = p.Meta.Next; token == "" {
			break
		}
	}
	if len(all) != 12 || all[11] != ids[0] {
		t.Errorf("all pages: got %d posts, want 12 down to the oldest", len(all))
	}
	later := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	if p := read("start_time=" + later); len(p.Data) != 0 || p.Meta.Count != 0 {
		t.Errorf("from in an hour: got %+v, want nothing", p)
	}
	earlier := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	if p := read("max_results=100&start_time=" + earlier); len(p.Data) != 12 {
		t.Errorf("from an hour ago: got %d posts, want 12", len(p.Data))
	}
	if p := read("max_results=100&since_id=" + ids[9]); len(p.Data) != 2 {
		t.Errorf("since the tenth: got %d posts, want 2", len(p.Data))
	}
	if p := read("max_results=100&exclude=replies"); len(p.Data) != 11 {
		t.Errorf("without replies: got %d posts, want 11", len(p.Data))
	}
}

func TestReadingBackRefusesBadQueries(t *testing.T) {
	w := newWorld(t)
	for _, query := range []string{"max_results=4", "max_results=101", "max_results=x", "start_time=kemarin", "pagination_token=x"} {
		a := w.call(signer(t, account()), "GET", "/x/2/users/42/tweets?"+query, "", "")
		if a.status != 400 || !strings.Contains(a.body, "invalid-request") {
			t.Errorf("%s: got %d %s, want 400 invalid-request", query, a.status, a.body)
		}
	}
	a := w.call(signer(t, account()), "GET", "/x/2/users/43/tweets", "", "")
	if a.status != 200 || !strings.Contains(a.body, "Could not find user") {
		t.Errorf("another user: got %d %s, want 200 with an error", a.status, a.body)
	}
}

func TestMeByV2(t *testing.T) {
	w := newWorld(t)
	a := w.call(signer(t, account()), "GET", "/x/2/users/me", "", "")
	if want := `{"data":{"id":"42","name":"Layanan Contoh","username":"layanan"}}`; a.body != want {
		t.Errorf("got %s, want %s", a.body, want)
	}
}

func TestLimitsOfX(t *testing.T) {
	w := newWorld(t, func(o *social.Options) { o.X.PostsPer15Min, o.X.PostsPerDay = 2, 50 })
	left := func(a answer, name string) int {
		t.Helper()
		n, err := strconv.Atoi(a.header.Get(name))
		if err != nil {
			t.Fatalf("%s: got %q, want a number", name, a.header.Get(name))
		}
		return n
	}
	a := w.tweet("satu", "")
	if got := left(a, "x-rate-limit-remaining"); got != 1 {
		t.Errorf("after one: got %d left, want 1", got)
	}
	if got := left(a, "x-user-limit-24hour-remaining"); got != 49 {
		t.Errorf("after one: got %d left of the day, want 49", got)
	}
	w.mustTweet("dua", "")
	a = w.tweet("tiga", "")
	if a.status != 429 || left(a, "x-rate-limit-remaining") != 0 || left(a, "x-app-limit-24hour-remaining") != 48 {
		t.Errorf("beyond the limit: got %d with %v, want 429, 0 left, and the day's untouched", a.status, a.header)
	}
	if reset := time.Until(time.Unix(int64(left(a, "x-rate-limit-reset")), 0)); reset < 10*time.Minute || reset > 16*time.Minute {
		t.Errorf("the limit resets in %s, want about 15 minutes", reset)
	}
	if want := `{"detail":"Too Many Requests","type":"about:blank","title":"Too Many Requests","status":429}`; a.body != want {
		t.Errorf("got %s, want %s", a.body, want)
	}
	if a := w.call(signer(t, account()), "GET", "/x/2/users/42/tweets", "", ""); a.status != http.StatusOK {
		t.Errorf("reading while posting is limited: got %d, want 200", a.status)
	}
}

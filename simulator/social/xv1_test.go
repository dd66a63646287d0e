package social_test

import (
	"errors"
	"strings"
	"testing"

	//lint:ignore SA1019 it still speaks v1.1, which enterprise gateways go on serving
	"github.com/dghubble/go-twitter/twitter"

	"pantau/simulator/social"
)

func TestGoTwitterPostsAndReadsBack(t *testing.T) {
	w := newWorld(t)
	client := w.twitterClient(account())
	text := "Kawan Pajak, kode OTP terlambat & sedang ditangani: 50% (uji~coba)* — é 漢 😀"
	root, _, err := client.Statuses.Update(text, &twitter.StatusUpdateParams{TweetMode: "extended"})
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.ReplaceAll(text, "&", "&amp;"); root.FullText != want || root.User.ScreenName != "layanan" {
		t.Errorf("got %q by %q, want %q by layanan", root.FullText, root.User.ScreenName, want)
	}
	if _, err := root.CreatedAtTime(); err != nil {
		t.Errorf("created_at: %v", err)
	}
	reply, _, err := client.Statuses.Update("Pulih (14.05 WIB · 2)", &twitter.StatusUpdateParams{InReplyToStatusID: root.ID})
	if err != nil {
		t.Fatal(err)
	}
	if reply.InReplyToStatusIDStr != root.IDStr {
		t.Errorf("the reply answers %q, want %q", reply.InReplyToStatusIDStr, root.IDStr)
	}
	w.wantX(text, "Pulih (14.05 WIB · 2)")

	timeline, _, err := client.Timelines.UserTimeline(&twitter.UserTimelineParams{UserID: 42, Count: 10, SinceID: root.ID})
	if err != nil {
		t.Fatal(err)
	}
	if len(timeline) != 1 || timeline[0].ID != reply.ID {
		t.Errorf("since the root: got %d posts, want the reply alone", len(timeline))
	}
	timeline, _, err = client.Timelines.UserTimeline(&twitter.UserTimelineParams{MaxID: root.ID})
	if err != nil || len(timeline) != 1 || timeline[0].ID != root.ID {
		t.Errorf("up to the root: got %d posts and %v, want the root alone", len(timeline), err)
	}
	me, _, err := client.Accounts.VerifyCredentials(nil)
	if err != nil || me.IDStr != "42" {
		t.Errorf("verify_credentials: got %v, %v, want user 42", me, err)
	}
}

func TestCompatibleModeCutsTextOff(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("kata ", 50)
	short, _, err := w.twitterClient(account()).Statuses.Update(long, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !short.Truncated || len([]rune(short.Text)) != 140 || !strings.Contains(short.Text, "… https://t.co/") {
		t.Errorf("got %q, want 140 characters ending in a link", short.Text)
	}
}

func TestRefusalsOfV1(t *testing.T) {
	w := newWorld(t)
	client := w.twitterClient(account())
	if _, _, err := client.Statuses.Update("Sudah ada", nil); err != nil {
		t.Fatal(err)
	}
	wrong := account()
	wrong.TokenSecret = "salah"
	otherToken := account()
	otherToken.Token = "43-tok"
	tests := []struct {
		name   string
		client *twitter.Client
		text   string
		params *twitter.StatusUpdateParams
		code   int
		status int
	}{
		{"duplicate", client, "Sudah ada", nil, 187, 403},
		{"too long", client, strings.Repeat("a", 281), nil, 186, 403},
		{"no text", client, "", nil, 170, 403},
		{"reply to nothing", client, "b", &twitter.StatusUpdateParams{InReplyToStatusID: 1}, 385, 403},
		{"wrong secret", w.twitterClient(wrong), "b", nil, 32, 401},
		{"unknown token", w.twitterClient(otherToken), "b", nil, 89, 401},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, response, err := test.client.Statuses.Update(test.text, test.params)
			wantCode(t, err, test.code)
			if response.StatusCode != test.status {
				t.Errorf("got status %d, want %d", response.StatusCode, test.status)
			}
		})
	}
	w.wantX("Sudah ada")
}

func TestSelfServePlanIsRefused(t *testing.T) {
	w := newWorld(t, func(o *social.Options) { o.X.SelfServe = true })
	_, _, err := w.twitterClient(account()).Statuses.Update("a", nil)
	wantCode(t, err, 453)
	w.mustTweet("b", "") // v2 goes on working
}

// wantCode fails unless err is X's refusal of that code.
func wantCode(t *testing.T, err error, code int) {
	t.Helper()
	var refusal twitter.APIError
	if !errors.As(err, &refusal) || refusal.Errors[0].Code != code {
		t.Errorf("got error %v, want code %d", err, code)
	}
}

package social_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/slack-go/slack"

	"pantau/simulator/social"
)

func TestPagesEscapeText(t *testing.T) {
	w := newWorld(t)
	const attack = `<script>alert("1")</script>`
	w.mustTweet(attack+" javascript:alert(1) https://a.example/<b>", "")
	client := w.slackClient(slackToken)
	section := slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", attack+" <javascript:alert(1)|klik> <https://pajak.go.id|tautan> *tebal* _miring_ otp_late_x `kode`", false, false), nil, nil)
	for _, message := range []slack.MsgOption{text(attack), slack.MsgOptionText(attack, false), slack.MsgOptionBlocks(section)} {
		if _, _, err := client.PostMessage("C1", message); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"/x/", "/slack/"} {
		a := w.call(http.DefaultClient, "GET", path, "", "")
		if a.status != 200 || !strings.Contains(a.body, "&lt;script&gt;alert(&#34;1&#34;)") || strings.Contains(a.body, "<script") {
			t.Errorf("%s: got %d %s, want the text escaped", path, a.status, a.body)
		}
		if strings.Contains(a.body, `href="javascript:`) {
			t.Errorf("%s: a javascript: link was let through", path)
		}
		if !strings.Contains(a.body, "Simulasi") {
			t.Errorf("%s: does not say that it is a simulation", path)
		}
	}
	page := w.call(http.DefaultClient, "GET", "/slack/", "", "").body
	for _, want := range []string{`<a href="https://pajak.go.id" rel="noreferrer">tautan</a>`, "<strong>tebal</strong>", "<em>miring</em> otp_late_x <code>kode</code>"} {
		if !strings.Contains(page, want) {
			t.Errorf("/slack/: lacks %s", want)
		}
	}
}

func TestPageShowsThreadsTogether(t *testing.T) {
	w := newWorld(t)
	old := w.mustTweet("Lama", "")
	w.mustTweet("Lain", "")
	w.mustTweet("Kabar lama", old)
	page := w.call(http.DefaultClient, "GET", "/x/", "", "").body
	wantOrder(t, page, "Lama<", "Kabar lama<", "Lain<")
	if got := strings.Count(page, `<article class="thread"`); got != 2 {
		t.Errorf("got %d threads, want 2", got)
	}

	client := w.slackClient(slackToken)
	_, ts, err := client.PostMessage("C2", text("Awal"))
	if err != nil {
		t.Fatal(err)
	}
	for _, options := range [][]slack.MsgOption{{text("Baru")}, {text("Balasan"), slack.MsgOptionTS(ts)}} {
		if _, _, err := client.PostMessage("C2", options...); err != nil {
			t.Fatal(err)
		}
	}
	page = w.call(http.DefaultClient, "GET", "/slack/?channel=C2", "", "").body
	wantOrder(t, page, "# siaga</h1>", "Baru<", "Awal<", "1 balasan", "Balasan<")
}

func TestPagesSayWhatIsSwitchedOn(t *testing.T) {
	w := newWorld(t)
	w.fault(social.Fault{Kind: social.LostReply, Times: 2, Share: .25})
	for _, path := range []string{"/x/", "/slack/"} {
		page := w.call(http.DefaultClient, "GET", path, "", "").body
		if !strings.Contains(page, "lost-reply ×2 25%") {
			t.Errorf("%s: does not show the fault", path)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	w := newWorld(t, func(o *social.Options) { o.X.PostsPer15Min = 1000 })
	client := w.slackClient(slackToken)
	w.fault(social.Fault{Kind: social.ServerError, Times: 5})
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 5 {
				w.tweet(strings.Repeat("x", 1+5*i+j), "")
				_, _, _ = client.PostMessage("C1", text("a")) // five of them fail by order
				w.call(http.DefaultClient, "GET", "/slack/", "", "")
			}
		})
	}
	group.Wait()
	if got := len(w.X.Posts()); got != 35 {
		t.Errorf("X: got %d posts, want 40 less the 5 of the fault", got)
	}
	seen := map[string]bool{}
	for _, m := range w.Slack.Messages() {
		seen[m.TS] = true
	}
	if len(seen) != 35 {
		t.Errorf("Slack: got %d different ts, want 35", len(seen))
	}
}

func wantOrder(t *testing.T, page string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		_, after, found := strings.Cut(page, part)
		if !found {
			t.Fatalf("%q is not on the page after what comes before it in %q", part, parts)
		}
		page = after
	}
}

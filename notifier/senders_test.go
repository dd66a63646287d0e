package notifier

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pantau/incident"
	"pantau/internal/secret"
	"pantau/internal/words"
	"pantau/simulator/social"
)

// The keys of the tests: none of them may turn up in an error.
const (
	consumerKey    = "canary-consumer-key"
	consumerSecret = "canary+consumer/secret"
	accessToken    = "1500200-canary-token"
	tokenSecret    = "canary&token=secret"
	botToken       = "xoxb-canary-bot-token"
)

// kinds are the senders under test, each set up for a counterpart at an
// address. A new channel is one line here.
func kinds() map[string]func(address string) ChannelOptions {
	x := func(transport Transport) func(string) ChannelOptions {
		return func(address string) ChannelOptions {
			return ChannelOptions{
				Name: "umum", Kind: KindX, Transport: transport, BaseURL: address + "/x", UserID: "1500200",
				ConsumerKey: secret.New(consumerKey), ConsumerSecret: secret.New(consumerSecret),
				Token: secret.New(accessToken), TokenSecret: secret.New(tokenSecret),
			}
		}
	}
	return map[string]func(string) ChannelOptions{
		"x":    x(TransportV2),
		"x1.1": x(TransportV11),
		"slack": func(address string) ChannelOptions {
			return ChannelOptions{
				Name: "umum", Kind: KindSlack, APIURL: address + "/slack/api",
				Token: secret.New(botToken), Channel: "C0000000001",
			}
		},
	}
}

// eachKind runs test for every sender that speaks over a network.
func eachKind(t *testing.T, test func(t *testing.T, options func(address string) ChannelOptions)) {
	for name, options := range kinds() {
		t.Run(name, func(t *testing.T) { test(t, options) })
	}
}

func opened(t *testing.T, options ChannelOptions) Channel {
	t.Helper()
	if err := options.Validate(); err != nil {
		t.Fatalf("the options are wrong: %v", err)
	}
	channels, err := Options{Channels: []ChannelOptions{options}}.Open(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return channels[0]
}

func aDelivery(text string) Delivery {
	return Delivery{ID: "INC-2023-001/1/public/umum", Channel: "umum", Thread: "INC-2023-001", Number: 1, Text: text, Began: time.Now()}
}

// What an error means for what follows.
const (
	posted  = "posted"
	refused = "refused for good"
	again   = "refused, again later"
	unknown = "open"
)

func meaning(err error) string {
	refusal := refusalOf(err)
	switch {
	case err == nil:
		return posted
	case refusal == nil:
		return unknown
	case refusal.Retry:
		return again
	default:
		return refused
	}
}

// wantMeaning also holds that no error shows a key.
func wantMeaning(t *testing.T, err error, want string) {
	t.Helper()
	if got := meaning(err); got != want {
		t.Errorf("%s (%v), want %s", got, err, want)
	}
	wantNoKeys(t, fmt.Sprint(err))
}

func wantNoKeys(t *testing.T, text string) {
	t.Helper()
	if strings.Contains(text, "canary") {
		t.Errorf("a key shows in %q", text)
	}
}

func TestEachStatusMeansOneThing(t *testing.T) {
	for _, test := range []struct {
		status int
		want   string
		after  time.Duration
	}{
		{200, unknown, 0}, // without a readable answer
		{204, unknown, 0},
		{301, refused, 0},
		{307, refused, 0},
		{400, refused, 0},
		{401, refused, 0},
		{402, refused, 0},
		{403, refused, 0},
		{404, refused, 0},
		{408, unknown, 0},
		{413, refused, 0},
		{422, refused, 0},
		{429, again, 7 * time.Second},
		{500, unknown, 0},
		{502, unknown, 0},
		{503, unknown, 0},
		{504, unknown, 0},
	} {
		t.Run(strconv.Itoa(test.status), func(t *testing.T) {
			eachKind(t, func(t *testing.T, options func(string) ChannelOptions) {
				calls := 0
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					calls++
					sent, _ := io.ReadAll(r.Body)
					w.Header().Set("Retry-After", "7")
					w.Header().Set("Location", "/elsewhere")
					w.WriteHeader(test.status)
					if test.status != 204 {
						// As a gateway does that shows what it was sent.
						fmt.Fprintf(w, "<html>%s %s</html>", r.Header.Get("Authorization"), sent)
					}
				}))
				defer server.Close()
				sender := opened(t, options(server.URL)).Sender
				_, err := sender.Send(t.Context(), aDelivery("halo"))
				wantMeaning(t, err, test.want)
				if refusal := refusalOf(err); refusal != nil && refusal.After != test.after {
					t.Errorf("asked to wait %s, want %s", refusal.After, test.after)
				}
				if calls != 1 {
					t.Errorf("%d calls, want 1: nothing is followed or repeated", calls)
				}
				_, found, err := sender.(Finder).Find(t.Context(), aDelivery("halo"))
				if err == nil || found {
					t.Errorf("reading back gives %v, %v; want an error: an unreadable answer is no no", found, err)
				}
				wantNoKeys(t, fmt.Sprint(err))
			})
		})
	}
}

func TestWhatTheChannelSaysIsToldWithoutKeys(t *testing.T) {
	eachKind(t, func(t *testing.T, options func(string) ChannelOptions) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			said := "no entry for " + strings.Join([]string{consumerKey, consumerSecret, accessToken, tokenSecret, botToken}, " ") +
				"\x1b[31m\n" + strings.Repeat("é", maxProblem)
			answer := map[string]any{"ok": false, "error": said}
			if !strings.Contains(r.URL.Path, "slack") {
				answer = map[string]any{"detail": said, "errors": []any{map[string]any{"code": 453, "message": said}}}
				w.WriteHeader(http.StatusForbidden)
			}
			_ = json.NewEncoder(w).Encode(answer)
		}))
		defer server.Close()
		_, err := opened(t, options(server.URL)).Sender.Send(t.Context(), aDelivery("halo"))
		wantMeaning(t, hideForeign(err), refused)
		if !strings.Contains(err.Error(), "no entry for") || len(err.Error()) > maxProblem+100 || strings.ContainsAny(err.Error(), "\x1b\n") {
			t.Errorf("%q does not tell what was said, in short and on one line", err)
		}
	})
}

// hideForeign takes out the keys of the other kinds, which a sender cannot
// know; its own must be gone already.
func hideForeign(err error) error {
	text := err.Error()
	if strings.Contains(text, "Slack") {
		text = hider{secret.New(consumerKey), secret.New(consumerSecret), secret.New(accessToken), secret.New(tokenSecret)}.in(text)
	} else {
		text = hider{secret.New(botToken)}.in(text)
	}
	return &Refusal{Problem: text}
}

func TestWithoutAConnectionNothingIsPosted(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String()
	listener.Close()
	eachKind(t, func(t *testing.T, options func(string) ChannelOptions) {
		sender := opened(t, options(address)).Sender
		_, err := sender.Send(t.Context(), aDelivery("halo"))
		wantMeaning(t, err, again)

		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = sender.Send(ended, aDelivery("halo"))
		wantMeaning(t, err, again)
	})
}

// standIn is the simulator's X and Slack, and a channel set up for it.
type standIn struct {
	*social.Social
	url     string
	channel Channel
}

func newStandIn(t *testing.T, options func(string) ChannelOptions) standIn {
	t.Helper()
	world := social.New(social.Options{
		X:     social.XAccount{ConsumerKey: consumerKey, ConsumerSecret: consumerSecret, Token: accessToken, TokenSecret: tokenSecret, PostsPer15Min: 1000},
		Slack: social.SlackWorkspace{BotToken: botToken},
	})
	server := httptest.NewServer(world.Handler())
	t.Cleanup(server.Close)
	return standIn{world, server.URL, opened(t, options(server.URL))}
}

func (s standIn) fault(t *testing.T, faults ...social.Fault) {
	t.Helper()
	if err := errors.Join(s.X.SetFaults(faults...), s.Slack.SetFaults(faults...)); err != nil {
		t.Fatal(err)
	}
}

// posts is how many there are on both together: each channel uses one.
func (s standIn) posts() int { return len(s.X.Posts()) + len(s.Slack.Messages()) }

func (s standIn) wantFound(t *testing.T, d Delivery, want bool) string {
	t.Helper()
	receipt, found, err := s.channel.Sender.(Finder).Find(t.Context(), d)
	if err != nil || found != want {
		t.Errorf("reading back gives found %v and %v, want %v", found, err, want)
	}
	return receipt
}

func TestFaultsOfTheCounterpart(t *testing.T) {
	for _, test := range []struct {
		fault social.Fault
		want  string
		posts int
	}{
		{social.Fault{Kind: social.RateLimit, After: 42 * time.Second}, again, 0},
		{social.Fault{Kind: social.ServerError}, unknown, 0},
		{social.Fault{Kind: social.LostReply}, unknown, 1},
		{social.Fault{Kind: social.CutBefore}, unknown, 0},
		{social.Fault{Kind: social.NotAllowed}, refused, 0},
		{social.Fault{Kind: social.Slow, Delay: 400 * time.Millisecond}, unknown, 1},
	} {
		t.Run(string(test.fault.Kind), func(t *testing.T) {
			eachKind(t, func(t *testing.T, options func(string) ChannelOptions) {
				s := newStandIn(t, options)
				s.fault(t, test.fault)
				d := aDelivery("Kode OTP terlambat.")
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				defer cancel()
				_, err := s.channel.Sender.Send(ctx, d)
				wantMeaning(t, err, test.want)
				if refusal := refusalOf(err); refusal != nil && test.fault.After > 0 &&
					(refusal.After < test.fault.After-2*time.Second || refusal.After > test.fault.After+2*time.Second) {
					t.Errorf("asked to wait %s, want about %s", refusal.After, test.fault.After)
				}
				waitFor(t, func() bool { return s.posts() == test.posts })
				s.fault(t)
				s.wantFound(t, d, test.posts == 1)
			})
		})
	}
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("what was awaited did not come in 5 s")
		}
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	eachKind(t, func(t *testing.T, options func(string) ChannelOptions) {
		s := newStandIn(t, options)
		s.fault(t, social.Fault{Kind: social.Slow, Delay: 200 * time.Millisecond, On: social.AnyUse})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, _, err := s.channel.Sender.(Finder).Find(ctx, aDelivery("halo"))
		if err == nil || refusalOf(err) != nil {
			t.Errorf("a read back without an answer gives %v, want an open error", err)
		}
		if ctx.Err() == nil {
			t.Error("it ended before its context")
		}
	})
}

func TestAThreadHangsTogether(t *testing.T) {
	eachKind(t, func(t *testing.T, options func(string) ChannelOptions) {
		s := newStandIn(t, options)
		root := send(t, s, aDelivery("satu"))
		second := aDelivery("dua")
		second.ID, second.ReplyTo, second.Root = "INC-2023-001/2/public/umum", root, root
		reply := send(t, s, second)
		third := aDelivery("tiga")
		third.ID, third.ReplyTo, third.Root = "INC-2023-001/3/public/umum", reply, root
		send(t, s, third)

		var answers []string
		for _, p := range s.X.Posts() {
			answers = append(answers, p.InReplyTo)
		}
		want := []string{"", root, reply} // X: each answers the one before
		if len(answers) == 0 {
			want = []string{"", root, root} // Slack: all answer the first
			for _, m := range s.Slack.Messages() {
				answers = append(answers, m.ThreadTS)
			}
		}
		if !slices.Equal(answers, want) {
			t.Errorf("the posts answer %q, want %q", answers, want)
		}
		if got := s.wantFound(t, second, true); got != reply {
			t.Errorf("read back as %q, want %q", got, reply)
		}
		third.ID, third.Text = "INC-2023-001/4/public/umum", "empat"
		s.wantFound(t, third, false)
	})
}

func send(t *testing.T, s standIn, d Delivery) (receipt string) {
	t.Helper()
	receipt, err := s.channel.Sender.Send(t.Context(), d)
	if err != nil || receipt == "" {
		t.Fatalf("sending gives %q, %v", receipt, err)
	}
	return receipt
}

// Sent twice, the channel tells where it can, or can be asked.
func TestARepeatedDelivery(t *testing.T) {
	eachKind(t, func(t *testing.T, options func(string) ChannelOptions) {
		s := newStandIn(t, options)
		d := aDelivery("Kode OTP terlambat & pulsa terpotong.")
		first := send(t, s, d)
		if got := s.wantFound(t, d, true); got != first {
			t.Errorf("read back as %q, want %q", got, first)
		}
		if strings.HasSuffix(t.Name(), "slack") {
			return // takes the same text twice, so that only reading back helps
		}
		_, err := s.channel.Sender.Send(t.Context(), d)
		if refusal := refusalOf(err); refusal == nil || !refusal.Duplicate || refusal.Retry {
			t.Errorf("the second gives %v, want a refusal as a duplicate", err)
		}
	})
}

// Whatever a notice says, the channel takes it, shows nothing else for it and
// calls nobody; and it is found again.
func TestAwkwardTexts(t *testing.T) {
	long := strings.Repeat("Kode OTP melalui SMS terlambat sejak pukul 14.05 WIB. ", 400)
	for name, text := range map[string]string{
		"plain":            "Kode OTP terlambat.",
		"signs":            `<!channel> <@U123> & <https://a.example|x> @kring @here #general *a* _b_ ~c~ "d" 'e' 100% \ &amp; &lt;`,
		"links":            "Lihat https://pajak.go.id/a?b=1&c=2. Atau pajak.go.id, (ereg.pajak.go.id/x)!",
		"decomposed":       "Cafe\u0301 di KPP\u00a0Gambir",
		"lines":            "Satu.\r\n\r\nDua.\t\tTiga.\n",
		"emoji":            "Pulih 👨‍👩‍👧‍👦🇮🇩👍🏽 1️⃣ ⛄️",
		"control":          "a\x00b\x1b[31mc\u202ed\u2066e",
		"sentences":        long,
		"words":            strings.Repeat("kata ", 5000),
		"one word":         strings.Repeat("a", 20_000),
		"one wide word":    strings.Repeat("漢", 20_000),
		"ampersands":       strings.Repeat("&", 20_000),
		"only white space": " \n ",
	} {
		t.Run(name, func(t *testing.T) {
			eachKind(t, func(t *testing.T, options func(string) ChannelOptions) {
				s := newStandIn(t, options)
				n := incident.Notice{
					ID: "INC-2023-001/2/public", About: "INC-2023-001", Number: 2, Event: incident.EventUpdated, Audience: incident.Public,
					At: time.Now(), Title: words.Text{ID: text}, Post: words.Text{ID: text}, Body: words.Text{ID: text},
				}
				d, something := render(s.channel, n)
				if something != (name != "only white space") {
					t.Fatalf("a delivery is made: %v", something)
				}
				if !something {
					return
				}
				d.Began = time.Now()
				receipt := send(t, s, d)
				if got := s.wantFound(t, d, true); got != receipt {
					t.Errorf("read back as %q, want %q", got, receipt)
				}
				for _, m := range s.Slack.Messages() {
					if shown := m.Text + string(m.Blocks); strings.Contains(shown, "<!") || strings.Contains(shown, "<@") || strings.Contains(shown, `\u003c!`) {
						t.Errorf("Slack reads a sign of its own in %.300s", shown)
					}
				}
				for _, p := range s.X.Posts() {
					if strings.Contains(p.Text, "@") || !strings.HasSuffix(p.Text, "WIB · 2)") {
						t.Errorf("the post calls somebody or has no mark: %q", p.Text)
					}
				}
			})
		})
	}
}

func TestCheckPostsNothing(t *testing.T) {
	eachKind(t, func(t *testing.T, options func(string) ChannelOptions) {
		s := newStandIn(t, options)
		if err := s.channel.Check(t.Context()); err != nil {
			t.Errorf("a good channel fails the check: %v", err)
		}
		wrong := options(s.url)
		wrong.Token = secret.New("canary-wrong")
		err := opened(t, wrong).Check(t.Context())
		if err == nil {
			t.Error("wrong keys pass the check")
		}
		wantNoKeys(t, fmt.Sprint(err))
		if s.posts() != 0 {
			t.Errorf("checking posted %d times", s.posts())
		}
	})
}

// Many other posts stand between the attempt and the read back.
func TestReadingBackGoesThroughAllPages(t *testing.T) {
	eachKind(t, func(t *testing.T, options func(string) ChannelOptions) {
		s := newStandIn(t, options)
		d := aDelivery("yang dicari")
		want := send(t, s, d)
		for i := range 230 {
			other := aDelivery(fmt.Sprintf("lain %d", i))
			other.ID = fmt.Sprintf("INC-2023-%03d/1/public/umum", i+2)
			send(t, s, other)
		}
		if got := s.wantFound(t, d, true); got != want {
			t.Errorf("read back as %q, want %q", got, want)
		}
	})
}

func TestConsole(t *testing.T) {
	var out bytes.Buffer
	channels, err := Options{Channels: []ChannelOptions{{Name: "layar", Kind: KindConsole, Language: words.English}}}.Open(&out)
	if err != nil {
		t.Fatal(err)
	}
	d, _ := render(channels[0], incident.Notice{
		ID: "INC-1/1/public", About: "INC-1", Number: 1, Event: incident.EventOpened, Audience: incident.Public,
		Title: words.Text{EN: "Codes\nlate"}, Body: words.Text{EN: "One.\n\nTwo \x1b[31mred\x07."},
	})
	receipt, err := channels[0].Sender.Send(t.Context(), d)
	if err != nil || receipt != "" {
		t.Errorf("gives %q, %v; want no receipt and no error", receipt, err)
	}
	if want := "layar INC-1#1 opened Codes late: One. Two [31mred.\n"; out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = channels[0].Sender.Send(ended, d)
	wantMeaning(t, err, again)
	_, err = newConsole(closed{}).Send(t.Context(), d)
	wantMeaning(t, err, unknown)
	if err := channels[0].Check(t.Context()); err != nil {
		t.Errorf("the check fails: %v", err)
	}
}

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// A call that is cut off is not sent again by the HTTP client unasked: X takes
// the same signature a second time for a replay and refuses for good what it
// might have answered.
func TestAReadThatIsCutOffIsOpen(t *testing.T) {
	eachKind(t, func(t *testing.T, options func(string) ChannelOptions) {
		s := newStandIn(t, options)
		d := aDelivery("Kode OTP terlambat.")
		s.wantFound(t, d, false) // leaves a connection to be used again, if any is
		s.fault(t, social.Fault{Kind: social.CutBefore, On: social.Reading, Times: 1})
		_, _, err := s.channel.Sender.(Finder).Find(t.Context(), d)
		wantMeaning(t, err, unknown)
		s.wantFound(t, d, false)
	})
}

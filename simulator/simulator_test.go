package simulator_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"pantau/simulator"
	"pantau/simulator/delivery"
	"pantau/simulator/network"
)

func start(t *testing.T, change func(*simulator.Options)) *simulator.Simulator {
	t.Helper()
	o := simulator.Options{
		Seed: 3, Scale: .01, Validity: 40 * time.Second, OracleSecret: "oracle", Duplicates: -1,
		Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&o)
	}
	s, err := simulator.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

func get(t *testing.T, address string) (status int, body string) {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(raw)
}

func TestEverythingIsOnOneAddress(t *testing.T) {
	s := start(t, nil)
	for path, want := range map[string]struct {
		status int
		says   string
	}{
		"/":                  {200, `id="judul"`},
		"/daftar":            {200, `id="form-captcha"`},
		"/reference/a":       {204, ""},
		"/reference/b":       {204, ""},
		"/reference/c":       {404, ""},
		"/control":           {200, "Ruang kendali"},
		"/control/":          {200, "Ruang kendali"},
		"/control/phones":    {200, "Belum ada pesan"},
		"/control/faults":    {200, "[]"},
		"/control/none":      {404, ""},
		"/x/feed.json":       {200, "[]"},
		"/slack/feed.json":   {200, "[]"},
		"/x/control/faults":  {200, "[]"},
		"/oracle/captcha?id": {401, ""},
	} {
		status, body := get(t, s.URL()+path)
		if status != want.status || !strings.Contains(body, want.says) {
			t.Errorf("%s: status %d, want %d with %q in it", path, status, want.status, want.says)
		}
	}
}

func TestTheSecondDress(t *testing.T) {
	s := start(t, func(o *simulator.Options) { o.Dress = "layanan" })
	if status, body := get(t, s.URL()+"/"); status != 200 || !strings.Contains(body, "btn-daftar") {
		t.Errorf("the root: status %d, want the front page of the portal", status)
	}
	if s.PortalURL() != s.URL()+"/portal/" {
		t.Errorf("the portal is at %s", s.PortalURL())
	}
}

// requestCode walks the e-Registration dress until a code is sent.
func requestCode(t *testing.T, s *simulator.Simulator, typed url.Values) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	page := read(t)(client.Get(s.URL() + "/daftar"))
	id := page.Find("[name=id_captcha]").AttrOr("value", "")
	r, err := http.NewRequest("GET", s.URL()+"/oracle/captcha?id="+id, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer oracle")
	said := read(t)(client.Do(r)).Text()
	answer := regexp.MustCompile(`[0-9]+`).FindString(said)
	page = read(t)(client.PostForm(s.URL()+"/daftar", url.Values{
		"id_captcha": {id}, "token": {page.Find("[name=token]").AttrOr("value", "")}, "jawaban_captcha": {answer},
	}))
	typed.Set("token", page.Find("[name=token]").AttrOr("value", ""))
	page = read(t)(client.PostForm(s.URL()+"/daftar/kontak", typed))
	if page.Find("#terkirim").Length() == 0 {
		t.Fatalf("no code was sent:\n%s", page.Text())
	}
}

func read(t *testing.T) func(*http.Response, error) *goquery.Document {
	return func(answer *http.Response, err error) *goquery.Document {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		page, err := goquery.NewDocumentFromReader(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
}

// waitFor asks until it is so; messages take their time.
func waitFor(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if so() {
			return
		}
	}
	t.Fatalf("%s did not happen", what)
}

func TestAPersonFindsTheMessages(t *testing.T) {
	s := start(t, func(o *simulator.Options) { o.MailDomains = []string{"probe.example"} })
	requestCode(t, s, url.Values{"saluran": {"sms"}, "nomor": {"6281234567890"}})
	requestCode(t, s, url.Values{"saluran": {"email"}, "email": {"kawan@pajak.example"}})
	var page *goquery.Document
	waitFor(t, "both messages on the page", func() bool {
		page = read(t)(http.Get(s.URL() + "/control/phones"))
		return page.Find("article").Length() == 2
	})
	if text := page.Find(".bubble").Text(); !regexp.MustCompile(`OTP e-Registration Anda: \d{6}\. Berlaku 40 detik`).MatchString(text) {
		t.Errorf("the SMS reads %q", text)
	}
	frame := page.Find("iframe")
	if sandbox, has := frame.Attr("sandbox"); !has || sandbox != "" {
		t.Error("the mail is not shown in a frame without rights")
	}
	if !strings.Contains(frame.AttrOr("srcdoc", ""), "<span") {
		t.Error("the mail's HTML is not in the frame")
	}
}

func TestHandsetsPostWhereConnectSays(t *testing.T) {
	posted := make(chan string, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		posted <- string(raw)
	}))
	defer receiver.Close()
	s := start(t, func(o *simulator.Options) {
		o.Handsets = []network.Handset{{Device: "one", Operator: "telkomsel", SIMs: []network.SIM{{Number: "+6281234567890"}}}}
		o.WebhookSecret = "key"
	})
	if err := s.SetFaults([]delivery.Fault{{Kind: delivery.CaptchaLoop, Probability: .0001}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Connect("no address", ""); err == nil {
		t.Error("a webhook without a host was taken")
	}
	if err := s.Connect(receiver.URL, ""); err != nil {
		t.Fatal(err)
	}
	requestCode(t, s, url.Values{"saluran": {"sms"}, "nomor": {"6281234567890"}})
	for {
		select {
		case body := <-posted:
			if strings.Contains(body, "Kode OTP e-Registration Anda") {
				return
			}
		case <-time.After(20 * time.Second):
			t.Fatal("the code was not posted")
		}
	}
}

func TestOurOwnLineIsDown(t *testing.T) {
	s := start(t, nil)
	if err := s.SetFaults([]delivery.Fault{{Kind: delivery.MonitorOffline}}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/daftar", "/reference/a", "/reference/b", "/oracle/captcha"} {
		if answer, err := http.Get(s.URL() + path); err == nil {
			answer.Body.Close()
			t.Errorf("%s: status %d, want a closed connection", path, answer.StatusCode)
		}
	}
	for _, path := range []string{"/control/", "/x/feed.json", "/slack/feed.json"} {
		if status, _ := get(t, s.URL()+path); status != http.StatusOK {
			t.Errorf("%s: status %d, want 200", path, status)
		}
	}
	if err := s.SetFaults(nil); err != nil {
		t.Fatal(err)
	}
	if status, _ := get(t, s.URL()+"/reference/a"); status != http.StatusNoContent {
		t.Errorf("after the fault: status %d", status)
	}
}

func TestCloseLetsGoOfWhatHangs(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s, err := simulator.Start(ctx, simulator.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetFaults([]delivery.Fault{{Kind: delivery.PortalDown, How: delivery.HowHang}}); err != nil {
		t.Fatal(err)
	}
	hung := make(chan error, 1)
	go func() {
		answer, err := http.Get(s.URL() + "/")
		if err == nil {
			answer.Body.Close()
		}
		hung <- err
	}()
	time.Sleep(50 * time.Millisecond) // it hangs by now, or is refused at once
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	}
	if err := <-hung; err == nil {
		t.Error("the portal answered while it hung")
	}
	if err := s.Connect("", ""); err == nil {
		t.Error("a closed simulator was connected")
	}
	if _, err := http.Get(s.URL() + "/control/"); err == nil {
		t.Error("it still serves")
	}
}

func TestTheEndOfTheContextClosesIt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := simulator.Start(ctx, simulator.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	waitFor(t, "the listener's end", func() bool {
		answer, err := http.Get(s.URL() + "/control/")
		if err == nil {
			answer.Body.Close()
		}
		return err != nil
	})
	if err := s.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
}

func TestAStartThatCannotBe(t *testing.T) {
	taken := start(t, nil)
	handsets := []network.Handset{{Device: "one", Operator: "xl"}}
	for name, o := range map[string]simulator.Options{
		"dress":      {Dress: "pajak"},
		"validity":   {Validity: -time.Second},
		"port taken": {Listen: strings.TrimPrefix(taken.URL(), "http://")},
		"no secret":  {Handsets: handsets},
		"webhook":    {Handsets: handsets, WebhookSecret: "key", WebhookURL: "nowhere"},
		"mail":       {SMTPAddr: "nowhere"},
	} {
		if s, err := simulator.Start(t.Context(), o); err == nil {
			_ = s.Close()
			t.Errorf("%s: it started", name)
		}
	}
}

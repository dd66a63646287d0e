package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pantau/config"
	"pantau/inbox"
	"pantau/internal/secret"
	"pantau/notifier"
	"pantau/simulator"
	"pantau/simulator/delivery"

	"github.com/gin-gonic/gin"
)

// kenari, a canary, stands in every code, key and mail address of this test's
// world. Nothing else has it, so that each find is a leak. Codes of letters
// need a sender that is configured.
const (
	kenari        = "kenari"
	codesOfKenari = `Anda:\s*(?P<code>KENARI[0-9]{4})`
)

// caged is a whole service in this process, with its log at its most
// talkative, in a world of canaries.
type caged struct {
	t           *testing.T
	portal      *simulator.Simulator
	service     *service
	stdout, log *output
	folder      string
	numbers     []string // of the cards, national part
	asked       atomic.Int64
	stop        func()
}

func newCaged(t *testing.T) *caged {
	t.Helper()
	c := &caged{t: t, stdout: &output{}, log: &output{}, folder: t.TempDir()}
	world := newDemoWorld(16 * time.Second)
	world.oracle, world.phones = "oracle-kenari-1", "phones-kenari-2"
	world.x.ConsumerKey, world.x.ConsumerSecret = "x-kenari-3", "x-kenari-4"
	world.x.Token, world.x.TokenSecret = "x-kenari-5", "x-kenari-6"
	world.slack.BotToken = "xoxb-kenari-7"
	for _, sim := range world.sims {
		c.numbers = append(c.numbers, strings.TrimPrefix(sim.Number.Reveal(), "+62"))
	}
	options := world.simulator("", slog.New(slog.DiscardHandler))
	options.MailDomains = []string{"kenari.example"}
	options.Code = func() string { return fmt.Sprintf("KENARI%04d", c.asked.Add(1)) }
	var err error
	if c.portal, err = simulator.Start(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.portal.Close() })
	settings, err := world.config(c.portal)
	if err != nil {
		t.Fatal(err)
	}
	c.open(settings)
	return c
}

// open starts the service, with channels besides the usual ones whose keys are
// wrong.
func (c *caged) open(settings config.Config) {
	c.t.Helper()
	settings.Listen, settings.MetricsListen = "127.0.0.1:0", "127.0.0.1:0"
	settings.Store.URL = filepath.Join(c.folder, "pantau.db")
	settings.Inbox.SMTP.Domain = "kenari.example"
	settings.Inbox.Senders = []inbox.Sender{{Templates: []string{codesOfKenari}}}
	for _, channel := range slices.Clone(settings.Notify.Channels) {
		if channel.Kind == notifier.KindConsole {
			continue
		}
		channel.Name += "-wrong"
		channel.Token = secret.New("wrong-kenari-8")
		settings.Notify.Channels = append(settings.Notify.Channels, channel)
	}
	log := slog.New(slog.NewTextHandler(c.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if c.service, err = newService(c.t.Context(), settings, c.stdout, log); err != nil {
		c.t.Fatal(err)
	}
	page := c.pageURL()
	if err := c.portal.Connect(page+"hooks/android/"+demoReceiver, c.service.inbox.SMTPAddr()); err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(c.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.service.Run(ctx) }()
	c.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			c.t.Errorf("running: %v", err)
		}
		if err := c.service.Close(); err != nil {
			c.t.Errorf("closing: %v", err)
		}
	}
}

func (c *caged) pageURL() string { return "http://" + c.service.page.Addr().String() + "/" }

// TestNothingLeaks lets a whole service work, fail, be refused, be attacked and
// panic, and then reads everything that anybody could ever read.
//
// It was tried: the text of a message logged at debug level, X's Authorization
// header in a delivery's problem, and the mail address in a result's evidence
// are each found, in the log, in the database's files or in both.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	c := newCaged(t)
	c.until("codes by every way", func(string) bool { return c.allMeasured() })
	c.breaks(delivery.Fault{Kind: delivery.OTPRejected, Streams: []string{"sms/xl", "email"}, Probability: 1},
		delivery.Fault{Kind: delivery.ReceiverLate, Streams: []string{"sms/telkomsel"}, Delay: delivery.Duration(3 * time.Second)},
		delivery.Fault{Kind: delivery.HandsetOffline, Streams: []string{"sms/indosat"}})
	c.attacks()
	c.until("refused codes", func(metrics string) bool {
		return strings.Contains(metrics, `pantau_component_state{component="otp-email",state="major_outage"} 1`)
	})
	c.breaks(delivery.Fault{Kind: delivery.PortalDown, How: delivery.HowHTTP503})
	c.until("wrong keys to be refused, and two incidents on the page", func(metrics string) bool {
		if _, err := get(c.pageURL() + "incidents/" + incidentOfThisYear(2)); err != nil {
			return false
		}
		for _, channel := range []string{"x-wrong", "slack-public-wrong", "slack-it-wrong"} {
			if strings.Contains(metrics, fmt.Sprintf("pantau_deliveries_total{channel=%q,outcome=\"failed\"} 0", channel)) {
				return false
			}
		}
		return true
	})
	surfaces := c.surfaces()
	c.stop()
	surfaces["standard output"], surfaces["log"] = c.stdout.String(), c.log.String()
	for name, content := range c.databaseFiles() {
		surfaces[name+" at the end"] = content
	}
	for name, content := range surfaces {
		if found := c.leak(content); found != "" {
			t.Errorf("%s holds a canary: …%s…", name, found)
		}
	}
	for _, want := range []string{"invalid_auth", "status 401", "a page panicked", "a message answers a wait"} {
		if !strings.Contains(surfaces["log"], want) {
			t.Errorf("the log does not say %q: the test does not test what it should", want)
		}
	}
	t.Logf("%d codes, %d surfaces, %d bytes of log", c.asked.Load(), len(surfaces), len(surfaces["log"]))
	t.Run("a leak is found", c.seededLeaksAreFound)
}

func (c *caged) allMeasured() bool {
	var s summary
	return getJSON(c.pageURL()+"api/v2/summary.json", &s) == nil && allWell(s) == nil
}

func (c *caged) breaks(faults ...delivery.Fault) {
	c.t.Helper()
	if err := c.portal.SetFaults(faults); err != nil {
		c.t.Fatal(err)
	}
}

// until waits for the metrics to show something.
func (c *caged) until(what string, shown func(metrics string) bool) {
	c.t.Helper()
	eventually(c.t, what, 40*time.Second, func() error {
		metrics, err := get("http://" + c.service.metrics.Addr().String() + "/metrics")
		if err == nil && !shown(metrics) {
			err = fmt.Errorf("not yet")
		}
		return err
	})
}

// attacks posts what was forged or is broken, full of canaries, and lets a page
// panic with one in its hands.
func (c *caged) attacks() {
	message := `{"deviceId":"hp-xl-1","event":"sms:received","id":"forged","payload":{"message":"Kode OTP e-Registration Anda: KENARI0001",` +
		`"sender":"KENARI","recipient":"+62` + c.numbers[0] + `"}}`
	for _, body := range []string{message, message[:40], strings.Repeat(message, 1000), ""} {
		for _, receiver := range []string{demoReceiver, "kenari"} {
			request, err := http.NewRequest(http.MethodPost, c.pageURL()+"hooks/android/"+receiver, strings.NewReader(body))
			if err != nil {
				c.t.Fatal(err)
			}
			request.Header.Set("X-Signature", kenari)
			request.Header.Set("X-Timestamp", fmt.Sprint(time.Now().Unix()))
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				continue // it may hang up on what is too long
			}
			said, _ := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if found := c.leak(string(said)); found != "" || response.StatusCode < 400 {
				c.t.Errorf("a forged webhook is answered with %d %q", response.StatusCode, said)
			}
		}
	}
	pages := c.service.handler(nil).(*gin.Engine)
	pages.GET("/panic", func(*gin.Context) { panic("a webhook with KENARI0001 for +62" + c.numbers[0]) })
	answer := httptest.NewRecorder()
	pages.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/panic", http.NoBody))
	if found := c.leak(answer.Body.String()); found != "" || answer.Code != http.StatusInternalServerError {
		c.t.Errorf("a page that panics is answered with %d %q", answer.Code, answer.Body)
	}
}

// surfaces is everything that can be read of a running service.
func (c *caged) surfaces() map[string]string {
	surfaces := c.databaseFiles()
	addresses := []string{"http://" + c.service.metrics.Addr().String() + "/metrics"}
	for _, path := range []string{
		"", "en/", "api/v2/summary.json", "api/v2/status.json", "api/v2/components.json", "api/v2/incidents.json",
		"api/v2/incidents/unresolved.json", "api/v2/scheduled-maintenances.json", "readyz", "robots.txt",
		"incidents/" + incidentOfThisYear(1), "en/incidents/" + incidentOfThisYear(1), "incidents/" + incidentOfThisYear(2),
	} {
		addresses = append(addresses, c.pageURL()+path)
	}
	for _, address := range addresses {
		page, err := get(address)
		if err != nil {
			c.t.Errorf("reading %s: %v", address, err)
		}
		surfaces[address] = page
	}
	var posts strings.Builder
	for _, post := range c.portal.Social().X.Posts() {
		fmt.Fprintln(&posts, post.Text)
	}
	for _, m := range c.portal.Social().Slack.Messages() {
		fmt.Fprintf(&posts, "%s %s %s\n", m.Text, m.Blocks, m.Metadata)
	}
	if posts.Len() == 0 {
		c.t.Error("nothing was posted: the test does not test what it should")
	}
	surfaces["posts"] = posts.String()
	return surfaces
}

// databaseFiles are all bytes of the database, with what was deleted in it.
func (c *caged) databaseFiles() map[string]string {
	c.t.Helper()
	files := map[string]string{}
	names, err := filepath.Glob(filepath.Join(c.folder, "*"))
	if err != nil || len(names) == 0 {
		c.t.Errorf("no database files: %v", err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			c.t.Error(err)
		}
		files[filepath.Base(name)] = string(content)
	}
	return files
}

// leak gives a canary with what stands around it, "" for none.
func (c *caged) leak(content string) string {
	content = strings.ToLower(content)
	for _, canary := range append([]string{kenari}, c.numbers...) {
		if at := strings.Index(content, canary); at >= 0 {
			return content[max(0, at-60):min(len(content), at+len(canary)+20)]
		}
	}
	return ""
}

// seededLeaksAreFound shows that the test can fail: a row with a canary is
// found in the bytes of the database, a line with one in a log, a number in a
// page.
func (c *caged) seededLeaksAreFound(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(c.folder, "pantau.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `UPDATE results SET evidence = 'wrong code KENARI0001' WHERE seq = 1`); err != nil {
		t.Fatal(err)
	}
	held := false
	for _, content := range c.databaseFiles() {
		held = held || c.leak(content) != ""
	}
	if !held {
		t.Error("a code in the database is not found")
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("posting", "token", "xoxb-kenari-7")
	if c.leak(log.String()) == "" {
		t.Error("a token in the log is not found")
	}
	if c.leak("<p>+62"+c.numbers[3]+"</p>") == "" {
		t.Error("a number on a page is not found")
	}
}

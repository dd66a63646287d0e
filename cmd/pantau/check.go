package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pantau/config"
	"pantau/inbox"
	"pantau/probes"
	"pantau/store"
)

// checkWithin is how long one thing is tried.
const checkWithin = 30 * time.Second

type checkCommand struct{ configFlag }

// Run tries everything the configuration names, without posting a word and
// without asking for a code.
func (c *checkCommand) Run(ctx context.Context, out *streams) error {
	settings, err := config.Load(c.Config)
	if err != nil {
		return usageError{err}
	}
	report := &checkReport{out: out.stdout}
	report.add("configuration", c.Config, nil)
	checkShadow(settings, report)
	requests := checkStore(ctx, settings, report)
	checkReferences(ctx, settings, report)
	checkMoney(settings, requests, time.Now(), report)
	checkReceivers(settings, report)
	checkGammu(settings, time.Now(), report)
	checkMail(ctx, settings, report)
	checkGateways(ctx, settings, report)
	checkBrowser(ctx, settings, report)
	harmless := checkLeave(settings, report)
	checkProofs(ctx, settings, time.Now(), report)
	checkPortal(ctx, settings, harmless, report, out.log(slog.LevelError))
	checkChannels(ctx, settings, report)
	if report.wrong > 0 {
		return fmt.Errorf("%d of %d checks found something wrong", report.wrong, report.all)
	}
	return report.write("everything answers\n")
}

// checkReport prints one line for each thing that was tried.
type checkReport struct {
	out        io.Writer
	all, wrong int
}

func (r *checkReport) add(kind, what string, err error) {
	r.all++
	if err == nil {
		_ = r.write("ok     %-13s %s\n", kind, what)
		return
	}
	r.wrong++
	_ = r.write("WRONG  %-13s %s: %s\n", kind, what, strings.ReplaceAll(err.Error(), "\n", "; "))
}

// note tells of what works now and will not go on by itself.
func (r *checkReport) note(kind, what string) {
	r.all++
	_ = r.write("note   %-13s %s\n", kind, what)
}

// ends notes an end that is near at now; the zero time is none. ask is what to
// do about it.
func (r *checkReport) ends(kind, what string, end, now time.Time, ask string) {
	if end.IsZero() || end.Sub(now) >= probes.EndsSoon {
		return
	}
	r.note(kind, fmt.Sprintf("%s ends at %s; %s", what, end.Format(time.RFC3339), ask))
}

func (r *checkReport) write(format string, args ...any) error {
	_, err := fmt.Fprintf(r.out, format, args...)
	return err
}

// checkStore opens a database that is there. One that is not, serve makes. It
// gives what was spent and which SIMs were used.
func checkStore(ctx context.Context, c config.Config, report *checkReport) (requests []probes.Result) {
	path := strings.TrimPrefix(c.Store.URL, "sqlite:")
	if !strings.Contains(c.Store.URL, "://") {
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			_, err := os.Stat(filepath.Dir(path))
			report.add("store", "a new file in "+filepath.Dir(path), err)
			return nil
		}
	}
	opened, err := store.Open(ctx, c.Store)
	if err == nil {
		requests, err = requestsIn(ctx, opened, c.SpendingSince(time.Now()))
		err = errors.Join(opened.Ping(ctx), err, opened.Close())
	}
	report.add("store", "the database", err)
	return requests
}

func requestsIn(ctx context.Context, opened *store.Store, since time.Time) (requests []probes.Result, err error) {
	for request, err := range opened.RequestsSince(ctx, since) {
		if err != nil {
			return requests, err
		}
		requests = append(requests, request)
	}
	return requests, nil
}

// checkReferences asks the hosts that tell our own line's silence from the
// portal's.
func checkReferences(ctx context.Context, c config.Config, report *checkReport) {
	for _, reference := range c.References {
		ctx, cancel := context.WithTimeout(ctx, checkWithin)
		report.add("reference", reference, answers(ctx, reference))
		cancel()
	}
	if len(c.References) == 0 {
		report.add("reference", "hosts", errors.New("none are configured: when our own line fails, the portal will be blamed"))
	}
}

// answers says whether anything answers at address, whatever its status.
func answers(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// checkReceivers binds what receives codes.
func checkReceivers(c config.Config, report *checkReport) {
	box, err := inbox.New(c.Inbox, c.SIMs, inbox.Deps{
		Deliver: func(context.Context, probes.Arrival) error { return errors.New("only checking") },
	})
	if err == nil {
		err = box.Close()
	}
	report.add("receivers", fmt.Sprintf("%d webhooks, %d SIMs, mail", len(c.Inbox.Webhooks("")), len(c.SIMs)), err)
	for _, hook := range c.Inbox.Webhooks(cmp.Or(c.Page.BaseURL, "http://"+c.Listen)) {
		report.add("receiver", fmt.Sprintf("%s %s: enter %s", hook.Kind, hook.Name, hook.URL), reachable(hook))
	}
	for _, unheard := range c.Inbox.Unheard(c.SIMs) {
		report.add("receiver", unheard, errors.New("no SIM names it as its receiver, so that what it brings is for nobody"))
	}
}

// reachable says what is wrong with the address that the other side is to call,
// as far as it can be seen from here: the receiver itself is not running. Who
// can listen in on the way reads codes and, of Kannel, its secret.
func reachable(hook inbox.Webhook) error {
	if hook.Kind == "twilio" && !strings.HasSuffix(strings.SplitN(hook.URL, "?", 2)[0], "/hooks/twilio/"+hook.Name) {
		return fmt.Errorf("the path is another than /hooks/twilio/%s; that is right only behind a proxy that changes it", hook.Name)
	}
	address, err := url.Parse(hook.URL)
	if err != nil {
		return err
	}
	if address.Scheme == "http" && !onLoopback(address.Hostname()) {
		return errors.New("codes would travel unencrypted; put https before it, and its address into page.base_url")
	}
	return nil
}

func onLoopback(host string) bool { return host == "localhost" || net.ParseIP(host).IsLoopback() }

// checkBrowser starts Chromium where a journey needs it, and looks where its
// pictures go.
func checkBrowser(ctx context.Context, c config.Config, report *checkReport) {
	if !c.InBrowser() {
		return
	}
	report.add("browser", "Chromium", probes.CheckBrowser(ctx, c.Browser))
	if dir := c.Pictures(); dir != "" {
		report.add("pictures", dir, probes.CheckAlbum(dir))
	} else {
		report.add("pictures", "none are kept", nil)
	}
}

// checkPortal walks up to the captcha, or less far: nothing is sent to anyone.
func checkPortal(ctx context.Context, c config.Config, harmless []probes.Step, report *checkReport, log *slog.Logger) {
	if len(harmless) == 0 {
		return
	}
	c.Journeys = []probes.Journey{{Name: "check", Stream: probes.StreamCaptcha, Steps: harmless, Every: time.Minute, Browser: c.InBrowser()}}
	c.Inbox.SMTP.Listen, c.Inbox.IMAP, c.Listen = "", nil, "127.0.0.1:0" // nothing is received
	err := c.Options.Validate()
	if err == nil {
		_, err = probeOnce(ctx, c, "check", func(r probes.Result) {
			var wrong error
			if r.Verdict != probes.Up && r.Reason != probes.ReasonLetThrough {
				wrong = fmt.Errorf("%s (%s): %s", r.Verdict, r.Reason, r.Evidence)
			}
			report.add("portal", string(r.Step), wrong)
		}, nil, log)
	}
	if err != nil {
		report.add("portal", c.Portal.BaseURL, err)
	}
}

// checkChannels tries address, keys and the right to read of every channel.
func checkChannels(ctx context.Context, c config.Config, report *checkReport) {
	channels, err := c.Notify.Open(io.Discard)
	if err != nil {
		report.add("channel", "all", err)
		return
	}
	for _, channel := range channels {
		ctx, cancel := context.WithTimeout(ctx, checkWithin)
		report.add("channel", channel.Name, channel.Check(ctx))
		cancel()
	}
}

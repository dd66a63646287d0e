package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
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
	checkStore(ctx, settings, report)
	checkReferences(ctx, settings, report)
	checkReceivers(settings, report)
	checkPortal(ctx, settings, report, out.log(slog.LevelError))
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

func (r *checkReport) write(format string, args ...any) error {
	_, err := fmt.Fprintf(r.out, format, args...)
	return err
}

// checkStore opens a database that is there. One that is not, serve makes.
func checkStore(ctx context.Context, c config.Config, report *checkReport) {
	path := strings.TrimPrefix(c.Store.URL, "sqlite:")
	if !strings.Contains(c.Store.URL, "://") {
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			_, err := os.Stat(filepath.Dir(path))
			report.add("store", "a new file in "+filepath.Dir(path), err)
			return
		}
	}
	opened, err := store.Open(ctx, c.Store)
	if err == nil {
		err = errors.Join(opened.Ping(ctx), opened.Close())
	}
	report.add("store", "the database", err)
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
	report.add("receivers", fmt.Sprintf("%d groups of phones, %d SIMs, mail", len(c.Inbox.Android), len(c.SIMs)), err)
}

// checkPortal walks each journey up to the captcha: nothing is sent to anyone.
func checkPortal(ctx context.Context, c config.Config, report *checkReport, log *slog.Logger) {
	var harmless []probes.Step
	for _, step := range []probes.Step{probes.StepOpen, probes.StepCaptcha} {
		if step == probes.StepCaptcha && c.Portal.Captcha == nil {
			continue
		}
		harmless = append(harmless, step)
	}
	c.Journeys = []probes.Journey{{Name: "check", Stream: probes.StreamCaptcha, Steps: harmless, Every: time.Minute}}
	c.Inbox.SMTP.Listen, c.Listen = "", "127.0.0.1:0" // nothing is received
	err := c.Options.Validate()
	if err == nil {
		_, err = probeOnce(ctx, c, "check", func(r probes.Result) {
			var wrong error
			if r.Verdict != probes.Up {
				wrong = fmt.Errorf("%s (%s): %s", r.Verdict, r.Reason, r.Evidence)
			}
			report.add("portal", string(r.Step), wrong)
		}, log)
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

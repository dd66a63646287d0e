package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"pantau/config"
	"pantau/inbox"
	"pantau/probes"
)

type probeCommand struct {
	configFlag
	Journey string `arg:"" help:"Name of the journey, such as sms-telkomsel."`
	JSON    bool   `name:"json" help:"One JSON object a line: each step, and last the verdict."`
	// Screenshot is for journeys in a browser.
	Screenshot string `name:"screenshot" type:"existingdir" placeholder:"DIR" help:"Keep a picture, without digits and fields, of each page that is wrong."`
}

// Run walks one journey and shows each step as it ends, and in the end what
// follows from all of them. What it finds is not stored and nobody is told; that
// it asked is, see memory.
func (c *probeCommand) Run(ctx context.Context, out *streams) error {
	settings, err := config.Load(c.Config)
	if err != nil {
		return usageError{err}
	}
	allowed, err := askLeave(settings)
	if err != nil {
		return err
	}
	if err := allowed.say(out.stderr); err != nil {
		return err
	}
	show, err := newShow(c.JSON, out.stdout)
	if err != nil {
		return err
	}
	results, err := probeOnce(ctx, settings, c.Journey, show.step, keepPictures(c.Screenshot, out), out.log(slog.LevelWarn))
	if err != nil && len(results) == 0 {
		return err
	}
	ran := conclude(results, stepsLeft(settings, allowed, c.Journey), len(settings.References) > 0)
	show.verdict(c.Journey, ran)
	switch {
	case err != nil:
		return err
	case ran.Verdict != probes.Up:
		return fmt.Errorf("journey %s: %s", c.Journey, ran.Verdict)
	}
	return nil
}

// stepsLeft are the steps of a journey that the portal's owner allows.
func stepsLeft(c config.Config, allowed leave, journey string) []probes.Step {
	for _, cut := range allowed.cuts {
		if cut.Journey == journey {
			return cut.Left
		}
	}
	for _, j := range c.Journeys {
		if j.Name == journey {
			return j.Steps
		}
	}
	return nil
}

// keepPictures writes pictures into dir, nil when that is not wanted.
func keepPictures(dir string, out *streams) func(probes.Picture) (string, error) {
	if dir == "" {
		return nil
	}
	return func(p probes.Picture) (string, error) {
		name := fmt.Sprintf("%s-%s-%s.png", p.Journey, p.Run, p.Step)
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, p.PNG, 0o600); err != nil {
			return "", fmt.Errorf("keeping a picture: %w", err)
		}
		_, _ = fmt.Fprintf(out.stderr, "picture of %s: %s\n", p.Step, path)
		return name, nil
	}
}

// probeOnce runs a journey with receivers of its own. It shows each result as
// it comes, and gives those there are also with an error.
func probeOnce(ctx context.Context, c config.Config, journey string, show func(probes.Result), picture func(probes.Picture) (string, error), log *slog.Logger) (results []probes.Result, err error) {
	allowed, err := askLeave(c)
	if err != nil {
		return nil, err
	}
	before, err := recall(ctx, c, journey)
	if err != nil {
		return nil, err
	}
	defer func() { _ = before.Close() }()
	var prober *probes.Prober
	box, err := inbox.New(c.Inbox, c.SIMs, inbox.Deps{
		Deliver: func(ctx context.Context, a probes.Arrival) error { return prober.Arrived(ctx, a) }, Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("receiving codes (does pantau serve run on the same ports?): %w", err)
	}
	defer func() { _ = box.Close() }()
	prober, err = probes.New(c.Options, probes.Deps{
		Record: before.record, Mailbox: box, AddressFor: box.AddressFor, Permission: allowed.read, Picture: picture, Log: log,
	})
	if err == nil {
		err = before.tell(ctx, c, prober)
	}
	if err != nil {
		return nil, err
	}
	receiving, stop := context.WithCancel(ctx)
	defer stop()
	hooks, err := serveHooks(receiving, c.Listen, box.Routes())
	if err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- box.Run(receiving) }()

	keep := func(r probes.Result) {
		results = append(results, r)
		show(r)
	}
	err = prober.Once(ctx, journey, keep)
	for _, heard := range heardOf(results, box.Listen(time.Now())) {
		keep(heard)
	}
	stop()
	<-ended
	<-hooks
	return results, err
}

// heardOf says whether a message that did not come could have been heard.
func heardOf(results, listened []probes.Result) []probes.Result {
	missing := slices.IndexFunc(results, func(r probes.Result) bool {
		return r.Step.Awaits() && r.Arrival == nil && r.Verdict == probes.Down
	})
	if missing < 0 || slices.ContainsFunc(results, func(r probes.Result) bool { return r.Arrival != nil }) {
		return nil
	}
	return slices.DeleteFunc(listened, func(r probes.Result) bool { return r.Stream != results[missing].Stream })
}

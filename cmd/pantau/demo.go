package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"pantau/simulator"
)

type demoCommand struct {
	Listen        string        `default:"127.0.0.1:8080" help:"Address of the page; port 0 takes a free one."`
	PortalListen  string        `default:"127.0.0.1:8081" help:"Address of the simulated portal, its control page and the feeds."`
	MetricsListen string        `default:"127.0.0.1:8082" help:"Address of the metrics."`
	Data          string        `help:"Folder to keep the measurements in; without it, a new one that is removed at the end." type:"path"`
	Validity      time.Duration `default:"40s" help:"How long a code can be used; everything else keeps pace with it. At least 15s."`
	Seed          uint64        `help:"Decides every chance of the simulated operators, so that a run can be had again; without it, each is another."`
	Verbose       bool          `help:"Write what goes on to standard error."`
}

// Run simulates a portal and watches it until ctx ends.
func (c *demoCommand) Run(ctx context.Context, out *streams) (err error) {
	if c.Validity < shortestDemo {
		return usageError{fmt.Errorf("--validity is %s, want at least %s", c.Validity, shortestDemo)}
	}
	level := slog.LevelError
	if c.Verbose {
		level = slog.LevelInfo
	}
	log := out.log(level)
	folder, remove, err := c.folder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()

	world := newDemoWorld(c.Validity)
	if c.Seed != 0 {
		world.seed = c.Seed
	}
	// The simulator outlives the service, which still finishes its posts.
	alive, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	portal, err := simulator.Start(alive, world.simulator(c.PortalListen, log))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, portal.Close()) }()

	settings, err := world.config(portal)
	if err != nil {
		return err
	}
	settings.Listen, settings.MetricsListen = c.Listen, c.MetricsListen
	settings.Store.URL = filepath.Join(folder, "pantau.db")
	s, err := newService(ctx, settings, out.stdout, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()

	page := fmt.Sprintf("http://%s/", s.page.Addr())
	if err := portal.Connect(page+"hooks/android/"+demoReceiver, s.inbox.SMTPAddr()); err != nil {
		return err
	}
	portal.ShowPage(page)
	if err := c.greet(out, s, portal); err != nil {
		return err
	}
	return s.Run(ctx)
}

// greet prints the addresses, the first lines of the demo.
func (c *demoCommand) greet(out *streams, s *service, portal *simulator.Simulator) error {
	_, err := fmt.Fprintf(out.stdout, `page: http://%s/
portal: %s
control: %s/control/
metrics: http://%s/metrics
x: %s/x/
slack: %s/slack/
Codes are valid for %s here, and everything goes that much faster than with the real ten minutes.
Break the portal on the control page and watch the page, X and Slack. What is posted is printed below. Ctrl-C ends.
`, s.page.Addr(), portal.PortalURL(), portal.URL(), s.metrics.Addr(), portal.URL(), portal.URL(), c.Validity)
	return err
}

// folder gives the data folder and what to do with it at the end.
func (c *demoCommand) folder() (folder string, remove func() error, err error) {
	if c.Data != "" {
		if err := os.MkdirAll(c.Data, 0o700); err != nil {
			return "", nil, fmt.Errorf("making the data folder: %w", err)
		}
		return c.Data, func() error { return nil }, nil
	}
	folder, err = os.MkdirTemp("", "pantau-demo-")
	if err != nil {
		return "", nil, fmt.Errorf("making a data folder: %w", err)
	}
	return folder, func() error { return os.RemoveAll(folder) }, nil
}

// shortestDemo is the shortest validity at which every cadence is still a
// second or more.
const shortestDemo = 15 * time.Second

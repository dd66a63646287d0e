package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"pantau/inbox"
	"pantau/internal/secret"
)

// inboxCommand holds what other programs call to hand messages over.
type inboxCommand struct {
	Gammu gammuCommand `cmd:"" help:"For gammu-smsd's RunOnReceive: queue the message it has received and hand it over."`
}

// handOverWithin is how long smsd is kept waiting for a server that is slow or
// does not answer. One that is away refuses at once.
const handOverWithin = 2 * time.Second

type gammuCommand struct {
	URL    string   `help:"The receiver, http://HOST/hooks/gammu/NAME. Without it the message stays in the queue for a server that watches it."`
	Secret string   `help:"The receiver's secret, as $${env:NAME} or $${file:PATH}."`
	Queue  string   `required:"" type:"path" help:"Folder that keeps messages until the server has taken them."`
	Files  []string `arg:"" optional:"" help:"What smsd passes; not needed."`
}

// Run reads the message from smsd's environment and is done as soon as it is
// on disk and the server, if it is there, has taken it. A message that stays
// in the queue goes with the next one: that is no error. smsd may have kept no
// copy, so that nothing can go wrong before the message is on disk, and one
// that a full disk refuses is handed over all the same.
func (c *gammuCommand) Run(ctx context.Context, out *streams) error {
	message, found, err := inbox.ParseSMSD(os.Getenv, time.Now())
	if err != nil {
		return err
	}
	run := inbox.GammuRun{URL: c.URL, Queue: c.Queue, Within: handOverWithin}
	unkept := c.keep(run, message, found)
	if c.URL != "" {
		if run.Secret, err = secret.Parse(c.Secret); err != nil {
			return usageError{errors.Join(fmt.Errorf("--secret: %w", err), unkept)}
		}
	}
	if found && unkept != nil {
		_, _ = fmt.Fprintf(out.stderr, "%v\n", unkept)
		return run.HandOverUnqueued(ctx, message)
	}
	left, err := run.HandOver(ctx)
	if err != nil {
		_, _ = fmt.Fprintf(out.stderr, "%d messages stay in the queue: %v\n", left, err)
	}
	return nil
}

func (c *gammuCommand) keep(run inbox.GammuRun, message inbox.HandedOver, found bool) error {
	if err := os.MkdirAll(c.Queue, 0o700); err != nil {
		return fmt.Errorf("making the queue: %w", err)
	}
	if !found {
		return nil
	}
	return run.Keep(message)
}

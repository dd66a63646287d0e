package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"pantau/config"
)

type serveCommand struct {
	configFlag
}

// Run watches the configured portal until ctx ends.
func (c *serveCommand) Run(ctx context.Context, out *streams) error {
	settings, err := config.Load(c.Config)
	if err != nil {
		return usageError{err}
	}
	allowed, err := askLeave(settings)
	if err != nil {
		return err
	}
	s, err := newService(ctx, settings, out.stdout, out.log(slog.LevelInfo))
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	_, err = fmt.Fprintf(out.stdout, "page: http://%s/\nmetrics: http://%s/metrics\n", s.page.Addr(), s.metrics.Addr())
	if err := errors.Join(err, allowed.say(out.stdout), s.sayShadow(out.stdout)); err != nil {
		return err
	}
	return s.Run(ctx)
}

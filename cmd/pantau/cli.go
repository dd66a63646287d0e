package main

import (
	"io"
	"log/slog"
	"time"
)

// cli is every command with its flags.
type cli struct {
	Demo    demoCommand    `cmd:"" help:"Everything on this machine with no set-up: a simulated portal to break, probes, page, metrics, posts."`
	Serve   serveCommand   `cmd:"" help:"Watch the configured portal."`
	Check   checkCommand   `cmd:"" help:"Read the configuration and try every target, receiver and channel without posting."`
	Probe   probeCommand   `cmd:"" help:"Run one journey now and show it step by step."`
	Inbox   inboxCommand   `cmd:"" help:"What other programs call to hand messages over."`
	Version versionCommand `cmd:"" help:"Say which version this is."`
}

// streams are where a command writes.
type streams struct{ stdout, stderr io.Writer }

// log writes what goes on to standard error, for an engineer.
func (s *streams) log(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(s.stderr, &slog.HandlerOptions{Level: level}))
}

// configFlag is shared by the commands that read a configuration.
type configFlag struct {
	Config string `default:"config.yaml" help:"The configuration." type:"path"`
}

// tickEvery is how often time itself is noticed: heartbeats, measurements that
// have become stale, a dwell that is over. 15 seconds for 10-minute codes.
func tickEvery(validity time.Duration) time.Duration { return max(validity/40, time.Second) }

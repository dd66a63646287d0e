package main

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"pantau/incident"
	"pantau/statuspage"
)

// renderPause bounds how often the page is rendered: a busy second shows its
// last situation, not each of them.
const renderPause = 200 * time.Millisecond

// publisher renders the latest situation away from those who decide.
type publisher struct {
	site   *statuspage.Site
	log    *slog.Logger
	latest atomic.Pointer[incident.Situation]
	wake   chan struct{}
}

func newPublisher(site *statuspage.Site, log *slog.Logger) *publisher {
	return &publisher{site: site, log: log, wake: make(chan struct{}, 1)}
}

// show asks for s to be shown. It never waits.
func (p *publisher) show(s incident.Situation) {
	p.latest.Store(&s)
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run renders until ctx ends, at last what was decided before.
func (p *publisher) Run(ctx context.Context) error {
	for {
		select {
		case <-p.wake:
			p.render()
		case <-ctx.Done():
			p.render()
			return nil
		}
		select {
		case <-time.After(renderPause):
		case <-ctx.Done():
		}
	}
}

func (p *publisher) render() {
	s := p.latest.Load()
	if s == nil {
		return
	}
	if err := p.site.Publish(*s); err != nil {
		p.log.Error("rendering the page", "error", err)
	}
}

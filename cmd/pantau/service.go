package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"pantau/config"
	"pantau/detect"
	"pantau/inbox"
	"pantau/incident"
	"pantau/internal/words"
	"pantau/notifier"
	"pantau/probes"
	"pantau/statuspage"
	"pantau/store"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// history is how far back stored results are folded at the start. What a
// detector needs is younger; see detect.Options.
const history = 24 * time.Hour

// service is a running Pantau, whole: what serve and demo have in common.
type service struct {
	config     config.Config
	log        *slog.Logger
	registry   *prometheus.Registry
	store      *store.Store
	inbox      *inbox.Inbox
	prober     *probes.Prober
	engine     *incident.Engine
	dispatcher *notifier.Dispatcher
	site       *statuspage.Site
	publisher  *publisher
	album      *probes.Album // nil when no pictures are kept

	page, metrics net.Listener
	shadow        net.Listener // of the true page in shadow mode; nil otherwise
}

// newService opens everything that c describes. When it fails it closes what
// it opened.
func newService(ctx context.Context, c config.Config, stdout io.Writer, log *slog.Logger) (_ *service, err error) {
	s := &service{config: c, log: log, registry: prometheus.NewRegistry()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	s.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewBuildInfoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	if s.page, err = listen(c.Listen); err != nil {
		return s, err
	}
	if s.metrics, err = listen(c.MetricsListen); err != nil {
		return s, err
	}
	if c.Shadow {
		if s.shadow, err = listen(c.ShadowListen); err != nil {
			return s, err
		}
	}
	if s.store, err = store.Open(ctx, c.Store); err != nil {
		return s, err
	}
	if err := s.openSite(); err != nil {
		return s, err
	}
	if err := s.openDispatcher(stdout); err != nil {
		return s, err
	}
	if err := s.openEngine(ctx); err != nil {
		return s, err
	}
	return s, s.openProber(ctx)
}

func listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", address, err)
	}
	return listener, nil
}

func (s *service) openSite() error {
	catalogue, err := words.Load()
	if err != nil {
		return fmt.Errorf("reading the catalogue: %w", err)
	}
	options := s.config.Page
	options.Validity = s.config.Portal.CodeValidity()
	options.LetThrough = s.config.Portal.LetThrough()
	if s.site, err = statuspage.New(options, catalogue); err != nil {
		return fmt.Errorf("making the page: %w", err)
	}
	s.registry.MustRegister(s.site.Collector())
	s.publisher = newPublisher(s.site, s.log)
	return nil
}

func (s *service) openDispatcher(stdout io.Writer) error {
	channels, err := s.config.Notify.Open(stdout)
	if err != nil {
		return err
	}
	if s.config.Shadow {
		channels = notifier.Shadowed(channels)
	}
	s.dispatcher = notifier.New(s.store, channels, s.config.Notify, s.log, notifier.NewMetrics(s.registry))
	return nil
}

// openEngine brings the engine to where it was when the process ended last.
func (s *service) openEngine(ctx context.Context) error {
	policy, err := newPolicy(s.config)
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	// Incidents are counted per year, so that a whole one is read.
	incidents, err := s.store.Incidents(ctx, now.AddDate(-1, 0, 0))
	if err != nil {
		return err
	}
	spells, err := s.spells(ctx)
	if err != nil {
		return err
	}
	s.engine = incident.NewEngine(incident.EngineOptions{
		Detector: detect.New(detect.Options{Validity: s.config.Portal.CodeValidity(), Streams: s.config.Streams()}),
		Policy:   policy, Journal: s.store, Incidents: incidents, Blind: spells, Maintenances: s.config.Maintenance,
		Changed: s.changed, Noticed: s.dispatcher.Wake, Log: s.log, Metrics: incident.NewMetrics(s.registry),
	})
	for result, err := range s.store.ResultsSince(ctx, now.Add(-history)) {
		if err != nil {
			return err
		}
		s.engine.Rebuild([]probes.Result{result})
	}
	return nil
}

// spells are what the team was told cannot be measured, and not yet that it
// can again.
func (s *service) spells(ctx context.Context) ([]incident.Spell, error) {
	last, err := s.store.LastNotices(ctx)
	if err != nil {
		return nil, err
	}
	states, err := s.store.Components(ctx)
	if err != nil {
		return nil, err
	}
	return incident.SpellsOf(last, states), nil
}

func newPolicy(c config.Config) (*incident.Policy, error) {
	books, err := incident.DefaultPlaybooks()
	if err != nil {
		return nil, fmt.Errorf("reading the playbooks: %w", err)
	}
	o := incident.PolicyOptions{
		Playbooks: books, Operators: map[string]string{}, Validity: c.Portal.CodeValidity(),
	}
	if c.Page.Publisher == statuspage.Independent {
		o.Publisher = c.Page.PublisherName
	}
	for _, stream := range c.Streams() {
		o.Streams = append(o.Streams, stream.Stream)
	}
	for _, operator := range c.Portal.Operators {
		o.Operators[operator.ID] = operator.Name
	}
	return incident.NewPolicy(o), nil
}

// changed is told of every commit: the page shows it, and the next probes follow
// it.
func (s *service) changed(situation incident.Situation) {
	s.publisher.show(situation)
	s.prober.SetDemands(situation.Demands)
}

func (s *service) openProber(ctx context.Context) error {
	// The inbox hands arrivals to the prober, which tells the inbox what to
	// expect; the prober is there before the first message can be.
	deliver := func(ctx context.Context, a probes.Arrival) error { return s.prober.Arrived(ctx, a) }
	began, err := s.beganAgain(ctx)
	if err != nil {
		return err
	}
	s.inbox, err = inbox.New(s.config.Inbox, s.config.SIMs, inbox.Deps{
		Deliver: deliver, Log: s.log, Metrics: inbox.NewMetrics(s.registry), Began: began,
	})
	if err != nil {
		return err
	}
	allowed, err := askLeave(s.config)
	if err != nil {
		return err
	}
	picture, err := s.openAlbum()
	if err != nil {
		return err
	}
	s.prober, err = probes.New(s.config.Options, probes.Deps{
		Record: s.engine.Record, Mailbox: s.inbox, AddressFor: s.inbox.AddressFor, Hearing: s.inbox.Hearing, Permission: allowed.read,
		Picture: picture, Log: s.log, Metrics: probes.NewMetrics(s.registry),
	})
	if err != nil {
		return err
	}
	for request, err := range s.store.RequestsSince(ctx, s.config.SpendingSince(time.Now())) {
		if err != nil {
			return err
		}
		s.prober.Rebuild(request)
	}
	waits, err := s.store.OpenWaits(ctx)
	if err != nil {
		return err
	}
	s.prober.Restore(waits)
	return nil
}

// openAlbum gives what keeps pictures, nil when none are kept.
func (s *service) openAlbum() (keep func(probes.Picture) (string, error), err error) {
	dir := s.config.Pictures()
	if dir == "" {
		return nil, nil
	}
	if s.album, err = probes.OpenAlbum(dir); err != nil {
		return nil, err
	}
	return s.album.Keep, nil
}

// beganAgain is now, if a process before this one asked for codes lately, and
// so may have taken messages that come again; else the zero time.
func (s *service) beganAgain(ctx context.Context) (time.Time, error) {
	now := time.Now()
	for _, err := range s.store.RequestsSince(ctx, now.Add(-inbox.RetriesEnd)) {
		return now, err // one is enough
	}
	return time.Time{}, nil
}

// Run works until ctx ends or a part fails, then ends the parts in order: no
// new probes, what was measured is recorded, the post in flight is finished,
// the page goes last.
func (s *service) Run(ctx context.Context) error {
	return runStages(ctx,
		stage{"probes", s.prober.Run},
		stage{"ticks", s.tick},
		stage{"inbox", s.inbox.Run},
		stage{"engine", s.engine.Run},
		stage{"notices", s.dispatcher.Run},
		stage{"publisher", s.publisher.Run},
		stage{"pages", s.servePages},
	)
}

// Close frees what newService opened, whatever of it there is. Closing twice
// is harmless.
func (s *service) Close() error {
	var errs []error
	for _, listener := range []net.Listener{s.page, s.metrics, s.shadow} {
		if listener != nil {
			errs = append(errs, ignoreClosed(listener.Close()))
		}
	}
	if s.inbox != nil {
		errs = append(errs, s.inbox.Close())
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	return errors.Join(errs...)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Package simulator is the world outside a monitor, for the demo and for tests:
// a registration portal with its captcha and one-time codes, the operators,
// handsets and mail server that carry them, and stand-ins for X and Slack. It
// speaks HTTP, SMTP and signed webhooks only, knows nothing of the monitor, and
// can be broken while it runs.
//
// # Addresses, all on one listener
//
//	/                     the portal, in the dress chosen (package portal)
//	/oracle/captcha       its captcha oracle
//	/reference/a, …/b     two hosts that tell a monitor whether its own line is up: 204
//	/phones/DEVICE/       the API by which a handset sends texts
//	/x/…, /slack/…        stand-ins and feeds (package social)
//	/control/             a page to break things, for people
//	/control/phones       what was sent to numbers and mailboxes that are not the monitor's
//	/control/faults       the same by API: GET, POST, DELETE; DELETE …/ID ends one
//	/control/owner        PUT what the portal's owner says to probes (portal.Word)
//
// The fault monitor-offline is the monitor's own line. It cuts the portal and
// the reference hosts, not the control addresses, which belong to whoever plays,
// nor X and Slack: they stand for channels a monitor may reach by another line,
// and their own faults are set under /x/control/ and /slack/control/.
package simulator

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"pantau/simulator/delivery"
	"pantau/simulator/portal"
	"pantau/simulator/social"
)

// Simulator is a running world. Use Start.
type Simulator struct {
	options  Options
	validity time.Duration
	log      *slog.Logger
	url      string
	page     atomic.Pointer[string] // the status page's address

	portal  *portal.Portal
	social  *social.Social
	post    *post
	faults  *switchboard
	offline atomic.Bool
	pages   *template.Template

	ctx      context.Context // of everything that runs
	cancel   context.CancelFunc
	server   *http.Server
	served   chan struct{} // closed when the listener is
	closing  sync.Once
	closeErr error
}

// Start runs a simulator until ctx ends or Close.
func Start(ctx context.Context, o Options) (*Simulator, error) {
	o = o.withDefaults()
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("starting the simulator: %w", err)
	}
	s, err := build(o)
	if err != nil {
		return nil, fmt.Errorf("starting the simulator: %w", err)
	}
	s.ctx, s.cancel = context.WithCancel(ctx)
	if err := s.Connect(o.WebhookURL, o.SMTPAddr); err != nil {
		s.cancel()
		return nil, fmt.Errorf("starting the simulator: %w", err)
	}
	if err := s.listen(); err != nil {
		s.cancel()
		s.post.close()
		return nil, fmt.Errorf("starting the simulator: %w", err)
	}
	context.AfterFunc(s.ctx, func() { _ = s.Close() })
	return s, nil
}

// build makes the parts; nothing runs yet.
func build(o Options) (*Simulator, error) {
	s := &Simulator{options: o, validity: o.Validity, log: o.Log, post: &post{}, served: make(chan struct{})}
	s.ShowPage(o.PageURL)
	var err error
	s.portal, err = portal.New(portal.Options{
		Dress: o.Dress, Validity: o.Validity, Interval: o.Interval, Seed: o.Seed, Code: o.Code,
		OracleSecret: o.OracleSecret, Sender: s.post, Log: o.Log,
	})
	if err != nil {
		return nil, err
	}
	s.social = social.New(social.Options{X: o.X, Slack: o.Slack, Seed: o.Seed, Log: o.Log})
	s.faults = &switchboard{apply: s.applyFaults}
	s.pages, err = parsePages()
	return s, err
}

func (s *Simulator) listen() error {
	listener, err := new(net.ListenConfig).Listen(s.ctx, "tcp", s.options.Listen)
	if err != nil {
		return err
	}
	s.url = "http://" + listener.Addr().String()
	s.server = newServer(s.ctx, s.handler(), s.log)
	go func() {
		defer close(s.served)
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("serving the simulator", "error", err)
		}
	}()
	return nil
}

// URL is the base address with the port bound, without a slash at its end.
func (s *Simulator) URL() string { return s.url }

// PortalURL is the address of the portal's front page.
func (s *Simulator) PortalURL() string { return s.url + s.portal.Front() }

// Social gives the stand-ins for X and Slack.
func (s *Simulator) Social() *social.Social { return s.social }

// Connect says where handsets post and where mail goes, or that it is not known
// ("") yet. It may be called again; messages on their way are then lost.
func (s *Simulator) Connect(webhookURL, smtpAddr string) error {
	return s.post.use(s.ctx, s.options.networkOptions(webhookURL, smtpAddr))
}

// ShowPage links the status page from the control page.
func (s *Simulator) ShowPage(url string) {
	if url != "" {
		s.page.Store(&url)
	}
}

// SetFaults replaces all faults. None is changed when one is wrong.
func (s *Simulator) SetFaults(faults []delivery.Fault) error { return s.faults.replace(faults) }

// Faults are those that are on or will begin by themselves, oldest first.
func (s *Simulator) Faults() []delivery.Fault {
	var faults []delivery.Fault
	for _, one := range s.faults.list() {
		faults = append(faults, one.Fault)
	}
	return faults
}

// applyFaults brings about what is on now.
func (s *Simulator) applyFaults(active []delivery.Fault) {
	_, offline := delivery.Find(active, delivery.MonitorOffline, "", time.Now())
	s.offline.Store(offline)
	s.portal.SetFaults(active)
	s.post.setFaults(active)
}

// Close stops everything and waits for it. Closing twice is harmless.
func (s *Simulator) Close() error {
	s.closing.Do(func() {
		s.faults.close()
		s.cancel() // lets go of requests that hang
		grace, done := context.WithTimeout(context.Background(), 3*time.Second)
		defer done()
		if s.server.Shutdown(grace) != nil {
			s.closeErr = s.server.Close()
		}
		<-s.served
		s.post.close()
	})
	return s.closeErr
}

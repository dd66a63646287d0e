package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"pantau/probes"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// finishWithin is how long requests under way may take when we stop.
const finishWithin = 5 * time.Second

// servePages answers the public, the handsets and Prometheus until ctx ends.
func (s *service) servePages(ctx context.Context) error {
	metrics := http.NewServeMux()
	metrics.Handle("GET /metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelError), EnableOpenMetrics: true,
	}))
	directory, err := s.directory()
	if err != nil {
		return err
	}
	servers := []*http.Server{s.server(s.public(directory)), s.server(metrics)}
	listeners := []net.Listener{s.page, s.metrics}
	if s.shadow != nil {
		servers, listeners = append(servers, s.server(s.handler(directory))), append(listeners, s.shadow)
	}
	ended := make(chan error, len(servers))
	for i, listener := range listeners {
		go func() { ended <- servers[i].Serve(listener) }()
	}
	var errs []error
	select {
	case <-ctx.Done():
	case err := <-ended:
		errs = append(errs, fmt.Errorf("serving pages: %w", err))
	}
	finish, stop := context.WithTimeout(context.WithoutCancel(ctx), finishWithin)
	defer stop()
	for _, server := range servers {
		errs = append(errs, server.Shutdown(finish))
	}
	return errors.Join(errs...)
}

func (s *service) server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// public is everything on the public listener. In shadow mode the public reads
// only that the page is not published.
func (s *service) public(directory http.Handler) http.Handler {
	if s.shadow == nil {
		return s.handler(directory)
	}
	engine := s.engineWith(directory)
	engine.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	engine.NoRoute(s.site.Withheld)
	return engine
}

// handler is the page with all that belongs to it.
func (s *service) handler(directory http.Handler) http.Handler {
	engine := s.engineWith(directory)
	s.site.Routes(engine)
	engine.NoRoute(s.site.NotFound)
	return engine
}

// directory serves the keys of our signatures, nil when nothing is signed.
func (s *service) directory() (http.Handler, error) {
	if s.config.Portal.Signing == nil {
		return nil, nil
	}
	signer, err := probes.NewSigner(*s.config.Portal.Signing)
	if err != nil {
		return nil, err
	}
	return signer.Directory(), nil
}

// engineWith answers the handsets, and those who look for our keys.
func (s *service) engineWith(directory http.Handler) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.Use(gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, problem any) {
		// What was thrown may hold anything, a message too: only its type is told.
		s.log.Error("a page panicked", "path", c.FullPath(), "type", fmt.Sprintf("%T", problem), "stack", string(debug.Stack()))
		c.AbortWithStatus(http.StatusInternalServerError)
	}))
	engine.Any("/hooks/*receiver", gin.WrapH(s.inbox.Routes()))
	if directory != nil {
		engine.Match([]string{http.MethodGet, http.MethodHead}, probes.DirectoryPath, gin.WrapH(directory))
	}
	return engine
}

// serveHooks answers only the handsets, until ctx ends; the channel closes
// when it is over.
func serveHooks(ctx context.Context, address string, hooks http.Handler) (<-chan struct{}, error) {
	listener, err := listen(address)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: hooks, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second}
	over := make(chan struct{})
	go func() {
		defer close(over)
		go func() {
			<-ctx.Done()
			_ = server.Close()
		}()
		_ = server.Serve(listener)
	}()
	return over, nil
}

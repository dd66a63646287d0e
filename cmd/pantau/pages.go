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
	servers := []*http.Server{s.server(s.handler()), s.server(metrics)}
	ended := make(chan error, len(servers))
	for i, listener := range []net.Listener{s.page, s.metrics} {
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

// handler is everything on the public listener.
func (s *service) handler() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.Use(gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, problem any) {
		// What was thrown may hold anything, a message too: only its type is told.
		s.log.Error("a page panicked", "path", c.FullPath(), "type", fmt.Sprintf("%T", problem), "stack", string(debug.Stack()))
		c.AbortWithStatus(http.StatusInternalServerError)
	}))
	s.site.Routes(engine)
	engine.Any("/hooks/*receiver", gin.WrapH(s.inbox.Routes()))
	engine.NoRoute(s.site.NotFound)
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

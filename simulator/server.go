package simulator

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"pantau/simulator/portal"
)

// longest is how long a request may last: longer than the portal ever hangs.
const longest = 15 * time.Minute

func newServer(ctx context.Context, handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       longest, // a shorter one would also end requests that wait for their answer
		WriteTimeout:      longest,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// handler puts everything on one address.
func (s *Simulator) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/control/", s.control())
	mux.Handle("GET /control", http.RedirectHandler("/control/", http.StatusFound))
	standIns := s.social.Handler()
	mux.Handle("/x/", standIns)
	mux.Handle("/slack/", standIns)
	mux.Handle("GET /reference/a", s.line(http.HandlerFunc(reference)))
	mux.Handle("GET /reference/b", s.line(http.HandlerFunc(reference)))
	mux.Handle("/phones/{device}/", s.line(s.gateways()))
	mux.Handle("/", s.line(s.portal.Handler()))
	return mux
}

func reference(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// line is the monitor's own line: while it is down, nothing behind it answers.
func (s *Simulator) line(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.offline.Load() {
			portal.HangUp(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// control is the page and the API that break things. A page of another site
// must not press its buttons in the visitor's browser.
func (s *Simulator) control() http.Handler {
	mux := http.NewServeMux()
	s.controlFaults(mux)
	mux.HandleFunc("GET /control/{$}", s.panel)
	mux.HandleFunc("POST /control/panel/start", s.press)
	mux.HandleFunc("POST /control/panel/end", s.end)
	mux.HandleFunc("GET /control/phones", s.phones)
	own := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "+
			"frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		own.ServeHTTP(w, r)
	})
}

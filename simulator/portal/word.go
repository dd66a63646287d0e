package portal

import (
	"net/http"
	"strconv"
	"strings"
)

// Word is what the portal's owner says to probes at the moment. The zero Word
// says nothing.
type Word struct {
	Policy     string `json:"policy"`      // JSON served at /.well-known/pantau; "" serves none
	Stop       bool   `json:"stop"`        // every answer carries Pantau-Stop: 1
	Status     int    `json:"status"`      // 403 or 429 in answer to everything a probe asks; 0 lets it in
	RetryAfter int    `json:"retry_after"` // seconds, with Status
}

// SetWord replaces what the owner says.
func (p *Portal) SetWord(w Word) { p.word.Store(&w) }

// isProbe goes by what a visitor says of himself.
func isProbe(r *http.Request) bool {
	return strings.HasPrefix(r.UserAgent(), "Pantau/") || r.Header.Get("Signature-Agent") != ""
}

// heard says the owner's word before anything else is answered.
func (p *Portal) heard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		word := p.word.Load()
		if word.Stop {
			w.Header().Set("Pantau-Stop", "1")
		}
		switch {
		case r.URL.Path == "/.well-known/pantau" && word.Policy != "":
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(word.Policy))
		case word.Status != 0 && isProbe(r):
			if word.RetryAfter > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(word.RetryAfter))
			}
			p.complain(w, r, word.Status)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

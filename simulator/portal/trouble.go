package portal

import (
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"pantau/simulator/delivery"
)

// hangAtMost bounds a request that is never answered, so that clients without
// a deadline cannot pile up for ever.
const hangAtMost = 10 * time.Minute

// slowAtMost bounds the tail of slow pages.
const slowAtMost = 5 * time.Minute

// slowSpread is sigma of the lognormal time of slow pages.
const slowSpread = 0.4

// trouble are the faults of the portal that are on. It is replaced as a whole.
type trouble struct {
	down     string        // "" is up
	slow     time.Duration // median time of a page; 0 is none
	broken   bool          // the captcha
	loop     float64       // probability that the challenge comes again after a right answer
	rejected map[string]float64
	over     chan struct{} // closed when other faults are set
}

// SetFaults replaces the faults that are on. The caller looks after From and
// Until; kinds that are not the portal's are passed over.
func (p *Portal) SetFaults(faults []delivery.Fault) {
	next := &trouble{rejected: map[string]float64{}, over: make(chan struct{})}
	for _, f := range faults {
		next.add(f)
	}
	close(p.trouble.Swap(next).over)
}

// add takes f up; of two of one kind the worse counts.
func (t *trouble) add(f delivery.Fault) {
	switch f.Kind {
	case delivery.PortalDown:
		t.down = f.How
	case delivery.PortalSlow:
		t.slow = max(t.slow, time.Duration(f.Median))
	case delivery.CaptchaBroken:
		t.broken = true
	case delivery.CaptchaLoop:
		t.loop = max(t.loop, f.Probability)
	case delivery.OTPRejected:
		for _, stream := range f.Streams {
			t.rejected[stream] = max(t.rejected[stream], f.Probability)
		}
	}
}

// dice are the portal's own chances; a seed makes them repeat.
type dice struct {
	mu     sync.Mutex
	source *rand.Rand
}

func newDice(seed uint64) *dice { return &dice{source: rand.New(rand.NewPCG(seed, 0x706f7274616c))} }

func (d *dice) happens(probability float64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.source.Float64() < probability
}

// around draws a lognormal time with that median.
func (d *dice) around(median time.Duration) time.Duration {
	d.mu.Lock()
	factor := math.Exp(slowSpread * d.source.NormFloat64())
	d.mu.Unlock()
	return min(time.Duration(float64(median)*factor), slowAtMost)
}

// gate lets requests through to next unless the portal is down.
func (p *Portal) gate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch p.trouble.Load().down {
		case "":
			next.ServeHTTP(w, r)
		case delivery.HowRefuse:
			HangUp(w)
		case delivery.HowHang:
			p.hang(w, r)
		default:
			w.Header().Set("Retry-After", "300")
			p.complain(w, r, http.StatusServiceUnavailable)
		}
	})
}

// hang answers nothing until the visitor leaves or the fault ends; then the
// connection is closed, because a real server that hung does not come back to
// old requests.
func (p *Portal) hang(w http.ResponseWriter, r *http.Request) {
	// The server notices that a visitor left only once the body is read.
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, bodyAtMost))
	limit := time.NewTimer(hangAtMost)
	defer limit.Stop()
	defer HangUp(w)
	for now := p.trouble.Load(); now.down == delivery.HowHang; now = p.trouble.Load() {
		select {
		case <-now.over:
		case <-r.Context().Done():
			return
		case <-limit.C:
			return
		}
	}
}

// slowly makes pages wait while portal-slow is on.
func (p *Portal) slowly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if median := p.trouble.Load().slow; median > 0 {
			wait := time.NewTimer(p.dice.around(median))
			defer wait.Stop()
			select {
			case <-wait.C:
			case <-r.Context().Done():
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// HangUp closes the connection of w without an answer, by a reset where the
// transport knows one.
func HangUp(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // the server then closes it by itself
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = connection.Close()
}

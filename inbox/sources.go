package inbox

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// source is where connections come from: an IPv4 address, or the /64 that an
// IPv6 address is in, because one customer has all of it. It is never logged.
type source netip.Prefix

func sourceOf(address net.Addr) source {
	ip := netip.Addr{}
	if tcp, ok := address.(*net.TCPAddr); ok {
		ip = tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	return source(netip.PrefixFrom(ip, bits).Masked())
}

// sourceGate is a listener that lets in so many connections of one source at
// one time and tells the others at once to come again, so that one sender
// cannot take every place.
type sourceGate struct {
	net.Listener
	most int

	mu   sync.Mutex
	open map[source]int
}

func newSourceGate(l net.Listener, most int) *sourceGate {
	return &sourceGate{Listener: l, most: most, open: map[source]int{}}
}

func (g *sourceGate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := sourceOf(conn.RemoteAddr())
		if g.enter(from) {
			return &sourced{Conn: conn, leave: sync.OnceFunc(func() { g.leave(from) })}, nil
		}
		comeAgainMail(conn)
	}
}

// comeAgainMail turns an SMTP connection away. The answer fits any socket
// buffer, so that this does not block.
func comeAgainMail(conn net.Conn) {
	_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = conn.Write([]byte("421 4.7.0 Too many connections, come again\r\n"))
	_ = conn.Close()
}

func (g *sourceGate) enter(from source) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open[from] >= g.most {
		return false
	}
	g.open[from]++
	return true
}

func (g *sourceGate) leave(from source) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open[from]--; g.open[from] <= 0 {
		delete(g.open, from)
	}
}

// sourced is a connection that a sourceGate counts.
type sourced struct {
	net.Conn
	leave func()
}

func (s *sourced) Close() error {
	s.leave()
	return s.Conn.Close()
}

// mostSources bounds what a rateLimit remembers.
const mostSources = 4096

// rateLimit lets so many mails in a minute through, of all and of one source.
type rateLimit struct {
	mu        sync.Mutex
	all       bucket
	perSource int
	sources   map[source]*bucket
}

func newRateLimit(all, perSource int) *rateLimit {
	return &rateLimit{all: bucket{most: all}, perSource: perSource, sources: map[source]*bucket{}}
}

// allow counts one mail of a source, if it may come now. What is not let
// through does not count.
func (r *rateLimit) allow(from source, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := r.sources[from]
	if of == nil {
		if len(r.sources) >= mostSources {
			r.forget(now)
		}
		if len(r.sources) >= mostSources {
			return false
		}
		of = &bucket{most: r.perSource}
		r.sources[from] = of
	}
	if !of.hasRoom(now) || !r.all.hasRoom(now) {
		return false
	}
	of.fill(now)
	r.all.fill(now)
	return true
}

// open says whether a mail of a source that was not heard lately would be let
// through.
func (r *rateLimit) open(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all.hasRoom(now)
}

// forget drops the sources that have all their room again.
func (r *rateLimit) forget(now time.Time) {
	for from, b := range r.sources {
		if b.usedAt(now) == 0 {
			delete(r.sources, from)
		}
	}
}

// bucket has room for most mails, and gets it back evenly in a minute.
type bucket struct {
	most int
	used float64
	at   time.Time
}

func (b *bucket) usedAt(now time.Time) float64 {
	return max(0, b.used-max(0, now.Sub(b.at).Minutes())*float64(b.most))
}

func (b *bucket) hasRoom(now time.Time) bool { return b.usedAt(now) <= float64(b.most)-1 }

func (b *bucket) fill(now time.Time) { b.used, b.at = b.usedAt(now)+1, now }

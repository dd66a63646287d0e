package inbox

import (
	"net"
	"sync"
	"time"
)

// gate is a listener that lets in so many connections at one time and tells
// the others at once to come again, so that who holds connections open cannot
// make us seem dead.
type gate struct {
	net.Listener
	most int

	mu    sync.Mutex
	conns map[*gated]bool
	empty chan struct{} // closed and replaced whenever the last connection ends
}

func newGate(l net.Listener, most int) *gate {
	return &gate{Listener: l, most: most, conns: map[*gated]bool{}, empty: make(chan struct{})}
}

// gated is a connection that the gate counts.
type gated struct {
	net.Conn
	gate *gate
}

func (g *gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &gated{conn, g}
		if g.enter(c) {
			return c, nil
		}
		comeAgainMail(conn)
	}
}

func (g *gate) enter(c *gated) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.conns) >= g.most {
		return false
	}
	g.conns[c] = true
	return true
}

func (c *gated) Close() error {
	c.gate.leave(c)
	return c.Conn.Close()
}

func (g *gate) leave(c *gated) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.conns[c] {
		return
	}
	delete(g.conns, c)
	if len(g.conns) == 0 {
		close(g.empty)
		g.empty = make(chan struct{})
	}
}

// full says whether the next connection would be turned away.
func (g *gate) full() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.conns) >= g.most
}

// drain waits until no connection is left, for grace at most, and closes the
// rest. It must be called once nobody accepts any more.
func (g *gate) drain(grace time.Duration) {
	g.mu.Lock()
	empty, open := g.empty, len(g.conns)
	g.mu.Unlock()
	if open == 0 {
		return
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-empty:
	case <-timer.C:
		g.closeAll()
	}
}

func (g *gate) closeAll() {
	g.mu.Lock()
	var rest []*gated
	for c := range g.conns {
		rest = append(rest, c)
	}
	g.mu.Unlock()
	for _, c := range rest {
		_ = c.Close()
	}
}

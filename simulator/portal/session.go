package portal

import (
	"crypto/rand"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// sessionLife after the last request: a code may come two hours late and
	// should still be typed into the page that waits for it.
	sessionLife = 3 * time.Hour
	// sessionsKept on one node.
	sessionsKept = 4096
)

// session is what a node knows of one visitor.
type session struct {
	id    string
	token string // comes back in every form
	used  atomic.Int64

	mu        sync.Mutex // guards what is below
	challenge challenge
	passed    bool // the captcha
	contact   contact
	reference string
	verified  bool
}

func newSession() *session { return &session{id: rand.Text(), token: rand.Text()} }

// sessions is the store of one node.
type sessions struct {
	mu   sync.Mutex
	byID map[string]*session
}

func (s *sessions) find(id string, now time.Time) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.byID[id]
	if found == nil || now.UnixNano()-found.used.Load() > int64(sessionLife) {
		return nil
	}
	found.used.Store(now.UnixNano())
	return found
}

func (s *sessions) keep(added *session, now time.Time) {
	added.used.Store(now.UnixNano())
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byID) >= sessionsKept {
		s.makeRoom(now)
	}
	s.byID[added.id] = added
}

func (s *sessions) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
}

// makeRoom drops the sessions that are over, or else the one idle longest.
func (s *sessions) makeRoom(now time.Time) {
	var oldest *session
	for id, each := range s.byID {
		if now.UnixNano()-each.used.Load() > int64(sessionLife) {
			delete(s.byID, id)
			continue
		}
		if oldest == nil || each.used.Load() < oldest.used.Load() {
			oldest = each
		}
	}
	if oldest != nil && len(s.byID) >= sessionsKept {
		delete(s.byID, oldest.id)
	}
}

// node is one of the two servers behind the balancer.
type node struct {
	name     string
	sessions sessions
}

func newNode(name string) *node {
	return &node{name: name, sessions: sessions{byID: map[string]*session{}}}
}

const nodeCookie = "NODE"

// balance chooses the node that serves r: the one its cookie names, or else
// the two in turn.
func (p *Portal) balance(r *http.Request) *node {
	if cookie, err := r.Cookie(nodeCookie); err == nil {
		for _, n := range p.nodes {
			if n.name == cookie.Value {
				return n
			}
		}
	}
	return p.nodes[p.turn.Add(1)%uint64(len(p.nodes))]
}

func (p *Portal) other(n *node) *node {
	if p.nodes[0] == n {
		return p.nodes[1]
	}
	return p.nodes[0]
}

// open begins a session. In health both nodes learn of it, as from a shared
// store. While the stores are cut apart (captcha-loop), only n does.
func (p *Portal) open(n *node, now time.Time) *session {
	s := newSession()
	n.sessions.keep(s, now)
	if p.trouble.Load().loop == 0 {
		p.other(n).sessions.keep(s, now)
	}
	return s
}

// moveAway sends the visitor to the other node, which does not have the session.
func (p *Portal) moveAway(w http.ResponseWriter, n *node, s *session) {
	other := p.other(n)
	other.sessions.forget(s.id)
	setCookie(w, nodeCookie, other.name)
}

func setCookie(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

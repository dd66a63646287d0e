package portal

import (
	"net/http"
	"time"
)

// visit is one request at the node that serves it.
type visit struct {
	w       http.ResponseWriter
	r       *http.Request
	now     time.Time
	node    *node
	session *session // nil when this node does not know the visitor
}

func (v *visit) redirect(path string) { http.Redirect(v.w, v.r, path, http.StatusSeeOther) }

// visited finds the node and the visitor's session there.
func (p *Portal) visited(next func(*visit)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{w: w, r: r, now: time.Now(), node: p.balance(r)}
		w.Header().Set("X-Node", v.node.name)
		if _, err := r.Cookie(nodeCookie); err != nil {
			setCookie(w, nodeCookie, v.node.name)
		}
		if cookie, err := r.Cookie(p.dress.cookie); err == nil {
			v.session = v.node.sessions.find(cookie.Value, v.now)
		}
		next(v)
	})
}

// known lets a form through that came from a page of this very session.
func (p *Portal) known(next func(*visit)) func(*visit) {
	return func(v *visit) {
		v.r.Body = http.MaxBytesReader(v.w, v.r.Body, bodyAtMost)
		if err := v.r.ParseForm(); err != nil {
			p.complain(v.w, v.r, http.StatusBadRequest)
			return
		}
		if v.session == nil {
			v.redirect(p.dress.captcha)
			return
		}
		if !same(v.session.token, v.r.PostFormValue(p.dress.tokenField)) {
			p.complain(v.w, v.r, http.StatusForbidden)
			return
		}
		next(v)
	}
}

// passed lets through who has solved the captcha at this node; all others are
// shown it (again).
func (p *Portal) passed(next func(*visit)) func(*visit) {
	return func(v *visit) {
		if v.session == nil || !v.session.hasPassed() {
			v.redirect(p.dress.captcha)
			return
		}
		next(v)
	}
}

func (s *session) hasPassed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.passed
}

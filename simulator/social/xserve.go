package social

import (
	"net/http"
	"time"
)

// xEndpoint is one address of X's API.
type xEndpoint struct {
	name   string // endpoints of one name share their limits
	use    Use
	limits []limit
	refuse func(http.ResponseWriter, *xRefusal)
	act    func(*http.Request, []byte) (status int, answer any, no *xRefusal)
}

func (x *X) postingLimits() []limit {
	const day = 24 * time.Hour
	return []limit{
		{"x-rate-limit", x.account.PostsPer15Min, 15 * time.Minute},
		{"x-app-limit-24hour", x.account.PostsPerDay, day},
		{"x-user-limit-24hour", x.account.PostsPerDay, day},
	}
}

// serve answers one call: read, authenticate, count, suffer the faults, act.
// Nothing in it depends on the client still being there.
func (x *X) serve(e xEndpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := readBody(w, r)
		if !ok {
			return
		}
		if no := x.keys.check(r, body, time.Now()); no != nil {
			x.refuse(w, e, no)
			return
		}
		if !x.count(w, e) {
			x.refuse(w, e, tooManyRequests())
			return
		}
		h := x.faults.draw(e.use)
		time.Sleep(h.delay)
		if h.kind == CutBefore {
			x.cut(w, e, h)
			return
		}
		if no := x.faultRefusal(w, h); no != nil {
			x.refuse(w, e, no)
			return
		}
		status, answer, no := e.act(r, body)
		switch {
		case h.kind == LostReply:
			x.cut(w, e, h)
		case no != nil:
			x.refuse(w, e, no)
		default:
			x.log.Info("answered", "call", e.name, "status", status)
			writeJSON(w, status, answer)
		}
	})
}

func (x *X) refuse(w http.ResponseWriter, e xEndpoint, no *xRefusal) {
	x.log.Info("refused", "call", e.name, "status", no.status, "code", no.code)
	e.refuse(w, no)
}

func (x *X) cut(w http.ResponseWriter, e xEndpoint, h hit) {
	x.log.Info("cut the connection", "call", e.name, "fault", string(h.kind))
	cut(w)
}

// count takes the call off its limits and writes what is left of them.
func (x *X) count(w http.ResponseWriter, e xEndpoint) (within bool) {
	left, within := x.limits.take(e.name, e.limits, time.Now())
	for _, a := range left {
		a.write(w.Header())
	}
	return within
}

// faultRefusal gives the refusal that a fault asks for, nil for none.
func (x *X) faultRefusal(w http.ResponseWriter, h hit) *xRefusal {
	switch h.kind {
	case RateLimit:
		exhausted := limit{"x-rate-limit", x.account.PostsPer15Min, 15 * time.Minute}
		allowance{exhausted, 0, time.Now().Add(h.after)}.write(w.Header())
		return tooManyRequests()
	case ServerError:
		return overCapacity()
	case DuplicateRefusal:
		return duplicateText()
	case NotAllowed:
		return accessLevel()
	}
	return nil
}

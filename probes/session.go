package probes

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// session is what one visit learns about how the portal keeps it: which of its
// servers answered, and what became of its cookies. A captcha that repeats
// most often means that a server does not know a session another one keeps.
type session struct {
	header     string // in which a server names itself
	nodes      []string
	cookies    map[string]string // value by name; values are never told
	changes    []string
	challenges int
}

const (
	nodeHeader = "X-Node"
	// factsAtMost of each kind are told in evidence.
	factsAtMost = 12
)

func newSession(header string) *session {
	return &session{header: cmp.Or(header, nodeHeader), cookies: map[string]string{}}
}

// saw takes in one answer, also one that redirects.
func (s *session) saw(answer *http.Response) {
	if node := answer.Header.Get(s.header); node != "" && len(s.nodes) < factsAtMost {
		s.nodes = append(s.nodes, factName(node))
	}
	for _, cookie := range answer.Cookies() {
		before, had := s.cookies[cookie.Name]
		switch {
		case cookie.MaxAge < 0:
			delete(s.cookies, cookie.Name)
			s.changed(cookie.Name, "removed")
			continue
		case !had:
			s.changed(cookie.Name, "new")
		case before != cookie.Value:
			s.changed(cookie.Name, "changed")
		}
		s.cookies[cookie.Name] = cookie.Value
	}
}

func (s *session) changed(name, how string) {
	if len(s.changes) < factsAtMost {
		s.changes = append(s.changes, factName(name)+" "+how)
	}
}

// factName is a server's or a cookie's name fit for evidence.
func factName(name string) string {
	if !plainName.MatchString(name) {
		return "…"
	}
	return name
}

// plainName is a name rather than an id or a token: no long run of digits.
var plainName = regexp.MustCompile(`^[A-Za-z_.-]{1,24}[0-9]{0,3}$`)

// String is evidence: "challenges 3; nodes a b a; cookies SESSION new, NODE changed".
func (s *session) String() string {
	facts := []string{fmt.Sprintf("challenges %d", s.challenges)}
	if len(s.nodes) > 0 {
		facts = append(facts, "nodes "+strings.Join(slices.Compact(slices.Clone(s.nodes)), " "))
	}
	if len(s.changes) > 0 {
		facts = append(facts, "cookies "+strings.Join(s.changes, ", "))
	}
	return strings.Join(facts, "; ")
}

// tellsSession says whether the reason is one that the facts of the session
// help to explain.
func (r Reason) tellsSession() bool { return r == ReasonChallenge || r == ReasonAnswerRefused }

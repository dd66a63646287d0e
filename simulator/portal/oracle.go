package portal

import (
	"encoding/json"
	"net/http"
	"strings"
)

// oracle tells the answer of a challenge to a visitor whom the portal's owner
// trusts, and only that of the visitor's own session. Every use is counted.
func (p *Portal) oracle(v *visit) {
	given, bearer := strings.CutPrefix(v.r.Header.Get("Authorization"), "Bearer ")
	if p.oracleSecret == "" || !bearer || !same(given, p.oracleSecret) {
		p.usage.oracleDenied.Add(1)
		v.w.Header().Set("WWW-Authenticate", `Bearer realm="captcha oracle"`)
		p.complain(v.w, v.r, http.StatusUnauthorized)
		return
	}
	var asked challenge
	if v.session != nil {
		v.session.mu.Lock()
		asked = v.session.challenge
		v.session.mu.Unlock()
	}
	if asked.id == "" || !same(asked.id, v.r.URL.Query().Get("id")) {
		p.usage.oracleUnknown.Add(1)
		p.complain(v.w, v.r, http.StatusNotFound)
		return
	}
	used := p.usage.oracleAnswers.Add(1)
	p.log.Debug("oracle answered", "node", v.node.name, "answers_so_far", used)
	v.w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(v.w).Encode(map[string]string{"answer": asked.answer})
}

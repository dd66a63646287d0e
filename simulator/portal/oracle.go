package portal

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// oracle tells the answer of a challenge to a visitor whom the portal's owner
// trusts, and only that of the visitor's own session. Every use is counted.
func (p *Portal) oracle(v *visit) {
	proof, err := p.oracleProof(v)
	if err != nil {
		p.usage.oracleDenied.Add(1)
		p.log.Warn("the oracle refused a question", "why", err)
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
	p.log.Info("oracle answered", "node", v.node.name, "proof", proof, "answers_so_far", used)
	v.w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(v.w).Encode(map[string]string{"answer": asked.answer})
}

// oracleProof says how the visitor proved to be trusted: by the secret, by a
// client certificate that the server has verified, or by a signature.
func (p *Portal) oracleProof(v *visit) (string, error) {
	given, bearer := strings.CutPrefix(v.r.Header.Get("Authorization"), "Bearer ")
	switch {
	case !p.oracleUntil.IsZero() && !v.now.Before(p.oracleUntil):
		return "", errors.New("the oracle's time is over")
	case bearer && p.oracleSecret != "" && same(given, p.oracleSecret):
		return "secret", nil
	case v.r.TLS != nil && len(v.r.TLS.VerifiedChains) > 0:
		return "certificate", nil
	case v.r.Header.Get("Signature-Input") == "":
		return "", errors.New("there is no proof")
	}
	if err := p.gatekeeper.knows(v.r, v.now); err != nil {
		return "", err
	}
	return "signature", nil
}

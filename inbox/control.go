package inbox

import (
	"regexp"

	"pantau/probes"
)

// controlForm is a control message as probes.ControlText writes it. Networks
// and modems may change letters' case and put spaces around.
var controlForm = regexp.MustCompile(`(?i)^\s*Pantau K-([A-Z2-7]{11})\s*$`)

// controlToken is the token of m, if it is a control message.
func controlToken(m Message) (token string, is bool) {
	if m.isMail() {
		return "", false
	}
	found := controlForm.FindStringSubmatch(m.Text.Reveal())
	if found == nil {
		return "", false
	}
	return found[1], true
}

// control finds the wait for the control message with this token. Nothing but
// the token decides, not even the SIM; a second copy is for nobody.
func (l *Ledger) control(token string) verdict {
	reference := probes.ControlReference(token)
	for id, each := range l.open {
		if _, _, is := each.wait.Control(); is && !each.taken && each.wait.Reference == reference {
			return verdict{why: WhyControl, wait: id}
		}
	}
	return verdict{why: WhyNobody}
}

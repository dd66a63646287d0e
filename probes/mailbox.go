package probes

import "pantau/internal/secret"

// Mailbox is told which codes are listened for; inbox implements it.
type Mailbox interface {
	// Expect begins listening for w; a second Expect of the same ID replaces
	// the first. It is called before the portal is asked.
	Expect(w Wait)
	// Forget ends listening for the wait with this ID.
	Forget(id string)
}

// SIM is one of our own cards. Its number is what the journey types.
type SIM struct {
	ID       string       `yaml:"id"`       // what logs, results and rows say instead of the number
	Operator string       `yaml:"operator"` // "telkomsel"
	Number   secret.Value `yaml:"number"`   // international with +: "+628…"
	Receiver string       `yaml:"receiver"` // name of the inbox receiver that hears it
	Device   string       `yaml:"device"`   // the handset's id at that receiver
	Slot     int          `yaml:"slot"`     // SIM slot in the handset, from 1
}

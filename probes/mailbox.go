package probes

import (
	"time"

	"pantau/internal/secret"
)

// Mailbox is told which codes are listened for; inbox implements it.
type Mailbox interface {
	// Expect begins listening for w; a second Expect of the same ID replaces
	// the first. It is called before the portal is asked.
	Expect(w Wait)
	// Forget ends listening for the wait with this ID.
	Forget(id string)
	// Answered says that the message of a, of which it was not known which of
	// several waits it answers, answers the wait with this ID.
	Answered(id string, a Arrival)
}

// MailAddress is where the code of a run is sent.
type MailAddress struct {
	Address secret.Value
	// Shared says that other runs have the same address, so that at most one
	// code may be on its way to it.
	Shared bool
}

// SIM is one of our own cards. Its number is what the journey types.
type SIM struct {
	ID       string       `yaml:"id"`       // what logs, results and rows say instead of the number
	Operator string       `yaml:"operator"` // "telkomsel"
	Number   secret.Value `yaml:"number"`   // international with +: "+628…"
	Receiver string       `yaml:"receiver"` // name of the inbox receiver that hears it
	Device   string       `yaml:"device"`   // the handset's id at that receiver
	Slot     int          `yaml:"slot"`     // SIM slot in the handset, from 1

	// What is known of the card, each of it optional. A card that has not Rp500
	// left, has expired or is registered is not used.
	CreditIDR       *int      `yaml:"credit_idr"`       // Rp on it at credit_at; what probes cost since then is reckoned
	CreditAt        time.Time `yaml:"credit_at"`        // when it was looked up or topped up
	Expires         time.Time `yaml:"expires"`          // end of the card's active period
	Used            bool      `yaml:"used"`             // an account has this number, which cannot register again
	RegisteredUntil time.Time `yaml:"registered_until"` // the same, until the portal's owner resets it then
}

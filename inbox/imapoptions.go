package inbox

import (
	"errors"
	"net"
	"net/mail"
	"slices"
	"strings"
	"time"

	"pantau/internal/invalid"
	"pantau/internal/secret"
)

// IMAP is a real mailbox, such as taxpayers have, that codes are sent to. All
// runs share its address, one code at a time, unless Plus gives each its own.
type IMAP struct {
	Name     string        `yaml:"name"`     // what journeys[].mail says
	Address  string        `yaml:"address"`  // HOST:PORT of the server
	TLS      string        `yaml:"tls"`      // implicit, starttls, or none for a server on loopback; "" is implicit
	CA       string        `yaml:"ca"`       // PEM file of who signed the server's certificate; "" is whom the system trusts
	Email    secret.Value  `yaml:"email"`    // the mail address of the mailbox, which the portal is given
	Username secret.Value  `yaml:"username"` // left out: email
	Password secret.Value  `yaml:"password"`
	Mailbox  string        `yaml:"mailbox"`  // the folder that mail comes to; "" is INBOX
	Junk     string        `yaml:"junk"`     // the junk folder; "" is the one the server marks as such
	Plus     bool          `yaml:"plus"`     // give each run the address user+RUN@…; the server and the portal must take it
	Poll     time.Duration `yaml:"poll"`     // how often to look when the server has no IDLE; 0 is 15 s
	After    string        `yaml:"after"`    // what becomes of a mail that answered a wait: keep, seen, delete; "" is keep
	MaxSize  int64         `yaml:"max_size"` // how many bytes of one mail are read; 0 is 256 KiB
}

// What IMAP.TLS and IMAP.After can be.
const (
	tlsImplicit = "implicit"
	tlsStart    = "starttls"
	tlsNone     = "none"

	afterKeep   = "keep"
	afterSeen   = "seen"
	afterDelete = "delete"
)

func (m IMAP) withDefaults() IMAP {
	m.TLS = or(m.TLS, tlsImplicit)
	m.Username = or(m.Username, m.Email)
	m.Mailbox = or(m.Mailbox, "INBOX")
	m.Poll = or(m.Poll, 15*time.Second)
	m.After = or(m.After, afterKeep)
	m.MaxSize = or(m.MaxSize, 256<<10)
	return m
}

// validate never says an address or a name.
func (m IMAP) validate(taken map[string]bool) error {
	errs := []error{
		checkName(m.Name, taken),
		oneOf("tls", m.TLS, tlsImplicit, tlsStart, tlsNone),
		oneOf("after", m.After, afterKeep, afterSeen, afterDelete),
		notNegative("poll", m.Poll), notNegative("max_size", m.MaxSize),
	}
	host, _, err := net.SplitHostPort(m.Address)
	switch {
	case err != nil:
		errs = append(errs, invalid.At("address", "%q is not HOST:PORT", m.Address))
	case m.TLS == tlsNone && !loopback(host):
		errs = append(errs, invalid.At("tls", "none would send the password in clear; it is for servers on this machine only"))
	}
	address, err := mail.ParseAddress(m.Email.Reveal())
	if err != nil || address.Address != m.Email.Reveal() {
		errs = append(errs, invalid.At("email", "is not a mail address"))
	}
	if m.Password.Empty() {
		errs = append(errs, invalid.At("password", "is missing"))
	}
	if m.Poll != 0 && m.Poll < time.Second {
		errs = append(errs, invalid.At("poll", "is %s, want at least 1s", m.Poll))
	}
	if m.MaxSize > maxMailSize {
		errs = append(errs, invalid.At("max_size", "%d is too large; at most %d", m.MaxSize, maxMailSize))
	}
	return errors.Join(errs...)
}

func oneOf(path, value string, known ...string) error {
	if value == "" || slices.Contains(known, value) {
		return nil
	}
	return invalid.At(path, "%q is unknown; write %s", value, strings.Join(known, ", "))
}

// loopback says whether host is this machine without asking a name server.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// MailReceivers are the names of what hears mail, in order.
func (o Options) MailReceivers() []string {
	var names []string
	if o.SMTP.Listen != "" {
		names = append(names, mailReceiver)
	}
	for _, m := range o.IMAP {
		names = append(names, m.Name)
	}
	return names
}

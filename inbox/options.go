package inbox

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"pantau/internal/invalid"
	"pantau/internal/secret"
	"pantau/probes"
)

// Options says where messages come from and how codes look in them. The zero
// Options receives nothing.
type Options struct {
	Android        []Android     `yaml:"android"`
	Kannel         []Kannel      `yaml:"kannel"`
	Twilio         []Twilio      `yaml:"twilio"`
	Generic        []Generic     `yaml:"generic"`
	Gammu          []Gammu       `yaml:"gammu"`
	SMTP           SMTP          `yaml:"smtp"`
	IMAP           []IMAP        `yaml:"imap"`
	Senders        []Sender      `yaml:"senders"`         // none: any sender, and the built-in form of a code
	ClockTolerance time.Duration `yaml:"clock_tolerance"` // how far a webhook's X-Timestamp may be from our clock; 0 is 5 min
	StampTolerance time.Duration `yaml:"stamp_tolerance"` // how long before a request its message may be stamped; 0 is 5 min
	Silence        time.Duration `yaml:"silence"`         // a handset not heard for longer is silent; 0 is 3 min
}

// Android is a group of phones with SMS Gateway for Android that sign with one
// key. Which phones they are is said by the SIMs.
type Android struct {
	Name   string       `yaml:"name"` // the last part of /hooks/android/NAME
	Secret secret.Value `yaml:"secret"`
}

// SMTP is the receiver of mail. Without Listen there is none.
type SMTP struct {
	Listen         string        `yaml:"listen"`          // "127.0.0.1:2525"; port 0 takes a free one
	Domain         string        `yaml:"domain"`          // the part after the @ of every probe's address
	MaxSize        int64         `yaml:"max_size"`        // of one mail in bytes; 0 is 256 KiB
	MaxConnections int           `yaml:"max_connections"` // at one time; 0 is 50
	Timeout        time.Duration `yaml:"timeout"`         // for one command or one mail; 0 is 30 s
	// Certificate and Key are files in PEM. With them mail may come encrypted,
	// by STARTTLS. They are read again when they change.
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	// Limits that keep one sender from taking all there is. Who is over one is
	// told to come again.
	MaxConnectionsOfOne int `yaml:"max_connections_of_one"` // of one source address at one time; 0 is 10
	MaxMails            int `yaml:"max_mails"`              // in a minute; 0 is 600
	MaxMailsOfOne       int `yaml:"max_mails_of_one"`       // in a minute from one source address; 0 is 120
}

// Sender says how codes look in the messages of one sender. In a message of
// a sender that none of Senders describes, only the origin-bound form counts.
type Sender struct {
	Sender    string   `yaml:"sender"`    // RE2 for the whole sender in any case: "DJP|PAJAK"; "" is any
	Templates []string `yaml:"templates"` // RE2 with one group (?P<code>…), and (?P<ref>…) if the text repeats a reference
}

// mailReceiver is what arrivals by SMTP have as their Receiver.
const mailReceiver = "smtp"

// maxMailSize bounds MaxSize, because a mail is held in memory.
const maxMailSize = 4 << 20

// withDefaults fills in what was left out.
func (o Options) withDefaults() Options {
	o.ClockTolerance = or(o.ClockTolerance, 5*time.Minute)
	o.StampTolerance = or(o.StampTolerance, 5*time.Minute)
	o.Silence = or(o.Silence, 3*time.Minute)
	o.SMTP.MaxSize = or(o.SMTP.MaxSize, 256<<10)
	o.SMTP.MaxConnections = or(o.SMTP.MaxConnections, 50)
	o.SMTP.Timeout = or(o.SMTP.Timeout, 30*time.Second)
	o.SMTP.MaxConnectionsOfOne = or(o.SMTP.MaxConnectionsOfOne, 10)
	o.SMTP.MaxMails = or(o.SMTP.MaxMails, 600)
	o.SMTP.MaxMailsOfOne = or(o.SMTP.MaxMailsOfOne, 120)
	o.SMTP.Domain = strings.ToLower(o.SMTP.Domain)
	o.IMAP = slices.Clone(o.IMAP)
	for i := range o.IMAP {
		o.IMAP[i] = o.IMAP[i].withDefaults()
	}
	return o
}

// SilenceLimit is how long a handset may go unheard before it is silent.
func (o Options) SilenceLimit() time.Duration { return o.withDefaults().Silence }

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// Validate gives every mistake in o with its place.
func (o Options) Validate() error {
	errs := []error{invalid.In("smtp", o.SMTP.validate()), o.validateReceivers()}
	for i, sender := range o.Senders {
		errs = append(errs, invalid.In(fmt.Sprintf("senders[%d]", i), sender.validate()))
	}
	for _, setting := range []struct {
		path  string
		value time.Duration
	}{
		{"clock_tolerance", o.ClockTolerance},
		{"stamp_tolerance", o.StampTolerance},
		{"silence", o.Silence},
	} {
		errs = append(errs, notNegative(setting.path, setting.value))
	}
	return errors.Join(errs...)
}

func notNegative[T int | int64 | time.Duration](path string, value T) error {
	if value < 0 {
		return invalid.At(path, "%v is negative; leave it out for the default", value)
	}
	return nil
}

func (a Android) validate(taken map[string]bool) error {
	errs := []error{checkName(a.Name, taken)}
	if a.Secret.Empty() {
		errs = append(errs, invalid.At("secret", "is missing; copy the signing key from the app's webhook settings"))
	}
	return errors.Join(errs...)
}

func (s SMTP) validate() error {
	errs := []error{
		notNegative("max_size", s.MaxSize),
		notNegative("max_connections", s.MaxConnections),
		notNegative("max_connections_of_one", s.MaxConnectionsOfOne),
		notNegative("max_mails", s.MaxMails),
		notNegative("max_mails_of_one", s.MaxMailsOfOne),
		notNegative("timeout", s.Timeout),
	}
	if s.MaxSize > maxMailSize {
		errs = append(errs, invalid.At("max_size", "%d is too large; at most %d", s.MaxSize, maxMailSize))
	}
	if (s.Certificate == "") != (s.Key == "") {
		errs = append(errs, invalid.At("certificate", "and key go together: write both, or neither for mail without STARTTLS"))
	}
	if s.Listen == "" {
		return errors.Join(errs...)
	}
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		errs = append(errs, invalid.At("listen", "%q is not HOST:PORT", s.Listen))
	}
	address, err := mail.ParseAddress("probe@" + s.Domain)
	if err != nil || address.Address != "probe@"+s.Domain {
		errs = append(errs, invalid.At("domain", "%q is not a mail domain", s.Domain))
	}
	return errors.Join(errs...)
}

func (s Sender) validate() error {
	var errs []error
	if _, err := regexp.Compile(s.Sender); err != nil {
		errs = append(errs, invalid.At("sender", "is not a regular expression: %v", err))
	}
	if len(s.Templates) == 0 {
		errs = append(errs, invalid.At("templates", "is empty; write one with a group (?P<code>…)"))
	}
	for i, text := range s.Templates {
		if _, err := newTemplate(text); err != nil {
			errs = append(errs, invalid.At(fmt.Sprintf("templates[%d]", i), "%v", err))
		}
	}
	return errors.Join(errs...)
}

// CheckSIMs gives every mistake in sims, at "[i].…": a receiver that o does
// not have, or two cards where one must be.
func (o Options) CheckSIMs(sims []probes.SIM) error {
	var errs []error
	ids, slots, numbers := map[string]bool{}, map[slot]bool{}, map[numberKey]bool{}
	at := func(i int, field, format string, args ...any) {
		errs = append(errs, invalid.At(fmt.Sprintf("[%d].%s", i, field), format, args...))
	}
	for i, sim := range sims {
		place, number := slot{sim.Receiver, sim.Device, sim.Slot}, keyOfNumber(sim.Number)
		switch {
		case sim.ID == "":
			at(i, "id", "is missing")
		case ids[sim.ID]:
			at(i, "id", "%q is taken by another SIM", sim.ID)
		}
		if !o.ReceivesSMS(sim.Receiver) {
			at(i, "receiver", "%q is not a receiver of text messages", sim.Receiver)
		}
		if sim.Device == "" {
			at(i, "device", "is missing; it is the deviceId the app shows, Kannel's smsc-id, or the receiver's name")
		}
		if sim.Slot < 0 {
			at(i, "slot", "%d is not a slot; they count from 1", sim.Slot)
		}
		if slots[place] {
			at(i, "slot", "another SIM is in this slot of %q", sim.Device)
		}
		if number != (numberKey{}) && numbers[number] {
			at(i, "number", "another SIM has this number")
		}
		ids[sim.ID], slots[place], numbers[number] = true, true, true
	}
	return errors.Join(errs...)
}

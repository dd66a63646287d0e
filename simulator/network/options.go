package network

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"pantau/simulator/delivery"
)

// Options say which handsets and mail servers there are and where the monitor
// listens.
type Options struct {
	Seed  uint64  // of delays and losses
	Scale float64 // of healthy delays; 0 is 1. Codes valid for 1 min instead of 10 are 0.1

	Healthy map[string]delivery.Healthy // per stream, instead of the built-in model; scaled too

	Handsets      []Handset
	WebhookURL    string // where handsets post; required with handsets
	WebhookSecret string // the key of their signatures; required with handsets
	// GatewayPassword is for the API by which a phone sends; its username is
	// "sms". Without it nobody sends.
	GatewayPassword string
	Sender          string // who text messages are from; "" is "EREG"

	SMTPAddr    string   // host:port of the monitor's mail receiver
	MailDomains []string // whose mail goes to SMTPAddr; any other lands in Inbox
	MailFrom    string   // the envelope's sender; "" is the mail's own

	Heartbeat  time.Duration // between two heartbeats of a handset; 0 is 60 s
	RetryBase  time.Duration // before the first retry, doubled for each further one; 0 is 10 s
	Duplicates float64       // share of messages that arrive twice; 0 is delivery.DefaultDuplicates, negative none

	Log *slog.Logger // nil is slog.Default
}

// Handset is a simulated phone that forwards what it receives.
type Handset struct {
	Device   string // its id in the webhook
	Operator string // "telkomsel"
	SIMs     []SIM
	// Some Androids do not say which SIM a message came on.
	NullSIM       bool // the webhook's simNumber is null
	NullRecipient bool // the webhook's recipient is null
}

// SIM is a card in a handset.
type SIM struct {
	Number string // "+62812…", "62812…" or "0812…"
	Slot   int    // from 1; 0 is its place in Handset.SIMs
}

// Validate says every mistake of o at once. It names devices, never numbers.
func (o Options) Validate() error {
	problems := []error{o.checkWebhook(), o.checkMail()}
	if o.Heartbeat < 0 {
		problems = append(problems, fmt.Errorf("heartbeat: %s is below 0", o.Heartbeat))
	}
	if o.RetryBase < 0 {
		problems = append(problems, fmt.Errorf("retry base: %s is below 0", o.RetryBase))
	}
	devices, numbers := make(map[string]bool), make(map[string]bool)
	for i, handset := range o.Handsets {
		if handset.Device == "" || devices[handset.Device] {
			problems = append(problems, fmt.Errorf("handset %d: device %q is empty or there twice", i, handset.Device))
		}
		if handset.Operator == "" {
			problems = append(problems, fmt.Errorf("handset %d: operator is empty", i))
		}
		devices[handset.Device] = true
		problems = append(problems, handset.checkSIMs(numbers))
	}
	return errors.Join(problems...)
}

func (o Options) checkWebhook() error {
	if len(o.Handsets) == 0 {
		return nil
	}
	if target, err := url.Parse(o.WebhookURL); err != nil || target.Host == "" {
		return errors.New("webhook url: is not an absolute URL")
	}
	if o.WebhookSecret == "" {
		return errors.New("webhook secret: is empty")
	}
	return nil
}

func (o Options) checkMail() error {
	if o.SMTPAddr == "" {
		if len(o.MailDomains) > 0 {
			return errors.New("smtp addr: is empty, and so mail domains cannot be reached")
		}
		return nil
	}
	if _, _, err := net.SplitHostPort(o.SMTPAddr); err != nil {
		return fmt.Errorf("smtp addr: %w", err)
	}
	return nil
}

func (h Handset) checkSIMs(taken map[string]bool) error {
	var problems []error
	for i, sim := range h.SIMs {
		number := canonical(sim.Number)
		if number == "" || taken[number] {
			problems = append(problems, fmt.Errorf("SIM %d of handset %s: its number is empty or there twice", i, h.Device))
		}
		if sim.Slot < 0 {
			problems = append(problems, fmt.Errorf("SIM %d of handset %s: slot %d is below 0", i, h.Device, sim.Slot))
		}
		taken[number] = true
	}
	return errors.Join(problems...)
}

func (o Options) withDefaults() Options {
	if o.Sender == "" {
		o.Sender = "EREG"
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = time.Minute
	}
	if o.RetryBase == 0 {
		o.RetryBase = 10 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

// canonical writes a number the one way they are compared: "62812…". A portal
// may write "+62812…" or "0812…".
func canonical(number string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
	if national, is := strings.CutPrefix(digits, "0"); is {
		return "62" + national
	}
	return digits
}

package simulator

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"pantau/simulator/delivery"
	"pantau/simulator/network"
	"pantau/simulator/portal"
	"pantau/simulator/social"
)

// Options of a Simulator. The zero value is a portal on a free port of the
// loopback that nobody listens to: no handsets, no mail domain, no oracle.
type Options struct {
	Listen   string        // address; "" is 127.0.0.1:0
	Dress    string        // portal.DressEreg (default) or portal.DressLayanan
	Validity time.Duration // of a code; default 10 min
	Interval time.Duration // between two requests of one contact; 0 does not enforce any
	Scale    float64       // of healthy delays; 0 is 1. Faults are never scaled
	Seed     uint64        // of every chance
	Code     func() string // makes the codes; nil is six digits at random

	Handsets      []network.Handset
	WebhookURL    string // where handsets post; may come later by Connect
	WebhookSecret string // the key of their signatures
	// GatewayPassword is for the API by which handsets send, at
	// /phones/DEVICE/; its username is "sms". Empty refuses everyone.
	GatewayPassword string
	Healthy         map[string]delivery.Healthy // per stream, instead of the built-in delivery; scaled too
	SMSSender       string                      // who text messages are from; "" is EREG or LAYANAN, as the dress
	SMTPAddr        string                      // host:port of the monitor's mail receiver; may come later by Connect
	MailDomains     []string
	Heartbeat       time.Duration // of handsets; 0 is 60 s
	RetryBase       time.Duration // of webhooks and mails; 0 is 10 s
	Duplicates      float64       // share of messages that arrive twice; 0 is the network's, negative is none

	OracleSecret string // bearer secret of the captcha oracle; empty refuses everyone
	X            social.XAccount
	Slack        social.SlackWorkspace
	PageURL      string // of the status page, for a link on the control page; may come later by ShowPage
	Log          *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Validity == 0 {
		o.Validity = 10 * time.Minute
	}
	if o.SMSSender == "" && o.Dress == portal.DressLayanan {
		o.SMSSender = "LAYANAN" // the network's own is EREG
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

// Validate says what cannot be. Where messages go is looked at by Connect.
func (o Options) Validate() error {
	var problems []error
	if o.Validity < 0 || o.Interval < 0 || o.Heartbeat < 0 {
		problems = append(problems, fmt.Errorf("validity %s, interval %s, heartbeat %s: want none below 0", o.Validity, o.Interval, o.Heartbeat))
	}
	if len(o.Handsets) > 0 && o.WebhookSecret == "" {
		problems = append(problems, errors.New("webhook secret: is empty, and there are handsets"))
	}
	return errors.Join(problems...)
}

// networkOptions say where messages go. Handsets and mail domains whose
// receiver is not known yet are left out: what is sent to them lands with what
// people receive.
func (o Options) networkOptions(webhookURL, smtpAddr string) network.Options {
	n := network.Options{
		Seed: o.Seed, Scale: o.Scale, Sender: o.SMSSender, Heartbeat: o.Heartbeat,
		RetryBase: o.RetryBase, Duplicates: o.Duplicates, Log: o.Log,
		GatewayPassword: o.GatewayPassword, Healthy: o.Healthy,
	}
	if webhookURL != "" {
		n.Handsets, n.WebhookURL, n.WebhookSecret = o.Handsets, webhookURL, o.WebhookSecret
	}
	if smtpAddr != "" {
		n.MailDomains, n.SMTPAddr = o.MailDomains, smtpAddr
	}
	return n
}

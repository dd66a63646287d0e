package config

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"pantau/detect"
	"pantau/incident"
	"pantau/internal/invalid"
	"pantau/probes"
)

// Validate gives every mistake with its place: each part's own, and what does
// not fit between the parts.
func (c Config) Validate() error {
	return errors.Join(
		listens("listen", c.Listen), listens("metrics_listen", c.MetricsListen),
		listens("shadow_listen", c.ShadowListen),
		invalid.In("store", c.Store.Validate()),
		c.Options.Validate(),
		invalid.In("inbox", errors.Join(c.Inbox.Validate(), c.Inbox.CheckFixed(c.SIMs))),
		invalid.In("notify", c.Notify.Validate()),
		invalid.In("page", c.Page.Validate()),
		c.validateReceivers(), c.validateSilence(), c.validateMaintenance(),
	)
}

func listens(path, address string) error {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return invalid.At(path, "%q is not HOST:PORT", address)
	}
	return nil
}

// validateReceivers holds that every code that is asked for can be heard.
func (c Config) validateReceivers() error {
	var mistakes []error
	for i, sim := range c.SIMs {
		if !c.Inbox.ReceivesSMS(sim.Receiver) && sim.Receiver != "" {
			mistakes = append(mistakes, invalid.At(fmt.Sprintf("sims[%d].receiver", i), "%q is not a receiver of text messages in inbox", sim.Receiver))
		}
	}
	for i, journey := range c.Journeys {
		if journey.Stream == probes.StreamEmail {
			mistakes = append(mistakes, invalid.In(fmt.Sprintf("journeys[%d]", i), c.hearsMail(journey)))
		}
	}
	return errors.Join(mistakes...)
}

// hearsMail holds that it is clear where the journey's codes are sent to.
func (c Config) hearsMail(j probes.Journey) error {
	receivers := c.Inbox.MailReceivers()
	switch {
	case len(receivers) == 0:
		return invalid.At("stream", "%q, but inbox.smtp.listen is missing and there is no mailbox in inbox.imap", j.Stream)
	case j.Mail == "" && len(receivers) > 1:
		return invalid.At("mail", "is missing; write which receiver hears the codes, one of %s", strings.Join(receivers, ", "))
	case j.Mail != "" && !slices.Contains(receivers, j.Mail):
		return invalid.At("mail", "%q is not a mail receiver; write one of %s", j.Mail, strings.Join(receivers, ", "))
	default:
		return nil
	}
}

// validateSilence holds that a dead handset is noticed before its missing
// messages look late: a code counts as late at half its validity.
func (c Config) validateSilence() error {
	late := c.Portal.CodeValidity() / 2
	if silence := c.Inbox.SilenceLimit(); silence >= late && len(c.SIMs) > 0 {
		return invalid.At("inbox.silence", "is %s, want less than %s, half of portal.validity, so that a dead handset is not taken for late codes", silence, late)
	}
	return nil
}

func (c Config) validateMaintenance() error {
	var mistakes []error
	for i, m := range c.Maintenance {
		path := fmt.Sprintf("maintenance[%d]", i)
		mistakes = append(mistakes, invalid.In(path, m.Validate(c.components())))
		if slices.ContainsFunc(c.Maintenance[:i], func(before incident.Maintenance) bool { return before.ID == m.ID }) {
			mistakes = append(mistakes, invalid.At(path+".id", "%q is used twice", m.ID))
		}
	}
	return errors.Join(mistakes...)
}

// components are what the journeys measure.
func (c Config) components() []detect.Component {
	var components []detect.Component
	for _, journey := range c.Journeys {
		if journey.Control() {
			continue
		}
		if component := detect.ComponentOf(journey.Stream); !slices.Contains(components, component) {
			components = append(components, component)
		}
	}
	return components
}

// Streams are the measured streams in the order the public sees them: the
// portal, the captcha, each operator in the portal's order, e-mail; each with
// the cadence of its most frequent journey.
func (c Config) Streams() []detect.StreamOptions {
	order := []probes.Stream{probes.StreamPortal, probes.StreamCaptcha}
	for _, operator := range c.Portal.Operators {
		order = append(order, probes.SMS(operator.ID))
	}
	order = append(order, probes.StreamEmail)
	var streams []detect.StreamOptions
	for _, stream := range order {
		measured := detect.StreamOptions{Stream: stream}
		for _, journey := range c.Journeys {
			if journey.Stream == stream && journey.Usual() && (measured.Cadence == 0 || journey.Every < measured.Cadence) {
				measured.Cadence = journey.Every
			}
		}
		if measured.Cadence > 0 {
			streams = append(streams, measured)
		}
	}
	return streams
}

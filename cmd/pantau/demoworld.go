package main

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"pantau/config"
	"pantau/inbox"
	"pantau/incident"
	"pantau/internal/secret"
	"pantau/internal/words"
	"pantau/notifier"
	"pantau/probes"
	"pantau/simulator"
	"pantau/simulator/network"
	"pantau/simulator/social"
)

const (
	demoReceiver = "phones"
	demoDomain   = "probe.demo.example"
	// demoPhones is handsets per operator, demoSlots cards in each: enough that
	// a total loss, in which every card waits up to twelve validities for its
	// code, still leaves cards to notice the recovery with.
	demoPhones = 4
	demoSlots  = 8
)

// demoWorld is what the simulator and the service must agree on. Keys are new
// in every run, so that nothing secret stands in the program.
type demoWorld struct {
	validity           time.Duration // of a code: sets the pace of everything
	seed               uint64        // of every chance
	oracle, phones     string
	gateway            string // the password of the phones' own API
	x                  social.XAccount
	slack              social.SlackWorkspace
	slackAll, slackOne string // channels for the public and for the team
	sims               []probes.SIM
	handsets           []network.Handset
}

func newDemoWorld(validity time.Duration) *demoWorld {
	w := &demoWorld{
		validity: validity, seed: uint64(time.Now().UnixNano()), oracle: rand.Text(), phones: rand.Text(), gateway: rand.Text(),
		slackAll: "C0STATUS001", slackOne: "C0ITTEAM001",
		x: social.XAccount{
			ConsumerKey: rand.Text(), ConsumerSecret: rand.Text(), Token: rand.Text(), TokenSecret: rand.Text(),
			UserID: "2244994945", Handle: "status_ereg", Name: "Status e-Registration",
		},
	}
	w.slack = social.SlackWorkspace{
		BotToken: rand.Text(), BotName: "Pantau", Name: "e-Registration",
		Channels: []social.SlackChannel{{ID: w.slackAll, Name: "status-publik"}, {ID: w.slackOne, Name: "tim-it"}},
	}
	for _, operator := range []struct{ id, prefix string }{{"telkomsel", "812"}, {"indosat", "815"}, {"xl", "817"}} {
		w.addPhones(operator.id, operator.prefix)
	}
	return w
}

// addPhones gives an operator its handsets and cards.
func (w *demoWorld) addPhones(operator, prefix string) {
	for phone := range demoPhones {
		handset := network.Handset{Device: fmt.Sprintf("hp-%s-%d", operator, phone+1), Operator: operator}
		for slot := range demoSlots {
			number := fmt.Sprintf("+62%s0000%04d", prefix, 100*(phone+1)+slot)
			handset.SIMs = append(handset.SIMs, network.SIM{Number: number, Slot: slot + 1})
			w.sims = append(w.sims, probes.SIM{
				ID: fmt.Sprintf("%s-%d", operator, phone*demoSlots+slot+1), Operator: operator,
				Number: secret.New(number), Receiver: demoReceiver, Device: handset.Device, Slot: slot + 1,
			})
		}
		w.handsets = append(w.handsets, handset)
	}
}

func (w *demoWorld) simulator(listen string, log *slog.Logger) simulator.Options {
	return simulator.Options{
		Listen: listen, Validity: w.validity, Scale: w.validity.Minutes() / 10,
		Seed: w.seed, Handsets: w.handsets, WebhookSecret: w.phones,
		MailDomains: []string{demoDomain}, Heartbeat: w.heartbeat(), RetryBase: w.validity / 40,
		OracleSecret: w.oracle, GatewayPassword: w.gateway, X: w.x, Slack: w.slack, Log: log,
	}
}

// config is what config.yaml would say about this world.
func (w *demoWorld) config(portal *simulator.Simulator) (config.Config, error) {
	profile, err := probes.EregProfile(portal.URL())
	if err != nil {
		return config.Config{}, err
	}
	// A step is several pages: one that is merely slow must not run out of time.
	profile.Validity, profile.SlowAfter = w.validity, time.Second
	profile.Timeouts = probes.Timeouts{Connect: 2 * time.Second, Step: w.validity * 3 / 8}
	profile.Oracle.Secret = secret.New(w.oracle)
	c := config.Config{
		Options: probes.Options{
			Portal: profile, SIMs: w.sims, Gateways: w.gateways(portal.URL()), Journeys: w.journeys(),
			References: []string{portal.URL() + "/reference/a", portal.URL() + "/reference/b"},
			// The hour of rest would be six validities; this many codes would need more cards.
			SIMSpacing: w.validity,
		},
		Inbox: inbox.Options{
			Android: []inbox.Android{{Name: demoReceiver, Secret: secret.New(w.phones)}},
			SMTP:    inbox.SMTP{Listen: "127.0.0.1:0", Domain: demoDomain},
			Silence: 4 * w.heartbeat(), StampTolerance: w.heartbeat(),
		},
		Notify: w.channels(portal.URL()),
	}
	c.Page.PortalURL = portal.PortalURL()
	c.Page.Notice = words.Text{
		ID: "Peragaan: semua angka dan kabar di sini berasal dari portal simulasi, bukan dari e-Registration.",
		EN: "Demonstration: all figures and news here come from a simulated portal, not from e-Registration.",
	}
	return c, nil
}

func (w *demoWorld) heartbeat() time.Duration { return w.validity / 20 }

func (w *demoWorld) journeys() []probes.Journey {
	whole := []probes.Step{
		probes.StepOpen, probes.StepCaptcha, probes.StepRequestOTP, probes.StepAwaitOTP, probes.StepSubmitOTP,
	}
	journeys := []probes.Journey{
		{Name: "portal", Stream: probes.StreamPortal, Steps: whole[:1], Every: w.validity * 3 / 40},
		{Name: "captcha", Stream: probes.StreamCaptcha, Steps: whole[:2], Every: w.validity / 10},
	}
	for _, stream := range []probes.Stream{
		probes.SMS("telkomsel"), probes.SMS("indosat"), probes.SMS("xl"), probes.StreamEmail,
	} {
		journeys = append(journeys, probes.Journey{
			Name: strings.ReplaceAll(string(stream), "/", "-"), Stream: stream, Steps: whole,
			Every: w.validity / 8, EveryListening: w.validity / 2,
		})
	}
	for _, way := range []struct{ from, to string }{
		{"telkomsel", "telkomsel"},
		{"indosat", "indosat"},
		{"xl", "xl"},
		{"xl", "telkomsel"},
		{"telkomsel", "indosat"},
		{"indosat", "xl"},
	} {
		// So often that an alert can name a party with the first codes that are late.
		journeys = append(journeys, probes.Journey{
			Name: "control-" + way.from + "-" + way.to, Stream: probes.SMS(way.to), From: way.from,
			Steps: []probes.Step{probes.StepSendControl, probes.StepAwaitControl}, Every: w.validity / 4,
		})
	}
	return journeys
}

// gateways are the phones, by their own API.
func (w *demoWorld) gateways(base string) []probes.Gateway {
	var all []probes.Gateway
	for _, handset := range w.handsets {
		all = append(all, probes.Gateway{
			Name: handset.Device, Kind: probes.GatewayAndroid, Device: handset.Device,
			URL: base + "/phones/" + handset.Device, Password: secret.New(w.gateway),
		})
	}
	return all
}

// channels post to the stand-ins and print on the terminal.
func (w *demoWorld) channels(base string) notifier.Options {
	slack := func(name, channel string, audience incident.Audience, lang words.Lang) notifier.ChannelOptions {
		return notifier.ChannelOptions{
			Name: name, Kind: notifier.KindSlack, Audience: audience, Language: lang,
			APIURL: base + "/slack/api/", Channel: channel, Token: secret.New(w.slack.BotToken),
		}
	}
	return notifier.Options{
		Timeout: 5 * time.Second, Settle: 5 * time.Second,
		Channels: []notifier.ChannelOptions{
			{
				Name: "x", Kind: notifier.KindX, Audience: incident.Public, Language: words.Indonesian,
				BaseURL: base + "/x", UserID: w.x.UserID,
				ConsumerKey: secret.New(w.x.ConsumerKey), ConsumerSecret: secret.New(w.x.ConsumerSecret),
				Token: secret.New(w.x.Token), TokenSecret: secret.New(w.x.TokenSecret),
			},
			slack("slack-public", w.slackAll, incident.Public, words.Indonesian),
			slack("slack-it", w.slackOne, incident.IT, words.English),
			{Name: "terminal", Kind: notifier.KindConsole, Audience: incident.Public, Language: words.English},
		},
	}
}

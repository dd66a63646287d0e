package main

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"pantau/probes"
	"pantau/simulator"
	"pantau/simulator/delivery"
)

// world is a simulated world in the test's own process, and a configuration by
// which the program, as a process of its own, watches it.
type world struct {
	*simulator.Simulator
	keys     *demoWorld
	config   string   // the path of the configuration
	database string   // the path of the SQLite file it names
	env      []string // the secrets it names
	page     string   // where the program will listen
}

// newTestWorld begins a world whose codes are valid for validity. The program
// is expected, and may come and go, at fixed ports.
func newTestWorld(t *testing.T, validity time.Duration) *world {
	t.Helper()
	page, mail := freePort(t), freePort(t)
	keys := newDemoWorld(validity)
	options := keys.simulator("", slog.New(slog.DiscardHandler))
	options.WebhookURL = "http://" + page + "/hooks/android/" + demoReceiver
	options.SMTPAddr = mail
	options.Healthy = calm(keys.sims)
	options.X.PostsPer15Min = 1_000_000
	sim, err := simulator.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	folder := t.TempDir()
	w := &world{
		Simulator: sim, keys: keys, page: "http://" + page + "/",
		config: filepath.Join(folder, "config.yaml"), database: filepath.Join(folder, "pantau.db"),
	}
	w.setEnv()
	w.write(t, w.configuration(t, page, mail))
	return w
}

// calm are operators that deliver every message in time when nothing is broken:
// hundreds of codes are asked for here, and without a fault one in a hundred of
// the usual ones is late or lost, which a detector may well notice.
func calm(sims []probes.SIM) map[string]delivery.Healthy {
	always := delivery.Healthy{Median: delivery.Duration(6 * time.Second), P95: delivery.Duration(15 * time.Second)}
	streams := map[string]delivery.Healthy{delivery.Email: always}
	for _, sim := range sims {
		streams[string(probes.SMS(sim.Operator))] = always
	}
	return streams
}

// freePort gives a loopback address that nobody listens on, below the ports
// that the system hands out by itself, so that it stays free.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000))
		if listener, err := net.Listen("tcp", address); err == nil {
			_ = listener.Close()
			return address
		}
	}
	t.Fatal("no free port")
	return ""
}

// setEnv names the world's secrets as the example configuration does.
func (w *world) setEnv() {
	w.env = []string{
		"PANTAU_ORACLE_SECRET=" + w.keys.oracle, "PANTAU_PHONES_SECRET=" + w.keys.phones,
		"PANTAU_X_CONSUMER_KEY=" + w.keys.x.ConsumerKey, "PANTAU_X_CONSUMER_SECRET=" + w.keys.x.ConsumerSecret,
		"PANTAU_X_TOKEN=" + w.keys.x.Token, "PANTAU_X_TOKEN_SECRET=" + w.keys.x.TokenSecret,
		"PANTAU_SLACK_TOKEN=" + w.keys.slack.BotToken,
	}
	for i, sim := range w.keys.sims {
		w.env = append(w.env, fmt.Sprintf("PANTAU_SIM_%d=%s", i, sim.Number.Reveal()))
	}
}

// configuration is the example of the repository, put into this world: other
// addresses, its cards, and a faster pace.
func (w *world) configuration(t *testing.T, page, mail string) string {
	t.Helper()
	example, err := os.ReadFile("../../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(example)
	validity, simulated := w.keys.validity, strings.TrimPrefix(w.URL(), "http://")
	pace := fmt.Sprintf("every: %s, every_listening: %s}", max(validity/8, time.Second), max(validity/4, 2*time.Second))
	for _, change := range [][2]string{
		{"metrics_listen: 127.0.0.1:8082", "metrics_listen: 127.0.0.1:0"},
		{"listen: 127.0.0.1:8080", "listen: " + page},
		{"sqlite:pantau.db", w.database},
		{"127.0.0.1:8081", simulated},
		{"validity: 10m", "validity: " + validity.String()},
		{"{connect: 10s, step: 30s}", "{connect: 2s, step: 4s}"},
		{"every: 15m}", pace},
		{"every: 1m}", "every: 1s}"},
		{"listen: 127.0.0.1:2525", "listen: " + mail},
		{"domain: probe.status.example", "domain: " + demoDomain},
		{"silence: 3m", "silence: " + (4 * w.keys.heartbeat()).String()},
		{"      user_id:", "      base_url: " + w.URL() + "/x\n      user_id:"},
		{"kind: slack,", "kind: slack, api_url: " + w.URL() + "/slack/api/,"},
		{"notify:\n", "sim_spacing: " + validity.String() + "\nnotify:\n  timeout: 1s\n  settle: 1s\n  backoff_first: 100ms\n  backoff_max: 1s\n  poll: 500ms\n"},
		{`"2244994945"`, `"` + w.keys.x.UserID + `"`},
		{"C0STATUS001", w.keys.slackAll},
		{"C0ITTEAM001", w.keys.slackOne},
	} {
		if !strings.Contains(text, change[0]) {
			t.Fatalf("the example configuration has no %q any more", change[0])
		}
		text = strings.ReplaceAll(text, change[0], change[1])
	}
	cards := regexp.MustCompile(`(?m)^sims:\n(  - .*\n)+`)
	if !cards.MatchString(text) {
		t.Fatal("the example configuration has no list of cards any more")
	}
	return cards.ReplaceAllLiteralString(text, w.cards())
}

func (w *world) cards() string {
	var list strings.Builder
	list.WriteString("sims:\n")
	for i, sim := range w.keys.sims {
		fmt.Fprintf(&list, "  - {id: %s, operator: %s, number: \"${env:PANTAU_SIM_%d}\", receiver: %s, device: %s, slot: %d}\n",
			sim.ID, sim.Operator, i, sim.Receiver, sim.Device, sim.Slot)
	}
	return list.String()
}

func (w *world) write(t *testing.T, configuration string) {
	t.Helper()
	if err := os.WriteFile(w.config, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
}

// nothingPosted wants X and Slack empty.
func (w *world) nothingPosted() error {
	x, slack := len(w.Social().X.Posts()), len(w.Social().Slack.Messages())
	if x+slack > 0 {
		return fmt.Errorf("%d posts on X and %d on Slack, want none", x, slack)
	}
	return nil
}

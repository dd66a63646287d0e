package probes

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pantau/internal/invalid"
	"pantau/internal/secret"
)

// Gateway is a way to send text messages from our own SIMs. It is used for
// control messages only.
type Gateway struct {
	Name string      `yaml:"name"`
	Kind GatewayKind `yaml:"kind"`
	// Device is the handset that sends, as the SIMs call theirs. Left out, the
	// gateway sends for every SIM that no other one is for, and names the SIM's
	// device: a private or cloud server of SMS Gateway for Android.
	Device string `yaml:"device"`
	// URL is where the app's API is, without /message: "http://192.168.1.20:8080"
	// for a phone in local server mode, "https://host/api/3rdparty/v1" for a server.
	URL      string        `yaml:"url"`
	Username string        `yaml:"username"` // what the app shows, "sms" when left out
	Password secret.Value  `yaml:"password"`
	Config   string        `yaml:"config"`  // of kind gammu: the path of smsd's configuration, gammu-smsdrc
	Program  string        `yaml:"program"` // of kind gammu: the path of gammu-smsd-inject, /usr/bin/gammu-smsd-inject when left out
	Timeout  time.Duration `yaml:"timeout"` // for handing over one message, 15s when left out
}

// GatewayKind is how a gateway is spoken to.
type GatewayKind string

// The kinds of gateways.
const (
	GatewayAndroid GatewayKind = "android" // SMS Gateway for Android
	GatewayGammu   GatewayKind = "gammu"   // gammu-smsd-inject
)

const (
	defaultGatewayTimeout = 15 * time.Second
	defaultInject         = "/usr/bin/gammu-smsd-inject"
)

// gatewayOf is what sends from sim, nil when nothing does.
func (o Options) gatewayOf(sim SIM) *Gateway {
	found := slices.IndexFunc(o.Gateways, func(g Gateway) bool { return g.Device == sim.Device })
	if found < 0 {
		found = slices.IndexFunc(o.Gateways, func(g Gateway) bool { return g.Device == "" })
	}
	if found < 0 {
		return nil
	}
	return &o.Gateways[found]
}

// send hands a text over. Its error says nothing of number, text or password.
func (g *Gateway) send(ctx context.Context, from, to SIM, text string) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(g.Timeout, defaultGatewayTimeout))
	defer cancel()
	var err error
	switch g.Kind {
	case GatewayGammu:
		err = g.inject(ctx, to.Number, text)
	default:
		err = g.post(ctx, from, to.Number, text)
	}
	if err != nil {
		return fmt.Errorf("sending by gateway %s: %w", g.Name, inTime(ctx, err))
	}
	return nil
}

// Check tries the gateway without sending anything.
func (g *Gateway) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(g.Timeout, defaultGatewayTimeout))
	defer cancel()
	if g.Kind == GatewayGammu {
		return g.checkInject(ctx)
	}
	return inTime(ctx, g.exchange(ctx, http.MethodGet, "/device", nil))
}

// inTime tells a gateway that gave no answer from one that refused.
func inTime(ctx context.Context, err error) error {
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	return err
}

// outgoing is a message as SMS Gateway for Android takes it. Of the two names
// for its text, "message" is known to all versions, "textMessage" to newer
// ones; both together are refused.
type outgoing struct {
	Message        string   `json:"message"`
	PhoneNumbers   []string `json:"phoneNumbers"`
	SIMNumber      *int     `json:"simNumber,omitempty"` // from 1
	DeviceID       string   `json:"deviceId,omitempty"`
	TTL            int      `json:"ttl"` // seconds after which the phone does not send it any more
	DeliveryReport bool     `json:"withDeliveryReport"`
}

// keepFor is how long a phone without coverage keeps a control message.
const keepFor = time.Hour

func (g *Gateway) post(ctx context.Context, from SIM, to secret.Value, text string) error {
	message := outgoing{Message: text, PhoneNumbers: []string{to.Reveal()}, TTL: int(keepFor.Seconds())}
	if from.Slot > 0 {
		message.SIMNumber = &from.Slot
	}
	if g.Device == "" {
		message.DeviceID = from.Device
	}
	body, err := json.Marshal(message)
	if err != nil {
		return errors.New("writing the message as JSON")
	}
	return g.exchange(ctx, http.MethodPost, "/message", body)
}

// client follows no redirect: the password is for one host only. A gateway is
// in our own network, so that no proxy is asked.
func (g *Gateway) client() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// exchange wants a 2xx. What else the answer says is not repeated: it holds
// numbers.
func (g *Gateway) exchange(ctx context.Context, method, path string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(g.URL, "/")+path, bytes.NewReader(body))
	if err != nil {
		return errors.New("its url cannot be called")
	}
	request.SetBasicAuth(cmp.Or(g.Username, "sms"), g.Password.Reveal())
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := g.client().Do(request)
	if err != nil {
		return errors.New(plainCause(err))
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	switch {
	case response.StatusCode/100 == 2:
		return nil
	case response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden:
		return fmt.Errorf("status %d: the username or password is wrong", response.StatusCode)
	default:
		return fmt.Errorf("status %d, want 2xx", response.StatusCode)
	}
}

// inject queues the message with gammu-smsd. The text goes by standard input;
// the number is an argument, because the program takes it no other way. What
// it prints is dropped: it holds the number.
func (g *Gateway) inject(ctx context.Context, to secret.Value, text string) error {
	command := exec.CommandContext(ctx, cmp.Or(g.Program, defaultInject), "-c", g.Config, "TEXT", to.Reveal())
	command.Stdin = strings.NewReader(text)
	command.WaitDelay = time.Second
	return ended(command.Run())
}

// checkInject asks the program for its version and reads the configuration.
func (g *Gateway) checkInject(ctx context.Context) error {
	if err := ended(exec.CommandContext(ctx, cmp.Or(g.Program, defaultInject), "-v").Run()); err != nil {
		return inTime(ctx, err)
	}
	return smsdConfig(g.Config)
}

// smsdConfig looks for the folder that messages are queued in, where smsd
// keeps them as files.
func smsdConfig(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading smsd's configuration: %w", err)
	}
	for line := range strings.Lines(string(raw)) {
		key, value, found := strings.Cut(line, "=")
		if !found || !strings.EqualFold(strings.TrimSpace(key), "outboxpath") {
			continue
		}
		folder := strings.TrimSpace(value)
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			return fmt.Errorf("smsd's outboxpath %s is not a folder", folder)
		}
		if err := tryWriting(folder); err != nil {
			return fmt.Errorf("smsd's outboxpath %s cannot be written to: %w; docs/receivers.md says which group and paths pantau needs", folder, err)
		}
	}
	return nil
}

// tryWriting makes a file that smsd does not send, and removes it.
func tryWriting(folder string) error {
	file, err := os.CreateTemp(folder, ".pantau-check-*")
	if err != nil {
		var of *fs.PathError
		if errors.As(err, &of) {
			return of.Err
		}
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// ended says how a program ended, without what it was called with.
func ended(err error) error {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit):
		return fmt.Errorf("gammu-smsd-inject ended with %d, want 0", exit.ExitCode())
	default:
		return errors.New("gammu-smsd-inject cannot be run; is gammu-smsd installed?")
	}
}

func (o Options) validateGateways() error {
	var mistakes []error
	for i, g := range o.Gateways {
		mistakes = append(mistakes, invalid.In(fmt.Sprintf("gateways[%d]", i), g.validate()))
		for _, before := range o.Gateways[:i] {
			if before.Name == g.Name {
				mistakes = append(mistakes, invalid.At(fmt.Sprintf("gateways[%d].name", i), "%q is used twice", g.Name))
			}
			if before.Device == g.Device {
				mistakes = append(mistakes, invalid.At(fmt.Sprintf("gateways[%d].device", i), "%q has a gateway already", g.Device))
			}
		}
		if g.Device != "" && !slices.ContainsFunc(o.SIMs, func(s SIM) bool { return s.Device == g.Device }) {
			mistakes = append(mistakes, invalid.At(fmt.Sprintf("gateways[%d].device", i), "there is no SIM in %q", g.Device))
		}
	}
	return errors.Join(mistakes...)
}

func (g Gateway) validate() error {
	var mistakes []error
	if !name.MatchString(g.Name) {
		mistakes = append(mistakes, invalid.At("name", "%q is not a name; write small letters, digits and hyphens", g.Name))
	}
	if g.Timeout < 0 {
		mistakes = append(mistakes, invalid.At("timeout", "is %s, want more than 0s", g.Timeout))
	}
	switch g.Kind {
	case GatewayAndroid:
		mistakes = append(mistakes, g.validateAndroid())
	case GatewayGammu:
		mistakes = append(mistakes, g.validateGammu())
	default:
		mistakes = append(mistakes, invalid.At("kind", "%q is unknown; write %s or %s", g.Kind, GatewayAndroid, GatewayGammu))
	}
	return errors.Join(mistakes...)
}

func (g Gateway) validateAndroid() error {
	var mistakes []error
	address, err := url.Parse(g.URL)
	switch {
	case err != nil || !isWebAddress(g.URL):
		mistakes = append(mistakes, invalid.At("url", "is not an address; write http://host:8080"))
	case address.User != nil || address.RawQuery != "" || address.Fragment != "":
		mistakes = append(mistakes, invalid.At("url", "has more than scheme, host and path; username and password have keys of their own"))
	}
	if g.Password.Empty() {
		mistakes = append(mistakes, invalid.At("password", "is missing; the app shows it beside the address of its local server"))
	}
	if g.Config != "" || g.Program != "" {
		mistakes = append(mistakes, invalid.At("config", "and program belong to kind %s", GatewayGammu))
	}
	return errors.Join(mistakes...)
}

func (g Gateway) validateGammu() error {
	var mistakes []error
	if !filepath.IsAbs(g.Config) {
		mistakes = append(mistakes, invalid.At("config", "%q is not an absolute path of smsd's configuration", g.Config))
	}
	if g.Program != "" && !filepath.IsAbs(g.Program) {
		mistakes = append(mistakes, invalid.At("program", "%q is not an absolute path", g.Program))
	}
	if g.Device == "" {
		mistakes = append(mistakes, invalid.At("device", "is missing: which SIMs are in this modem"))
	}
	if g.URL != "" || g.Username != "" || !g.Password.Empty() {
		mistakes = append(mistakes, invalid.At("url", "username and password belong to kind %s", GatewayAndroid))
	}
	return errors.Join(mistakes...)
}

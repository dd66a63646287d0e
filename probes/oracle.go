package probes

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"pantau/internal/secret"
)

// Oracle is where the portal's owner tells the answer to a challenge of this
// very session: GET url?id=CHALLENGE with the session's cookies and a proof
// that it is us, 200 {"answer":"…"}. Without one a captcha is looked at and not
// answered.
type Oracle struct {
	URL string `yaml:"url"` // absolute, or a path on the portal
	// Expires ends our asking: the owner gave leave for a while. It may be left
	// out for a portal on this machine.
	Expires time.Time `yaml:"expires"`
	// The proof, one of them or several: a secret sent as bearer, a client
	// certificate (mutual TLS), or the signature of the request (portal.signing).
	Secret     secret.Value `yaml:"secret"`
	ClientCert string       `yaml:"client_cert"` // path of a certificate in PEM, with its chain
	ClientKey  secret.Value `yaml:"client_key"`  // its private key in PEM
	Signed     bool         `yaml:"signed"`      // the owner takes our signature for a proof
	CA         string       `yaml:"ca"`          // path of the certificates in PEM that the oracle's is trusted by; the system's when left out
}

func (p Portal) checkOracle(check *checklist) {
	o := p.Oracle
	if o.URL == "" {
		if o != (Oracle{}) {
			check.add("oracle.url", "is missing, and the oracle has other settings")
		}
		return
	}
	if !strings.HasPrefix(o.URL, "/") && !isWebAddress(o.URL) {
		check.add("oracle.url", "%q is not an address; write a path on the portal or https://host/path", o.URL)
	}
	if o.Secret.Empty() && o.ClientCert == "" && !o.Signed {
		check.add("oracle.secret", "is missing: the oracle needs a secret, client_cert and client_key, or signed: true")
	}
	if (o.ClientCert == "") != o.ClientKey.Empty() {
		check.add("oracle.client_cert", "and client_key go together")
	}
	if at := p.oracleAddress(); at != nil && at.Scheme == "http" {
		if o.ClientCert != "" {
			check.add("oracle.client_cert", "is shown over https only, and the oracle is at %s", at.Redacted())
		}
		if !o.Secret.Empty() && !onThisMachine(at.Host) {
			check.add("oracle.url", "%q is not encrypted; want https, because a secret goes there", o.URL)
		}
	}
	if o.Signed && p.Signing == nil {
		check.add("oracle.signed", "is true, and the portal has no signing")
	}
	if o.Expires.IsZero() && len(p.ForeignHosts()) > 0 {
		check.add("oracle.expires", "is missing: until when the portal's owner lets us ask")
	}
}

// oracleAddress is where the oracle is, nil when that or the portal's address
// cannot be read.
func (p Portal) oracleAddress() *url.URL {
	base, err := url.Parse(p.BaseURL)
	if err != nil {
		return nil
	}
	at, err := base.Parse(p.Oracle.URL)
	if err != nil {
		return nil
	}
	return at
}

// oracleOutcome is what came of asking. The set is closed: it labels a metric.
type oracleOutcome string

const (
	oracleAnswered oracleOutcome = "answered"
	oracleSilent   oracleOutcome = "silent"  // no answer, or none that can be read
	oracleExpired  oracleOutcome = "expired" // not asked: our leave is over
)

// oracle asks. It is used by all visitors.
type oracle struct {
	Oracle
	address *url.URL
	client  *tls.Certificate // nil: none is shown
	roots   *x509.CertPool   // nil: those of the portal
	log     *slog.Logger
	metrics *Metrics
}

func newOracle(o Oracle, base *url.URL, deps Deps) (*oracle, error) {
	made := &oracle{Oracle: o, log: deps.Log, metrics: deps.Metrics}
	var err error
	if made.address, err = base.Parse(o.URL); err != nil {
		return nil, fmt.Errorf("reading the oracle's address: %w", err)
	}
	if o.ClientCert != "" {
		chain, err := os.ReadFile(o.ClientCert)
		if err != nil {
			return nil, fmt.Errorf("reading our certificate for the oracle: %w", err)
		}
		pair, err := tls.X509KeyPair(chain, []byte(o.ClientKey.Reveal()))
		if err != nil {
			return nil, fmt.Errorf("reading our certificate for the oracle: %w", err)
		}
		made.client = &pair
	}
	if o.CA != "" {
		raw, err := os.ReadFile(o.CA)
		if err != nil {
			return nil, fmt.Errorf("reading whom to trust as the oracle: %w", err)
		}
		if made.roots = x509.NewCertPool(); !made.roots.AppendCertsFromPEM(raw) {
			return nil, fmt.Errorf("reading whom to trust as the oracle: %s has no certificate in PEM", o.CA)
		}
	}
	return made, nil
}

// askOracle gives the answer to a challenge of this very session. Each use is
// logged and counted. It is the permission's matter whether we may ask at all;
// here is only the oracle's own end.
func (v *visit) askOracle(ctx context.Context, challenge string) (string, error) {
	o := v.oracle
	if o == nil {
		return "", silent("there is none to ask, and a probe does not guess")
	}
	if !o.Expires.IsZero() && !time.Now().Before(o.Expires) {
		o.note(v.journey, oracleExpired)
		return "", silent("our leave to ask it ended at " + stamp(o.Expires))
	}
	answer, err := v.exchangeOracle(ctx, challenge)
	outcome := oracleAnswered
	if err != nil {
		outcome = oracleSilent
	}
	o.note(v.journey, outcome)
	return answer, err
}

func (o *oracle) note(journey string, outcome oracleOutcome) {
	o.log.Info("oracle asked for the answer to a captcha", "journey", journey, "host", o.address.Host, "outcome", outcome)
	o.metrics.asked(journey, outcome)
}

// exchangeOracle sends the secret to the configured address only, wherever that
// redirects to.
func (v *visit) exchangeOracle(ctx context.Context, challenge string) (string, error) {
	to := *v.oracle.address
	query := to.Query()
	query.Set("id", challenge)
	to.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	if err != nil {
		return "", silent("its address cannot be read")
	}
	if !v.oracle.Secret.Empty() {
		request.Header.Set("Authorization", "Bearer "+v.oracle.Secret.Reveal())
	}
	request.Header.Set("User-Agent", v.browser.agent)
	client, done := v.oracleClient()
	defer done()
	response, err := client.Do(request)
	if err != nil {
		return "", silentFor(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	return v.readOracle(response)
}

// oracleClient has the visitor's cookies, and connections of its own where we
// show a certificate.
func (v *visit) oracleClient() (client *http.Client, done func()) {
	shared := *v.browser.client
	shared.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if v.oracle.client == nil && v.oracle.roots == nil {
		return &shared, func() {}
	}
	transport := newTransport(v.portal, v.oracle.roots)
	if v.oracle.client != nil {
		transport.TLSClientConfig.Certificates = []tls.Certificate{*v.oracle.client}
	}
	shared.Transport = &escort{warden: v.warden, signer: v.signer, journey: v.journey, next: transport}
	return &shared, transport.CloseIdleConnections
}

func (v *visit) readOracle(response *http.Response) (string, error) {
	v.browser.went("oracle %d", response.StatusCode)
	if response.StatusCode != http.StatusOK {
		return "", silent("the portal's owner gives no answer to this challenge")
	}
	var told struct {
		Answer string `json:"answer"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, headerAtMost)).Decode(&told); err != nil || told.Answer == "" {
		return "", silent("what the oracle says is not an answer")
	}
	return told.Answer, nil
}

func silent(said string) error { return &fault{Unknown, ReasonOracle, "oracle: " + said} }

// silentFor keeps what is not the oracle's doing: that we are stopping, or may
// not send anything.
func silentFor(ctx context.Context, err error) error {
	var cause *fault
	if errors.As(faultOf(ctx, err), &cause) && cause.reason != ReasonShutdown && cause.reason != ReasonStopped {
		return silent(cause.said)
	}
	return cause
}

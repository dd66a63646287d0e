package probes

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"pantau/internal/secret"
	"pantau/simulator/portal"
)

// testCA signs certificates for one test.
type testCA struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newTestCA(t *testing.T) *testCA {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	ca := &testCA{t: t, key: key, file: filepath.Join(t.TempDir(), "ca.pem")}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if ca.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	ca.write(ca.file, "CERTIFICATE", der)
	return ca
}

func (ca *testCA) write(path, kind string, der []byte) {
	ca.t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		ca.t.Fatal(err)
	}
}

// issue gives a certificate for 127.0.0.1 as a file, and its key in PEM.
func (ca *testCA) issue() (file, key string) {
	ca.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		ca.t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}, ca.cert, private.Public(), ca.key)
	if err != nil {
		ca.t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		ca.t.Fatal(err)
	}
	file = filepath.Join(ca.t.TempDir(), "cert.pem")
	ca.write(file, "CERTIFICATE", der)
	return file, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}

// oracleOverTLS serves w's portal a second time, to whoever shows a certificate
// of ca.
func (w *world) oracleOverTLS(ca *testCA) *httptest.Server {
	w.t.Helper()
	file, key := ca.issue()
	chain, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(chain, []byte(key))
	if err != nil {
		w.t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(ca.cert)
	server := httptest.NewUnstartedServer(w.portal.Handler())
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: trusted, ClientAuth: tls.RequireAndVerifyClientCert}
	server.StartTLS()
	w.t.Cleanup(server.Close)
	return server
}

func TestTheOracleOverMutualTLS(t *testing.T) {
	ca, stranger := newTestCA(t), newTestCA(t)
	ours, ourKey := ca.issue()
	theirs, theirKey := stranger.issue()
	for _, test := range []struct {
		name, cert, key, ca string
		want                string
	}{
		{"with our certificate", ours, ourKey, ca.file, "captcha up"},
		{"with a stranger's", theirs, theirKey, ca.file, "captcha unknown oracle"},
		{"an oracle we do not trust", ours, ourKey, stranger.file, "captcha unknown oracle"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, portal.DressEreg, nil)
			server := w.oracleOverTLS(ca)
			options := testOptions(t, portal.DressEreg, w.server.URL)
			options.Portal.Oracle = Oracle{
				URL: server.URL + "/oracle/captcha", ClientCert: test.cert, ClientKey: secret.New(test.key), CA: test.ca,
			}
			w.prober = w.newProber(options)
			wantLines(t, w.once("captcha"), test.want)
		})
	}
}

func TestFilesOfTheOracleThatCannotBeRead(t *testing.T) {
	ca := newTestCA(t)
	cert, key := ca.issue()
	nothing := filepath.Join(t.TempDir(), "none.pem")
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		oracle Oracle
		want   string
	}{
		{Oracle{ClientCert: nothing, ClientKey: secret.New(key)}, "reading our certificate"},
		{Oracle{ClientCert: cert, ClientKey: secret.New("canary-no-key")}, "reading our certificate"},
		{Oracle{ClientCert: cert, ClientKey: secret.New(key), CA: nothing}, "whom to trust"},
		{Oracle{ClientCert: cert, ClientKey: secret.New(key), CA: empty}, "has no certificate in PEM"},
	} {
		w := &world{t: t, log: &journal{}}
		options := testOptions(t, portal.DressEreg, "https://localhost")
		test.oracle.URL = "/oracle"
		options.Portal.Oracle = test.oracle
		if _, err := New(options, w.deps(nil)); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
}

func TestEveryUseOfTheOracleIsNoted(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(*Oracle)
		want    string
		outcome oracleOutcome
		said    string
	}{
		{"answered", func(*Oracle) {}, "captcha up", oracleAnswered, "oracle 200"},
		{"refused", func(o *Oracle) { o.Secret = secret.New("canary-wrong") }, "captcha unknown oracle", oracleSilent, "oracle 401"},
		{"our leave is over", func(o *Oracle) { o.Expires = time.Now().Add(-time.Second) }, "captcha unknown oracle", oracleExpired, "our leave to ask it ended"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, portal.DressEreg, nil)
			options := testOptions(t, portal.DressEreg, w.server.URL)
			test.change(&options.Portal.Oracle)
			deps := w.deps(nil)
			deps.Metrics = NewMetrics(prometheus.NewRegistry())
			var err error
			if w.prober, err = New(options, deps); err != nil {
				t.Fatal(err)
			}
			results := w.once("captcha")
			wantLines(t, results, test.want)
			if !strings.Contains(results[0].Evidence, test.said) {
				t.Errorf("evidence is %q, want %q in it", results[0].Evidence, test.said)
			}
			if got := testutil.ToFloat64(deps.Metrics.oracle.WithLabelValues("captcha", string(test.outcome))); got != 1 {
				t.Errorf("%s was counted %v times", test.outcome, got)
			}
			if line := "journey=captcha host=" + strings.TrimPrefix(w.server.URL, "http://") + " outcome=" + string(test.outcome); !strings.Contains(w.log.String(), line) {
				t.Errorf("the log has no %q:\n%s", line, w.log.String())
			}
			w.wantSecrecy(results)
			if asked := w.portal.Usage(); test.outcome == oracleExpired && asked.OracleDenied+asked.OracleAnswers > 0 {
				t.Error("it was asked after our leave was over")
			}
		})
	}
}

// The secret goes to the configured address and nowhere that one points to.
func TestTheOracleIsNotFollowedElsewhere(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		t.Error("another host was asked")
		_, _ = out.Write([]byte(`{"answer":"abcde"}`))
	}))
	defer elsewhere.Close()
	w := newWorld(t, portal.DressEreg, nil)
	rest := w.server.Config.Handler
	w.server.Config.Handler = http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/oracle/captcha" {
			http.Redirect(out, r, elsewhere.URL, http.StatusTemporaryRedirect)
			return
		}
		rest.ServeHTTP(out, r)
	})
	wantLines(t, w.once("captcha"), "captcha unknown oracle")
}

func TestTheOwnersOracleEndsToo(t *testing.T) {
	w := newWorld(t, portal.DressEreg, nil)
	var err error
	w.portal, err = portal.New(portal.Options{
		OracleSecret: oracleSecret, OracleUntil: time.Now().Add(-time.Second), Sender: w, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.server.Config.Handler = w.portal.Handler()
	wantLines(t, w.once("captcha"), "captcha unknown oracle")
	if used := w.portal.Usage(); used.OracleDenied != 1 || used.OracleAnswers != 0 {
		t.Errorf("the oracle was used %+v", used)
	}
}

func TestWithoutAnOracleACaptchaIsLookedAtAndNotAnswered(t *testing.T) {
	w := newWorld(t, portal.DressEreg, func(o *Options) {
		o.Portal.Oracle = Oracle{}
		o.Journeys = o.Journeys[:2]
	})
	results := w.once("captcha")
	wantLines(t, results, "captcha unknown oracle")
	if !strings.Contains(results[0].Evidence, "GET /captcha/…") || !strings.Contains(results[0].Evidence, "does not guess") {
		t.Errorf("evidence is %q", results[0].Evidence)
	}
}

package inbox

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	netsmtp "net/smtp"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"

	"pantau/probes"
)

// issue writes a certificate for localhost and its key to the folder and gives
// the pool that trusts it.
func issue(t testing.TB, folder string, serial int64) (certFile, keyFile string, roots *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(20 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	write(t, certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))
	write(t, keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	parsed, err := x509.ParseCertificate(cert)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(parsed)
	return certFile, keyFile, roots
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// encryptedWorld receives mail with STARTTLS.
func encryptedWorld(t *testing.T, folder string, log io.Writer) (*world, *x509.CertPool) {
	t.Helper()
	certFile, keyFile, roots := issue(t, folder, 1)
	return mailWorld(t, func(o *Options, deps *Deps) {
		o.SMTP.Certificate, o.SMTP.Key = certFile, keyFile
		deps.Log = slog.New(slog.NewTextHandler(log, nil))
	}), roots
}

func TestMailOverSTARTTLS(t *testing.T) {
	w, roots := encryptedWorld(t, t.TempDir(), io.Discard)
	to := w.addressOf("run-1")
	w.expect("A", probes.AddressKey(to))
	host, port, err := net.SplitHostPort(w.SMTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	number, err := net.LookupPort("tcp", port)
	if err != nil {
		t.Fatal(err)
	}
	client, err := gomail.NewClient(host, gomail.WithPort(number), gomail.WithTLSPolicy(gomail.TLSMandatory),
		gomail.WithTLSConfig(&tls.Config{RootCAs: roots, ServerName: "localhost"}))
	if err != nil {
		t.Fatal(err)
	}
	m := gomail.NewMsg()
	if err := m.From("noreply@ereg.example"); err != nil {
		t.Fatal(err)
	}
	if err := m.To(to); err != nil {
		t.Fatal(err)
	}
	m.Subject("Kode OTP")
	m.SetBodyString(gomail.TypeTextPlain, "Kode OTP Anda: 048291")
	if err := client.DialAndSendWithContext(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := w.taken(); len(got) != 1 || got[0].Code.Reveal() != "048291" {
		t.Errorf("arrivals %+v, want the code", got)
	}
}

// handshake gives the serial number of the certificate that STARTTLS shows.
func handshake(t *testing.T, w *world, config *tls.Config) (*big.Int, error) {
	t.Helper()
	c, err := netsmtp.Dial(w.SMTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.StartTLS(config); err != nil {
		return nil, err
	}
	state, _ := c.TLSConnectionState()
	return state.PeerCertificates[0].SerialNumber, nil
}

func TestARenewedCertificateIsUsed(t *testing.T) {
	folder := t.TempDir()
	var log syncBuffer
	w, roots := encryptedWorld(t, folder, &log)
	trust := func(roots *x509.CertPool) *tls.Config { return &tls.Config{RootCAs: roots, ServerName: "localhost"} }
	want := func(roots *x509.CertPool, serial int64) {
		t.Helper()
		got, err := handshake(t, w, trust(roots))
		if err != nil || got.Int64() != serial {
			t.Errorf("certificate %v, %v; want %d", got, err, serial)
		}
	}
	want(roots, 1)
	write(t, filepath.Join(folder, "cert.pem"), []byte("half a file"))
	want(roots, 1) // the last good one
	if !strings.Contains(log.String(), "could not be read again") {
		t.Errorf("the log does not say so:\n%s", &log)
	}
	_, _, renewed := issue(t, folder, 2)
	want(renewed, 2)
	if _, err := handshake(t, w, &tls.Config{RootCAs: renewed, ServerName: "localhost", MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is taken")
	}
}

func TestACertificateThatCannotBeUsed(t *testing.T) {
	folder := t.TempDir()
	certFile, keyFile, _ := issue(t, folder, 1)
	deps := Deps{Deliver: func(context.Context, probes.Arrival) error { return nil }}
	for _, test := range []struct{ name, cert, key, want string }{
		{"missing", filepath.Join(folder, "none"), keyFile, "reading the certificate: "},
		{"not a key", certFile, certFile, "reading the certificate: "},
		{"half", certFile, "", "smtp.certificate: and key go together"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := Options{SMTP: SMTP{Listen: "127.0.0.1:0", Domain: "probe.example", Certificate: test.cert, Key: test.key}}
			box, err := New(o, nil, deps)
			if err == nil {
				_ = box.Close()
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestCheckOfTheCertificate(t *testing.T) {
	certFile, keyFile, _ := issue(t, t.TempDir(), 1) // from an hour ago, for 20 days
	with := SMTP{Certificate: certFile, Key: keyFile}
	for _, test := range []struct {
		name string
		s    SMTP
		at   time.Duration
		want string
	}{
		{"in clear", SMTP{}, 0, "without a certificate, so that mail comes in clear"},
		{"good", with, 0, "STARTTLS for [localhost] until "},
		{"about to expire", with, 14 * 24 * time.Hour, "the certificate expires at "},
		{"expired", with, 21 * 24 * time.Hour, "the certificate expired at "},
		{"not valid yet", with, -2 * time.Hour, "the certificate is not valid yet"},
		{"missing", SMTP{Certificate: "none.pem", Key: keyFile}, 0, "reading the certificate: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			told, err := test.s.Check(time.Now().Add(test.at))
			if err != nil {
				told = err.Error()
			}
			if !strings.HasPrefix(told, test.want) {
				t.Errorf("told %q, want %q", told, test.want)
			}
		})
	}
}

// dialFrom connects from an address of our own and gives the greeting.
func dialFrom(t *testing.T, w *world, from string) (net.Conn, string) {
	t.Helper()
	dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 0))}
	conn, err := dialer.Dial("tcp", w.SMTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	greeting := make([]byte, 3)
	if _, err := io.ReadFull(conn, greeting); err != nil {
		t.Fatal(err)
	}
	return conn, string(greeting)
}

func TestOneSourceCannotTakeEveryConnection(t *testing.T) {
	w := mailWorld(t, func(o *Options, _ *Deps) { o.SMTP.MaxConnectionsOfOne = 1 })
	held, greeting := dialFrom(t, w, "127.0.0.2")
	if greeting != "220" {
		t.Fatalf("the first connection is told %s", greeting)
	}
	if _, greeting := dialFrom(t, w, "127.0.0.2"); greeting != "421" {
		t.Errorf("the second of one source is told %s, want 421", greeting)
	}
	if _, greeting := dialFrom(t, w, "127.0.0.3"); greeting != "220" {
		t.Errorf("another source is told %s, want 220", greeting)
	}
	if got := emailVerdict(w); got != probes.Up {
		t.Errorf("e-mail is %q while one source is turned away, want up", got)
	}
	_, _ = io.WriteString(held, "QUIT\r\n")
	_, _ = io.ReadAll(held) // until it is closed
	if _, greeting := dialFrom(t, w, "127.0.0.2"); greeting != "220" {
		t.Errorf("the source is told %s after its first connection ended, want 220", greeting)
	}
}

func TestMailsOfOneSourceInAMinute(t *testing.T) {
	var log syncBuffer
	w := mailWorld(t, func(o *Options, deps *Deps) {
		o.SMTP.MaxMailsOfOne = 2
		deps.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	to := w.addressOf("run-1")
	w.expect("A", probes.AddressKey(to))
	c := dial(t, w)
	for i, code := range []int{0, 0, 451, 451} {
		err := c.SendMail("secret-sender@ereg.example", []string{to}, bytes.NewReader([]byte(mailText(strings.Repeat("m", i+1)))))
		wantReply(t, err, code)
		_ = c.Reset()
	}
	if got := w.taken(); len(got) != 1 {
		t.Errorf("%d arrivals, want one", len(got))
	}
	w.wantCount(t, kindSMTP, refused, 2)
	wantClean(t, "the log", log.String(), "secret-sender", "127.0.0.1", to)
	if !strings.Contains(log.String(), "too many in a minute") {
		t.Errorf("the log does not say so:\n%s", &log)
	}
}

func TestRateLimit(t *testing.T) {
	a, b := source(netip.MustParsePrefix("192.0.2.1/32")), source(netip.MustParsePrefix("192.0.2.2/32"))
	r := newRateLimit(3, 2)
	for i, step := range []struct {
		from  source
		after time.Duration
		want  bool
	}{
		{a, 0, true},
		{a, 0, true},
		{a, 0, false},                // its own limit
		{b, 0, true},                 // has room of its own
		{b, 0, false},                // the limit of all
		{a, 19 * time.Second, false}, // nothing is back yet
		{a, 30 * time.Second, true},  // half a minute gives one of two
		{a, 30 * time.Second, false}, // and no more
		{b, -time.Hour, false},       // a clock that jumps back gives nothing
		{b, time.Hour, true},         // all is back
	} {
		if got := r.allow(step.from, noon.Add(step.after)); got != step.want {
			t.Errorf("step %d is %v, want %v", i, got, step.want)
		}
	}
	for i := range 2 * mostSources {
		r.allow(source(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)), noon.Add(2*time.Hour))
	}
	if len(r.sources) > mostSources {
		t.Errorf("%d sources are remembered, want %d at most", len(r.sources), mostSources)
	}
	if !r.allow(a, noon.Add(3*time.Hour)) {
		t.Error("nothing comes through once the many are quiet")
	}
}

func TestSourceOf(t *testing.T) {
	for _, test := range []struct{ a, b string }{
		{"192.0.2.1", "::ffff:192.0.2.1"},
		{"2001:db8::1", "2001:db8::ffff:2"},
	} {
		at := func(ip string) source { return sourceOf(&net.TCPAddr{IP: net.ParseIP(ip), Port: len(ip)}) }
		if at(test.a) != at(test.b) {
			t.Errorf("%s and %s are two sources", test.a, test.b)
		}
	}
	if sourceOf(&net.TCPAddr{IP: net.ParseIP("192.0.2.1")}) == sourceOf(&net.TCPAddr{IP: net.ParseIP("192.0.2.2")}) {
		t.Error("two addresses are one source")
	}
	_ = sourceOf(&net.UnixAddr{})
}

package probes

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pantau/internal/secret"
)

func TestWhenSigningEnds(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	hours := func(n int) time.Time { return now.Add(time.Duration(n) * time.Hour) }
	key := func(from, to int) SigningKey {
		k := newKey(t, hours(from), hours(to))
		if to == 0 {
			k.NotAfter = time.Time{}
		}
		return k
	}
	for _, test := range []struct {
		name  string
		keys  []SigningKey
		end   int
		never bool
	}{
		{"one for ever", []SigningKey{key(-1, 0)}, 0, true},
		{"one", []SigningKey{key(-1, 5)}, 5, false},
		{"two that overlap", []SigningKey{key(4, 9), key(-1, 5)}, 9, false},
		{"two with a gap", []SigningKey{key(-1, 5), key(6, 0)}, 5, false},
		{"one after the other", []SigningKey{key(-1, 5), key(5, 0)}, 0, true},
		{"over", []SigningKey{key(-3, -1)}, 0, false},
		{"not begun", []SigningKey{key(1, 3)}, 0, false},
	} {
		end, never := newSigner(t, "https://status.example", test.keys...).Ends(now)
		if never != test.never || !never && !end.Equal(hours(test.end)) {
			t.Errorf("%s: ends at %s, never %v; want after %d h, never %v", test.name, end, never, test.end, test.never)
		}
	}
}

func TestOurPublicKeysAreLookedFor(t *testing.T) {
	ours := newKey(t, time.Time{}, time.Time{})
	answer := func(status int, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		})
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, test := range []struct {
		name   string
		serve  http.Handler // nil: nobody
		agent  string       // "" is where serve is
		told   string
		wanted string // in the error
	}{
		{"served", newSigner(t, "http://localhost", ours).Directory(), "", "are served", ""},
		{"another's", newSigner(t, "http://localhost", newKey(t, time.Time{}, time.Time{})).Directory(), "", "", "is not among the 1 that are served there"},
		{"not passed on", answer(404, "not found"), "", "", "status 404, want 200; does the server in front"},
		{"a page", answer(200, "<html>"), "", "", "are not our public keys"},
		{"nobody behind the server in front", answer(502, ""), "", "not served now (status 502)", ""},
		{"nobody", nil, gone.URL, "not served now (connection: connection refused)", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			agent := test.agent
			if test.serve != nil {
				server := httptest.NewServer(test.serve)
				defer server.Close()
				agent = server.URL
			}
			told, err := newSigner(t, agent, ours).CheckDirectory(t.Context())
			switch {
			case test.wanted == "" && (err != nil || !strings.Contains(told, test.told)):
				t.Errorf("got %q, %v, want %q", told, err, test.told)
			case test.wanted != "" && (err == nil || !strings.Contains(err.Error(), test.wanted)):
				t.Errorf("got %q, %v, want %q", told, err, test.wanted)
			}
		})
	}
}

func TestAnAddressThatCannotWorkIsToldFromOneThatIsAway(t *testing.T) {
	for _, test := range []struct {
		err   error
		wrong bool
		want  string
	}{
		{&net.DNSError{IsNotFound: true}, true, "dns: the host is not found, so that the portal's owner cannot"},
		{&net.DNSError{IsTimeout: true}, false, "not served now (dns: "},
		{x509.CertificateInvalidError{Reason: x509.Expired}, true, "tls: the certificate has expired"},
		{syscall.ECONNREFUSED, false, "connection refused"},
		{context.DeadlineExceeded, false, "no HTTP answer"},
	} {
		told, err := notServed(&url.Error{Op: "Get", URL: "https://status.example", Err: test.err})
		if err != nil {
			told = err.Error()
		}
		if (err != nil) != test.wrong || !strings.Contains(told, test.want) {
			t.Errorf("%v: got %q, %v, want %q", test.err, told, err, test.want)
		}
	}
}

func TestWhatIsSaidOfTheOracle(t *testing.T) {
	now := time.Now()
	ca := newTestCA(t) // issues for an hour
	cert, key := ca.issue()
	proof := Oracle{URL: "/oracle", Secret: secret.New("canary")}
	both := Oracle{URL: "/oracle", Secret: secret.New("canary"), ClientCert: cert, ClientKey: secret.New(key), Signed: true}
	for _, test := range []struct {
		name string
		set  func(*Oracle)
		of   Oracle
		at   time.Time
		told string
		end  time.Time // to the minute, zero for none
		want string    // in the error
	}{
		{"a secret", func(*Oracle) {}, proof, now, "it knows us by a secret", time.Time{}, ""},
		{"until a day", func(o *Oracle) { o.Expires = now.Add(48 * time.Hour) }, proof, now, "it knows us by a secret", now.Add(48 * time.Hour), ""},
		{"over", func(o *Oracle) { o.Expires = now }, proof, now, "", time.Time{}, "our leave to ask it ended at"},
		{"all proofs, of which one ends first", func(o *Oracle) { o.Expires = now.Add(48 * time.Hour) }, both, now, "it knows us by a secret and our signature and our certificate", now.Add(time.Hour), ""},
		{"an old certificate", func(*Oracle) {}, both, now.Add(2 * time.Hour), "", time.Time{}, "our certificate for the oracle expired at"},
		{"one to come", func(*Oracle) {}, both, now.Add(-2 * time.Hour), "", time.Time{}, "is not valid yet"},
		{"a file that is not there", func(o *Oracle) { o.CA = filepath.Join(t.TempDir(), "none") }, proof, now, "", time.Time{}, "reading whom to trust as the oracle"},
	} {
		oracle := test.of
		test.set(&oracle)
		told, end, err := Portal{BaseURL: "https://portal.example", Oracle: oracle}.CheckOracle(test.at)
		if test.want != "" {
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("%s: got %v, want %q", test.name, err, test.want)
			}
			continue
		}
		if err != nil || told != test.told || end.Sub(test.end).Abs() > time.Minute {
			t.Errorf("%s: got %q until %s, %v; want %q until %s", test.name, told, end, err, test.told, test.end)
		}
	}
}

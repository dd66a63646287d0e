package probes

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Ends is when there will be no key to sign with any more, counted from now;
// never is true when a key has no end. A gap between two keys is an end too.
func (s *Signer) Ends(now time.Time) (end time.Time, never bool) {
	for end = now; ; {
		next := end
		for _, key := range s.keys {
			if !key.valid(end) {
				continue
			}
			if key.NotAfter.IsZero() {
				return time.Time{}, true
			}
			if key.NotAfter.After(next) {
				next = key.NotAfter
			}
		}
		if next.Equal(end) {
			return end, false
		}
		end = next
	}
}

// CheckDirectory asks our public address for the keys, as the portal's owner
// does. That nobody serves it now is told and no error: it is pantau serve that
// does.
func (s *Signer) CheckDirectory(ctx context.Context) (told string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.agent+DirectoryPath, nil)
	if err != nil {
		return "", fmt.Errorf("reading the address of our keys: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return notServed(err)
	}
	defer func() { _ = response.Body.Close() }()
	switch status := response.StatusCode; {
	case status >= 500:
		return fmt.Sprintf("not served now (status %d); pantau serve does", status), nil
	case status != http.StatusOK:
		return "", fmt.Errorf("our public keys are not there: status %d, want 200; does the server in front pass the path on?", status)
	}
	var set struct {
		Keys []jwk `json:"keys"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, bodyAtMost)).Decode(&set); err != nil {
		return "", errors.New("what is served there are not our public keys; does the server in front pass the path on?")
	}
	for _, key := range s.keys {
		if !slices.ContainsFunc(set.Keys, func(served jwk) bool { return served.KID == key.id }) && key.valid(time.Now()) {
			return "", fmt.Errorf("key %s is not among the %d that are served there; start pantau serve with this configuration", key.id, len(set.Keys))
		}
	}
	return "our public keys are served", nil
}

// notServed tells an address that cannot work for anybody from one that we do
// not reach now, perhaps because it is our own.
func notServed(err error) (told string, _ error) {
	var dns *net.DNSError
	cause := plainCause(err)
	if errors.As(err, &dns) && dns.IsNotFound || strings.HasPrefix(cause, "tls: ") {
		return "", fmt.Errorf("%s, so that the portal's owner cannot read our public keys", cause)
	}
	return "not served now (" + cause + "); pantau serve does", nil
}

// CheckOracle says how we prove to the oracle that it is us, and until when; the
// zero time is no end. It asks nothing: only a journey has a challenge to ask
// about.
func (p Portal) CheckOracle(now time.Time) (told string, end time.Time, err error) {
	base, err := url.Parse(p.BaseURL)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("reading the portal's address: %w", err)
	}
	made, err := newOracle(p.Oracle, base, Deps{})
	if err != nil {
		return "", time.Time{}, err
	}
	if end = p.Oracle.Expires; !end.IsZero() && !now.Before(end) {
		return "", end, fmt.Errorf("our leave to ask it ended at %s; ask the portal's owner for more", stamp(end))
	}
	var proofs []string
	if !p.Oracle.Secret.Empty() {
		proofs = append(proofs, "a secret")
	}
	if p.Oracle.Signed {
		proofs = append(proofs, "our signature")
	}
	if made.client != nil {
		proofs = append(proofs, "our certificate")
		until, err := certificateEnds(*made.client, now)
		if err != nil {
			return "", time.Time{}, err
		}
		if end.IsZero() || until.Before(end) {
			end = until
		}
	}
	return "it knows us by " + strings.Join(proofs, " and "), end, nil
}

func certificateEnds(shown tls.Certificate, now time.Time) (time.Time, error) {
	leaf, err := x509.ParseCertificate(shown.Certificate[0])
	switch {
	case err != nil:
		return time.Time{}, fmt.Errorf("reading our certificate for the oracle: %w", err)
	case now.Before(leaf.NotBefore):
		return time.Time{}, errors.New("our certificate for the oracle is not valid yet: is our clock right?")
	case !now.Before(leaf.NotAfter):
		return time.Time{}, fmt.Errorf("our certificate for the oracle expired at %s; ask the portal's owner for a new one", stamp(leaf.NotAfter))
	}
	return leaf.NotAfter, nil
}

package inbox

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// certificateLeft is how long a certificate must still be valid: whoever renews
// it has had the time for it.
const certificateLeft = 7 * 24 * time.Hour

// Check looks at the certificate that mail is encrypted with, and tells of it.
// That mail for the domain is sent here at all, only its MX record can say.
func (s SMTP) Check(now time.Time) (told string, err error) {
	if s.Certificate == "" {
		return "without a certificate, so that mail comes in clear", nil
	}
	pair, err := tls.LoadX509KeyPair(s.Certificate, s.Key)
	if err != nil {
		return "", fmt.Errorf("reading the certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return "", fmt.Errorf("reading the certificate: %w", err)
	}
	until := leaf.NotAfter.UTC().Format(time.RFC3339)
	switch {
	case now.Before(leaf.NotBefore):
		return "", errors.New("the certificate is not valid yet: is our clock right?")
	case now.After(leaf.NotAfter):
		return "", fmt.Errorf("the certificate expired at %s; renew it", until)
	case now.Add(certificateLeft).After(leaf.NotAfter):
		return "", fmt.Errorf("the certificate expires at %s; renew it", until)
	}
	return fmt.Sprintf("STARTTLS for %v until %s", leaf.DNSNames, until), nil
}

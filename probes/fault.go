package probes

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
)

// fault is why an exchange or a step did not give what it should. Its text is
// evidence: it repeats nothing that came from a page or an address.
type fault struct {
	verdict Verdict
	reason  Reason
	said    string
}

func (f *fault) Error() string { return f.said }

// faultOf sorts an error of the HTTP client. ctx is that of the step: it is
// cancelled only when we are stopping, and runs out when the portal is slow.
func faultOf(ctx context.Context, err error) error {
	var known *fault
	var netErr net.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(ctx.Err(), context.Canceled):
		return &fault{Unknown, ReasonShutdown, "stopped on our side"}
	case ctx.Err() != nil, errors.As(err, &netErr) && netErr.Timeout():
		return &fault{Down, ReasonTimeout, "no complete answer in time"}
	default:
		return &fault{Down, ReasonUnreachable, plainCause(err)}
	}
}

// plainCause says what broke in words of our own: the error's text may quote
// the address or what the server sent.
func plainCause(err error) string {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var expired x509.CertificateInvalidError
	var errno syscall.Errno
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "dns: the host is not found"
	case errors.As(err, &dns):
		return "dns: the name server gives no answer"
	case errors.As(err, &expired) && expired.Reason == x509.Expired:
		return "tls: the certificate has expired or is not valid yet"
	case errors.As(err, &certificate):
		return "tls: the certificate is not trusted for this host"
	case errors.As(err, &record):
		return "tls: the server does not speak TLS"
	case errors.As(err, &errno):
		return "connection: " + errno.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection: closed before the answer was complete"
	default:
		return "no HTTP answer"
	}
}

// statusFault is nil for an answer whose page is worth reading. 403 and 429
// are meant for us and not for the public: they say nothing about the portal
// but that its owner wants fewer probes or none.
func statusFault(status int) error {
	switch {
	case notForUs(status):
		return &fault{Unknown, ReasonStopped, fmt.Sprintf("status %d: the portal does not want this probe", status)}
	case status >= 500:
		return &fault{Down, ReasonStatus, fmt.Sprintf("status %d, want 200", status)}
	default:
		return nil
	}
}

func notForUs(status int) bool {
	return status == http.StatusForbidden || status == http.StatusTooManyRequests
}

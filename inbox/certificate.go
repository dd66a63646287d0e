package inbox

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is a certificate in files that others renew: it is read again
// when they change.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu     sync.Mutex
	loaded *tls.Certificate
	seen   version // of the files when they were last read, well or not
}

// version tells one state of the two files from another.
type version struct {
	cert, key         time.Time
	certSize, keySize int64
}

func openCertificate(certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	seen, err := c.version()
	if err != nil {
		return nil, fmt.Errorf("reading the certificate: %w", err)
	}
	if err := c.load(seen); err != nil {
		return nil, fmt.Errorf("reading the certificate: %w", err)
	}
	return c, nil
}

func (c *certificate) version() (version, error) {
	cert, err := os.Stat(c.certFile)
	if err != nil {
		return version{}, err
	}
	key, err := os.Stat(c.keyFile)
	if err != nil {
		return version{}, err
	}
	return version{cert.ModTime(), key.ModTime(), cert.Size(), key.Size()}, nil
}

func (c *certificate) load(seen version) error {
	c.seen = seen
	loaded, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err == nil {
		c.loaded = &loaded
	}
	return err
}

// get is called at each handshake. Files that cannot be used, as while one of
// the two is new and the other not yet, leave the last good certificate.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen, err := c.version()
	if err == nil && seen != c.seen {
		err = c.load(seen)
	}
	if err != nil {
		c.log.Error("the mail certificate could not be read again; the last good one is used", "error", err)
	}
	return c.loaded, nil
}

// tlsConfig offers the certificate.
func (c *certificate) tlsConfig() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
}

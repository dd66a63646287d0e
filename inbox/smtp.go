package inbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/emersion/go-smtp"
)

// mailGrace is how long mail in hand may take to finish when we stop.
const mailGrace = time.Second

// mailServer receives mail for the addresses of probes, and no other.
type mailServer struct {
	inbox    *Inbox
	listener *gate
	server   *smtp.Server
	limit    *rateLimit
	serving  atomic.Bool
	// deliver is the context of mail in hand. It outlives the end of run by
	// mailGrace.
	deliver atomic.Pointer[context.Context]
}

func (i *Inbox) bindMail() (*mailServer, error) {
	o := i.options.SMTP
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("listening for mail: %w", err)
	}
	m := &mailServer{
		inbox: i, limit: newRateLimit(o.MaxMails, o.MaxMailsOfOne),
		listener: newGate(newSourceGate(listener, o.MaxConnectionsOfOne), o.MaxConnections),
	}
	s := smtp.NewServer(m)
	if o.Certificate != "" {
		certificate, err := openCertificate(o.Certificate, o.Key, i.deps.Log)
		if err != nil {
			return nil, errors.Join(err, listener.Close())
		}
		s.TLSConfig = certificate.tlsConfig()
	}
	s.Domain = o.Domain
	s.MaxMessageBytes = o.MaxSize
	s.MaxRecipients = 10
	// go-smtp sets the read deadline at each command; for DATA it spans the
	// whole mail.
	s.ReadTimeout, s.WriteTimeout = o.Timeout, o.Timeout
	s.ErrorLog = mailLog{i.deps.Log}
	m.server = s
	return m, nil
}

// run serves until ctx ends.
func (m *mailServer) run(ctx context.Context) error {
	deliver, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	m.deliver.Store(&deliver)
	closeWhenDone := context.AfterFunc(ctx, func() { _ = m.listener.Close() })
	defer closeWhenDone()
	m.serving.Store(true)
	err := m.server.Serve(m.listener)
	m.serving.Store(false)
	m.listener.drain(mailGrace)
	_ = m.close()
	if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return fmt.Errorf("receiving mail: %w", err)
}

// accepting says whether a mail that comes now would be taken.
func (m *mailServer) accepting(now time.Time) bool {
	return m.serving.Load() && !m.listener.full() && m.limit.open(now)
}

func (m *mailServer) close() error {
	err := m.listener.Close()
	m.listener.closeAll()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// NewSession is called by go-smtp for each connection.
func (m *mailServer) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{server: m, source: sourceOf(c.Conn().RemoteAddr())}, nil
}

// mailLog passes on that something went wrong in go-smtp, without its words:
// they can hold what was sent to us.
type mailLog struct{ log *slog.Logger }

// Printf is called by go-smtp with formats like "accept error: %s".
func (l mailLog) Printf(format string, args ...any) {
	about, _, _ := strings.Cut(format, "%")
	attrs := []any{"about", strings.TrimRight(about, ": ")}
	for _, arg := range args {
		if err, ok := arg.(error); ok {
			var errno syscall.Errno
			if errors.As(err, &errno) {
				attrs = append(attrs, "cause", errno.Error())
			}
		}
	}
	l.log.Warn("the SMTP receiver reports an error", attrs...)
}

// Println is not used by go-smtp today.
func (l mailLog) Println(...any) { l.log.Warn("the SMTP receiver reports an error") }

package inbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// imapPatience is how long one exchange with a mail server may take.
const imapPatience = 30 * time.Second

// imapFault is what is wrong with a mailbox, in words of our own: what a server
// says can hold an address.
type imapFault struct {
	doing, said string
	login       bool // another try will not help soon, and may lock the account
}

func (f *imapFault) Error() string { return f.doing + ": " + f.said }

// What is done with a server whose refusal has one likely reason.
const (
	loggingIn     = "logging in"
	openingFolder = "opening the folder"
)

var errInClear = &imapFault{loggingIn, "the mail server takes no password on this connection; set tls to implicit or starttls", true}

// imapConn is a connection to a mail server on which one thing is done at a
// time. It is closed when its context ends.
type imapConn struct {
	client *imapclient.Client
	conn   net.Conn
	unhook func() bool
	idles  bool           // the server says when mail comes
	news   chan time.Time // when it said so; holds the first until it is taken
}

// dialIMAP connects and logs in.
func dialIMAP(ctx context.Context, o IMAP) (*imapConn, error) {
	config, err := o.tlsConfig()
	if err != nil {
		return nil, err
	}
	reaching, cancel := context.WithTimeout(ctx, imapPatience)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(reaching, "tcp", o.Address)
	if err != nil {
		return nil, faultOfIMAP("connecting to the mail server", err)
	}
	c := &imapConn{conn: conn, news: make(chan time.Time, 1)}
	c.unhook = context.AfterFunc(ctx, func() { _ = conn.Close() })
	if err := c.start(o, config); err != nil {
		c.close()
		return nil, err
	}
	if err := c.login(o); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (m IMAP) tlsConfig() (*tls.Config, error) {
	host, _, err := net.SplitHostPort(m.Address)
	if err != nil {
		return nil, fmt.Errorf("reading the mail server's address: %w", err)
	}
	config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if m.CA == "" {
		return config, nil
	}
	raw, err := os.ReadFile(m.CA)
	if err != nil {
		return nil, fmt.Errorf("reading who signed the mail server's certificate: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("reading who signed the mail server's certificate: %s holds no certificate in PEM", m.CA)
	}
	return config, nil
}

// start brings the connection to where one can log in.
func (c *imapConn) start(o IMAP, config *tls.Config) error {
	options := &imapclient.Options{TLSConfig: config, UnilateralDataHandler: &imapclient.UnilateralDataHandler{Mailbox: c.told}}
	return c.within("greeting the mail server", func() error {
		switch o.TLS {
		case tlsImplicit:
			encrypted := tls.Client(c.conn, config)
			if err := encrypted.Handshake(); err != nil {
				return err
			}
			c.client = imapclient.New(encrypted, options)
		case tlsStart:
			client, err := imapclient.NewStartTLS(c.conn, options)
			if err != nil {
				return err
			}
			c.client = client
		default:
			c.client = imapclient.New(c.conn, options)
		}
		return c.client.WaitGreeting()
	})
}

// told is called while an answer of the server is read.
func (c *imapConn) told(data *imapclient.UnilateralDataMailbox) {
	if data.NumMessages == nil {
		return
	}
	select {
	case c.news <- time.Now():
	default:
	}
}

func (c *imapConn) login(o IMAP) error {
	return c.within(loggingIn, func() error {
		if c.client.Caps().Has(imap.CapLoginDisabled) {
			return errInClear
		}
		if err := c.client.Login(o.Username.Reveal(), o.Password.Reveal()).Wait(); err != nil {
			return err
		}
		caps := c.client.Caps()
		c.idles = caps.Has(imap.CapIdle) || caps.Has(imap.CapIMAP4rev2)
		return nil
	})
}

func (c *imapConn) close() {
	c.unhook()
	_ = c.conn.Close()
	if c.client != nil {
		_ = c.client.Close()
	}
}

// within does one thing with the server. A server that does not answer in time
// is cut off, which ends whatever waits for it.
func (c *imapConn) within(doing string, do func() error) error {
	overdue := time.AfterFunc(imapPatience, func() { _ = c.conn.Close() })
	err := do()
	if !overdue.Stop() {
		return &imapFault{doing: doing, said: "no answer within " + imapPatience.String()}
	}
	return faultOfIMAP(doing, err)
}

// open selects a folder, and gives what the server says of its numbers.
func (c *imapConn) open(folder string) (state *imap.SelectData, err error) {
	err = c.within(openingFolder, func() (err error) {
		state, err = c.client.Select(folder, nil).Wait()
		return err
	})
	return state, err
}

// junkFolder is the folder that the server marks as the one for junk, "" when
// there is none.
func (c *imapConn) junkFolder() (name string, err error) {
	err = c.within("listing the folders", func() error {
		// Servers that do not know the option refuse it; many mark folders in
		// the plain list all the same.
		var options *imap.ListOptions
		if caps := c.client.Caps(); caps.Has(imap.CapSpecialUse) && caps.Has(imap.CapListExtended) {
			options = &imap.ListOptions{ReturnSpecialUse: true}
		}
		folders, err := c.client.List("", "*", options).Collect()
		for _, folder := range folders {
			if slices.Contains(folder.Attrs, imap.MailboxAttrJunk) {
				name = folder.Mailbox
			}
		}
		return err
	})
	return name, err
}

// search gives the numbers of the mails from a number on that came on or after
// the day of since, or all of them when it is zero.
func (c *imapConn) search(from imap.UID, since time.Time) (found []imap.UID, err error) {
	criteria := &imap.SearchCriteria{UID: []imap.UIDSet{{imap.UIDRange{Start: from}}}}
	if !since.IsZero() {
		criteria.Since = since.Add(-24 * time.Hour) // the server's day can be another
	}
	err = c.within("looking for mail", func() error {
		data, err := c.client.UIDSearch(criteria, nil).Wait()
		if err != nil {
			return err
		}
		for _, uid := range data.AllUIDs() {
			if uid >= from { // "5:*" finds the last one even if it is number 4
				found = append(found, uid)
			}
		}
		return nil
	})
	slices.Sort(found)
	return found, err
}

// letter is a mail as it lies in a folder.
type letter struct {
	came time.Time // INTERNALDATE, by the server's clock
	raw  []byte    // its beginning
}

// fetch reads up to most bytes of a mail. It is ok unless the mail is gone.
func (c *imapConn) fetch(uid imap.UID, most int64) (l letter, ok bool, err error) {
	options := &imap.FetchOptions{
		UID: true, InternalDate: true,
		BodySection: []*imap.FetchItemBodySection{{Peek: true, Partial: &imap.SectionPartial{Size: most}}},
	}
	err = c.within("reading a mail", func() error {
		command := c.client.Fetch(imap.UIDSetNum(uid), options)
		for m := command.Next(); m != nil; m = command.Next() {
			for item := m.Next(); item != nil; item = m.Next() {
				switch item := item.(type) {
				case imapclient.FetchItemDataInternalDate:
					l.came = item.Time
				case imapclient.FetchItemDataBodySection:
					if item.Literal != nil {
						l.raw, ok = firstOf(item.Literal, most), true
					}
				}
			}
		}
		return command.Close()
	})
	return l, ok, err
}

// firstOf reads most bytes: not every server keeps to the part it is asked for.
// What is broken off breaks the command, too.
func firstOf(literal imap.LiteralReader, most int64) []byte {
	raw, _ := io.ReadAll(io.LimitReader(literal, most))
	return raw
}

// mark does with a mail what is configured for those that were taken. Without
// UIDPLUS nothing but all deleted mails could be removed, so that ours stays
// marked as deleted.
func (c *imapConn) mark(uid imap.UID, after string) error {
	flags := map[string][]imap.Flag{afterSeen: {imap.FlagSeen}, afterDelete: {imap.FlagSeen, imap.FlagDeleted}}[after]
	if flags == nil {
		return nil
	}
	return c.within("marking a mail", func() error {
		set := imap.UIDSetNum(uid)
		if err := c.client.Store(set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: flags}, nil).Close(); err != nil {
			return err
		}
		if after != afterDelete || !c.client.Caps().Has(imap.CapUIDPlus) {
			return nil
		}
		return c.client.UIDExpunge(set).Close()
	})
}

// wait waits until the server tells of mail, for length at most. Without IDLE
// it waits that long. A connection that breaks is an error.
func (c *imapConn) wait(ctx context.Context, length time.Duration) (at time.Time, told bool, err error) {
	select {
	case at := <-c.news:
		return at, true, nil
	default:
	}
	stop := func() error { return nil }
	if c.idles {
		if stop, err = c.idle(); err != nil {
			return time.Time{}, false, err
		}
	}
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case at, told = <-c.news:
	case <-timer.C:
	case <-ctx.Done():
		return time.Time{}, false, ctx.Err()
	case <-c.client.Closed():
		return time.Time{}, false, &imapFault{doing: "waiting for mail", said: "the mail server closed the connection"}
	}
	return at, told, stop()
}

// idle asks the server to tell of mail, until stop. That it answers stop, and
// not only its silence, proves that it listens.
func (c *imapConn) idle() (stop func() error, err error) {
	var command *imapclient.IdleCommand
	err = c.within("waiting for mail", func() (err error) {
		command, err = c.client.Idle()
		return err
	})
	if err != nil {
		return nil, err
	}
	return func() error {
		return c.within("ending a wait for mail", func() error {
			if err := command.Close(); err != nil {
				return err
			}
			return command.Wait()
		})
	}, nil
}

// faultOfIMAP says what is wrong in words of our own.
func faultOfIMAP(doing string, err error) error {
	var known *imapFault
	var answer *imap.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.As(err, &answer):
		return faultOfAnswer(doing, answer)
	default:
		return &imapFault{doing: doing, said: plainCause(err)}
	}
}

// faultOfAnswer reads what the server answered; its text is its own affair.
func faultOfAnswer(doing string, answer *imap.Error) error {
	switch answer.Code {
	case imap.ResponseCodeUnavailable, imap.ResponseCodeInUse, imap.ResponseCodeLimit, imap.ResponseCodeServerBug:
		return &imapFault{doing: doing, said: "the mail server is out of order or busy: " + string(answer.Code)}
	case imap.ResponseCodePrivacyRequired:
		return errInClear
	}
	switch {
	case doing == loggingIn:
		return &imapFault{doing, "the mail server refuses the user name or the password", true}
	case doing == openingFolder:
		return &imapFault{doing: doing, said: "the folder does not exist or is not ours"} // few say which
	case answer.Type == imap.StatusResponseTypeBye:
		return &imapFault{doing: doing, said: "the mail server ended the connection"}
	default:
		return &imapFault{doing: doing, said: "the mail server refuses it"}
	}
}

// plainCause says what broke in a connection.
func plainCause(err error) string {
	var dns *net.DNSError
	var record tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	var errno syscall.Errno
	var timeout net.Error
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "the host is not found"
	case errors.As(err, &dns):
		return "the name server gives no answer"
	case errors.As(err, &certificate):
		return "its certificate is not trusted for this host or has expired"
	case errors.As(err, &record):
		return "it does not speak TLS here; is tls right for this port?"
	case errors.As(err, &errno):
		return errno.Error()
	case errors.Is(err, context.Canceled):
		return "stopped on our side"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case strings.Contains(err.Error(), io.EOF.Error()), strings.Contains(err.Error(), net.ErrClosed.Error()):
		return "the connection broke off"
	default:
		return "it says something that is not IMAP"
	}
}

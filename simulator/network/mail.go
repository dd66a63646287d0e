package network

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Mail is what the portal sends. One of Text and HTML may be empty; with both
// it is multipart/alternative.
type Mail struct {
	From    string // an address
	Subject string
	Text    string
	HTML    string
}

// letter is a mail on its way.
type letter struct {
	to      string
	mail    Mail
	id      string // of the Message-ID, the same in every retry and duplicate
	retries int
}

// deliverMail brings a mail to the monitor's server, or to the inbox of people.
func (n *Network) deliverMail(l letter) {
	_, domain, _ := strings.Cut(l.to, "@")
	ours := slices.ContainsFunc(n.options.MailDomains, func(d string) bool { return strings.EqualFold(d, domain) })
	if ours {
		n.post.put(func(ctx context.Context) { n.tryMail(ctx, l) })
		return
	}
	n.inbox.add(Delivered{
		At: time.Now(), Stream: "email", To: l.to,
		From: l.mail.From, Subject: l.mail.Subject, Text: l.mail.Text, HTML: l.mail.HTML,
	})
}

// tryMail sends once and enters the retry when the server cannot take it now.
func (n *Network) tryMail(ctx context.Context, l letter) {
	err := n.sendMail(ctx, l)
	if err == nil || ctx.Err() != nil {
		return
	}
	var refused *refusedError
	if l.retries >= mostRetries || errors.As(err, &refused) {
		n.log.Warn("a mail is given up", "tries", l.retries+1, "err", err)
		return
	}
	n.log.Debug("a mail was not taken", "tries", l.retries+1, "err", err)
	next := time.Now().Add(backoff(n.options.RetryBase, l.retries))
	l.retries++
	n.at(next, func() { n.deliverMail(l) })
}

// refusedError is a mail that will not be taken however often it is sent.
type refusedError struct{ why string }

func (e *refusedError) Error() string { return e.why }

// sendMail speaks SMTP once. Its errors show no address: servers repeat it in
// their answers, so only the answer's number is kept.
func (n *Network) sendMail(ctx context.Context, l letter) error {
	if n.lineDown() {
		return errLine
	}
	ctx, cancel := context.WithTimeout(ctx, requestWithin)
	defer cancel()
	message, err := n.compose(l)
	if err != nil {
		return err
	}
	client, err := n.mailClient(ctx)
	if err != nil {
		return err
	}
	err = client.DialAndSendWithContext(ctx, message)
	var answer *gomail.SendError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &answer) && message.IsDelivered():
		return nil // taken; only the goodbye failed
	case !errors.As(err, &answer):
		return errors.New("sending a mail: no connection to the server")
	case answer.ErrorCode() == 0:
		return errors.New("sending a mail: the connection broke")
	case answer.ErrorCode() >= 500:
		return &refusedError{fmt.Sprintf("sending a mail: server answered %d", answer.ErrorCode())}
	default:
		return fmt.Errorf("sending a mail: server answered %d", answer.ErrorCode())
	}
}

func (n *Network) mailClient(ctx context.Context) (*gomail.Client, error) {
	host, portText, err := net.SplitHostPort(n.options.SMTPAddr)
	if err != nil {
		return nil, fmt.Errorf("reading the mail server's address: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, fmt.Errorf("reading the mail server's port: %w", err)
	}
	dial := func(dialing context.Context, kind, address string) (net.Conn, error) {
		connection, err := new(net.Dialer).DialContext(dialing, kind, address)
		if err == nil {
			// The library looks at the context only while it dials.
			context.AfterFunc(ctx, func() { _ = connection.Close() })
		}
		return connection, err
	}
	client, err := gomail.NewClient(host, gomail.WithPort(port), gomail.WithTLSPolicy(gomail.NoTLS),
		gomail.WithHELO("mail.simulator.example"), gomail.WithTimeout(requestWithin), gomail.WithDialContextFunc(dial))
	if err != nil {
		return nil, fmt.Errorf("preparing a mail connection: %w", err)
	}
	return client, nil
}

func (n *Network) compose(l letter) (*gomail.Msg, error) {
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if message.From(l.mail.From) != nil {
		return nil, &refusedError{"composing a mail: the sender is not an address"}
	}
	if n.options.MailFrom != "" && message.EnvelopeFrom(n.options.MailFrom) != nil {
		return nil, &refusedError{"composing a mail: the envelope's sender is not an address"}
	}
	if message.To(l.to) != nil {
		return nil, &refusedError{"composing a mail: the recipient is not an address"}
	}
	message.Subject(l.mail.Subject)
	message.SetDateWithValue(n.outside(time.Now()))
	message.SetMessageIDWithValue(l.id + "@mail.simulator.example")
	switch {
	case l.mail.HTML == "":
		message.SetBodyString(gomail.TypeTextPlain, l.mail.Text)
	case l.mail.Text == "":
		message.SetBodyString(gomail.TypeTextHTML, l.mail.HTML)
	default:
		message.SetBodyString(gomail.TypeTextPlain, l.mail.Text)
		message.AddAlternativeString(gomail.TypeTextHTML, l.mail.HTML)
	}
	return message, nil
}

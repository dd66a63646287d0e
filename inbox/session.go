package inbox

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/jhillyerd/enmime/v2"

	"pantau/internal/secret"
)

// The replies. Their texts are fixed: nothing of a mail is ever said back.
var (
	errOtherDomain = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Not a domain of ours"}
	errNoMailbox   = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such mailbox"}
	errMailUnread  = &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "Mail could not be read"}
	errMailAgain   = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Not recorded, try again"}
	errMailLimit   = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Too many mails, come again"}
)

// session is one SMTP connection. go-smtp can call Reset while Data is still
// running, hence the lock.
type session struct {
	server *mailServer
	source source

	mu         sync.Mutex
	from       string
	recipients []string
}

// Mail takes any sender, within the limits. A sender that comes again finds
// its place.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if inbox := s.server.inbox; !s.server.limit.allow(s.source, time.Now()) {
		inbox.deps.Metrics.count(kindSMTP, refused)
		inbox.deps.Log.Warn("a mail was put off: too many in a minute", "receiver", mailReceiver)
		return errMailLimit
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from = from
	return nil
}

// Rcpt refuses what is not the address of a probe that waits or waited
// lately. Nobody but the portal knows those, so an unknown one is a mistake
// or a guess; a sender that is told so stops.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	inbox := s.server.inbox
	at := strings.LastIndexByte(to, '@')
	if at < 0 || !strings.EqualFold(to[at+1:], inbox.options.SMTP.Domain) {
		inbox.deps.Metrics.count(kindSMTP, refused)
		return errOtherDomain
	}
	if !inbox.ledger.Knows(to) {
		inbox.deps.Metrics.count(kindSMTP, refused)
		return errNoMailbox
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.recipients, to) {
		s.recipients = append(s.recipients, to)
	}
	return nil
}

// Data reads the mail to its end, which is its arrival, and takes it for each
// recipient.
func (s *session) Data(r io.Reader) error {
	s.mu.Lock()
	from, recipients := s.from, slices.Clone(s.recipients)
	s.mu.Unlock()
	raw, err := io.ReadAll(r)
	received := time.Now()
	inbox := s.server.inbox
	if err != nil {
		inbox.deps.Metrics.count(kindSMTP, refused)
		return fixed(err)
	}
	m, err := readMail(raw, from)
	if err != nil {
		inbox.deps.Metrics.count(kindSMTP, refused)
		inbox.deps.Log.Warn("a mail could not be read", "receiver", mailReceiver, "bytes", len(raw))
		return errMailUnread
	}
	m.Received = received
	for _, to := range recipients {
		if err := s.take(m, to); err != nil {
			inbox.deps.Log.Error("a message was not recorded", "receiver", mailReceiver, "error", err)
			return errMailAgain
		}
	}
	return nil
}

// fixed keeps an error of go-smtp itself, such as "too large", and hides any
// other behind a reply of our own.
func fixed(err error) error {
	var reply *smtp.SMTPError
	if errors.As(err, &reply) {
		return reply
	}
	return errMailAgain
}

// take takes a mail for one recipient. Its id stands for its Message-ID there,
// which a second try repeats.
func (s *session) take(m Message, to string) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("taking a mail: panic") // its value can hold the mail
		}
	}()
	sum := keyed(s.server.inbox.key, "mail", m.ID, strings.ToLower(to))
	m.ID, m.Recipient = hex.EncodeToString(sum[:16]), secret.New(to)
	return s.server.inbox.take(*s.server.deliver.Load(), kindSMTP, m)
}

// Reset forgets the mail in hand.
func (s *session) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from, s.recipients = "", nil
}

// Logout ends the connection.
func (s *session) Logout() error { return nil }

// readMail brings a mail into the form of a Message whose ID is the mail's
// Message-ID or, without one, the mail itself. Deeper parts that are broken
// are left out; attachments are not read.
func readMail(raw []byte, from string) (Message, error) {
	envelope, err := parseMail(raw)
	if err != nil {
		return Message{}, err
	}
	m := messageOf(envelope, raw, from)
	m.Receiver = mailReceiver
	return m, nil
}

// parseMail reads as much of a mail as can be read.
func parseMail(raw []byte) (envelope *enmime.Envelope, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("reading a mail: panic") // its value can hold the mail
		}
	}()
	parser := enmime.NewParser(enmime.SkipMalformedParts(true), enmime.DisableTextConversion(true),
		enmime.MultipartWOBoundaryAsSinglePart(true), enmime.MaxStoredPartErrors(1))
	if envelope, err = parser.ReadEnvelope(bytes.NewReader(raw)); err != nil {
		return nil, fmt.Errorf("reading a mail: %w", err)
	}
	return envelope, nil
}

// messageOf is what an envelope says. Its sender is from unless it names one.
func messageOf(envelope *enmime.Envelope, raw []byte, from string) Message {
	if named, err := envelope.AddressList("From"); err == nil && len(named) > 0 {
		from = named[0].Address
	}
	id := envelope.GetHeader("Message-ID")
	if id == "" {
		id = string(raw)
	}
	return Message{
		ID: id, Sender: secret.New(from), Subject: secret.New(envelope.GetHeader("Subject")),
		Text: secret.New(envelope.Text), HTML: secret.New(envelope.HTML),
	}
}

// addressees are the mail addresses an envelope was sent to, as far as its
// headers say, those that servers note on delivery first.
func addressees(envelope *enmime.Envelope) []string {
	var all []string
	for _, header := range []string{"Delivered-To", "X-Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc"} {
		for _, value := range envelope.GetHeaderValues(header) {
			named, err := mail.ParseAddressList(value)
			if err != nil {
				continue
			}
			for _, each := range named {
				all = append(all, each.Address)
			}
		}
	}
	return all
}

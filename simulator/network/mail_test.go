package network_test

import (
	"bytes"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"pantau/simulator/network"
)

// mailServer is the monitor's mail receiver.
type mailServer struct {
	addr  string
	mails chan received

	mu      sync.Mutex
	answers []error // for the next RCPTs; nil is yes
	asked   int
}

type received struct {
	from, to string
	message  *netmail.Message
	body     string
}

func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	s := &mailServer{mails: make(chan received, 100)}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{of: s}, nil }))
	server.Domain, server.ErrorLog = "mx.probe.example", discard{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	s.addr = listener.Addr().String()
	return s
}

type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}

func (s *mailServer) next(t *testing.T) received {
	t.Helper()
	select {
	case got := <-s.mails:
		return got
	case <-time.After(8 * time.Second):
		t.Fatal("no mail came")
		return received{}
	}
}

// rcpt takes the next prepared answer.
func (s *mailServer) rcpt() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if len(s.answers) == 0 {
		return nil
	}
	answer := s.answers[0]
	s.answers = s.answers[1:]
	return answer
}

type session struct {
	of  *mailServer
	got received
}

func (s *session) Reset()        { s.got = received{} }
func (s *session) Logout() error { return nil }
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.got.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.got.to = to
	return s.of.rcpt()
}

func (s *session) Data(r io.Reader) error {
	message, err := netmail.ReadMessage(r)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(message.Body)
	s.got.message, s.got.body = message, string(body)
	s.of.mails <- s.got
	return err
}

func (m *monitor) mailOptions(s *mailServer) network.Options {
	options := m.options()
	options.SMTPAddr, options.MailDomains = s.addr, []string{"probe.example"}
	return options
}

func TestMailIsRealMail(t *testing.T) {
	m, s := newMonitor(t), newMailServer(t)
	options := m.mailOptions(s)
	options.MailFrom = "bounce@ereg.example"
	n := running(t, options)
	n.SendMail("Abc123@Probe.Example", network.Mail{
		From: "noreply@ereg.example", Subject: "Kode OTP — pendaftaran", Text: "Kode Anda 482915", HTML: "<span>4</span><span>8</span>",
	})
	got := s.next(t)
	if got.from != "bounce@ereg.example" || !strings.EqualFold(got.to, "abc123@probe.example") {
		t.Errorf("the envelope is from %s to %s", got.from, got.to)
	}
	subject, _ := new(mime.WordDecoder).DecodeHeader(got.message.Header.Get("Subject"))
	if subject != "Kode OTP — pendaftaran" || !strings.Contains(got.message.Header.Get("From"), "noreply@ereg.example") {
		t.Errorf("the header is %v", got.message.Header)
	}
	if date, err := got.message.Header.Date(); err != nil || time.Since(date).Abs() > time.Minute {
		t.Errorf("its date is %s, %v", date, err)
	}
	parts := partsOf(t, got)
	if parts["text/plain"] != "Kode Anda 482915" || parts["text/html"] != "<span>4</span><span>8</span>" {
		t.Errorf("its parts are %q", parts)
	}
}

func partsOf(t *testing.T, got received) map[string]string {
	t.Helper()
	kind, parameters, err := mime.ParseMediaType(got.message.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("its type is %s, %v; want multipart/alternative", kind, err)
	}
	parts := make(map[string]string)
	reader := multipart.NewReader(strings.NewReader(got.body), parameters["boundary"])
	for part, err := reader.NextPart(); err == nil; part, err = reader.NextPart() {
		name, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		text, _ := io.ReadAll(part) // the reader undoes quoted-printable
		parts[name] = string(text)
	}
	return parts
}

func TestMailOfOneKindIsOnePart(t *testing.T) {
	m, s := newMonitor(t), newMailServer(t)
	n := running(t, m.mailOptions(s))
	for _, test := range []struct {
		mail       network.Mail
		kind, body string
	}{
		{network.Mail{From: "noreply@layanan.example", Subject: "Token R-4F7K2M", HTML: "<p>4829 15</p>"}, "text/html", "<p>4829 15</p>"},
		{network.Mail{From: "noreply@layanan.example", Text: "4829 15"}, "text/plain", "4829 15"},
	} {
		n.SendMail("a@probe.example", test.mail)
		got := s.next(t)
		kind, _, _ := mime.ParseMediaType(got.message.Header.Get("Content-Type"))
		body, _ := io.ReadAll(quotedprintable.NewReader(strings.NewReader(got.body)))
		if kind != test.kind || strings.TrimSpace(string(body)) != test.body || got.from != "noreply@layanan.example" {
			t.Errorf("from %s came %s %q, want %s %q", got.from, kind, body, test.kind, test.body)
		}
	}
}

func TestADoubledMailHasOneMessageID(t *testing.T) {
	m, s := newMonitor(t), newMailServer(t)
	options := m.mailOptions(s)
	options.Duplicates = 1
	n := running(t, options)
	n.SendMail("a@probe.example", network.Mail{From: "noreply@ereg.example", Text: "x"})
	first, second := s.next(t), s.next(t)
	if id := first.message.Header.Get("Message-Id"); id == "" || id != second.message.Header.Get("Message-Id") {
		t.Errorf("the ids are %q and %q", id, second.message.Header.Get("Message-Id"))
	}
}

func TestMailIsTriedAgainOnlyWhenThatCanHelp(t *testing.T) {
	busy := &smtp.SMTPError{Code: 451, Message: "later, a@probe.example"}
	refused := &smtp.SMTPError{Code: 550, Message: "no such a@probe.example"}
	for _, test := range []struct {
		what    string
		answers []error
		asked   int
		arrives bool
	}{
		{"greylisted", []error{busy, busy}, 3, true},
		{"refused", []error{refused}, 1, false},
		{"greylisted, then refused", []error{busy, refused}, 2, false},
	} {
		t.Run(test.what, func(t *testing.T) {
			m, s := newMonitor(t), newMailServer(t)
			s.answers = test.answers
			log, options := new(safeBuffer), m.mailOptions(s)
			options.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			n := running(t, options)
			n.SendMail("a@probe.example", network.Mail{From: "noreply@ereg.example", Text: "482915"})
			if test.arrives {
				s.next(t)
			} else {
				log.wait(t, "a mail is given up")
			}
			time.Sleep(100 * time.Millisecond) // five times the base of the retries
			if s.mu.Lock(); s.asked != test.asked {
				t.Errorf("the server was asked %d times, want %d", s.asked, test.asked)
			}
			s.mu.Unlock()
			if strings.Contains(log.String(), "probe.example") || strings.Contains(log.String(), "482915") {
				t.Errorf("the log shows the mail:\n%s", log)
			}
		})
	}
}

func TestTheLogShowsNoNumberAddressOrCode(t *testing.T) {
	m := newMonitor(t)
	options := m.options()
	log := new(safeBuffer)
	options.Log = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	options.WebhookURL = "http://127.0.0.1:1/hooks/canary-path"
	options.SMTPAddr, options.MailDomains = "127.0.0.1:1", []string{"probe.example"}
	options.RetryBase = time.Microsecond
	n := running(t, options)
	n.SendSMS("xl", "+628170000001", "482915")
	n.SendMail("someone@probe.example", network.Mail{From: "noreply@ereg.example", Text: "482915"})
	n.SendMail("someone@probe.example", network.Mail{From: "not an address 482915", Text: "482915"})
	log.wait(t, "a webhook is given up")
	log.wait(t, "a mail is given up")
	for _, canary := range []string{"8170000001", "482915", "someone", "canary-path", secret} {
		if strings.Contains(log.String(), canary) {
			t.Errorf("the log shows %q:\n%s", canary, log)
		}
	}
}

// safeBuffer is a log that may be read while it is written.
type safeBuffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *safeBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(text)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}

func (b *safeBuffer) wait(t *testing.T, text string) {
	t.Helper()
	for deadline := time.Now().Add(8 * time.Second); !strings.Contains(b.String(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the log never says %q:\n%s", text, b)
		}
	}
}

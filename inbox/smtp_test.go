package inbox

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"pantau/probes"
)

// mailWorld is a world that receives mail until the test ends.
func mailWorld(t *testing.T, change func(*Options, *Deps)) *world {
	t.Helper()
	w := newWorld(t, func(o *Options, deps *Deps) {
		o.SMTP = SMTP{Listen: "127.0.0.1:0", Domain: "Probe.Example", Timeout: 10 * time.Second}
		if change != nil {
			change(o, deps)
		}
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
	return w
}

// addressOf is the address of a run at the SMTP receiver.
func (w *world) addressOf(run string) string { return w.AddressFor("", run).Address.Reveal() }

func dial(t *testing.T, w *world) *smtp.Client {
	t.Helper()
	c, err := smtp.Dial(w.SMTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func mailText(id string) string {
	return "From: DJP <noreply@ereg.example>\r\nTo: x\r\nSubject: Kode OTP e-Registration\r\nMessage-ID: <" + id + "@ereg.example>\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nKode OTP Anda: 048291\r\nBerlaku 10 menit.\r\n" +
		"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
		"<p>Kode OTP Anda:</p><p><span style=3D\"x\">0</span><span>4</span><span>8</span><span>2</span><span>9</span><span>1</span></p>\r\n--b--\r\n"
}

// wantReply asks for an SMTP error with this code, or none for 0.
func wantReply(t *testing.T, err error, code int) {
	t.Helper()
	var reply *smtp.SMTPError
	switch {
	case code == 0 && err != nil:
		t.Errorf("error %v, want none", err)
	case code != 0 && (!errors.As(err, &reply) || reply.Code != code):
		t.Errorf("error %v, want code %d", err, code)
	}
}

func TestMailReachesItsRun(t *testing.T) {
	w := mailWorld(t, nil)
	one, two := w.addressOf("run-1"), w.addressOf("run-2")
	if one == two || one != w.addressOf("run-1") || !strings.HasSuffix(one, "@probe.example") || strings.Contains(one, "run") {
		t.Fatalf("addresses %q and %q", one, two)
	}
	w.expect("A", probes.AddressKey(one))
	w.expect("B", probes.AddressKey(two))
	c := dial(t, w)
	for _, to := range []string{two, strings.ToUpper(one)} {
		wantReply(t, c.SendMail("bounce@ereg.example", []string{to}, strings.NewReader(mailText("m1"))), 0)
	}
	wantReply(t, c.SendMail("bounce@ereg.example", []string{one}, strings.NewReader(mailText("m1"))), 0) // sent twice
	got := w.taken()
	if len(got) != 2 || got[0].Wait != "B" || got[1].Wait != "A" {
		t.Fatalf("arrivals %+v, want B and A", got)
	}
	for _, a := range got {
		if a.Code.Reveal() != "048291" || a.Receiver != "smtp" || !a.Stamped.IsZero() || time.Since(a.Received) > time.Minute || strings.Contains(a.ID, "m1") {
			t.Errorf("arrival %+v has another code, receiver, instant or id", a)
		}
	}
	w.wantCount(t, kindSMTP, matched, 2)
	w.wantCount(t, kindSMTP, duplicate, 1)
}

func TestMailRefusals(t *testing.T) {
	w := mailWorld(t, func(o *Options, _ *Deps) { o.SMTP.MaxSize = 2000 })
	to := w.addressOf("run-1")
	c := dial(t, w)
	wantReply(t, c.Mail("a@ereg.example", nil), 0)
	wantReply(t, c.Rcpt(to, nil), 550) // nobody waits there yet
	wantReply(t, c.Rcpt("aaaaaaaaaaaaaaaa@probe.example", nil), 550)
	wantReply(t, c.Rcpt("someone@else.example", nil), 550)
	wantReply(t, c.Rcpt("postmaster@probe.example", nil), 550)
	w.wantCount(t, kindSMTP, refused, 4)
	w.expect("A", probes.AddressKey(to))
	wantReply(t, c.SendMail("a@ereg.example", []string{to}, strings.NewReader(mailText("big")+strings.Repeat("x\r\n", 2000))), 552)
	wantReply(t, c.SendMail("a@ereg.example", []string{to}, strings.NewReader(mailText("good"))), 0)
	if got := w.taken(); len(got) != 1 {
		t.Errorf("%d arrivals, want one", len(got))
	}
	w.Forget("A")
	wantReply(t, c.SendMail("a@ereg.example", []string{to}, strings.NewReader(mailText("more"))), 0) // taken and dropped
}

func TestMailIsToldOnlyWhatIsRecorded(t *testing.T) {
	w := mailWorld(t, nil)
	one, two := w.addressOf("run-1"), w.addressOf("run-2")
	w.expect("A", probes.AddressKey(one))
	w.expect("B", probes.AddressKey(two))
	w.breakWith(errors.New("disk full"))
	c := dial(t, w)
	send := func() error {
		return c.SendMail("a@ereg.example", []string{one, two}, strings.NewReader(mailText("m1")))
	}
	wantReply(t, send(), 451)
	w.breakWith(nil)
	wantReply(t, send(), 0)
	wantReply(t, send(), 0)
	if got := w.taken(); len(got) != 2 {
		t.Errorf("%d arrivals, want two", len(got))
	}
}

func TestMailInChunks(t *testing.T) {
	w := mailWorld(t, nil)
	to := w.addressOf("run-1")
	w.expect("A", probes.AddressKey(to))
	conn, lines := plainDial(t, w)
	text := mailText("m1")
	half := len(text) / 2
	for _, step := range []struct{ say, want string }{
		{"EHLO x\r\n", "250 "},
		{"MAIL FROM:<a@b.example>\r\n", "250 "},
		{"RCPT TO:<" + to + ">\r\n", "250 "},
		{"BDAT " + strconv.Itoa(half) + "\r\n" + text[:half], "250 "},
		{"BDAT " + strconv.Itoa(len(text)-half) + " LAST\r\n" + text[half:], "250 "},
	} {
		_, _ = io.WriteString(conn, step.say)
		if got := reply(t, lines); !strings.HasPrefix(got, step.want) {
			t.Fatalf("reply %q, want %q", got, step.want)
		}
	}
	if got := w.taken(); len(got) != 1 {
		t.Errorf("%d arrivals, want one", len(got))
	}
}

func plainDial(t *testing.T, w *world) (net.Conn, *bufio.Scanner) {
	t.Helper()
	conn, err := net.Dial("tcp", w.SMTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	lines := bufio.NewScanner(conn)
	if got := reply(t, lines); !strings.HasPrefix(got, "220") && !strings.HasPrefix(got, "421") {
		t.Fatalf("greeting %q", got)
	}
	return conn, lines
}

// reply reads to the last line of a reply.
func reply(t *testing.T, lines *bufio.Scanner) string {
	t.Helper()
	for lines.Scan() {
		if line := lines.Text(); len(line) < 4 || line[3] == ' ' {
			return line
		}
	}
	t.Fatalf("no reply: %v", lines.Err())
	return ""
}

func TestTooManyConnections(t *testing.T) {
	w := mailWorld(t, func(o *Options, _ *Deps) { o.SMTP.MaxConnections = 1 })
	held, lines := plainDial(t, w)
	if got := emailVerdict(w); got != probes.Unknown {
		t.Errorf("e-mail is %q while every connection is held, want unknown", got)
	}
	second, err := net.Dial("tcp", w.SMTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = second.Close() }()
	_ = second.SetDeadline(time.Now().Add(20 * time.Second))
	answer, err := io.ReadAll(second)
	if err != nil || !strings.HasPrefix(string(answer), "421 ") {
		t.Errorf("the connection too many is told %q, %v; want 421", answer, err)
	}
	_, _ = io.WriteString(held, "QUIT\r\n")
	if got := reply(t, lines); !strings.HasPrefix(got, "221") {
		t.Errorf("reply %q to QUIT", got)
	}
	_, _ = io.ReadAll(held) // until it is closed
	to := w.addressOf("run-1")
	w.expect("A", probes.AddressKey(to))
	wantReply(t, dial(t, w).SendMail("a@b.example", []string{to}, strings.NewReader(mailText("m"))), 0)
}

// emailVerdict is what Listen says of e-mail in an hour, "" for nothing.
func emailVerdict(w *world) probes.Verdict {
	for _, r := range w.Listen(time.Now().Add(time.Hour)) {
		if r.Stream == probes.StreamEmail {
			return r.Verdict
		}
	}
	return ""
}

func TestASlowSenderIsCutOff(t *testing.T) {
	w := mailWorld(t, func(o *Options, _ *Deps) { o.SMTP.Timeout = 50 * time.Millisecond })
	_, lines := plainDial(t, w)
	if got := reply(t, lines); !strings.HasPrefix(got, "421") {
		t.Errorf("reply %q to silence, want 421", got)
	}
}

func TestMailInHandIsFinished(t *testing.T) {
	w := newWorld(t, func(o *Options, _ *Deps) { o.SMTP = SMTP{Listen: "127.0.0.1:0", Domain: "probe.example"} })
	ctx, stop := context.WithCancel(t.Context())
	w.deps.Deliver = func(ctx context.Context, a probes.Arrival) error {
		stop() // we are told to stop while a mail is being recorded
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return w.deliver(ctx, a)
	}
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	to := w.addressOf("run-1")
	w.expect("A", probes.AddressKey(to))
	wantReply(t, dial(t, w).SendMail("a@b.example", []string{to}, strings.NewReader(mailText("m"))), 0)
	if err := <-ended; err != nil {
		t.Errorf("Run ended with %v", err)
	}
	if got := len(w.taken()); got != 1 {
		t.Errorf("%d arrivals, want one", got)
	}
	if emailVerdict(w) != probes.Unknown {
		t.Errorf("e-mail is %q after the end, want unknown", emailVerdict(w))
	}
	for range 2 {
		if err := w.Close(); err != nil {
			t.Errorf("Close gives %v", err)
		}
	}
	if conn, err := net.Dial("tcp", w.SMTPAddr()); err == nil {
		_ = conn.Close()
		t.Error("the port is still open")
	}
}

func TestRunWithoutMailWaits(t *testing.T) {
	w := newWorld(t, nil)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := w.Run(ctx); err != nil || w.SMTPAddr() != "" || w.addressOf("run") != "" {
		t.Errorf("Run gives %v, address %q, %q", err, w.SMTPAddr(), w.addressOf("run"))
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	deliver := Deps{Deliver: func(context.Context, probes.Arrival) error { return nil }}
	for _, test := range []struct {
		name string
		o    Options
		sims []probes.SIM
		deps Deps
		want string
	}{
		{"no Deliver", Options{}, nil, Deps{}, "Deliver is missing"},
		{"a SIM without a receiver", Options{}, twoSIMs(), deliver, `sims[0].receiver: "phones" is not a receiver`},
		{"bad options", Options{Silence: -1}, nil, deliver, "silence: "},
		{"a port in use", Options{SMTP: SMTP{Listen: busy.Addr().String(), Domain: "probe.example"}}, nil, deliver, "listening for mail: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := New(test.o, test.sims, test.deps); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func FuzzReadMail(f *testing.F) {
	f.Add(mailText("m"))
	f.Add("Subject: =?x?q?=\r\nContent-Type: text/html; charset=utf-16\r\n\r\n<p>Kode 4829")
	f.Add("Delivered-To: <a+b@c.example>\r\nTo: undisclosed-recipients:;\r\n\r\n482915")
	f.Add("Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n")
	f.Fuzz(func(t *testing.T, raw string) {
		m, err := readMail([]byte(raw), "a@b.example")
		if envelope, err := parseMail([]byte(raw)); err == nil {
			_ = addressees(envelope)
		}
		if err == nil && (m.ID == "" && raw != "" || m.Receiver != mailReceiver) {
			t.Errorf("the mail %q has no id", raw)
		}
		if err != nil && err.Error() == "reading a mail: panic" {
			t.Errorf("the mail %q makes the parser panic", raw)
		}
	})
}

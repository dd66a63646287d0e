package inbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"pantau/internal/secret"
	"pantau/probes"
)

const (
	boxEmail    = "canary-box@mail.example"
	boxPassword = "canary-password \"1\""
)

// post is a mail server with one mailbox, and what can go wrong on the way to
// it.
type post struct {
	t        *testing.T
	user     *imapmemserver.User
	server   *imapserver.Server
	listener *trackedListener

	mu      sync.Mutex
	deaf    bool // IDLE tells nothing
	count   int  // sessions that logged in
	fetches int  // mails that were read
}

// newPost serves IMAP with an INBOX and, marked so, a folder Spam.
func newPost(t *testing.T, config *tls.Config, implicit bool) *post {
	t.Helper()
	p := &post{t: t, user: imapmemserver.NewUser(boxEmail, boxPassword)}
	p.create("INBOX")
	p.create("Spam")
	memory := imapmemserver.New()
	memory.AddUser(p.user)
	p.server = imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return &postSession{memory.NewSession(), p}, nil, nil
		},
		Caps:      imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapSpecialUse: {}, imap.CapUIDPlus: {}, imap.CapListExtended: {}},
		TLSConfig: config, InsecureAuth: config == nil || implicit, Logger: quietLog{},
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.listener = &trackedListener{Listener: listener}
	serving := net.Listener(p.listener)
	if implicit {
		serving = tls.NewListener(p.listener, config)
	}
	ended := make(chan error, 1)
	go func() { ended <- p.server.Serve(serving) }()
	t.Cleanup(func() {
		_ = p.server.Close()
		<-ended
	})
	return p
}

type quietLog struct{}

func (quietLog) Printf(string, ...any) {}

// postSession can be deaf.
type postSession struct {
	imapserver.Session
	post *post
}

func (s *postSession) Login(user, password string) error {
	if err := s.Session.Login(user, password); err != nil {
		// Servers like to say who it was.
		return &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeAuthenticationFailed, Text: "no " + user + " with " + password}
	}
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	s.post.count++
	return nil
}

func (s *postSession) Fetch(w *imapserver.FetchWriter, numbers imap.NumSet, options *imap.FetchOptions) error {
	s.post.mu.Lock()
	s.post.fetches++
	s.post.mu.Unlock()
	return s.Session.Fetch(w, numbers, options)
}

// List marks Spam as the folder for junk, which the server in memory cannot.
func (s *postSession) List(w *imapserver.ListWriter, _ string, _ []string, _ *imap.ListOptions) error {
	for _, folder := range []imap.ListData{{Mailbox: "INBOX", Delim: '/'}, {Mailbox: "Spam", Delim: '/', Attrs: []imap.MailboxAttr{imap.MailboxAttrJunk}}} {
		if _, err := s.post.user.Status(folder.Mailbox, &imap.StatusOptions{}); err != nil {
			continue
		}
		if err := w.WriteList(&folder); err != nil {
			return err
		}
	}
	return nil
}

func (s *postSession) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	s.post.mu.Lock()
	deaf := s.post.deaf
	s.post.mu.Unlock()
	// The server in memory forgets in its own Idle what came right before.
	for {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-stop:
			return nil
		}
		if deaf {
			continue
		}
		if err := s.Poll(w, true); err != nil {
			return err
		}
	}
}

// trackedListener can cut all connections, freeze them, and hide IDLE.
type trackedListener struct {
	net.Listener
	mu       sync.Mutex
	conns    []*trackedConn
	hideIdle bool
}

type trackedConn struct {
	net.Conn
	listener *trackedListener
	frozen   bool
}

func (l *trackedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	tracked := &trackedConn{Conn: conn, listener: l}
	l.conns = append(l.conns, tracked)
	return tracked, nil
}

func (l *trackedListener) each(do func(*trackedConn)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		do(c)
	}
}

func (c *trackedConn) Write(b []byte) (int, error) {
	c.listener.mu.Lock()
	frozen, hideIdle := c.frozen, c.listener.hideIdle
	c.listener.mu.Unlock()
	switch {
	case frozen:
		return len(b), nil
	case hideIdle:
		if _, err := c.Conn.Write(bytes.ReplaceAll(b, []byte(" IDLE"), nil)); err != nil {
			return 0, err
		}
		return len(b), nil
	}
	return c.Conn.Write(b)
}

func (p *post) create(folder string) {
	p.t.Helper()
	if err := p.user.Create(folder, &imap.CreateOptions{}); err != nil {
		p.t.Fatal(err)
	}
}

func (p *post) put(folder, text string) { p.putAt(folder, text, time.Now()) }

func (p *post) putAt(folder, text string, at time.Time) {
	p.t.Helper()
	if _, err := p.user.Append(folder, literal{bytes.NewReader([]byte(text))}, &imap.AppendOptions{Time: at}); err != nil {
		p.t.Fatal(err)
	}
}

// literal is a mail to be put into a mailbox.
type literal struct{ *bytes.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

// put and taken away: how many mails lie in a folder.
func (p *post) wantIn(folder string, want uint32) {
	p.t.Helper()
	waitUntil(p.t, fmt.Sprintf("%d mails lie in %s", want, folder), func() bool {
		status, err := p.user.Status(folder, &imap.StatusOptions{NumMessages: true})
		return err == nil && *status.NumMessages == want
	})
}

func waitUntil(t *testing.T, what string, is func() bool) {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); !is(); {
		if time.Now().After(limit) {
			t.Fatalf("it does not come to be that %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (p *post) options() IMAP {
	return IMAP{
		Name: "kotak", Address: p.listener.Addr().String(), TLS: tlsNone,
		Email: secret.New(boxEmail), Password: secret.New(boxPassword),
	}
}

// mailboxWorld is a world that listens to a mailbox until the test ends.
func mailboxWorld(t *testing.T, box IMAP, change func(*Options, *Deps)) *world {
	t.Helper()
	w := newWorld(t, func(o *Options, deps *Deps) {
		o.IMAP = []IMAP{box}
		if change != nil {
			change(o, deps)
		}
	})
	return w
}

func (w *world) listen(t *testing.T) *world {
	t.Helper()
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

// hears waits until e-mail is heard.
func (w *world) hears(t *testing.T) *world {
	t.Helper()
	waitUntil(t, "e-mail is heard", func() bool { return w.emailNow() == probes.Up })
	return w
}

func (w *world) emailNow() probes.Verdict {
	for _, r := range w.Listen(time.Now()) {
		if r.Stream == probes.StreamEmail {
			return r.Verdict
		}
	}
	return ""
}

// awaitMail opens a wait for mail to the mailbox, asked for that long ago.
func (w *world) awaitMail(id string, run string, ago time.Duration) {
	wait := waitFor(id, probes.AddressKey(w.AddressFor("kotak", run).Address.Reveal()), 0)
	wait.Stream, wait.Requested = probes.StreamEmail, time.Now().Add(-ago)
	w.Expect(wait)
}

func (w *world) wantArrivals(t *testing.T, want ...string) []probes.Arrival {
	t.Helper()
	waitUntil(t, fmt.Sprintf("%d arrivals are there", len(want)), func() bool { return len(w.taken()) >= len(want) })
	var got []string
	for _, a := range w.taken() {
		got = append(got, a.Wait)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("arrivals for %v, want %v", got, want)
	}
	return w.taken()
}

// mailTo is mailText to an address with a code of its own.
func mailTo(id, to, code string) string {
	return "From: DJP <noreply@ereg.example>\r\nTo: " + to + "\r\nSubject: Kode OTP e-Registration\r\nMessage-ID: <" + id +
		"@ereg.example>\r\n\r\nKode OTP Anda: " + code + "\r\nBerlaku 10 menit.\r\n"
}

func TestMailIsHeardByIDLE(t *testing.T) {
	p := newPost(t, nil, false)
	p.put("INBOX", mailTo("before", boxEmail, "111111")) // from before we listened
	w := mailboxWorld(t, p.options(), nil).listen(t).hears(t)
	if to := w.AddressFor("", "run-1"); to.Address.Reveal() != boxEmail || !to.Shared || w.AddressFor("other", "r").Address.Reveal() != "" {
		t.Fatalf("the address is shared: %v", to.Shared)
	}
	w.awaitMail("A", "run-1", 0)
	began := time.Now()
	p.put("INBOX", mailTo("m1", boxEmail, "048291"))
	a := w.wantArrivals(t, "A")[0]
	if a.Code.Reveal() != "048291" || a.Receiver != "kotak" || a.Junk || strings.Contains(a.ID, "m1") {
		t.Errorf("arrival %+v has another code, receiver or id", a)
	}
	// The server stamps whole seconds, by its own clock.
	if a.Received.Before(began) || a.Stamped.Before(began.Truncate(time.Second)) || a.Stamped.After(time.Now()) || a.Device != a.Stamped {
		t.Errorf("stamped %s, at the device %s, received %s; began at %s", a.Stamped, a.Device, a.Received, began)
	}
	p.put("INBOX", mailTo("m1", boxEmail, "048291")) // delivered twice
	w.awaitMail("B", "run-2", 0)
	p.put("INBOX", mailTo("m2", boxEmail, "739201"))
	w.wantArrivals(t, "A", "B")
	w.wantCount(t, kindIMAP, duplicate, 1)
	p.wantIn("INBOX", 4) // they are kept
}

func TestMailIsHeardWithoutIDLE(t *testing.T) {
	p := newPost(t, nil, false)
	p.listener.mu.Lock()
	p.listener.hideIdle = true
	p.listener.mu.Unlock()
	o := p.options()
	o.Poll = time.Second
	w := mailboxWorld(t, o, nil).listen(t).hears(t)
	w.awaitMail("A", "run-1", 0)
	p.put("INBOX", mailTo("m1", boxEmail, "048291"))
	w.wantArrivals(t, "A")
	if told, err := o.Check(t.Context()); err != nil || !strings.Contains(told, "no IDLE") {
		t.Errorf("the check says %q, %v", told, err)
	}
}

// A server can forget that it was asked to tell of mail.
func TestAnIDLEThatTellsNothingIsRenewed(t *testing.T) {
	p := newPost(t, nil, false)
	p.deaf = true
	w := mailboxWorld(t, p.options(), func(o *Options, _ *Deps) { o.Silence = 900 * time.Millisecond }).listen(t).hears(t)
	w.awaitMail("A", "run-1", 0)
	p.put("INBOX", mailTo("m1", boxEmail, "048291"))
	w.wantArrivals(t, "A")
	if got := w.emailNow(); got != probes.Up {
		t.Errorf("e-mail is %q, want up", got)
	}
}

func TestAFrozenServerIsSilence(t *testing.T) {
	p := newPost(t, nil, false)
	w := mailboxWorld(t, p.options(), func(o *Options, _ *Deps) { o.Silence = 600 * time.Millisecond }).listen(t).hears(t)
	p.listener.each(func(c *trackedConn) { c.frozen = true })
	waitUntil(t, "e-mail is not heard", func() bool { return w.emailNow() == probes.Unknown })
	for _, r := range w.Listen(time.Now()) {
		if r.Stream == probes.StreamEmail && !strings.Contains(r.Evidence, `of mailbox "kotak" silent since `) {
			t.Errorf("evidence %q", r.Evidence)
		}
	}
}

func TestACutConnectionLosesNothing(t *testing.T) {
	p := newPost(t, nil, false)
	w := mailboxWorld(t, p.options(), nil).listen(t).hears(t)
	w.awaitMail("A", "run-1", 0)
	p.listener.each(func(c *trackedConn) { _ = c.Conn.Close() })
	p.put("INBOX", mailTo("m1", boxEmail, "048291"))
	w.wantArrivals(t, "A")
}

func TestOtherNumbersAreOtherMails(t *testing.T) {
	p := newPost(t, nil, false)
	p.create("Kode")
	o := p.options()
	o.Mailbox = "Kode"
	w := mailboxWorld(t, o, func(o *Options, _ *Deps) { o.Silence = 900 * time.Millisecond })
	for i := range 3 {
		p.put("Kode", mailTo(fmt.Sprint("old-", i), boxEmail, fmt.Sprint("11111", i)))
	}
	w.listen(t).hears(t)
	w.awaitMail("A", "run-1", 0)
	if err := p.user.Delete("Kode"); err != nil {
		t.Fatal(err)
	}
	p.create("Kode") // its numbers begin at 1 again
	p.putAt("Kode", mailTo("old-3", boxEmail, "222222"), time.Now().Add(-time.Hour))
	p.put("Kode", mailTo("m1", boxEmail, "048291"))
	if a := w.wantArrivals(t, "A")[0]; a.Code.Reveal() != "048291" {
		t.Error("another mail was taken for the answer")
	}
}

// What came while we were not running answers the waits that were restored.
func TestMailFromBeforeTheStart(t *testing.T) {
	p := newPost(t, nil, false)
	now := time.Now()
	p.putAt("INBOX", mailTo("m0", boxEmail, "111111"), now.Add(-5*time.Minute))
	p.putAt("INBOX", mailTo("m1", boxEmail, "048291"), now.Add(-2*time.Minute))
	w := mailboxWorld(t, p.options(), nil)
	w.awaitMail("A", "run-1", 3*time.Minute)
	w.listen(t)
	a := w.wantArrivals(t, "A")[0]
	if a.Code.Reveal() != "048291" || a.Received.Before(now) || a.Device.After(now.Add(-time.Minute)) {
		t.Errorf("arrival at the device %s, received %s", a.Device, a.Received)
	}
}

// TestMailThatCameWhileWeWereAway: a code that lay in the mailbox since before
// the request that is waited for now is no answer to it.
func TestMailThatCameWhileWeWereAway(t *testing.T) {
	w := mailboxWorld(t, newPost(t, nil, false).options(), nil)
	w.awaitMail("B", "run-2", time.Minute)
	f, now := w.mailboxes[0].folders[0], time.Now()
	for _, test := range []struct {
		name     string
		answered time.Duration // ago
		came     time.Duration // ago
		want     Why
	}{
		{"after three hours, for a request from before", 3 * time.Hour, 2 * time.Hour, WhyStale},
		{"while we listened, by a clock that is slow", time.Second, 2 * time.Hour, WhyAddress},
	} {
		f.heard(now.Add(-test.answered))
		m, err := f.message(letter{came: now.Add(-test.came), raw: []byte(mailTo(test.name, boxEmail, "111111"))}, now)
		if err != nil {
			t.Fatal(err)
		}
		if _, why, _ := w.ledger.Match(m); why != test.want {
			t.Errorf("%s: %s, want %s", test.name, why, test.want)
		}
	}
}

// Nothing but what may answer a wait is read, however long the mailbox has been
// somebody's.
func TestOldMailIsNeverRead(t *testing.T) {
	p := newPost(t, nil, false)
	for n := range 5 {
		p.putAt("INBOX", mailTo(fmt.Sprint("old-", n), boxEmail, "111111"), time.Now().AddDate(0, 0, -10))
	}
	w := mailboxWorld(t, p.options(), nil)
	w.awaitMail("A", "run-1", time.Minute)
	w.listen(t).hears(t)
	p.put("INBOX", mailTo("m1", boxEmail, "048291"))
	w.wantArrivals(t, "A")
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fetches != 1 {
		t.Errorf("%d mails were read, want the one that came", p.fetches)
	}
}

func TestMailInTheJunkFolder(t *testing.T) {
	p := newPost(t, nil, false)
	w := mailboxWorld(t, p.options(), nil).listen(t).hears(t)
	w.awaitMail("A", "run-1", 0)
	p.put("Spam", mailTo("m1", boxEmail, "048291"))
	if a := w.wantArrivals(t, "A")[0]; !a.Junk || a.Code.Reveal() != "048291" {
		t.Errorf("arrival %+v is not of the junk folder", a)
	}
	p.put("INBOX", mailTo("m1", boxEmail, "048291")) // moved by its owner
	w.awaitMail("B", "run-2", 0)
	p.put("INBOX", mailTo("m2", boxEmail, "739201"))
	if a := w.wantArrivals(t, "A", "B")[1]; a.Junk {
		t.Error("a mail of the inbox is junk")
	}
}

func TestAMailboxWithoutAJunkFolder(t *testing.T) {
	p := newPost(t, nil, false)
	if err := p.user.Delete("Spam"); err != nil {
		t.Fatal(err)
	}
	w := mailboxWorld(t, p.options(), nil).listen(t).hears(t)
	w.awaitMail("A", "run-1", 0)
	p.put("INBOX", mailTo("m1", boxEmail, "048291"))
	w.wantArrivals(t, "A")
	if told, err := p.options().Check(t.Context()); err != nil || !strings.Contains(told, "no junk folder") {
		t.Errorf("the check says %q, %v", told, err)
	}
}

func TestPlusAddressesAreTheirRuns(t *testing.T) {
	p := newPost(t, nil, false)
	o := p.options()
	o.Plus = true
	w := mailboxWorld(t, o, nil).listen(t).hears(t)
	one, two := w.AddressFor("kotak", "run-1"), w.AddressFor("kotak", "run-2")
	if one.Shared || !strings.HasPrefix(one.Address.Reveal(), "canary-box+") || !strings.HasSuffix(one.Address.Reveal(), "@mail.example") {
		t.Fatal("the address is not one of the mailbox for one run")
	}
	w.awaitMail("A", "run-1", 0)
	w.awaitMail("B", "run-2", 0)
	p.put("INBOX", mailTo("m0", boxEmail, "111111")) // to all of the mailbox: nobody's
	p.put("INBOX", mailTo("m2", "DJP <"+strings.ToUpper(two.Address.Reveal())+">", "222222"))
	p.put("INBOX", "Delivered-To: "+one.Address.Reveal()+"\r\n"+mailTo("m1", "undisclosed-recipients:;", "333333"))
	got := w.wantArrivals(t, "B", "A")
	if got[0].Code.Reveal() != "222222" || got[1].Code.Reveal() != "333333" {
		t.Error("the codes are exchanged")
	}
}

func TestAHugeMail(t *testing.T) {
	p := newPost(t, nil, false)
	o := p.options()
	o.MaxSize = 4096
	w := mailboxWorld(t, o, nil).listen(t).hears(t)
	w.awaitMail("A", "run-1", 0)
	p.put("INBOX", mailTo("m1", boxEmail, "739201")+strings.Repeat("a long story\r\n", 200_000))
	w.wantArrivals(t, "A")
	w.awaitMail("B", "run-2", 0)
	text := mailText("m2") // cut off within a part of it
	p.put("INBOX", strings.Replace(text, "--b--", strings.Repeat("<p>a long story\r\n", 1000)+"--b--", 1))
	w.wantArrivals(t, "A", "B")
}

func TestWhatBecomesOfMailsThatWereTaken(t *testing.T) {
	for _, test := range []struct {
		after  string
		remain uint32
		unseen uint32
	}{
		{afterKeep, 2, 2},
		{afterSeen, 2, 1},
		{afterDelete, 1, 1},
	} {
		t.Run(test.after, func(t *testing.T) {
			p := newPost(t, nil, false)
			o := p.options()
			o.After = test.after
			w := mailboxWorld(t, o, nil).listen(t).hears(t)
			p.put("INBOX", "Subject: private\r\n\r\nnot for us")
			w.awaitMail("A", "run-1", 0)
			p.put("INBOX", mailTo("m1", boxEmail, "048291"))
			w.wantArrivals(t, "A")
			p.wantIn("INBOX", test.remain)
			waitUntil(t, fmt.Sprint(test.unseen, " mails are not seen"), func() bool {
				status, err := p.user.Status("INBOX", &imap.StatusOptions{NumUnseen: true})
				return err == nil && *status.NumUnseen == test.unseen
			})
		})
	}
}

// A mail is read again until it is recorded, and was received the first time.
func TestAMailThatIsNotRecordedIsReadAgain(t *testing.T) {
	p := newPost(t, nil, false)
	w := mailboxWorld(t, p.options(), nil).listen(t).hears(t)
	w.awaitMail("A", "run-1", 0)
	w.breakWith(fmt.Errorf("disk full"))
	p.put("INBOX", mailTo("m1", boxEmail, "048291"))
	failures := w.deps.Metrics.messages.WithLabelValues(string(kindIMAP), string(failed))
	waitUntil(t, "recording was tried", func() bool { return testutil.ToFloat64(failures) > 0 })
	tried := time.Now()
	w.breakWith(nil)
	if a := w.wantArrivals(t, "A")[0]; a.Received.After(tried) {
		t.Errorf("received %s, after the first try at %s", a.Received, tried)
	}
}

func TestMailboxesOverTLS(t *testing.T) {
	folder := t.TempDir()
	certFile, keyFile, _ := issue(t, folder, 1)
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{tlsImplicit, tlsStart} {
		t.Run(kind, func(t *testing.T) {
			p := newPost(t, &tls.Config{Certificates: []tls.Certificate{pair}}, kind == tlsImplicit)
			o := p.options()
			o.TLS, o.CA = kind, certFile
			w := mailboxWorld(t, o, nil).listen(t).hears(t)
			w.awaitMail("A", "run-1", 0)
			p.put("INBOX", mailTo("m1", boxEmail, "048291"))
			w.wantArrivals(t, "A")
			o.CA = ""
			if _, err := o.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate is not trusted") {
				t.Errorf("a stranger's certificate gives %v", err)
			}
		})
	}
}

// What is wrong is said in plain words, without a name, password or what the
// server says.
func TestWhatIsWrongWithAMailbox(t *testing.T) {
	p := newPost(t, nil, false)
	wary := newPost(t, &tls.Config{}, false) // wants STARTTLS
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	talker, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = talker.Close() }()
	go func() {
		for conn, err := talker.Accept(); err == nil; conn, err = talker.Accept() {
			_, _ = conn.Write([]byte("220 canary-word ESMTP\r\n"))
		}
	}()
	for _, test := range []struct {
		name   string
		change func(*IMAP)
		want   string
	}{
		{"the password", func(o *IMAP) { o.Password = secret.New("canary-wrong") }, "logging in: the mail server refuses the user name or the password"},
		{"the name", func(o *IMAP) { o.Username = secret.New("canary-nobody") }, "logging in: the mail server refuses the user name or the password"},
		{"the folder", func(o *IMAP) { o.Mailbox = "Kotak" }, "opening the folder: the folder does not exist or is not ours"},
		{"the junk folder", func(o *IMAP) { o.Junk = "Sampah" }, "junk: opening the folder: the folder does not exist or is not ours"},
		{"the port", func(o *IMAP) { o.Address = closed.Addr().String() }, "connecting to the mail server: connection refused"},
		{"the kind of port", func(o *IMAP) { o.TLS = tlsImplicit }, "greeting the mail server: it does not speak TLS here; is tls right for this port?"},
		{"STARTTLS", func(o *IMAP) { o.TLS = tlsStart }, "greeting the mail server: the mail server refuses it"},
		{"a connection in clear", func(o *IMAP) { o.Address = wary.listener.Addr().String() }, "logging in: the mail server takes no password on this connection; set tls to implicit or starttls"},
		{"another service", func(o *IMAP) { o.Address = talker.Addr().String() }, "greeting the mail server: it says something that is not IMAP"},
		{"the CA file", func(o *IMAP) { o.TLS, o.CA = tlsImplicit, "none.pem" }, "reading who signed the mail server's certificate: open none.pem: no such file or directory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := p.options()
			test.change(&o)
			_, err := o.Check(t.Context())
			if err == nil || err.Error() != test.want {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
	if told, err := p.options().Check(t.Context()); err != nil || told != `IDLE, junk folder found` {
		t.Errorf("the check of a good mailbox says %q, %v", told, err)
	}
}

// A wrong password is not tried again and again: that locks accounts.
func TestAWrongPasswordIsSilenceWithItsReason(t *testing.T) {
	p := newPost(t, nil, false)
	var log syncBuffer
	o := p.options()
	o.Password = secret.New("canary-wrong")
	w := mailboxWorld(t, o, func(o *Options, deps *Deps) {
		o.Silence = 50 * time.Millisecond
		deps.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}).listen(t)
	waitUntil(t, "the reason is known", func() bool { return strings.Count(log.String(), "refuses the user name or the password") == 2 })
	waitUntil(t, "e-mail is not heard", func() bool { return w.emailNow() == probes.Unknown })
	results := w.Listen(time.Now())
	if said := results[len(results)-1].Evidence; said != `inbox of mailbox "kotak" never heard: logging in: the mail server refuses the user name or the password` {
		t.Errorf("evidence %q", said)
	}
	wantClean(t, "the log", log.String(), "canary")
	if p.count != 0 {
		t.Errorf("%d logins", p.count)
	}
}

func TestAMailboxLeaksNothing(t *testing.T) {
	p := newPost(t, nil, false)
	var log syncBuffer
	w := mailboxWorld(t, p.options(), func(_ *Options, deps *Deps) {
		deps.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}).listen(t).hears(t)
	w.awaitMail("A", "run-1", 0)
	w.breakWith(fmt.Errorf("disk full"))
	p.put("INBOX", mailTo("canary-id", boxEmail, "739201"))
	waitUntil(t, "it is said that it was not recorded", func() bool { return strings.Contains(log.String(), "not recorded") })
	w.breakWith(nil)
	w.wantArrivals(t, "A")
	p.put("INBOX", mailTo("canary-2", boxEmail, "739201 atau 820137")) // two codes
	p.put("INBOX", mailTo("canary-3", boxEmail, "820137"))             // nobody's
	p.put("Spam", "Content-Type: multipart/mixed; boundary=canary\r\n\r\n--canary\r\n739201")
	p.listener.each(func(c *trackedConn) { _ = c.Conn.Close() })
	waitUntil(t, "the mailbox is heard again", func() bool { return strings.Count(log.String(), "listened to again") >= 2 })
	said := fmt.Sprintf("%+v %+v %+v %v", w.taken(), w.Listen(time.Now()), w.AddressFor("kotak", "run-1"), w.options)
	families, err := w.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	wantClean(t, "what is said", said+fmt.Sprint(families), "canary", "739201", "820137")
	wantClean(t, "the log", log.String(), "canary", "739201", "820137")
}

func TestIMAPOptions(t *testing.T) {
	good := IMAP{Name: "kotak", Address: "mail.example:993", Email: secret.New("a@b.example"), Password: secret.New("p")}
	with := func(change func(*IMAP)) Options {
		o := good
		change(&o)
		return Options{IMAP: []IMAP{o}}
	}
	for _, test := range []struct {
		name    string
		options Options
		want    []string
	}{
		{"good", Options{IMAP: []IMAP{good}}, nil},
		{"loopback", with(func(o *IMAP) { o.TLS, o.Address = tlsNone, "127.0.0.1:143" }), nil},
		{"in clear", with(func(o *IMAP) { o.TLS = tlsNone }), []string{"imap[0].tls: none would send the password in clear; it is for servers on this machine only"}},
		{"twice", Options{IMAP: []IMAP{good, good}}, []string{`imap[1].name: "kotak" is taken by another receiver`}},
		{"the name of the SMTP receiver", with(func(o *IMAP) { o.Name = "smtp" }), []string{`imap[0].name: "smtp" is taken by another receiver`}},
		{"all wrong", Options{IMAP: []IMAP{{TLS: "ssl", After: "burn", Email: secret.New("A <a@b.example>"), Address: "mail", Poll: time.Millisecond, MaxSize: 1 << 30}}}, []string{
			`imap[0].name: "" is not a name; use lower-case letters, digits and hyphens`,
			`imap[0].tls: "ssl" is unknown; write implicit, starttls, none`,
			`imap[0].after: "burn" is unknown; write keep, seen, delete`,
			`imap[0].address: "mail" is not HOST:PORT`,
			`imap[0].email: is not a mail address`,
			`imap[0].password: is missing`,
			`imap[0].poll: is 1ms, want at least 1s`,
			`imap[0].max_size: 1073741824 is too large; at most 4194304`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) { wantMistakes(t, test.options.Validate(), test.want) })
	}
}

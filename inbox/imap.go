package inbox

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"

	"pantau/internal/secret"
	"pantau/probes"
)

// How a mailbox is tried again: soon at first, then less and less often. Who
// tries a wrong password often locks the account.
const (
	shortestPause = time.Second
	longestPause  = 5 * time.Minute
)

// longestIdle keeps IDLE below the 30 minutes after which servers hang up.
const longestIdle = 25 * time.Minute

// mostLetters is how many mails are read at one look, the newest of more.
const mostLetters = 200

// mailbox listens to one real mailbox: a connection for the folder that mail
// comes to, and one for the folder of junk, so that the moment is known at
// which a mail came to either.
type mailbox struct {
	inbox   *Inbox
	options IMAP
	folders []*folder
}

// folder is one of the folders. Only its run changes what is not locked.
type folder struct {
	box  *mailbox
	junk bool
	name string // "" until the junk folder is found

	validity uint32    // the numbers below belong to this UIDVALIDITY
	next     imap.UID  // the first mail not read yet; 0 when nothing was read
	since    time.Time // while what came before we listened is read: the earliest that may matter
	fresh    imap.UID  // the first mail that came after we began to; 0 when the server does not say

	mu       sync.Mutex
	answered time.Time // when the server last proved to listen
	absent   bool      // there is no such folder, and so nothing to hear
	trouble  error     // why it does not
}

func newMailbox(i *Inbox, o IMAP) *mailbox {
	b := &mailbox{inbox: i, options: o}
	b.folders = []*folder{{box: b, name: o.Mailbox}, {box: b, junk: true, name: o.Junk}}
	return b
}

// addressFor is where the code of a run is sent.
func (b *mailbox) addressFor(run string) probes.MailAddress {
	local, domain, _ := strings.Cut(b.options.Email.Reveal(), "@")
	if !b.options.Plus {
		return probes.MailAddress{Address: b.options.Email, Shared: true}
	}
	return probes.MailAddress{Address: secret.New(local + "+" + b.inbox.unguessable(run) + "@" + domain)}
}

// key is that of the waits the mailbox answers, "" when each has its own.
func (b *mailbox) key() string {
	if b.options.Plus {
		return ""
	}
	return probes.AddressKey(b.options.Email.Reveal())
}

// run listens until ctx ends.
func (b *mailbox) run(ctx context.Context) {
	var folders sync.WaitGroup
	for _, f := range b.folders {
		folders.Go(func() { f.run(ctx) })
	}
	folders.Wait()
}

// run connects again and again.
func (f *folder) run(ctx context.Context) {
	pause := shortestPause
	for {
		began := time.Now()
		err := f.connection(ctx)
		if ctx.Err() != nil {
			return
		}
		if f.lastAnswer().After(began) {
			pause = shortestPause
		}
		var fault *imapFault
		if errors.As(err, &fault) && fault.login || f.isAbsent() {
			pause = longestPause
		}
		f.inTrouble(err)
		select {
		case <-time.After(jittered(pause)):
		case <-ctx.Done():
			return
		}
		pause = min(2*pause, longestPause)
	}
}

// jittered is between half and one and a half of a pause, so that many do not
// come back at once.
func jittered(pause time.Duration) time.Duration {
	return pause/2 + time.Duration(rand.Int64N(int64(pause)))
}

// inTrouble notes why nothing is heard, and logs what is new.
func (f *folder) inTrouble(err error) {
	f.mu.Lock()
	known := err == nil || f.trouble != nil && f.trouble.Error() == err.Error()
	f.trouble = err
	f.mu.Unlock()
	if !known {
		f.box.inbox.deps.Log.Warn("a mailbox is not listened to", "receiver", f.box.options.Name, "device", f.device(), "error", err)
	}
}

// heard notes that the server listens.
func (f *folder) heard(at time.Time) {
	f.mu.Lock()
	was := f.trouble
	f.answered, f.trouble, f.absent = at, nil, false
	f.mu.Unlock()
	f.box.inbox.deps.Metrics.heard(handset{f.box.options.Name, f.device()}, at)
	if was != nil {
		f.box.inbox.deps.Log.Info("a mailbox is listened to again", "receiver", f.box.options.Name, "device", f.device())
	}
}

// device is what logs and metrics call the folder.
func (f *folder) device() string {
	if f.junk {
		return "junk"
	}
	return "inbox"
}

func (f *folder) lastAnswer() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.answered
}

func (f *folder) isAbsent() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.absent
}

// connection listens for the life of one connection.
func (f *folder) connection(ctx context.Context) (err error) {
	defer func() {
		if recover() != nil {
			err = &imapFault{doing: "listening to the mailbox", said: "a mistake of ours"} // its value can hold a mail
		}
	}()
	c, err := dialIMAP(ctx, f.box.options)
	if err != nil {
		return err
	}
	defer c.close()
	if err := f.find(c); err != nil || f.isAbsent() {
		return err
	}
	for ctx.Err() == nil {
		if err := f.round(ctx, c); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// find asks for the name of the junk folder. A mailbox without one has nothing
// to hear there until one is made.
func (f *folder) find(c *imapConn) error {
	if f.name != "" {
		return nil
	}
	name, err := c.junkFolder()
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.name, f.absent = name, name == ""
	return nil
}

// round opens the folder, which shows whether its numbers still hold, reads
// what is new, and then what comes until it is time for another round: a wait
// that went on would not notice that the server has forgotten it.
func (f *folder) round(ctx context.Context, c *imapConn) error {
	state, err := c.open(f.name)
	if err != nil {
		return err
	}
	f.begin(state)
	for at, told := time.Now(), true; told; {
		if err := f.look(ctx, c, at); err != nil {
			return err
		}
		f.heard(time.Now())
		if at, told, err = c.wait(ctx, f.box.pause(c.idles)); err != nil {
			return err
		}
	}
	return nil
}

// pause is how long a wait for mail lasts: short enough that a mailbox that
// fell silent is known to be before the next limit of silence.
func (b *mailbox) pause(idles bool) time.Duration {
	atMost := b.inbox.options.Silence / 3
	if idles {
		return min(longestIdle, atMost)
	}
	return min(b.options.Poll, atMost)
}

// begin decides where reading begins. Numbers under another UIDVALIDITY are
// other mails; of those, as of what was there when we began to listen, only
// what came after a request that is still waited for may matter.
func (f *folder) begin(state *imap.SelectData) {
	if f.next != 0 && f.validity == state.UIDValidity {
		return
	}
	f.validity, f.fresh = state.UIDValidity, state.UIDNext
	since, waits := f.box.inbox.ledger.oldestMail(f.box.key())
	if !waits && state.UIDNext > 0 {
		f.next, f.since = state.UIDNext, time.Time{}
		return
	}
	if !waits {
		since = time.Now()
	}
	f.next, f.since = 1, since.Truncate(time.Second) // servers stamp whole seconds
}

// look reads the mails from f.next on, each once.
func (f *folder) look(ctx context.Context, c *imapConn, at time.Time) error {
	found, err := c.search(f.next, f.since)
	if err != nil {
		return err
	}
	if more := len(found) - mostLetters; more > 0 {
		f.box.inbox.deps.Log.Warn("too many mails at once; the oldest are not read", "receiver", f.box.options.Name, "unread", more)
		found = found[more:]
	}
	for _, uid := range found {
		if err := f.read(ctx, c, uid, at); err != nil {
			return err
		}
		f.next = uid + 1
	}
	f.next, f.since = max(f.next, f.fresh), time.Time{}
	return nil
}

// read takes one mail. When that could not be recorded, it is read again on the
// next connection.
func (f *folder) read(ctx context.Context, c *imapConn, uid imap.UID, at time.Time) error {
	o := f.box.options
	l, ok, err := c.fetch(uid, o.MaxSize)
	if err != nil || !ok || l.came.Before(f.since) {
		return err
	}
	m, err := f.message(l, at)
	if err != nil {
		f.box.inbox.deps.Metrics.count(kindIMAP, refused)
		f.box.inbox.deps.Log.Warn("a mail could not be read", "receiver", o.Name, "bytes", len(l.raw))
		return nil
	}
	answers, err := f.box.inbox.hand(ctx, kindIMAP, m)
	if err != nil {
		f.box.inbox.deps.Log.Error("a message was not recorded", "receiver", o.Name, "error", err)
		return &imapFault{doing: "recording a mail", said: "it will be read again"}
	}
	if !answers {
		return nil
	}
	if err := c.mark(uid, o.After); err != nil {
		// It has had its effect: whether it is marked must not bring it again.
		f.box.inbox.deps.Log.Warn("a mail that was taken could not be marked", "receiver", o.Name, "error", err)
	}
	return nil
}

// message is a mail in the common form. The server had it when it came to the
// folder, whenever we hear of that.
func (f *folder) message(l letter, at time.Time) (Message, error) {
	envelope, err := parseMail(l.raw)
	if err != nil {
		return Message{}, err
	}
	m := messageOf(envelope, l.raw, "")
	m.Receiver, m.Mailbox, m.Junk = f.box.options.Name, true, f.junk
	m.Stamped, m.DeviceAt, m.Received = l.came, l.came, at
	m.Held = at.Sub(f.lastAnswer()) > f.box.inbox.options.Silence // it may have lain there as long as we were away
	m.Recipient = f.box.recipient(addressees(envelope))
	sum := keyed(f.box.inbox.key, "mailbox", m.ID, strings.ToLower(m.Recipient.Reveal()))
	m.ID = hex.EncodeToString(sum[:16])
	return m, nil
}

// recipient is whom a mail is for. Only with Plus does it matter what stands on
// the envelope: any other mail in the mailbox is for all of it.
func (b *mailbox) recipient(named []string) secret.Value {
	local, domain, _ := strings.Cut(b.options.Email.Reveal(), "@")
	for _, address := range named {
		user, host, _ := strings.Cut(address, "@")
		tagged := len(user) > len(local) && strings.EqualFold(user[:len(local)+1], local+"+")
		if b.options.Plus && tagged && strings.EqualFold(host, domain) {
			return secret.New(address)
		}
	}
	return b.options.Email
}

// deaf says why nothing that is sent to the mailbox can be heard at now, "" if
// it can. Before it has had time to connect, it is neither.
func (b *mailbox) deaf(since, now time.Time, silence time.Duration) (why string, waiting bool) {
	for _, f := range b.folders {
		f.mu.Lock()
		answered, absent, trouble := f.answered, f.absent, f.trouble
		f.mu.Unlock()
		switch {
		case absent, !answered.IsZero() && now.Sub(answered) <= silence:
		case answered.IsZero() && now.Sub(since) <= silence:
			waiting = true
		default:
			return b.silentSince(f, answered, trouble), false
		}
	}
	return "", waiting
}

func (b *mailbox) silentSince(f *folder, answered time.Time, trouble error) string {
	text := fmt.Sprintf("%s of mailbox %q never heard", f.device(), b.options.Name)
	if !answered.IsZero() {
		text = fmt.Sprintf("%s of mailbox %q silent since %s", f.device(), b.options.Name, instant(answered))
	}
	if trouble != nil {
		text += ": " + trouble.Error()
	}
	return text
}

// listenMail says whether mail could be heard at now. Every mail receiver
// counts: what is sent to one that is deaf would seem lost.
func (i *Inbox) listenMail(now time.Time) []probes.Result {
	var deaf []string
	grace := now.Sub(i.pulse.since) <= i.options.Silence
	waiting := false
	if i.mail != nil && !i.mail.accepting(now) {
		waiting = grace
		if !grace {
			deaf = append(deaf, "the SMTP receiver takes no connections")
		}
	}
	for _, b := range i.mailboxes {
		why, waits := b.deaf(i.pulse.since, now, i.options.Silence)
		waiting = waiting || waits
		if why != "" {
			deaf = append(deaf, why)
		}
	}
	switch {
	case i.mail == nil && len(i.mailboxes) == 0:
		return nil
	case len(deaf) > 0:
		return []probes.Result{silentResult(probes.StreamEmail, now, strings.Join(deaf, "; "))}
	case waiting:
		return nil
	default:
		return []probes.Result{heardResult(probes.StreamEmail, now)}
	}
}

package inbox

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pantau/internal/secret"
)

// dovecotProgram is not on the path of every user.
const dovecotProgram = "/usr/sbin/dovecot"

// dovecot is Debian's real IMAP server with one mailbox in Maildir format.
type dovecot struct {
	t         *testing.T
	folder    string
	owner     *user.User // whom it runs as
	imap      string     // HOST:PORT that wants STARTTLS
	imaps     string
	cert      string
	process   *exec.Cmd
	delivered int
}

// startDovecot runs a server of its own, without any privilege, until the test
// ends.
func startDovecot(t *testing.T) *dovecot {
	t.Helper()
	if _, err := os.Stat(dovecotProgram); err != nil {
		t.Skip("dovecot is not installed (Debian: dovecot-imapd)")
	}
	d := &dovecot{t: t, folder: t.TempDir(), imap: freePort(t), imaps: freePort(t)}
	var err error
	if d.owner, err = user.Current(); err != nil {
		t.Fatal(err)
	}
	if d.owner.Uid == "0" {
		d.lowerOwner()
	}
	d.configure()
	d.start()
	t.Cleanup(func() {
		d.stop()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(d.folder, "log"))
			t.Logf("dovecot says:\n%s", log)
		}
	})
	return d
}

// lowerOwner has the server run as nobody: it refuses to serve root's mail.
func (d *dovecot) lowerOwner() {
	d.t.Helper()
	var err error
	if d.owner, err = user.Lookup("nobody"); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(d.folder), 0o755); err != nil {
		d.t.Fatal(err)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func portOf(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }

// configure writes everything dovecot needs below one folder.
func (d *dovecot) configure() {
	d.t.Helper()
	cert, key, _ := issue(d.t, d.folder, 1)
	d.cert = cert
	group, err := user.LookupGroupId(d.owner.Gid)
	if err != nil {
		d.t.Fatal(err)
	}
	write(d.t, filepath.Join(d.folder, "passwd"), []byte(boxEmail+":{PLAIN}"+boxPassword+"\n"))
	write(d.t, filepath.Join(d.folder, "conf"), []byte(strings.NewReplacer(
		"DIR", d.folder, "USER", d.owner.Username, "GROUP", group.Name, "UID", d.owner.Uid, "GID", d.owner.Gid,
		"IMAPS", portOf(d.imaps), "IMAP", portOf(d.imap), "CERT", cert, "KEY", key,
	).Replace(`
base_dir = DIR/run
state_dir = DIR/state
log_path = DIR/log
protocols = imap
listen = 127.0.0.1
default_internal_user = USER
default_internal_group = GROUP
default_login_user = USER
ssl = required
ssl_cert = <CERT
ssl_key = <KEY
auth_failure_delay = 0
mail_location = maildir:DIR/mail
passdb {
  driver = passwd-file
  args = DIR/passwd
}
userdb {
  driver = static
  args = uid=UID gid=GID home=DIR/home
}
namespace inbox {
  inbox = yes
  mailbox Junk {
    auto = create
    special_use = \Junk
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = IMAP
  }
  inet_listener imaps {
    port = IMAPS
    ssl = yes
  }
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
service auth-worker {
  user = USER
}
`)))
	d.give(d.folder)
}

// give makes the owner the owner of all below path.
func (d *dovecot) give(path string) {
	d.t.Helper()
	if os.Getuid() != 0 {
		return
	}
	err := filepath.WalkDir(path, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, d.id(d.owner.Uid), d.id(d.owner.Gid))
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *dovecot) id(text string) int {
	id, err := strconv.Atoi(text)
	if err != nil {
		d.t.Fatal(err)
	}
	return id
}

func (d *dovecot) start() {
	d.t.Helper()
	d.process = exec.Command(dovecotProgram, "-F", "-c", filepath.Join(d.folder, "conf"))
	d.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		d.process.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(d.id(d.owner.Uid)), Gid: uint32(d.id(d.owner.Gid))}
	}
	if err := d.process.Start(); err != nil {
		d.t.Fatal(err)
	}
	waitUntil(d.t, "dovecot listens", func() bool {
		conn, err := net.Dial("tcp", d.imap)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// stop ends the processes that start began.
func (d *dovecot) stop() {
	process := d.process
	_ = process.Process.Signal(syscall.SIGTERM)
	// It waits for its clients, and they for it.
	overdue := time.AfterFunc(time.Second, func() { _ = syscall.Kill(-process.Process.Pid, syscall.SIGKILL) })
	_ = process.Wait()
	overdue.Stop()
}

// deliver puts a mail into a folder as an MTA does: written aside, then moved.
func (d *dovecot) deliver(folder, text string) {
	d.t.Helper()
	d.delivered++
	maildir := filepath.Join(d.folder, "mail")
	if folder != "INBOX" {
		maildir = filepath.Join(maildir, "."+folder)
	}
	name := fmt.Sprintf("%d.M%dP1.localhost", time.Now().Unix(), d.delivered)
	aside := filepath.Join(maildir, "tmp", name)
	write(d.t, aside, []byte(strings.ReplaceAll(text, "\r\n", "\n")))
	d.give(aside)
	if err := os.Rename(aside, filepath.Join(maildir, "new", name)); err != nil {
		d.t.Fatal(err)
	}
}

// renumber makes the server give its mails new numbers, under a new
// UIDVALIDITY, as after a restored backup.
func (d *dovecot) renumber() {
	d.t.Helper()
	files, err := filepath.Glob(filepath.Join(d.folder, "mail", "dovecot*"))
	if err != nil || len(files) == 0 {
		d.t.Fatalf("no files of numbers: %v", err)
	}
	for _, file := range files {
		if err := os.RemoveAll(file); err != nil {
			d.t.Fatal(err)
		}
	}
}

func (d *dovecot) options(kind string) IMAP {
	o := IMAP{
		Name: "kotak", Address: d.imaps, TLS: kind, CA: d.cert, After: afterDelete,
		Email: secret.New(boxEmail), Password: secret.New(boxPassword),
	}
	if kind == tlsStart {
		o.Address = d.imap
	}
	return o
}

// remaining is how many mails lie in the mailbox.
func (d *dovecot) remaining() int {
	files, _ := filepath.Glob(filepath.Join(d.folder, "mail", "*", "*.localhost*"))
	return len(files)
}

func TestARealMailServer(t *testing.T) {
	t.Parallel() // it mostly waits for the server
	d := startDovecot(t)
	for _, kind := range []string{tlsImplicit, tlsStart} {
		if told, err := d.options(kind).Check(t.Context()); err != nil || told != "IDLE, junk folder found" {
			t.Fatalf("the check over %s says %q, %v", kind, told, err)
		}
	}
	for _, test := range []struct {
		change func(*IMAP)
		want   string
	}{
		{func(o *IMAP) { o.Password = secret.New("canary-wrong") }, "logging in: the mail server refuses the user name or the password"},
		{func(o *IMAP) { o.Mailbox = "Kotak" }, "opening the folder: the folder does not exist or is not ours"},
	} {
		o := d.options(tlsImplicit)
		test.change(&o)
		if _, err := o.Check(t.Context()); err == nil || err.Error() != test.want {
			t.Errorf("error %v, want %q", err, test.want)
		}
	}

	w := mailboxWorld(t, d.options(tlsStart), nil).listen(t).hears(t)
	w.awaitMail("A", "run-1", 0)
	d.deliver("INBOX", mailTo("m1", boxEmail, "111111"))
	w.wantArrivals(t, "A")
	w.awaitMail("B", "run-2", 0)
	d.deliver("Junk", mailTo("m2", boxEmail, "222222"))
	if a := w.wantArrivals(t, "A", "B")[1]; !a.Junk || time.Since(a.Stamped) > time.Minute {
		t.Errorf("arrival of the junk folder: junk %v, stamped %s", a.Junk, a.Stamped)
	}
	waitUntil(t, "what was taken is deleted", func() bool { return d.remaining() == 0 })

	// The server is gone for a while; a mail comes before it is back.
	d.deliver("INBOX", "Subject: private\r\n\r\nnot for us")
	w.awaitMail("C", "run-3", 0)
	d.stop()
	d.deliver("INBOX", mailTo("m3", boxEmail, "333333"))
	d.start()
	w.wantArrivals(t, "A", "B", "C")

	d.stop()
	d.renumber()
	w.awaitMail("D", "run-4", 0)
	d.start()
	d.deliver("INBOX", mailTo("m4", boxEmail, "444444"))
	w.wantArrivals(t, "A", "B", "C", "D")
	waitUntil(t, "only the mail that is not ours is left", func() bool { return d.remaining() == 1 })
}

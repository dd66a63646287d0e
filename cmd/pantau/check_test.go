package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"pantau/config"
	"pantau/inbox"
	"pantau/incident"
	"pantau/internal/secret"
	"pantau/notifier"
	"pantau/probes"
)

func TestReachable(t *testing.T) {
	for _, test := range []struct {
		name, kind, url string
		want            string // in the error, "" for none
	}{
		{"https", "android", "https://status.example/hooks/android/p", ""},
		{"on this machine", "android", "http://127.0.0.1:8080/hooks/android/p", ""},
		{"on this machine by IPv6", "gammu", "http://[::1]:8080/hooks/gammu/p", ""},
		{"on this machine by name", "generic", "http://localhost:8080/hooks/generic/p", ""},
		{"in the clear", "android", "http://status.example/hooks/android/p", "unencrypted"},
		{"on every address in the clear", "android", "http://0.0.0.0:8080/hooks/android/p", "unencrypted"},
		{"on every address, in short", "android", "http://:8080/hooks/android/p", "unencrypted"},
		{"Kannel on this machine", "kannel", "http://127.0.0.1:8080/hooks/kannel/p?secret=SECRET&id=%I&text=%b", ""},
		{"Kannel on another", "kannel", "http://10.0.0.7:8080/hooks/kannel/p?secret=SECRET&id=%I&text=%b", "unencrypted"},
		{"Kannel by https", "kannel", "https://10.0.0.7/hooks/kannel/p?secret=SECRET&id=%I&text=%b", ""},
		{"twilio", "twilio", "https://a.example/hooks/twilio/p?x=1", ""},
		{"twilio elsewhere", "twilio", "https://a.example/hooks/twilio/other", "another than /hooks/twilio/p"},
		{"twilio in the clear", "twilio", "http://a.example/hooks/twilio/p", "unencrypted"},
	} {
		err := reachable(inbox.Webhook{Kind: test.kind, Name: "p", URL: test.url})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

// says has check look at c and wants its lines.
func says(t *testing.T, check func(*checkReport), want ...string) {
	t.Helper()
	var out strings.Builder
	report := &checkReport{out: &out}
	check(report)
	lines := strings.Join(want, "\n")
	if got := strings.TrimSuffix(out.String(), "\n"); got != lines {
		t.Errorf("it says\n%s\nwant\n%s", got, lines)
	}
	if wrong := strings.Count("\n"+lines, "\nWRONG"); report.wrong != wrong || report.all != len(want) {
		t.Errorf("%d of %d checks are wrong, want %d of %d", report.wrong, report.all, wrong, len(want))
	}
}

func TestCheckOfReceiversThatNobodyUses(t *testing.T) {
	var c config.Config
	c.Inbox = inbox.Options{
		Android: []inbox.Android{{Name: "phones", Secret: secret.New("canary")}, {Name: "spare", Secret: secret.New("canary")}},
		Kannel:  []inbox.Kannel{{Name: "smpp", Secret: secret.New("canary"), SIM: "xl-1"}},
		Gammu:   []inbox.Gammu{{Name: "modem", Folder: t.TempDir()}},
	}
	c.SIMs = []probes.SIM{{ID: "xl-1", Operator: "xl", Number: secret.New("+628170000001"), Receiver: "phones", Device: "hp", Slot: 1}}
	c.Page.BaseURL = "https://status.example"
	says(t, func(r *checkReport) { checkReceivers(c, r) },
		"ok     receivers     3 webhooks, 1 SIMs, mail",
		"ok     receiver      android phones: enter https://status.example/hooks/android/phones",
		"ok     receiver      android spare: enter https://status.example/hooks/android/spare",
		"ok     receiver      kannel smpp: enter https://status.example/hooks/kannel/smpp?secret=SECRET&id=%I&smsc=%i&from=%p&to=%P&at=%T&charset=%C&text=%b",
		"WRONG  receiver      android spare: no SIM names it as its receiver, so that what it brings is for nobody",
		"WRONG  receiver      gammu modem: no SIM names it as its receiver, so that what it brings is for nobody",
	)
}

func TestCheckOfGammusFolders(t *testing.T) {
	folder := t.TempDir()
	var c config.Config
	c.Inbox.Gammu = []inbox.Gammu{{Name: "here", Folder: folder, Queue: folder + "/queue"}, {Name: "away", Secret: secret.New("canary")}}
	nothing := "nothing waits"
	if os.Geteuid() == 0 {
		nothing += " (tried as root; the service's own user may have fewer rights)"
	}
	says(t, func(r *checkReport) { checkGammu(c, time.Now(), r) },
		"ok     gammu         here folder "+folder+": "+nothing,
		"WRONG  gammu         here queue "+folder+"/queue: "+folder+"/queue is not there; make it for the user of smsd, and give it to pantau inbox gammu as --queue",
	)
}

func TestCheckOfTheShadow(t *testing.T) {
	const line = "shadow        the public is told nothing; the true page will be at "
	const open = ": outsiders may reach that, and the page is not for them yet; write 127.0.0.1:8083"
	var c config.Config
	says(t, func(r *checkReport) { checkShadow(c, r) })
	c.Notify.Channels = []notifier.ChannelOptions{{Name: "team", Audience: incident.IT}}
	c.Shadow = true
	for listen, want := range map[string]string{
		"127.0.0.1:8083": "ok     " + line + "127.0.0.1:8083", "localhost:8083": "ok     " + line + "localhost:8083",
		"10.1.2.3:8083": "ok     " + line + "10.1.2.3:8083", ":8083": "WRONG  " + line + ":8083" + open,
		"0.0.0.0:8083": "WRONG  " + line + "0.0.0.0:8083" + open, "[2001:db8::1]:80": "WRONG  " + line + "[2001:db8::1]:80" + open,
	} {
		c.ShadowListen = listen
		says(t, func(r *checkReport) { checkShadow(c, r) }, want)
	}
	c.Notify.Channels[0].Audience, c.ShadowListen = incident.Public, "127.0.0.1:8083"
	says(t, func(r *checkReport) { checkShadow(c, r) }, "ok     "+line+"127.0.0.1:8083",
		"WRONG  shadow        channels: none is for the team (audience: it), so that nobody is told anything")
}

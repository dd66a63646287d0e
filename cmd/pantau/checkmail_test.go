package main

import (
	"net"
	"strings"
	"testing"

	"pantau/config"
	"pantau/inbox"
	"pantau/internal/secret"
)

func TestCheckOfMailReceivers(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	var c config.Config
	var out strings.Builder
	checkMail(t.Context(), c, &checkReport{out: &out})
	if out.String() != "" {
		t.Errorf("without mail receivers it says %q", &out)
	}
	c.Inbox.SMTP = inbox.SMTP{Listen: "127.0.0.1:0", Domain: "probe.example"}
	c.Inbox.IMAP = []inbox.IMAP{{
		Name: "kotak", Address: closed.Addr().String(), Email: secret.New("canary@mail.example"), Password: secret.New("canary"),
	}}
	report := &checkReport{out: &out}
	checkMail(t.Context(), c, report)
	want := "ok     mail          smtp: without a certificate, so that mail comes in clear\n" +
		"WRONG  mailbox       kotak: connecting to the mail server: connection refused\n"
	if out.String() != want || report.wrong != 1 {
		t.Errorf("it says\n%swant\n%s", &out, want)
	}
}

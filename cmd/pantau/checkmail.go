package main

import (
	"context"
	"time"

	"pantau/config"
)

// checkMail tries what hears mail: our own receiver's certificate, and whether
// each mailbox lets us in and tells of mail.
func checkMail(ctx context.Context, c config.Config, report *checkReport) {
	if c.Inbox.SMTP.Listen != "" {
		told, err := c.Inbox.SMTP.Check(time.Now())
		report.add("mail", named("smtp", told), err)
	}
	for _, box := range c.Inbox.IMAP {
		ctx, cancel := context.WithTimeout(ctx, checkWithin)
		told, err := box.Check(ctx)
		report.add("mailbox", named(box.Name, told), err)
		cancel()
	}
}

// named is a receiver with what it told, if it did.
func named(name, told string) string {
	if told == "" {
		return name
	}
	return name + ": " + told
}

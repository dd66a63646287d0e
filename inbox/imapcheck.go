package inbox

import (
	"context"
	"fmt"
)

// Check logs in, opens the folders, and tells what the server can do. Its error
// says in plain words what is wrong. Nothing is read and nothing is changed.
func (m IMAP) Check(ctx context.Context) (told string, err error) {
	m = m.withDefaults()
	c, err := dialIMAP(ctx, m)
	if err != nil {
		return "", err
	}
	defer c.close()
	if _, err := c.open(m.Mailbox); err != nil {
		return "", err
	}
	told = "IDLE"
	if !c.idles {
		told = fmt.Sprintf("no IDLE, looked into every %s: a mail seems up to that much later than it is", m.Poll)
	}
	junk := m.Junk
	if junk == "" {
		if junk, err = c.junkFolder(); err != nil {
			return "", err
		}
	}
	if junk == "" {
		return told + ", no junk folder is marked as such; name it in junk if there is one", nil
	}
	if _, err := c.open(junk); err != nil {
		return "", fmt.Errorf("junk: %w", err)
	}
	return told + ", junk folder found", nil
}

package simulator

import (
	"net/http"
	"strings"
)

// phonesView is the page of messages to people.
type phonesView struct {
	Links    []link
	Received []received
}

// received is one message on a person's phone or in a person's mailbox.
type received struct {
	At, To, From, Operator string
	Mail                   bool
	Subject, Text          string
	HTML                   string // untrusted; shown in a frame without rights
}

// phones shows what came to numbers and mailboxes that are not the monitor's,
// newest first, so that a visitor can walk the portal by hand.
func (s *Simulator) phones(w http.ResponseWriter, _ *http.Request) {
	view := phonesView{Links: s.links()}
	for _, m := range s.post.now().Inbox(50) {
		operator, isText := strings.CutPrefix(m.Stream, "sms/")
		one := received{
			At: clock(m.At), To: m.To, From: m.From, Mail: !isText,
			Subject: m.Subject, Text: m.Text, HTML: m.HTML,
		}
		if isText {
			one.Operator = operator
		}
		view.Received = append(view.Received, one)
	}
	s.render(w, "phones.html", view)
}

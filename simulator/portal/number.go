package portal

import (
	"net/mail"
	"regexp"
	"strings"
)

// channel is a way a code can be sent.
type channel string

const (
	bySMS  channel = "sms"
	byMail channel = "email"
)

// contact is where a code goes.
type contact struct {
	channel  channel
	address  string // +62… or a mail address
	operator string // of a number: "telkomsel"
}

// stream is how this way is called in faults: "sms/telkomsel" or "email".
func (c contact) stream() string {
	if c.channel == bySMS {
		return "sms/" + c.operator
	}
	return string(c.channel)
}

// masked shows enough of a contact to recognise it.
func (c contact) masked() string {
	if c.channel == bySMS {
		return c.address[:6] + "****" + c.address[len(c.address)-2:]
	}
	name, domain, _ := strings.Cut(c.address, "@")
	return name[:1] + "***@" + domain
}

// refusal is why a contact was not taken; "" is none. The sentence for it
// stands in the templates.
type refusal string

const (
	noChannel    refusal = "channel"     // neither SMS nor e-mail was chosen
	badNumber    refusal = "number"      // not written as this portal wants it
	noOperator   refusal = "operator"    // the prefix belongs to nobody we know
	notSupported refusal = "unsupported" // an operator the portal does not send to
	badMail      refusal = "mail"
	busy         refusal = "busy" // asked again before the interval was over
)

// numberRest is what follows the beginning that the dress wants. Indonesian
// mobile numbers have 10 to 13 digits, counted with their leading zero.
var numberRest = regexp.MustCompile(`^8[0-9]{8,11}$`)

// phone reads a number typed in the format of the dress.
func (d dress) phone(typed string) (contact, refusal) {
	rest, begins := strings.CutPrefix(strings.TrimSpace(typed), d.numberStart)
	if !begins || !numberRest.MatchString(rest) {
		return contact{}, badNumber
	}
	operator, known := operatorOf("0" + rest[:3])
	c := contact{channel: bySMS, address: "+62" + rest, operator: operator}
	switch {
	case !known:
		return contact{}, noOperator
	case !sendsTo(operator):
		return c, notSupported
	default:
		return c, ""
	}
}

// mailbox reads a mail address: one plain address, no name around it.
func mailbox(typed string) (contact, refusal) {
	typed = strings.TrimSpace(typed)
	parsed, err := mail.ParseAddress(typed)
	if err != nil || parsed.Address != typed || len(typed) > 254 {
		return contact{}, badMail
	}
	return contact{channel: byMail, address: typed}, ""
}

// operatorOf gives the operator of a four-digit prefix with a leading zero.
// Numbers do not move between operators in Indonesia.
func operatorOf(prefix string) (name string, known bool) {
	switch prefix {
	case "0811", "0812", "0813", "0821", "0822", "0823", "0851", "0852", "0853":
		return "telkomsel", true
	case "0814", "0815", "0816", "0855", "0856", "0857", "0858":
		return "indosat", true
	case "0817", "0818", "0819", "0859", "0877", "0878", "0879":
		return "xl", true
	case "0831", "0832", "0833", "0838":
		return "axis", true
	case "0895", "0896", "0897", "0898", "0899":
		return "tri", true
	case "0881", "0882", "0883", "0884", "0885", "0886", "0887", "0888", "0889":
		return "smartfren", true
	default:
		return "", false
	}
}

// sendsTo says whether the portal sends codes to that operator.
func sendsTo(operator string) bool {
	switch operator {
	case "telkomsel", "indosat", "xl":
		return true
	default:
		return false
	}
}

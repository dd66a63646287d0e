package inbox

import (
	"crypto/sha256"
	"strings"
	"time"

	"pantau/internal/secret"
)

// Message is any text a receiver was handed, in the one form that all of them
// bring it to. Everything a person or a code could be known by is a secret.
type Message struct {
	Receiver  string       // the receiver's configured name
	ID        string       // the receiver's own id for it
	Device    string       // the handset's id, "" for mail
	Slot      int          // the SIM slot from 1, 0 when the handset does not say
	SIM       string       // the one SIM that all of the receiver's messages are for, "" when they say it themselves
	Shared    bool         // the receiver has messages for others too: a Recipient that is not ours is not meant for us
	Mailbox   bool         // it lay in a mailbox, so that Recipient is a mail address
	Junk      bool         // in its junk folder
	Recipient secret.Value // the number or mail address it was sent to, empty when not said
	Sender    secret.Value
	Subject   secret.Value // of a mail
	Text      secret.Value
	HTML      secret.Value // of a mail
	Stamped   time.Time    // the message centre's clock, zero when not said
	DeviceAt  time.Time    // the handset's clock as it stands, zero when not said
	Clock     setting      // what is to be made of DeviceAt
	Held      bool         // DeviceAt is when the device got it, however long it kept it; else when it told us
	Received  time.Time    // our clock
}

// isMail says whether Recipient is a mail address.
func (m Message) isMail() bool { return m.Mailbox || m.Receiver == mailReceiver }

// device is when the handset had the message, by our clock as far as the
// handset's is known, and by how much that one was corrected. The zero time is
// one that is not known.
func (m Message) device() (at time.Time, offset time.Duration) {
	if m.DeviceAt.IsZero() || m.Clock.wrong {
		return time.Time{}, 0
	}
	at, offset = m.DeviceAt.Add(m.Clock.offset), m.Clock.offset
	if early := at.Sub(m.Received); early > 0 && early < time.Second {
		at = m.Received // one of the two was cut to its second
	}
	return at, offset
}

// stampedAtLatest is when the message centre took the message, at the latest,
// by our clock. A handset that seems slow may be right and our own clock have
// jumped ahead; the message centre then seems as slow. That is not known of
// one that may have kept the message.
func (m Message) stampedAtLatest() time.Time {
	if m.Stamped.IsZero() || m.DeviceAt.IsZero() || m.Held {
		return m.Stamped
	}
	return m.Stamped.Add(max(0, m.Received.Sub(m.DeviceAt)))
}

// heldSince is when the device had the message, the zero time when it is not
// known: any instant of its clock may be that of its last try.
func (m Message) heldSince() time.Time {
	if !m.Held {
		return time.Time{}
	}
	at, _ := m.device()
	return at
}

// Why says in one fixed word what became of a message and for what reason.
type Why string

// What can become of a message.
const (
	WhyReference Why = "reference" // matched by the reference id in the text
	WhyAddress   Why = "address"   // matched by the mail address it was sent to
	WhySIM       Why = "sim"       // matched as the one code its SIM waits for
	WhyControl   Why = "control"   // matched by the token of a control message

	WhyDuplicate Why = "duplicate" // it, or its double, was taken before
	WhyInFlight  Why = "in-flight" // it is being recorded at this moment

	WhySender    Why = "sender-unknown"   // no template is configured for its sender
	WhyNoForm    Why = "no-code-in-text"  // no template fits
	WhyNotCode   Why = "not-a-code"       // what fits is a date, a phone number, part of a longer number …
	WhySeveral   Why = "several-codes"    // more than one code fits
	WhyNobody    Why = "no-wait"          // nobody waits for it
	WhyStale     Why = "stamped-before"   // it was on its way before the code was asked for
	WhyAmbiguous Why = "several-waits"    // more than one wait could be meant
	WhyStranger  Why = "sim-unknown"      // the card it was sent to is not one of ours
	WhyConflict  Why = "slot-against-sim" // slot and number name different cards
)

// outcome is the label of a metric; the set is closed.
type outcome string

const (
	matched   outcome = "matched"
	duplicate outcome = "duplicate"
	unmatched outcome = "unmatched"
	ambiguous outcome = "ambiguous" // it may be for several waits
	untangled outcome = "untangled" // a wait that ambiguous messages ended; counted beside them
	noCode    outcome = "no-code"
	refused   outcome = "refused" // turned away unread: forged, malformed, too large, addressed to nobody
	shed      outcome = "shed"    // turned away unread because too many came at one time
	failed    outcome = "failed"  // could not be recorded; the receiver is asked to try again
)

func outcomes() []outcome {
	return []outcome{matched, duplicate, unmatched, ambiguous, untangled, noCode, refused, shed, failed}
}

func (w Why) outcome() outcome {
	switch w {
	case WhyReference, WhyAddress, WhySIM, WhyControl:
		return matched
	case WhyDuplicate:
		return duplicate
	case WhyInFlight:
		return failed
	case WhySender, WhyNoForm, WhyNotCode, WhySeveral:
		return noCode
	case WhyAmbiguous:
		return ambiguous
	default:
		return unmatched
	}
}

// numberKey stands for a phone number in maps, so that no structure that could
// be printed holds the number. The zero key is no number.
type numberKey [sha256.Size]byte

// keyOfNumber is the same for +62812…, 62812…, 0812… and 0812-….
func keyOfNumber(number secret.Value) numberKey {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number.Reveal())
	if national, ok := strings.CutPrefix(digits, "0"); ok && !strings.HasPrefix(national, "0") {
		digits = "62" + national
	}
	if len(digits) < 8 {
		return numberKey{}
	}
	return sha256.Sum256([]byte(digits))
}

package probes

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"pantau/internal/secret"
)

// Arrival is a message an inbox received and gave to a wait.
//
// Its four instants must not be mixed up: the wait's Requested, the message
// centre's Stamped, the handset's Device, and our own Received. Ours is
// primary. Stamped and Device are zero when the receiver does not say them.
type Arrival struct {
	ID        string    // the receiver's own id for it; the same id twice is one message
	Receiver  string    // the receiver's configured name
	Wait      string    // the Wait it answers
	Stamped   time.Time // UTC
	Device    time.Time // UTC, by the handset's clock after Offset was added
	Received  time.Time // UTC
	Reference string    // the reference id in the text, "" when none
	Junk      bool      // a mail that lay in the junk folder
	Code      secret.Value
	// Offset is by how much the handset's clock was found to be behind ours, and
	// Device was corrected; negative when it is ahead.
	Offset time.Duration
	// Possible are the waits it may answer when nothing says which; Wait is
	// then "".
	Possible []string
	// Earliest is when the message of Wait can have come at the earliest, where
	// several came and any of them may be it; zero is Received.
	Earliest time.Time
}

// AddressKey turns a mail address into the key of a Wait. The address itself
// is never stored.
func AddressKey(address string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(address))))
	return "mail:" + hex.EncodeToString(sum[:12])
}

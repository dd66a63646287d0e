package inbox

import (
	"crypto/hmac"
	"crypto/sha1" // for those who still sign with it; an HMAC does not need what SHA-1 lost
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"net/http"
	"strings"

	"pantau/internal/invalid"
	"pantau/internal/secret"
)

// Generic is any sender of webhooks in JSON or as a form: an SMS supplier, a
// script. Its device is what Fields.Device says, or the receiver's name.
type Generic struct {
	Name      string       `yaml:"name"`      // the last part of /hooks/generic/NAME
	Bearer    secret.Value `yaml:"bearer"`    // the token in "Authorization: Bearer …"; or HMAC
	HMAC      HMAC         `yaml:"hmac"`      // how bodies are signed; or Bearer
	SIM       string       `yaml:"sim"`       // the SIM that everything is for; without it the fields decide
	Fields    Fields       `yaml:"fields"`    // where what stands in the body
	Heartbeat Heartbeat    `yaml:"heartbeat"` // which bodies are signs of life; without it silence is not noticed
}

// HMAC says how a body is signed.
type HMAC struct {
	Secret    secret.Value `yaml:"secret"`
	Header    string       `yaml:"header"`           // that carries the signature: "X-Signature"
	Prefix    string       `yaml:"prefix"`           // before the signature in its header: "sha256="
	Encoding  string       `yaml:"encoding"`         // hex or base64; hex when left out
	Hash      string       `yaml:"hash"`             // sha256, sha512 or sha1; sha256 when left out
	Timestamp string       `yaml:"timestamp_header"` // that carries when it was signed; at most clock_tolerance from our clock
	Signed    string       `yaml:"signed"`           // what is signed: "{body}", or "{timestamp}.{body}" when there is a timestamp_header
}

// Fields are the places in a body: a name in a form, a path like
// "data.messages.0.text" in JSON. Only text must be there.
type Fields struct {
	ID        string `yaml:"id"`        // one for each message; without it, one is made from the other fields
	Sender    string `yaml:"sender"`    //
	Recipient string `yaml:"recipient"` // the number it was sent to
	Text      string `yaml:"text"`      //
	Device    string `yaml:"device"`    // what SIMs call their device
	Slot      string `yaml:"slot"`      // the SIM's place in the device, from 1
	Stamped   string `yaml:"stamped"`   // the message centre's stamp, as RFC 3339 or seconds or milliseconds since 1970
	At        string `yaml:"at"`        // when the device had it by its own clock, written like stamped; in a heartbeat when it was sent
}

// Heartbeat tells signs of life from messages: the field has this value.
type Heartbeat struct {
	Field string `yaml:"field"`
	Value string `yaml:"value"`
}

const (
	bodyMark      = "{body}"
	timestampMark = "{timestamp}"
)

func (h HMAC) withDefaults() HMAC {
	h.Encoding, h.Hash = or(h.Encoding, "hex"), or(h.Hash, "sha256")
	if h.Timestamp == "" {
		h.Signed = or(h.Signed, bodyMark)
	}
	h.Signed = or(h.Signed, timestampMark+"."+bodyMark)
	return h
}

// newHash gives the hash of a name, nil for an unknown one.
func newHash(name string) func() hash.Hash {
	switch name {
	case "sha256":
		return sha256.New
	case "sha512":
		return sha512.New
	case "sha1":
		return sha1.New
	}
	return nil
}

func (g Generic) validate(taken map[string]bool) error {
	errs := []error{checkName(g.Name, taken)}
	switch {
	case g.Bearer.Empty() && g.HMAC == (HMAC{}):
		errs = append(errs, invalid.At("bearer", "is missing, and so is hmac; one of them must tell who calls"))
	case !g.Bearer.Empty() && g.HMAC != (HMAC{}):
		errs = append(errs, invalid.At("bearer", "stands beside hmac; take one"))
	case g.Bearer.Empty():
		errs = append(errs, invalid.In("hmac", g.HMAC.validate()))
	}
	if g.Fields.Text == "" {
		errs = append(errs, invalid.At("fields.text", "is missing; it is where the message's text stands"))
	}
	if (g.Heartbeat.Field == "") != (g.Heartbeat.Value == "") {
		errs = append(errs, invalid.At("heartbeat", "needs field and value"))
	}
	return errors.Join(errs...)
}

func (h HMAC) validate() error {
	var errs []error
	if h.Secret.Empty() {
		errs = append(errs, invalid.At("secret", "is missing"))
	}
	if h.Header == "" {
		errs = append(errs, invalid.At("header", "is missing; it names the header with the signature"))
	}
	o := h.withDefaults()
	if o.Encoding != "hex" && o.Encoding != "base64" {
		errs = append(errs, invalid.At("encoding", "%q is unknown; one of hex, base64", o.Encoding))
	}
	if newHash(o.Hash) == nil {
		errs = append(errs, invalid.At("hash", "%q is unknown; one of sha256, sha512, sha1", o.Hash))
	}
	if strings.Count(o.Signed, bodyMark) != 1 {
		errs = append(errs, invalid.At("signed", "%q does not hold %s once", o.Signed, bodyMark))
	}
	// A timestamp that is not signed can be written anew by whoever replays.
	if has := strings.Contains(o.Signed, timestampMark); has != (o.Timestamp != "") {
		errs = append(errs, invalid.At("signed", "%q: %s and timestamp_header go together", o.Signed, timestampMark))
	}
	return errors.Join(errs...)
}

// genericHook is a Generic ready to be called.
type genericHook struct {
	Generic
	key idKey
}

func newGenericHook(g Generic, key idKey) genericHook {
	g.HMAC = g.HMAC.withDefaults()
	return genericHook{g, key}
}

func (g genericHook) terms() terms {
	return terms{[]string{http.MethodPost}, "text/plain; charset=utf-8", "ok\n"}
}

func (g genericHook) open(c call) (delivery, error) {
	if err := g.verify(c); err != nil {
		return delivery{}, err
	}
	mediaType, _, ok := c.mediaType(mediaJSON, mediaForm)
	if !ok {
		return delivery{}, errMedia
	}
	body, err := parseBody(mediaType, c.body)
	if err != nil {
		return delivery{}, err
	}
	device := or(body.text(g.Fields.Device), g.Name)
	if !plainWord.MatchString(device) {
		return delivery{}, errField
	}
	if g.Heartbeat.Field != "" && body.text(g.Heartbeat.Field) == g.Heartbeat.Value {
		// A heartbeat may have been held up, by a supplier's queue for instance.
		return delivery{device: device, told: told{at: instantOf(body.text(g.Fields.At))}}, nil
	}
	m, err := g.message(body, device)
	if err != nil {
		return delivery{}, err
	}
	m.DeviceAt = sinceSecond(m.DeviceAt, c.now)
	return delivery{device: device, message: &m}, nil
}

func (g genericHook) message(body fields, device string) (Message, error) {
	f := g.Fields
	text, ok := body.get(f.Text)
	slot, err := body.slot(f.Slot)
	if !ok || err != nil {
		return Message{}, errField
	}
	sender, recipient, stamped := body.text(f.Sender), body.text(f.Recipient), body.text(f.Stamped)
	return Message{
		ID: g.key.id(body.text(f.ID), g.Name, device, sender, recipient, stamped, text), SIM: g.SIM, Slot: slot, Shared: true,
		Sender: secret.New(sender), Recipient: secret.New(recipient), Text: secret.New(text),
		Stamped: instantOf(stamped), DeviceAt: instantOf(body.text(f.At)), Held: true,
	}, nil
}

func (g genericHook) verify(c call) error {
	if !g.Bearer.Empty() {
		if token, ok := bearer(c.Request); !ok || !g.Bearer.Equal(token) {
			return errSecret
		}
		return nil
	}
	timestamp := c.Header.Get(g.HMAC.Timestamp)
	given, ok := g.HMAC.decode(c.Header.Get(g.HMAC.Header))
	if !ok || !hmac.Equal(g.HMAC.sum(c.body, timestamp), given) {
		return errUnsigned
	}
	if g.HMAC.Timestamp != "" && !c.atHand(instantOf(timestamp)) {
		return errOld
	}
	return nil
}

var (
	errUnsigned = &refusal{http.StatusUnauthorized, "the signature does not match"}
	errOld      = &refusal{http.StatusUnauthorized, "the timestamp is missing or too far from now"}
)

// decode gives the signature in a header.
func (h HMAC) decode(header string) ([]byte, bool) {
	text, ok := strings.CutPrefix(header, h.Prefix)
	if !ok || text == "" {
		return nil, false
	}
	if h.Encoding == "base64" {
		sum, err := base64.StdEncoding.DecodeString(text)
		return sum, err == nil
	}
	sum, err := hex.DecodeString(text)
	return sum, err == nil
}

// sum is the signature that body must have.
func (h HMAC) sum(body []byte, timestamp string) []byte {
	before, after, _ := strings.Cut(h.Signed, bodyMark)
	mac := hmac.New(newHash(h.Hash), []byte(h.Secret.Reveal()))
	mac.Write([]byte(strings.ReplaceAll(before, timestampMark, timestamp)))
	mac.Write(body)
	mac.Write([]byte(strings.ReplaceAll(after, timestampMark, timestamp)))
	return mac.Sum(nil)
}

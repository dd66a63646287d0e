package inbox

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"pantau/internal/invalid"
	"pantau/internal/secret"
)

// Kannel is a gateway that hands over what its SMPP binds and modems receive:
// an sms-service whose get-url or post-url is /hooks/kannel/NAME. The smsc-id
// of a bind is what SIMs call its device.
type Kannel struct {
	Name   string       `yaml:"name"`   // the last part of /hooks/kannel/NAME
	Secret secret.Value `yaml:"secret"` // in the URL as ?secret=…, or as Bearer token or password in the Authorization header
	Allow  []string     `yaml:"allow"`  // addresses that may call, "10.0.0.7" or "10.0.0.0/8"; none: any
	SIM    string       `yaml:"sim"`    // the SIM that everything is for; without it the recipient's number decides
	Params KannelParams `yaml:"params"`
}

// KannelParams are the names of the URL's parameters, each with the escape
// that Kannel replaces.
type KannelParams struct {
	ID        string `yaml:"id"`        // %I, Kannel's own id; "id" when left out
	SMSC      string `yaml:"smsc"`      // %i, the smsc-id of the bind; "smsc" when left out
	Sender    string `yaml:"sender"`    // %p; "from" when left out
	Recipient string `yaml:"recipient"` // %P; "to" when left out
	Text      string `yaml:"text"`      // %b, or the body of a post-url; "text" when left out
	Charset   string `yaml:"charset"`   // %C; "charset" when left out
	At        string `yaml:"at"`        // %T when that is Kannel's clock, as with SMPP; "at" when left out
	Stamped   string `yaml:"stamped"`   // %T when that is the message centre's stamp, as with modems; "stamped" when left out
}

func (p KannelParams) withDefaults() KannelParams {
	p.ID, p.SMSC = or(p.ID, "id"), or(p.SMSC, "smsc")
	p.Sender, p.Recipient = or(p.Sender, "from"), or(p.Recipient, "to")
	p.Text, p.Charset = or(p.Text, "text"), or(p.Charset, "charset")
	p.At, p.Stamped = or(p.At, "at"), or(p.Stamped, "stamped")
	return p
}

// getURL is what to write as get-url, with the secret left out.
func (k Kannel) getURL(base string) string {
	p := k.Params.withDefaults()
	return fmt.Sprintf("%s?secret=SECRET&%s=%%I&%s=%%i&%s=%%p&%s=%%P&%s=%%T&%s=%%C&%s=%%b",
		base, p.ID, p.SMSC, p.Sender, p.Recipient, p.At, p.Charset, p.Text)
}

func (k Kannel) validate(taken map[string]bool) error {
	errs := []error{checkName(k.Name, taken)}
	if k.Secret.Empty() {
		errs = append(errs, invalid.At("secret", "is missing; whoever knows the address could send codes"))
	}
	for i, text := range k.Allow {
		if _, err := parsePrefix(text); err != nil {
			errs = append(errs, invalid.At(fmt.Sprintf("allow[%d]", i), "%q is not an address; write 10.0.0.7 or 10.0.0.0/8", text))
		}
	}
	seen := map[string]bool{"secret": true}
	p := k.Params.withDefaults()
	for _, name := range []string{p.ID, p.SMSC, p.Sender, p.Recipient, p.Text, p.Charset, p.At, p.Stamped} {
		if seen[name] {
			errs = append(errs, invalid.At("params", "%q is used twice", name))
		}
		seen[name] = true
	}
	return errors.Join(errs...)
}

// parsePrefix reads an address or a network.
func parsePrefix(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}

// kannelHook is a Kannel ready to be called.
type kannelHook struct {
	Kannel
	allow []netip.Prefix
}

func newKannelHook(k Kannel) kannelHook {
	k.Params = k.Params.withDefaults()
	hook := kannelHook{Kannel: k}
	for _, text := range k.Allow {
		if prefix, err := parsePrefix(text); err == nil { // validated
			hook.allow = append(hook.allow, prefix)
		}
	}
	return hook
}

// terms: the answer is empty, because Kannel sends what it is told to the
// sender as a text message.
func (k kannelHook) terms() terms {
	return terms{[]string{http.MethodGet, http.MethodPost}, "text/plain; charset=utf-8", ""}
}

func (k kannelHook) open(c call) (delivery, error) {
	if !k.allows(c.RemoteAddr) {
		return delivery{}, errSource
	}
	if !k.Secret.Equal(presented(c.Request)) {
		return delivery{}, errSecret
	}
	query, err := url.ParseQuery(c.URL.RawQuery)
	if err != nil {
		return delivery{}, errForm
	}
	text, err := k.text(c, query)
	if err != nil {
		return delivery{}, err
	}
	p := k.Params
	device := or(query.Get(p.SMSC), k.Name)
	if !plainWord.MatchString(query.Get(p.ID)) || !plainWord.MatchString(device) {
		return delivery{}, errField
	}
	return delivery{device: device, message: &Message{
		ID: query.Get(p.ID), SIM: k.SIM, Shared: true,
		Sender:    secret.New(or(query.Get(p.Sender), c.Header.Get("X-Kannel-From"))),
		Recipient: secret.New(or(query.Get(p.Recipient), c.Header.Get("X-Kannel-To"))),
		Text:      secret.New(text),
		Stamped:   kannelTime(query.Get(p.Stamped)),
		DeviceAt:  sinceSecond(kannelTime(query.Get(p.At)), c.now),
		Held:      true,
	}}, nil
}

func (k kannelHook) allows(remote string) bool {
	if len(k.allow) == 0 {
		return true
	}
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, prefix := range k.allow {
		if prefix.Contains(address.Unmap()) {
			return true
		}
	}
	return false
}

// presented is the secret a caller shows, "" for none.
func presented(r *http.Request) string {
	if token, ok := bearer(r); ok {
		return token
	}
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	return r.URL.Query().Get("secret")
}

// bearer is the token of an Authorization header.
func bearer(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return token, ok && strings.EqualFold(scheme, "Bearer")
}

// text is the message's text: a parameter of a get-url, the body of a post-url.
func (k kannelHook) text(c call, query url.Values) (string, error) {
	if c.Method == http.MethodGet || query.Has(k.Params.Text) {
		return decodeText(query.Get(k.Params.Text), query.Get(k.Params.Charset)), nil
	}
	_, parameters, ok := c.mediaType("text/plain", "application/octet-stream")
	if !ok {
		return "", errMedia
	}
	return decodeText(string(c.body), parameters["charset"]), nil
}

// decodeText gives text in UTF-8. Kannel sends UTF-8 but for texts that came as
// UCS-2, which it sends as they came unless mo-recode is on; what is no UTF-8
// then is Latin-1.
func decodeText(text, charset string) string {
	switch strings.ToUpper(charset) {
	case "UTF-16BE", "UTF16-BE", "UCS-2", "UTF-16":
		units := make([]uint16, 0, len(text)/2)
		for i := 0; i+1 < len(text); i += 2 {
			units = append(units, uint16(text[i])<<8|uint16(text[i+1]))
		}
		return string(utf16.Decode(units))
	}
	if utf8.ValidString(text) {
		return text
	}
	runes := make([]rune, 0, len(text))
	for i := range len(text) {
		runes = append(runes, rune(text[i]))
	}
	return string(runes)
}

// kannelTime reads %T, seconds since 1970, and %t, a time in UTC. The zero
// time is one that cannot be read.
func kannelTime(text string) time.Time {
	if t, err := time.Parse(time.DateTime, text); err == nil {
		return t
	}
	return instantOf(text)
}

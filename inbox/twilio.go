package inbox

import (
	"crypto/hmac"
	"crypto/sha1" // Twilio's choice; an HMAC does not need what SHA-1 lost
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"pantau/internal/invalid"
	"pantau/internal/secret"
)

// Twilio is an account whose numbers call /hooks/twilio/NAME when a message
// comes in. SIMs call its device by the receiver's name.
type Twilio struct {
	Name  string       `yaml:"name"`  // the last part of /hooks/twilio/NAME
	Token secret.Value `yaml:"token"` // the account's primary auth token, which signs
	URL   string       `yaml:"url"`   // exactly as it is entered at Twilio; it is part of what is signed
	SIM   string       `yaml:"sim"`   // the SIM that everything is for; without it the recipient's number decides
}

const twilioAnswer = `<?xml version="1.0" encoding="UTF-8"?><Response/>` + "\n"

func (t Twilio) validate(taken map[string]bool) error {
	errs := []error{checkName(t.Name, taken)}
	if t.Token.Empty() {
		errs = append(errs, invalid.At("token", "is missing; it is the account's primary auth token"))
	}
	address, err := url.Parse(t.URL)
	if err != nil || address.Host == "" || address.Scheme != "https" && address.Scheme != "http" {
		errs = append(errs, invalid.At("url", "%q is not an address; write https://host/hooks/twilio/%s", t.URL, t.Name))
	}
	return errors.Join(errs...)
}

// terms: an empty answer in Twilio's language, so that nothing is sent back.
func (t Twilio) terms() terms {
	return terms{[]string{http.MethodPost}, "text/xml; charset=utf-8", twilioAnswer}
}

func (t Twilio) open(c call) (delivery, error) {
	form, unreadable := url.ParseQuery(string(c.body))
	signature, err := base64.StdEncoding.DecodeString(c.Header.Get("X-Twilio-Signature"))
	if err != nil || !hmac.Equal(twilioMAC(t.Token, t.URL, form), signature) {
		return delivery{}, errTwilio
	}
	if _, _, ok := c.mediaType("application/x-www-form-urlencoded"); !ok {
		return delivery{}, errMedia
	}
	if unreadable != nil {
		return delivery{}, errForm
	}
	if !plainWord.MatchString(form.Get("MessageSid")) || !form.Has("Body") {
		return delivery{}, errField
	}
	return delivery{device: t.Name, message: &Message{
		ID: form.Get("MessageSid"), SIM: t.SIM, Shared: true,
		Sender: secret.New(form.Get("From")), Recipient: secret.New(form.Get("To")), Text: secret.New(form.Get("Body")),
	}}, nil
}

var errTwilio = &refusal{http.StatusUnauthorized, "X-Twilio-Signature does not match"}

// twilioMAC is HMAC-SHA1 of the address and each field's name and value in the
// order of names. A name with several values counts each value once. See
// "Validating requests" in Twilio's documentation.
func twilioMAC(token secret.Value, address string, form url.Values) []byte {
	mac := hmac.New(sha1.New, []byte(token.Reveal()))
	var signed strings.Builder
	signed.WriteString(address)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range slices.Compact(slices.Sorted(slices.Values(form[name]))) {
			signed.WriteString(name + value)
		}
	}
	mac.Write([]byte(signed.String()))
	return mac.Sum(nil)
}

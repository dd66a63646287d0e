package inbox

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"pantau/internal/secret"
)

var (
	errTimestamp = &refusal{http.StatusUnauthorized, "X-Timestamp is missing or too far from now"}
	errSignature = &refusal{http.StatusUnauthorized, "X-Signature does not match"}
	errEvent     = &refusal{http.StatusBadRequest, "body is not an event"}
)

func (a Android) terms() terms {
	return terms{[]string{http.MethodPost}, "text/plain; charset=utf-8", "ok\n"}
}

func (a Android) open(c call) (delivery, error) {
	sent, err := c.signedAt(a.Secret)
	if err != nil {
		return delivery{}, err
	}
	if _, _, ok := c.mediaType("application/json"); !ok {
		return delivery{}, errMedia
	}
	e, err := parseEvent(c.body)
	if err != nil {
		return delivery{}, err
	}
	if e.Event != "sms:received" {
		return delivery{device: e.DeviceID, told: told{sent, callWithin}}, nil // system:ping, and what we did not ask for
	}
	m := e.message(sent, c.now)
	return delivery{e.DeviceID, &m, told{sent, callWithin}}, nil
}

// event is a webhook of SMS Gateway for Android. Fields that are not read are
// left out.
type event struct {
	DeviceID string  `json:"deviceId"`
	Event    string  `json:"event"`
	ID       string  `json:"id"` // unique; messageId is not
	Payload  payload `json:"payload"`
}

type payload struct {
	Message     string  `json:"message"`
	Sender      *string `json:"sender"`
	PhoneNumber string  `json:"phoneNumber"` // the sender in older versions
	Recipient   *string `json:"recipient"`
	SIMNumber   *int    `json:"simNumber"`
	ReceivedAt  string  `json:"receivedAt"` // the message centre's stamp, not the arrival
}

func parseEvent(body []byte) (event, error) {
	var e struct {
		event
		Payload json.RawMessage `json:"payload"`
	}
	if json.Unmarshal(body, &e) != nil || !plainWord.MatchString(e.Event) ||
		!plainWord.MatchString(e.DeviceID) || !plainWord.MatchString(e.ID) {
		return event{}, errEvent
	}
	if e.Event != "sms:received" {
		return e.event, nil // its payload may be anything
	}
	if len(e.Payload) == 0 || bytes.Equal(e.Payload, []byte("null")) || json.Unmarshal(e.Payload, &e.event.Payload) != nil {
		return event{}, errEvent
	}
	return e.event, nil
}

// message is e as a Message, signed by the handset at sent of its clock: the
// app does not say when the message came to it, only when it sent this try. A
// stamp that cannot be read is not said.
func (e event) message(sent, received time.Time) Message {
	m := Message{
		ID: e.ID, Sender: secret.New(e.Payload.PhoneNumber), Text: secret.New(e.Payload.Message),
		DeviceAt: sinceSecond(sent, received),
	}
	if e.Payload.Sender != nil && *e.Payload.Sender != "" {
		m.Sender = secret.New(*e.Payload.Sender)
	}
	if e.Payload.Recipient != nil {
		m.Recipient = secret.New(*e.Payload.Recipient)
	}
	if e.Payload.SIMNumber != nil {
		m.Slot = *e.Payload.SIMNumber
	}
	if stamped, err := time.Parse(time.RFC3339, e.Payload.ReceivedAt); err == nil {
		m.Stamped = stamped
	}
	return m
}

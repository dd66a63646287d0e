package inbox

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"pantau/internal/secret"
)

const (
	androidPath = "/hooks/android/"
	mostBody    = 64 << 10
	// readLimit is how long a phone may take to send its body.
	readLimit = 15 * time.Second
)

// refusal is an answer that is not 2xx. Its text is fixed: nothing of the
// request is ever said back.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return "refusing a webhook: " + r.text }

var (
	errNoReceiver = &refusal{http.StatusNotFound, "no such receiver"}
	errMethod     = &refusal{http.StatusMethodNotAllowed, "use POST"}
	errTooLarge   = &refusal{http.StatusRequestEntityTooLarge, "body is larger than 64 KiB"}
	errUnread     = &refusal{http.StatusBadRequest, "body could not be read"}
	errTimestamp  = &refusal{http.StatusUnauthorized, "X-Timestamp is missing or too far from now"}
	errSignature  = &refusal{http.StatusUnauthorized, "X-Signature does not match"}
	errEvent      = &refusal{http.StatusBadRequest, "body is not an event"}
	errAgain      = &refusal{http.StatusServiceUnavailable, "not recorded, try again"}
	errStopping   = &refusal{http.StatusServiceUnavailable, "stopping, try again"}
)

// serveHook answers one webhook. 200 means that it had its effect or never
// will; anything else makes the phone try again.
func (i *Inbox) serveHook(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	err := i.hook(w, r)
	if err == nil {
		_, _ = io.WriteString(w, "ok\n")
		return
	}
	var answer *refusal
	if !errors.As(err, &answer) {
		i.deps.Log.Error("a message was not recorded", "receiver", kindAndroid, "error", err)
		answer = errAgain
	} else {
		i.deps.Metrics.count(kindAndroid, refused)
	}
	if answer == errMethod {
		w.Header().Set("Allow", http.MethodPost)
	}
	w.WriteHeader(answer.status)
	_, _ = io.WriteString(w, answer.text+"\n")
}

func (i *Inbox) hook(w http.ResponseWriter, r *http.Request) error {
	name, isAndroid := strings.CutPrefix(r.URL.Path, androidPath)
	receiver, known := i.android[name]
	if !isAndroid || !known {
		return errNoReceiver
	}
	if r.Method != http.MethodPost {
		return errMethod
	}
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	now := time.Now()
	sent, err := verify(receiver.Secret, body, r.Header, now, i.options.ClockTolerance)
	if err != nil {
		return err
	}
	e, err := parseEvent(body)
	if err != nil {
		return err
	}
	i.Heard(receiver.Name, e.DeviceID, now)
	if e.Event != "sms:received" {
		return nil // system:ping, and what we did not ask for
	}
	i.taking.RLock()
	defer i.taking.RUnlock()
	if i.stopped {
		return errStopping
	}
	return i.take(r.Context(), kindAndroid, e.message(receiver.Name, sent, now))
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	// A recorder in a test has no deadline to set; a server does.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readLimit))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge
	case err != nil:
		return nil, errUnread
	}
	return body, nil
}

// verify says whether a phone with the key signed body just now, and when it
// says it did. See "Payload Signing" in the documentation of SMS Gateway for
// Android: X-Signature is HMAC-SHA256 of body and X-Timestamp in lower-case
// hex.
func verify(key secret.Value, body []byte, header http.Header, now time.Time, tolerance time.Duration) (time.Time, error) {
	timestamp := header.Get("X-Timestamp")
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	mac.Write(body)
	mac.Write([]byte(timestamp))
	want := hex.EncodeToString(mac.Sum(nil))
	if !hmac.Equal([]byte(want), []byte(header.Get("X-Signature"))) {
		return time.Time{}, errSignature
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return time.Time{}, errTimestamp
	}
	sent := time.Unix(seconds, 0)
	if sent.Before(now.Add(-tolerance)) || sent.After(now.Add(tolerance)) {
		return time.Time{}, errTimestamp
	}
	return sent, nil
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

// eventWord is an id or a name that may stand in a log.
var eventWord = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,128}$`)

func parseEvent(body []byte) (event, error) {
	var e struct {
		event
		Payload json.RawMessage `json:"payload"`
	}
	if json.Unmarshal(body, &e) != nil || !eventWord.MatchString(e.Event) ||
		!eventWord.MatchString(e.DeviceID) || !eventWord.MatchString(e.ID) {
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
func (e event) message(receiver string, sent, received time.Time) Message {
	m := Message{
		Receiver: receiver, ID: e.ID, Device: e.DeviceID,
		Sender: secret.New(e.Payload.PhoneNumber), Text: secret.New(e.Payload.Message),
		DeviceAt: sent, Received: received,
	}
	// X-Timestamp is cut to its second. Within that second the handset's clock
	// says nothing that ours does not.
	if late := received.Sub(sent); late >= 0 && late < time.Second {
		m.DeviceAt = received
	}
	if e.Payload.Sender != nil {
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

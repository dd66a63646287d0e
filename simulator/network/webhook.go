package network

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// event is one webhook of a handset, as SMS Gateway for Android (capcom6)
// sends it.
type event struct {
	body    []byte
	retries int
	until   time.Time // not retried at or after it; zero is mostRetries times
}

// envelope is the JSON of a webhook.
type envelope struct {
	Device  string `json:"deviceId"`
	Event   string `json:"event"`
	ID      string `json:"id"` // one per event, the same in every retry
	Payload any    `json:"payload"`
	Webhook string `json:"webhookId"`
}

// received is the payload of sms:received.
type received struct {
	MessageID  string  `json:"messageId"` // made from the text, so not unique
	Message    string  `json:"message"`
	Sender     string  `json:"sender"`
	Recipient  *string `json:"recipient"`
	SIMNumber  *int    `json:"simNumber"`
	ReceivedAt string  `json:"receivedAt"` // the message centre's stamp, in the phone's zone
}

// stampLayout is RFC 3339 with milliseconds. The stamp itself has whole seconds.
const stampLayout = "2006-01-02T15:04:05.000Z07:00"

func newID() string { return rand.Text() }

// received is the event of a message that reached the phone.
func (n *Network) received(h *handset, message textMessage) event {
	payload := received{
		MessageID:  fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(message.text))),
		Message:    message.text,
		Sender:     cmp.Or(message.from, n.options.Sender),
		ReceivedAt: n.outside(message.stamped).In(wib()).Truncate(time.Second).Format(stampLayout),
	}
	if !h.NullRecipient {
		recipient := "+" + message.to
		payload.Recipient = &recipient
	}
	if slot := h.slots[message.to]; !h.NullSIM {
		payload.SIMNumber = &slot
	}
	return event{body: n.envelope(h, "sms:received", payload)}
}

// ping is a heartbeat that is worth nothing any more when the next one is due.
func (n *Network) ping(h *handset, next time.Time) event {
	health := map[string]any{"health": map[string]any{"status": "pass"}}
	return event{body: n.envelope(h, "system:ping", health), until: next}
}

func (n *Network) envelope(h *handset, name string, payload any) []byte {
	body, err := json.Marshal(envelope{Device: h.Device, Event: name, ID: newID(), Payload: payload, Webhook: n.webhook})
	if err != nil {
		panic(err) // texts and numbers always have a JSON form
	}
	return body
}

// wib is the zone of the simulated phones.
func wib() *time.Location { return time.FixedZone("WIB", 7*60*60) }

// handOver posts the event as soon as the phone has a network and one of its
// workers is free.
func (n *Network) handOver(h *handset, e event) {
	n.whenOnline(h, func() {
		h.lane.put(func(ctx context.Context) { n.try(ctx, h, e) })
	})
}

// try posts the event once and enters the retry when it was not taken.
func (n *Network) try(ctx context.Context, h *handset, e event) {
	err := n.postEvent(ctx, e.body)
	if err == nil || ctx.Err() != nil {
		return
	}
	next := time.Now().Add(backoff(n.options.RetryBase, e.retries))
	if e.retries >= mostRetries || !e.until.IsZero() && !next.Before(e.until) {
		n.log.Warn("a webhook is given up", "device", h.Device, "tries", e.retries+1, "err", err)
		return
	}
	n.log.Debug("a webhook was not taken", "device", h.Device, "tries", e.retries+1, "err", err)
	e.retries++
	n.at(next, func() { n.handOver(h, e) })
}

// backoff is the wait before the retry after so many retries.
func backoff(base time.Duration, retries int) time.Duration { return base << retries }

// errLine is what an attempt gives while the monitor cannot be reached.
var errLine = errors.New("the monitor is not reachable")

// postEvent sends one webhook, signed for this very moment. Its errors show
// neither the address nor what was sent.
func (n *Network) postEvent(ctx context.Context, body []byte) error {
	if n.lineDown() {
		return errLine
	}
	ctx, cancel := context.WithTimeout(ctx, requestWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, n.options.WebhookURL, bytes.NewReader(body))
	if err != nil {
		return errors.New("making a request to the webhook URL")
	}
	timestamp := strconv.FormatInt(n.outside(time.Now()).Unix(), 10)
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("User-Agent", "pantau-simulator")
	request.Header.Set("X-Timestamp", timestamp)
	request.Header.Set("X-Signature", signature(n.options.WebhookSecret, body, timestamp))
	response, err := n.client.Do(request)
	if err != nil {
		return fmt.Errorf("posting a webhook: %w", withoutURL(err))
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection is used again
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("posting a webhook: status %d, want 2xx", response.StatusCode)
	}
	return nil
}

// signature is the lower-case hex HMAC-SHA256 of the body with the timestamp
// behind it.
func signature(key string, body []byte, timestamp string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(body)
	mac.Write([]byte(timestamp))
	return hex.EncodeToString(mac.Sum(nil))
}

// withoutURL drops the address, which may carry a token.
func withoutURL(err error) error {
	var withURL *url.Error
	if errors.As(err, &withURL) {
		return withURL.Err
	}
	return err
}

// newClient follows no redirect: an app that posts webhooks takes it for a
// refusal.
func newClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

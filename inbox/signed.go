package inbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"pantau/internal/secret"
)

// The headers that sign a call. X-Signature is HMAC-SHA256 of body and
// X-Timestamp in lower-case hex; see "Payload Signing" in the documentation of
// SMS Gateway for Android. What pantau inbox gammu hands over is signed alike.
const (
	headerSignature = "X-Signature"
	headerTimestamp = "X-Timestamp"
)

// signature of a body that is sent at timestamp, Unix seconds.
func signature(key secret.Value, body []byte, timestamp string) string {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	mac.Write(body)
	mac.Write([]byte(timestamp))
	return hex.EncodeToString(mac.Sum(nil))
}

// signedAt says whether a call is signed with key, and when it says it was.
func (c call) signedAt(key secret.Value) (time.Time, error) {
	timestamp := c.Header.Get(headerTimestamp)
	if !hmac.Equal([]byte(signature(key, c.body, timestamp)), []byte(c.Header.Get(headerSignature))) {
		return time.Time{}, errSignature
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || !c.atHand(time.Unix(seconds, 0)) {
		return time.Time{}, errTimestamp
	}
	return time.Unix(seconds, 0), nil
}

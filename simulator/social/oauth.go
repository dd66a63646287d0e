package social

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// clockWindow is how far a request's timestamp may be from our clock, and so how
// long its nonce is remembered.
const clockWindow = 5 * time.Minute

// keys check OAuth 1.0a signatures (RFC 5849, HMAC-SHA1) of one application and
// one user.
type keys struct {
	consumerKey, consumerSecret string
	token, tokenSecret          string

	mu     sync.Mutex
	nonces map[string]time.Time // when each was used; forgotten after twice the window
	swept  time.Time
}

// check gives nil when r is signed by the account, was not seen before, and is
// of now. The signature is over the address r was sent to: one made for
// another host, as by a round-tripper that rewrites below the signer, is wrong.
func (k *keys) check(r *http.Request, body []byte, now time.Time) *xRefusal {
	header := r.Header.Get("Authorization")
	oauth, ok := parseOAuth(header)
	if !ok {
		return badAuthentication()
	}
	if k.consumerKey == "" || oauth["oauth_consumer_key"] != k.consumerKey {
		return badSignature()
	}
	if k.token == "" || oauth["oauth_token"] != k.token {
		return badToken()
	}
	base, err := signatureBase(r, body, oauth)
	if err != nil || !k.signed(base, oauth) {
		return badSignature()
	}
	seconds, err := strconv.ParseInt(oauth["oauth_timestamp"], 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > clockWindow {
		return badTimestamp()
	}
	if oauth["oauth_nonce"] == "" || !k.first(oauth["oauth_nonce"], now) {
		return badSignature()
	}
	return nil
}

func (k *keys) signed(base string, oauth map[string]string) bool {
	version := oauth["oauth_version"]
	if oauth["oauth_signature_method"] != "HMAC-SHA1" || (version != "" && version != "1.0") {
		return false
	}
	got, err := base64.StdEncoding.DecodeString(oauth["oauth_signature"])
	mac := hmac.New(sha1.New, []byte(percent(k.consumerSecret)+"&"+percent(k.tokenSecret)))
	mac.Write([]byte(base))
	return err == nil && hmac.Equal(got, mac.Sum(nil))
}

// first notes nonce and says whether it is new. Timestamps outside the window
// are refused, so a nonce older than both ends of it cannot come back.
func (k *keys) first(nonce string, now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now.Sub(k.swept) > clockWindow {
		for old, used := range k.nonces {
			if now.Sub(used) > 2*clockWindow {
				delete(k.nonces, old)
			}
		}
		k.swept = now
	}
	if _, seen := k.nonces[nonce]; seen {
		return false
	}
	k.nonces[nonce] = now
	return true
}

// parseOAuth reads an Authorization header of scheme OAuth; ok is false when it
// is of another scheme, badly written, or names a parameter twice.
func parseOAuth(header string) (params map[string]string, ok bool) {
	scheme, rest, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "OAuth") {
		return nil, false
	}
	params = map[string]string{}
	for pair := range strings.SplitSeq(rest, ",") {
		name, quoted, found := strings.Cut(strings.TrimSpace(pair), "=")
		name, wrongName := url.PathUnescape(name)
		value, wrongValue := url.PathUnescape(strings.Trim(quoted, `"`))
		_, twice := params[name]
		if !found || twice || wrongName != nil || wrongValue != nil {
			return nil, false
		}
		params[name] = value
	}
	return params, true
}

// signatureBase is the string that was signed (RFC 5849, 3.4.1).
func signatureBase(r *http.Request, body []byte, oauth map[string]string) (string, error) {
	address, err := url.ParseRequestURI(r.RequestURI)
	if err != nil {
		return "", fmt.Errorf("reading the request's address: %w", err)
	}
	var pairs []string
	for name, value := range oauth {
		if name != "oauth_signature" && name != "realm" {
			pairs = append(pairs, percent(name)+"="+percent(value))
		}
	}
	for _, encoded := range []string{address.RawQuery, formOf(r, body)} {
		values, err := url.ParseQuery(encoded)
		if err != nil {
			return "", fmt.Errorf("reading the request's parameters: %w", err)
		}
		for name, list := range values {
			for _, value := range list {
				pairs = append(pairs, percent(name)+"="+percent(value))
			}
		}
	}
	slices.SortFunc(pairs, byNameThenValue)
	return r.Method + "&" + percent(origin(r)+address.EscapedPath()) + "&" + percent(strings.Join(pairs, "&")), nil
}

// byNameThenValue is not the order of the pairs as whole strings, where "a1=" is
// before "a=".
func byNameThenValue(a, b string) int {
	nameA, valueA, _ := strings.Cut(a, "=")
	nameB, valueB, _ := strings.Cut(b, "=")
	return cmp.Or(strings.Compare(nameA, nameB), strings.Compare(valueA, valueB))
}

// origin is the scheme and host r was sent to, without a default port.
func origin(r *http.Request) string {
	scheme, defaultPort := "http", "80"
	if r.TLS != nil {
		scheme, defaultPort = "https", "443"
	}
	host := strings.ToLower(r.Host)
	if _, port, err := net.SplitHostPort(host); err == nil && port == defaultPort {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return scheme + "://" + host
}

// formOf gives body when it is a form and "" when it is anything else.
func formOf(r *http.Request, body []byte) string {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return ""
	}
	return string(body)
}

// percent encodes all but RFC 3986's unreserved characters.
func percent(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

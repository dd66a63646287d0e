package social_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dghubble/oauth1"

	"pantau/simulator/social"
)

// recorder keeps the header that was signed, and may send another or nothing.
type recorder struct {
	sent    string
	instead string
	hold    bool
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	if r.instead != "" {
		request.Header.Set("Authorization", r.instead)
	}
	r.sent = request.Header.Get("Authorization")
	if r.hold {
		return nil, errors.New("held back")
	}
	return http.DefaultTransport.RoundTrip(request)
}

func TestReplayIsRefused(t *testing.T) {
	w := newWorld(t)
	first := &recorder{}
	client := signer(t, account())
	client.Transport.(*oauth1.Transport).Base = first
	if a := w.call(client, "GET", "/x/2/users/me", "", ""); a.status != 200 {
		t.Fatalf("the first call: got %d %s, want 200", a.status, a.body)
	}
	again := &http.Client{Transport: &recorder{instead: first.sent}}
	a := w.call(again, "GET", "/x/2/users/me", "", "")
	if want := `{"detail":"Unauthorized","type":"about:blank","title":"Unauthorized","status":401}`; a.status != 401 || a.body != want {
		t.Errorf("the same call again: got %d %s, want 401 %s", a.status, a.body, want)
	}
}

func TestSignatureIsForTheAddressItWasSentTo(t *testing.T) {
	w := newWorld(t)
	to, err := url.Parse(w.url)
	if err != nil {
		t.Fatal(err)
	}
	// The rewriting is inside the signer here: signed for X, sent to us.
	client := signer(t, account())
	client.Transport.(*oauth1.Transport).Base = elsewhere{to, http.DefaultTransport}
	response, err := client.Get("https://api.x.com/2/users/me")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != 401 {
		t.Errorf("got %d, want 401", response.StatusCode)
	}
}

func TestSignatureCoversEverything(t *testing.T) {
	w := newWorld(t)
	const form, path = "application/x-www-form-urlencoded", "/x/1.1/statuses/update.json?trim_user=true"
	signed := &recorder{hold: true}
	client := signer(t, account())
	client.Transport.(*oauth1.Transport).Base = signed
	w.call(client, "POST", path, form, "status=asli")

	tests := []struct {
		name, method, path, body string
		want                     int
	}{
		{"another text", "POST", path, "status=palsu", 401},
		{"another query", "POST", strings.Replace(path, "true", "false", 1), "status=asli", 401},
		{"another path", "GET", "/x/1.1/statuses/user_timeline.json?trim_user=true", "status=asli", 401},
		{"one parameter more", "POST", path + "&a=b", "status=asli", 401},
		{"as signed", "POST", path, "status=asli", 200}, // the refused ones have not used up the nonce
		{"as signed, again", "POST", path, "status=asli", 401},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client := &http.Client{Transport: &recorder{instead: signed.sent}}
			if a := w.call(client, test.method, test.path, form, test.body); a.status != test.want {
				t.Errorf("got %d %s, want %d", a.status, a.body, test.want)
			}
		})
	}
	w.wantX("asli")
}

// The library's clock cannot be set, so these headers are our own.
func TestTimestampWindow(t *testing.T) {
	w := newWorld(t)
	tests := []struct {
		name string
		off  time.Duration
		want int
	}{
		{"now", 0, 200},
		{"four minutes ago", -4 * time.Minute, 200},
		{"in four minutes", 4 * time.Minute, 200},
		{"six minutes ago", -6 * time.Minute, 401},
		{"in six minutes", 6 * time.Minute, 401},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			header := signAt(t, account(), w.url+"/x/1.1/account/verify_credentials.json", time.Now().Add(test.off), fmt.Sprint("n", i))
			client := &http.Client{Transport: &recorder{instead: header}}
			a := w.call(client, "GET", "/x/1.1/account/verify_credentials.json", "", "")
			if a.status != test.want {
				t.Errorf("got %d %s, want %d", a.status, a.body, test.want)
			}
			if test.want == 401 && !strings.Contains(a.body, `"code":135`) {
				t.Errorf("got %s, want code 135", a.body)
			}
		})
	}
}

// signAt signs a GET of address as of at.
func signAt(t *testing.T, a social.XAccount, address string, at time.Time, nonce string) string {
	t.Helper()
	// In the order of their names, as they are signed.
	params := []string{
		"oauth_consumer_key=" + oauth1.PercentEncode(a.ConsumerKey),
		"oauth_nonce=" + nonce,
		"oauth_signature_method=HMAC-SHA1",
		fmt.Sprintf("oauth_timestamp=%d", at.Unix()),
		"oauth_token=" + oauth1.PercentEncode(a.Token),
	}
	base := "GET&" + oauth1.PercentEncode(address) + "&" + oauth1.PercentEncode(strings.Join(params, "&"))
	hmac := oauth1.HMACSigner{ConsumerSecret: a.ConsumerSecret}
	signature, err := hmac.Sign(a.TokenSecret, base)
	if err != nil {
		t.Fatal(err)
	}
	header := "OAuth "
	for _, p := range params {
		name, value, _ := strings.Cut(p, "=")
		header += fmt.Sprintf("%s=%q, ", name, value)
	}
	return header + fmt.Sprintf("oauth_signature=%q", oauth1.PercentEncode(signature))
}

func TestUnsignedIsRefused(t *testing.T) {
	w := newWorld(t)
	for _, header := range []string{"Bearer abc", "OAuth", "OAuth x", `OAuth oauth_token="a", oauth_token="b"`, `OAuth oauth_token="%zz"`} {
		client := &http.Client{Transport: &recorder{instead: header}}
		if a := w.call(client, "GET", "/x/1.1/account/verify_credentials.json", "", ""); a.status != 400 || !strings.Contains(a.body, `"code":215`) {
			t.Errorf("%s on v1.1: got %d %s, want 400 with code 215", header, a.status, a.body)
		}
		if a := w.call(client, "GET", "/x/2/users/me", "", ""); a.status != 401 {
			t.Errorf("%s on v2: got %d, want 401", header, a.status)
		}
	}
}

func TestNobodyMayPostWithoutKeys(t *testing.T) {
	w := newWorld(t, func(o *social.Options) { *o = social.Options{} })
	if a := w.call(signer(t, social.XAccount{}), "GET", "/x/2/users/me", "", ""); a.status != 401 {
		t.Errorf("X without keys: got %d, want 401", a.status)
	}
	if _, err := w.slackClient("").AuthTest(); err == nil || err.Error() != "not_authed" {
		t.Errorf("Slack without a token: got %v, want not_authed", err)
	}
}

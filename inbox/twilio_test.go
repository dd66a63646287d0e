package inbox

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"

	"pantau/internal/secret"
)

// The vector of Twilio's documentation.
func TestTwilioVector(t *testing.T) {
	form, err := url.ParseQuery("Digits=1234&To=%2B18005551212&From=%2B14158675309&Caller=%2B14158675309&CallSid=CA1234567890ABCDE")
	if err != nil {
		t.Fatal(err)
	}
	sum := twilioMAC(secret.New("12345"), "https://mycompany.com/myapp.php?foo=1&bar=2", form)
	if got := base64.StdEncoding.EncodeToString(sum); got != "RSOYDt4T1cUTdK1PDd93/VVr8B8=" {
		t.Errorf("signature %s, want RSOYDt4T1cUTdK1PDd93/VVr8B8=", got)
	}
}

func TestTwilioSignsEachValueOnce(t *testing.T) {
	key := secret.New("k")
	once := twilioMAC(key, "u", url.Values{"A": {"1", "2"}, "B": {""}})
	for _, same := range []url.Values{{"A": {"2", "1"}, "B": {""}}, {"B": {""}, "A": {"1", "2", "1"}}} {
		if string(twilioMAC(key, "u", same)) != string(once) {
			t.Errorf("%v is signed otherwise", same)
		}
	}
	if string(twilioMAC(key, "u", url.Values{"A": {"1"}, "B": {""}})) == string(once) {
		t.Error("a value is not signed")
	}
}

func FuzzTwilio(f *testing.F) {
	f.Add("MessageSid=SM1&From=DJP&To=%2B6281200000001&Body=Kode+OTP:+482915&NumMedia=0", mediaForm, "", true)
	f.Add("MessageSid=SM1&Body=%zz&;", mediaForm, "", true)
	f.Add("Body=x", "text/plain", "AAAA", false)
	f.Fuzz(func(t *testing.T, body, media, signature string, known bool) {
		r := fuzzRequest(t, http.MethodPost, "/hooks/twilio/r", body, media)
		form, _ := url.ParseQuery(body)
		right := base64.StdEncoding.EncodeToString(twilioMAC(secret.New(signingKey), twilioURL, form))
		if known {
			signature = right
		}
		r.Header["X-Twilio-Signature"] = []string{signature}
		fuzzed(t, twilioCaller(), r, signature == right)
	})
}

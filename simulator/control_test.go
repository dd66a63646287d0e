package simulator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"pantau/simulator"
	"pantau/simulator/delivery"
)

func call(t *testing.T, method, address, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	raw, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return got.StatusCode, strings.TrimSpace(string(raw))
}

func TestFaultsByTheAPI(t *testing.T) {
	s := start(t, nil)
	faults := s.URL() + "/control/faults"
	in := func(d time.Duration) string { return time.Now().Add(d).Format(time.RFC3339) }
	for _, test := range []struct {
		name, body string
		status     int
		says       string // in the answer
	}{
		{"a delay", `{"kind":"otp-delay","streams":["sms/indosat"],"late":0.9,"median":"14m","p95":"55m","lost":0.0}`, 201, `"median":"14m","p95":"55m"`},
		{"a loop", `{"kind":"captcha-loop","probability":0.9}`, 201, `"kind":"captcha-loop","probability":0.9`},
		{"a loop, without id", `{"kind":"captcha-loop","probability":0.9}`, 201, `{"id":"fault-`},
		{"down", `{"kind":"portal-down","how":"http-503"}`, 201, `"how":"http-503"`},
		{"slow", `{"kind":"portal-slow","median":"8s"}`, 201, `"median":"8s"`},
		{"broken", ` {"kind":"captcha-broken"} `, 201, `"captcha-broken"`},
		{"a queue", `{"kind":"otp-queue","streams":["sms/xl"],"arrivals_per_minute":120,"served_per_minute":60,"re_request_after":"90s","re_requests_at_most":3,"expire_after":"1h"}`, 201, `"re_request_after":"1m30s"`},
		{"refused codes", `{"kind":"otp-rejected","streams":["email"],"probability":1}`, 201, `"streams":["email"]`},
		{"a handset", `{"kind":"handset-offline","streams":["sms/telkomsel"]}`, 201, `handset-offline`},
		{"a forwarder", `{"kind":"receiver-late","streams":["sms/telkomsel"],"delay":"20m"}`, 201, `"delay":"20m"`},
		{"no credit", `{"kind":"sim-empty","streams":["sms/telkomsel"],"sims":0.34}`, 201, `"sims":0.34`},
		{"offline, later", `{"kind":"monitor-offline","from":"` + in(time.Hour) + `"}`, 201, `"from":"`},
		{"a jump", `{"kind":"clock-jump","by":"-5m"}`, 201, `"by":"-5m"`},
		{"two", `[{"kind":"captcha-broken"},{"kind":"captcha-loop","probability":1}]`, 201, `[{"id":"`},
		{"none", `[]`, 201, `[]`},

		{"nothing", ``, 400, "the body is empty"},
		{"no JSON", `kind=x`, 400, "invalid character"},
		{"text after it", `{"kind":"captcha-broken"}{}`, 400, "after top-level value"},
		{"no kind", `{}`, 400, "kind: "},
		{"unknown kind", `{"kind":"portal-sleepy"}`, 400, `portal-sleepy`},
		{"unknown key", `{"kind":"captcha-broken","colour":"red"}`, 400, `unknown field \"colour\"`},
		{"a key of another kind", `{"kind":"captcha-broken","median":"1m"}`, 400, "median: does not belong"},
		{"no probability", `{"kind":"captcha-loop"}`, 400, "probability: is missing"},
		{"too probable", `{"kind":"captcha-loop","probability":90}`, 400, "probability: 90"},
		{"a bare number", `{"kind":"portal-slow","median":8}`, 400, "cannot unmarshal number"},
		{"no stream", `{"kind":"otp-delay","late":1,"median":"1m","p95":"2m"}`, 400, "streams: is missing"},
		{"both mistakes", `{"kind":"otp-rejected"}`, 400, "streams: is missing; write a list such as [sms/telkomsel]; probability"},
		{"over already", `{"kind":"captcha-broken","until":"` + in(-time.Hour) + `"}`, 400, "is over already"},
		{"ends before it begins", `{"kind":"captcha-broken","from":"` + in(2*time.Hour) + `","until":"` + in(time.Hour) + `"}`, 400, "is not after from"},
		{"one of two is wrong", `[{"kind":"captcha-broken"},{"kind":"captcha-loop"}]`, 400, "fault 2: probability"},
		{"too large", `{"kind":"` + strings.Repeat("x", 65<<10) + `"}`, 400, "too large"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := len(s.Faults())
			status, answer := call(t, "POST", faults, test.body)
			if status != test.status || !strings.Contains(answer, test.says) {
				t.Errorf("status %d, want %d with %s in it: %s", status, test.status, test.says, answer)
			}
			if status == 400 && len(s.Faults()) != before {
				t.Error("it is on all the same")
			}
			if status, answer := call(t, "DELETE", faults, ""); status != 204 || answer != "" || len(s.Faults()) > 0 {
				t.Errorf("DELETE: status %d, %d faults are left", status, len(s.Faults()))
			}
		})
	}
}

func TestOneFaultIsEndedByItsID(t *testing.T) {
	s := start(t, nil)
	faults := s.URL() + "/control/faults"
	_, _ = call(t, "POST", faults, `[{"kind":"captcha-broken"},{"kind":"captcha-loop","probability":1}]`)
	var on []map[string]any
	status, body := call(t, "GET", faults, "")
	if err := json.Unmarshal([]byte(body), &on); err != nil || status != 200 || len(on) != 2 {
		t.Fatalf("status %d, %v: %s", status, err, body)
	}
	if len(on[0]) != 2 || len(on[1]) != 3 {
		t.Errorf("want no keys but those posted and id: %s", body)
	}
	first := faults + "/" + on[0]["id"].(string)
	for _, want := range []int{204, 404} {
		if status, _ := call(t, "DELETE", first, ""); status != want {
			t.Errorf("DELETE: status %d, want %d", status, want)
		}
	}
	if left := s.Faults(); len(left) != 1 || left[0].Kind != delivery.CaptchaLoop {
		t.Errorf("left are %v", left)
	}
}

func TestFaultsAreBounded(t *testing.T) {
	s := start(t, nil)
	for range 100 {
		_, _ = call(t, "POST", s.URL()+"/control/faults", `{"kind":"captcha-broken"}`)
	}
	if status, _ := call(t, "POST", s.URL()+"/control/faults", `{"kind":"captcha-broken"}`); status != 400 {
		t.Errorf("status %d for the 101st", status)
	}
	if err := s.SetFaults([]delivery.Fault{{Kind: delivery.CaptchaBroken}}); err != nil || len(s.Faults()) != 1 {
		t.Errorf("replacing them: %v, %d are on", err, len(s.Faults()))
	}
}

func TestThePanelPressesAndReleases(t *testing.T) {
	s := start(t, func(o *simulator.Options) { o.PageURL = "http://127.0.0.1:8080/" })
	press := func(path string, typed url.Values) *goquery.Document {
		return read(t)(http.PostForm(s.URL()+path, typed))
	}
	page := read(t)(http.Get(s.URL() + "/control/"))
	if page.Find(`a[href="http://127.0.0.1:8080/"]`).Length() != 1 {
		t.Error("the status page is not linked")
	}
	buttons := page.Find("button.press")
	buttons.Each(func(_ int, b *goquery.Selection) {
		id := b.AttrOr("value", "")
		on := press("/control/panel/start", url.Values{"preset": {id}})
		if on.Find(`button[value="`+id+`"]`).AttrOr("aria-pressed", "") != "true" || on.Find(".standing li").Length() != 1 {
			t.Fatalf("%s is not on", id)
		}
		if off := press("/control/panel/start", url.Values{"preset": {id}}); off.Find(".standing li").Length() != 0 {
			t.Fatalf("%s is not off again", id)
		}
	})
	kinds := map[delivery.Kind]bool{}
	buttons.Each(func(_ int, b *goquery.Selection) {
		press("/control/panel/start", url.Values{"preset": {b.AttrOr("value", "")}})
	})
	for _, f := range s.Faults() {
		kinds[f.Kind] = true
	}
	if len(kinds) != len(delivery.Kinds()) {
		t.Errorf("the buttons make %d kinds of fault of %d", len(kinds), len(delivery.Kinds()))
	}
	one := read(t)(http.Get(s.URL()+"/control/")).Find(".standing button").AttrOr("value", "")
	if left := press("/control/panel/end", url.Values{"id": {one}}).Find(".standing li").Length(); left != buttons.Length()-1 {
		t.Errorf("%d are left after one was ended", left)
	}
	press("/control/panel/end", url.Values{"all": {"1"}})
	if len(s.Faults()) != 0 {
		t.Error("not all are ended")
	}
	if status, _ := call(t, "POST", s.URL()+"/control/panel/start", ""); status != http.StatusBadRequest {
		t.Errorf("no button at all: status %d", status)
	}
}

func TestAnotherSiteCannotPress(t *testing.T) {
	s := start(t, nil)
	for name, header := range map[string]http.Header{
		"fetch metadata": {"Sec-Fetch-Site": {"cross-site"}},
		"origin":         {"Origin": {"https://elsewhere.example"}},
	} {
		for _, path := range []string{"/control/panel/start", "/control/faults"} {
			r, err := http.NewRequest("POST", s.URL()+path, strings.NewReader(`{"kind":"captcha-broken"}`))
			if err != nil {
				t.Fatal(err)
			}
			r.Header = header.Clone()
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != http.StatusForbidden || len(s.Faults()) > 0 {
				t.Errorf("%s, %s: status %d", path, name, answer.StatusCode)
			}
		}
	}
}

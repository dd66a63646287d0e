package delivery_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"pantau/simulator/delivery"
)

// readFault does what everybody who takes a fault does: decode, then validate.
func readFault(text string) (delivery.Fault, error) {
	var fault delivery.Fault
	if err := json.Unmarshal([]byte(text), &fault); err != nil {
		return fault, err
	}
	return fault, fault.Validate()
}

func TestGoodFaultsAreTakenAndGivenBack(t *testing.T) {
	for _, text := range []string{
		`{"kind":"portal-down","from":"2023-05-26T18:00:00+07:00","until":"2023-05-28T23:40:00+07:00","how":"http-503"}`,
		`{"kind":"portal-down","how":"hang"}`,
		`{"kind":"portal-slow","median":"8s"}`,
		`{"kind":"captcha-broken"}`,
		`{"kind":"captcha-loop","probability":0.7}`,
		`{"kind":"otp-delay","streams":["sms/indosat","email"],"late":0.6,"median":"14m","p95":"55m","lost":0.03,"sims":0.5,"ramp":"1h30m"}`,
		`{"kind":"otp-delay","streams":["email"],"lost":1}`,
		`{"kind":"otp-queue","streams":["sms/xl"],"arrivals_per_minute":150,"served_per_minute":110,"re_request_after":"1m","re_requests_at_most":2,"expire_after":"1h"}`,
		`{"kind":"otp-queue","streams":["sms/xl"],"arrivals_per_minute":150,"served_per_minute":0.5,"expire_after":"1h"}`,
		`{"kind":"otp-rejected","streams":["sms/telkomsel"],"probability":1}`,
		`{"kind":"handset-offline","streams":["sms/telkomsel"]}`,
		`{"kind":"receiver-late","streams":["sms/xl"],"delay":"1.5s"}`,
		`{"kind":"sim-empty","streams":["sms/by-u"],"sims":0.25}`,
		`{"kind":"monitor-offline"}`,
		`{"kind":"clock-jump","by":"-5m"}`,
	} {
		fault, err := readFault(text)
		if err != nil {
			t.Errorf("%s is refused: %v", text, err)
			continue
		}
		given, err := json.Marshal(fault)
		if err != nil || string(given) != text {
			t.Errorf("given back as %s, %v; want %s", given, err, text)
		}
		var same delivery.Fault
		if err := yaml.UnmarshalWithOptions([]byte(text), &same, yaml.Strict()); err != nil {
			t.Errorf("as YAML %s is refused: %v", text, err)
		} else if again, _ := json.Marshal(same); string(again) != text {
			t.Errorf("read as YAML it is %s, want %s", again, text)
		}
	}
}

func TestBadFaultsSayWhichKeyAndWhatWasExpected(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`{}`, `kind: "" is unknown; one of portal-down, portal-slow`},
		{`{"kind":"otp-dips","streams":["sms/xl"]}`, `kind: "otp-dips" is unknown`},
		{`{"kind":"portal-down"}`, `how: is missing; one of http-503, refuse, hang`},
		{`{"kind":"portal-down","how":"slow"}`, `how: "slow" is unknown; one of`},
		{`{"kind":"portal-down","how":"hang","median":"5s"}`, `median: does not belong to portal-down`},
		{`{"kind":"portal-slow"}`, `median: is missing; write a duration above 0`},
		{`{"kind":"portal-slow","median":"-5s"}`, `median: -5s is not a duration from 0`},
		{`{"kind":"portal-slow","median":5}`, `median`},
		{`{"kind":"portal-slow","median":"5"}`, `"5" is not a duration; write 90s`},
		{`{"kind":"captcha-loop"}`, `probability: is missing; write a share above 0, to 1`},
		{`{"kind":"captcha-loop","probability":1.1}`, `probability: 1.1 is not a share from 0 to 1`},
		{`{"kind":"captcha-loop","probability":0.5,"streams":["email"]}`, `streams: does not belong to captcha-loop`},
		{`{"kind":"captcha-broken","by":"1s"}`, `by: does not belong to captcha-broken`},
		{`{"kind":"otp-delay","streams":["sms/xl"]}`, `late: is missing, and so is lost`},
		{`{"kind":"otp-delay","streams":["sms/xl"],"late":0.5,"median":"14m"}`, `p95: is missing`},
		{`{"kind":"otp-delay","streams":["sms/xl"],"late":0.5,"p95":"14m"}`, `median: is missing`},
		{`{"kind":"otp-delay","streams":["sms/xl"],"late":0.5,"median":"14m","p95":"14m"}`, `p95: 14m is not above the median 14m`},
		{`{"kind":"otp-delay","streams":["sms/xl"],"lost":-0.1}`, `lost: -0.1 is not a share`},
		{`{"kind":"otp-delay","streams":["sms/xl"],"lost":0.1,"sims":2}`, `sims: 2 is not a share`},
		{`{"kind":"otp-delay","late":0.5,"median":"14m","p95":"55m"}`, `streams: is missing`},
		{`{"kind":"otp-delay","streams":["sms/xl","sms/xl"],"lost":1}`, `streams[1]: "sms/xl" is there twice`},
		{`{"kind":"otp-delay","streams":["sms/"],"lost":1}`, `streams[0]: "sms/" is not a stream`},
		{`{"kind":"otp-delay","streams":["captcha"],"lost":1}`, `streams[0]: "captcha" is not a stream`},
		{`{"kind":"otp-queue","streams":["sms/xl"],"served_per_minute":110,"expire_after":"1h"}`, `arrivals_per_minute: is missing`},
		{`{"kind":"otp-queue","streams":["sms/xl"],"arrivals_per_minute":1,"served_per_minute":-1,"expire_after":"1h"}`, `served_per_minute: -1 is not a number above 0`},
		{`{"kind":"otp-queue","streams":["sms/xl"],"arrivals_per_minute":1,"served_per_minute":1,"expire_after":"1h","re_requests_at_most":2}`, `re_request_after: is missing`},
		{`{"kind":"otp-queue","streams":["sms/xl"],"arrivals_per_minute":1,"served_per_minute":1,"expire_after":"1h","re_requests_at_most":-2}`, `re_requests_at_most: -2 is not a number from 0`},
		{`{"kind":"otp-queue","streams":["sms/xl"],"arrivals_per_minute":1,"served_per_minute":1}`, `expire_after: is missing`},
		{`{"kind":"handset-offline","streams":["email"]}`, `streams[0]: "email" has no handset`},
		{`{"kind":"receiver-late","streams":["sms/xl"]}`, `delay: is missing`},
		{`{"kind":"sim-empty","streams":["sms/xl"]}`, `sims: is missing`},
		{`{"kind":"clock-jump"}`, `by: is missing`},
		{`{"kind":"clock-jump","by":"9000h"}`, `by: 9000h is further than 720h`},
		{`{"kind":"monitor-offline","until":"soon"}`, `"soon" is not a time`},
		{`{"kind":"monitor-offline","until":"2023-05-26T18:00:00"}`, `is not a time; write 2006-01-02T15:04:05+07:00`},
		{`{"kind":"monitor-offline","until":5}`, `5 is not a time`},
		{`{"kind":"monitor-offline","from":"2023-05-26T18:00:00+07:00","until":"2023-05-26T11:00:00Z"}`, `until: 2023-05-26T11:00:00Z is not after from`},
		{`{"kind":"monitor-offline","untill":"2023-05-26T18:00:00+07:00"}`, `unknown field "untill"`},
		{`["monitor-offline"]`, `reading a fault`},
	} {
		if _, err := readFault(test.text); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s gives %v; want an error with %q", test.text, err, test.want)
		}
	}
}

func TestEveryMistakeOfAFaultIsSaidWithItsKey(t *testing.T) {
	_, err := readFault(`{"kind":"otp-delay","streams":["x"],"late":3,"median":"1m","p95":"2m","by":"1s"}`)
	for _, key := range []string{"streams[0]: ", "late: ", "by: "} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%v does not speak of %s", err, key)
		}
	}
	var first *delivery.KeyError
	if !errors.As(err, &first) || first.Key != "streams[0]" {
		t.Errorf("the first mistake is %+v, want a KeyError of streams[0]", first)
	}
}

func TestABareNumberOrHalfATimeInYAMLIsRefused(t *testing.T) {
	for _, text := range []string{
		"kind: receiver-late\ndelay: 20\n",
		"kind: monitor-offline\nuntil: tomorrow\n",
		"kind: monitor-offline\nuntil: 2023-05-26 18:00:00\n",
		"kind: monitor-offline\nuntil: 2023-05-26\n",
	} {
		var fault delivery.Fault
		if err := yaml.UnmarshalWithOptions([]byte(text), &fault, yaml.Strict()); err == nil {
			t.Errorf("%q was read as %+v", text, fault)
		}
	}
}

func TestActive(t *testing.T) {
	noon := time.Date(2024, 3, 20, 12, 0, 0, 0, time.UTC)
	bounded := delivery.Fault{From: delivery.At(noon), Until: delivery.At(noon.Add(time.Hour))}
	for _, test := range []struct {
		fault delivery.Fault
		after time.Duration
		want  bool
	}{
		{bounded, -1, false},
		{bounded, 0, true},
		{bounded, time.Hour - 1, true},
		{bounded, time.Hour, false},
		{delivery.Fault{}, -1000 * time.Hour, true},
		{delivery.Fault{From: bounded.From}, 1000 * time.Hour, true},
		{delivery.Fault{Until: bounded.Until}, -1000 * time.Hour, true},
		{delivery.Fault{Until: bounded.Until}, time.Hour, false},
	} {
		if got := test.fault.Active(noon.Add(test.after)); got != test.want {
			t.Errorf("%v..%v is active %s after noon: %t, want %t", test.fault.From, test.fault.Until, test.after, got, test.want)
		}
	}
}

func TestFindTakesTheFirstThatIsOnAndHits(t *testing.T) {
	now := time.Date(2024, 3, 20, 12, 0, 0, 0, time.UTC)
	faults := []delivery.Fault{
		{Kind: delivery.ReceiverLate, Streams: []string{"sms/xl"}, Until: delivery.At(now), Delay: 1},
		{Kind: delivery.ReceiverLate, Streams: []string{"sms/indosat"}, Delay: 2},
		{Kind: delivery.ReceiverLate, Streams: []string{"sms/telkomsel", "sms/xl"}, Delay: 3},
		{Kind: delivery.MonitorOffline},
	}
	if fault, found := delivery.Find(faults, delivery.ReceiverLate, "sms/xl", now); !found || fault.Delay != 3 {
		t.Errorf("found %v %+v, want the third", found, fault)
	}
	if _, found := delivery.Find(faults, delivery.MonitorOffline, "", now); !found {
		t.Error("monitor-offline was not found")
	}
	if _, found := delivery.Find(faults, delivery.ClockJump, "", now); found {
		t.Error("a clock-jump was found where there is none")
	}
}

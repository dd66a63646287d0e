package network_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pantau/simulator/delivery"
	"pantau/simulator/network"
)

const gatewayPassword = "canary-gateway-password"

// sends calls the API of the phone and gives the status.
func sends(t *testing.T, n *network.Network, method, path, password, body string) int {
	t.Helper()
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	if password != "" {
		request.SetBasicAuth("sms", password)
	}
	answer := httptest.NewRecorder()
	n.Gateway("phone-xl").ServeHTTP(answer, request)
	return answer.Code
}

func TestAPhoneSendsAndTheOtherHearsWhateverHoldsUpCodes(t *testing.T) {
	m := newMonitor(t)
	options := m.options()
	options.GatewayPassword = gatewayPassword
	n := running(t, options)
	n.SetFaults([]delivery.Fault{
		{Kind: delivery.OTPDelay, Streams: []string{"sms/xl"}, Lost: 1},
		{Kind: delivery.SIMEmpty, Streams: []string{"sms/xl"}, SIMs: 1},
	})
	n.SendSMS("xl", "+628170000002", "Kode OTP e-Registration Anda: 482915")
	status := sends(t, n, http.MethodPost, "/message", gatewayPassword,
		`{"message":"Pantau K-ABCDEFGHIJK","phoneNumbers":["+628170000002"],"simNumber":1,"ttl":60,"withDeliveryReport":false}`)
	if status != http.StatusAccepted {
		t.Fatalf("sending gives %d, want 202", status)
	}
	got := next(t, m.texts, "the control message")
	if got.Payload.Message != "Pantau K-ABCDEFGHIJK" || got.Payload.Sender != "+628170000001" || *got.Payload.SIMNumber != 2 {
		t.Errorf("the webhook is %s, want the control message from the card in slot 1 to the one in slot 2", got.raw)
	}
	none(t, m.texts, "a code that is lost")
}

func TestAPhoneThatIsAwayKeepsTheControlMessage(t *testing.T) {
	m := newMonitor(t)
	options := m.options()
	options.GatewayPassword = gatewayPassword
	n := running(t, options)
	body := `{"textMessage":{"text":"Pantau K-ABCDEFGHIJK"},"phoneNumbers":["0817-0000-002"]}`
	if status := sends(t, n, http.MethodPost, "/message", gatewayPassword, body); status != http.StatusAccepted {
		t.Fatalf("sending gives %d, want 202", status)
	}
	next(t, m.texts, "a control message while all is well")
	n.SetFaults([]delivery.Fault{{Kind: delivery.HandsetOffline, Streams: []string{"sms/xl"}}})
	if !n.Away("phone-xl") {
		t.Error("a phone without a network can be reached")
	}
	sends(t, n, http.MethodPost, "/message", gatewayPassword, body)
	none(t, m.texts, "a control message while the phone is away")
	n.SetFaults(nil)
	next(t, m.texts, "the control message after the phone came back")
}

func TestASlowOperatorIsSlowForControlMessagesToo(t *testing.T) {
	m := newMonitor(t)
	options := m.options()
	options.GatewayPassword = gatewayPassword
	options.Healthy = map[string]delivery.Healthy{"sms/xl": {
		Median: delivery.Duration(2 * time.Hour), P95: delivery.Duration(3 * time.Hour),
	}}
	n := running(t, options)
	sends(t, n, http.MethodPost, "/message", gatewayPassword, `{"message":"Pantau K-ABCDEFGHIJK","phoneNumbers":["+628170000002"]}`)
	none(t, m.texts, "a control message of a slow operator")
}

func TestTheGatewayRefuses(t *testing.T) {
	m := newMonitor(t)
	options := m.options()
	options.GatewayPassword = gatewayPassword
	n := running(t, options)
	one := `{"message":"x","phoneNumbers":["+628170000002"]}`
	for name, row := range map[string]struct {
		method, path, password, body string
		want                         int
	}{
		"without password":  {http.MethodPost, "/message", "", one, 401},
		"wrong password":    {http.MethodPost, "/message", "other", one, 401},
		"device of anybody": {http.MethodGet, "/device", "", "", 401},
		"device":            {http.MethodGet, "/device", gatewayPassword, "", 200},
		"health":            {http.MethodGet, "/health", "", "", 200},
		"not JSON":          {http.MethodPost, "/message", gatewayPassword, "x", 400},
		"no text":           {http.MethodPost, "/message", gatewayPassword, `{"phoneNumbers":["+628170000002"]}`, 400},
		"empty text":        {http.MethodPost, "/message", gatewayPassword, `{"message":"","phoneNumbers":["+628170000002"]}`, 400},
		"two texts":         {http.MethodPost, "/message", gatewayPassword, `{"message":"x","textMessage":{"text":"x"},"phoneNumbers":["+628170000002"]}`, 400},
		"to nobody":         {http.MethodPost, "/message", gatewayPassword, `{"message":"x","phoneNumbers":[]}`, 400},
		"no such slot":      {http.MethodPost, "/message", gatewayPassword, `{"message":"x","phoneNumbers":["+628170000002"],"simNumber":9}`, 400},
	} {
		if got := sends(t, n, row.method, row.path, row.password, row.body); got != row.want {
			t.Errorf("%s: %d, want %d", name, got, row.want)
		}
	}
	none(t, m.texts, "a message that was refused")
}

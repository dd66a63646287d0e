package network

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"time"

	"pantau/simulator/delivery"
)

// gatewayUser is the name that the app gives to whoever sends by it.
const gatewayUser = "sms"

// toSend is a message as SMS Gateway for Android takes it; what the simulation
// does not need is left out.
type toSend struct {
	ID          string  `json:"id"`
	Message     *string `json:"message"`
	TextMessage *struct {
		Text string `json:"text"`
	} `json:"textMessage"`
	PhoneNumbers []string `json:"phoneNumbers"`
	SIMNumber    *int     `json:"simNumber"`
}

// text of the message, which stands under exactly one of its two names.
func (s toSend) text() (text string, problem string) {
	switch {
	case s.Message != nil && s.TextMessage != nil:
		return "", "Cannot specify multiple message types simultaneously"
	case s.Message != nil:
		text = *s.Message
	case s.TextMessage != nil:
		text = s.TextMessage.Text
	default:
		return "", "Must specify exactly one of: textMessage, dataMessage, or message"
	}
	if text == "" {
		return "", "Text message is empty"
	}
	return text, ""
}

// Gateway is the local server of the app on one phone: GET /health, GET
// /device and POST /message, the last two with the password. It is nil for a
// device that is not there.
func (n *Network) Gateway(device string) http.Handler {
	for _, h := range n.handsets {
		if h.Device == device {
			return n.gateway(h)
		}
	}
	return nil
}

// Away says whether a phone cannot be reached now.
func (n *Network) Away(device string) bool {
	for _, h := range n.handsets {
		if h.Device == device {
			return n.offline(h)
		}
	}
	return true
}

func (n *Network) gateway(h *handset) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "pass"})
	})
	mux.HandleFunc("GET /device", n.withPassword(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, []map[string]string{{"id": h.Device, "name": "simulated/phone"}})
	}))
	mux.HandleFunc("POST /message", n.withPassword(func(w http.ResponseWriter, r *http.Request) { n.takeToSend(w, r, h) }))
	return mux
}

func (n *Network) withPassword(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		right := n.options.GatewayPassword != "" && user == gatewayUser &&
			subtle.ConstantTimeCompare([]byte(password), []byte(n.options.GatewayPassword)) == 1
		if !right {
			w.Header().Set("WWW-Authenticate", `Basic realm="Access to SMS Gateway"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

// takeToSend takes a message and answers as the app does: 202, and the numbers
// again.
func (n *Network) takeToSend(w http.ResponseWriter, r *http.Request, h *handset) {
	var message toSend
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&message) != nil {
		answer(w, http.StatusBadRequest, map[string]string{"message": "body is not a message"})
		return
	}
	text, problem := message.text()
	from, inPhone := h.numberIn(message.SIMNumber)
	switch {
	case problem != "":
	case len(message.PhoneNumbers) == 0:
		problem = "Empty phone numbers list"
	case !inPhone:
		problem = "SIM not found"
	}
	if problem != "" {
		answer(w, http.StatusBadRequest, map[string]string{"message": problem})
		return
	}
	var recipients []map[string]string
	for _, number := range message.PhoneNumbers {
		n.sendControl(h, from, number, text)
		recipients = append(recipients, map[string]string{"phoneNumber": number, "state": "Pending"})
	}
	answer(w, http.StatusAccepted, map[string]any{"id": message.ID, "state": "Pending", "recipients": recipients})
}

// numberIn is the number of the card in a slot, of the first without one.
func (h *handset) numberIn(slot *int) (number string, is bool) {
	lowest := 0
	for candidate, at := range h.slots {
		if slot != nil && at == *slot {
			return candidate, true
		}
		if lowest == 0 || at < lowest {
			number, lowest = candidate, at
		}
	}
	return number, slot == nil && lowest > 0
}

// sendControl hands a text from one of the phones' cards to the operator of
// its recipient. It takes neither the portal's nor its supplier's way.
func (n *Network) sendControl(h *handset, from, number, text string) {
	to := canonical(number)
	operator := h.Operator
	if recipient := n.byNumber[to]; recipient != nil {
		operator = recipient.Operator
	}
	n.send(delivery.Message{Stream: textsOf(operator), SIM: to, Control: true}, func(stamped time.Time) {
		n.deliverText(textMessage{operator: operator, from: "+" + from, to: to, text: text, stamped: stamped})
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

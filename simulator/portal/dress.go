package portal

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Names of the dresses the portal can wear.
const (
	DressEreg    = "ereg"    // the e-Registration of this simulation
	DressLayanan = "layanan" // a second portal with other paths, names and number format
)

// dress is what differs from one portal to another: addresses, names of
// fields, how a number is typed, and the words of messages. Markup is in
// pages/NAME.html.
type dress struct {
	name   string
	cookie string // name of the session cookie

	front, captcha, check, image, contact, code, verified string // paths
	// ways are the paths contact forms are posted to, each with its channel;
	// "" is a form in which the field saluran says the channel.
	ways map[string]channel

	tokenField, challengeField, answerField string
	numberField, mailField, codeField       string

	numberStart string                     // what a typed number begins with: "62" or "0"
	imageOf     func(id string) string     // address of the picture of a challenge
	imageID     func(*http.Request) string // the way back
	sms         func(m message) string
	mail        func(m message) Mail
}

// message is what a code is told with.
type message struct {
	code      string
	reference string
	validity  time.Duration
}

// dressed gives the dress with that name; "" is the default.
func dressed(name string) (dress, error) {
	switch name {
	case "", DressEreg:
		return ereg(), nil
	case DressLayanan:
		return layanan(), nil
	default:
		return dress{}, fmt.Errorf("dress %q is unknown, want %s or %s", name, DressEreg, DressLayanan)
	}
}

func ereg() dress {
	return dress{
		name: DressEreg, cookie: "EREGSESS",
		front: "/{$}", captcha: "/daftar", check: "/daftar", image: "/captcha/{file}",
		contact: "/daftar/kontak", code: "/daftar/kode", verified: "/daftar/terverifikasi",
		ways:       map[string]channel{"/daftar/kontak": ""},
		tokenField: "token", challengeField: "id_captcha", answerField: "jawaban_captcha",
		numberField: "nomor", mailField: "email", codeField: "kode",
		numberStart: "62",
		imageOf:     func(id string) string { return "/captcha/" + id + ".png" },
		imageID:     func(r *http.Request) string { return strings.TrimSuffix(r.PathValue("file"), ".png") },
		sms:         eregSMS, mail: eregMail,
	}
}

func layanan() dress {
	return dress{
		name: DressLayanan, cookie: "LAYSESS",
		front: "/portal/{$}", captcha: "/portal/registration", check: "/portal/registration/check",
		image: "/portal/challenge", contact: "/portal/registration/contact",
		code: "/portal/registration/otp", verified: "/portal/registration/verified",
		ways: map[string]channel{
			"/portal/registration/sms":  bySMS,
			"/portal/registration/mail": byMail,
		},
		tokenField: "_csrf", challengeField: "challenge_id", answerField: "challenge_answer",
		numberField: "msisdn", mailField: "mail", codeField: "otp",
		numberStart: "0",
		imageOf:     func(id string) string { return "/portal/challenge?c=" + id },
		imageID:     func(r *http.Request) string { return r.URL.Query().Get("c") },
		sms:         layananSMS, mail: layananMail,
	}
}

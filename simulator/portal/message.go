package portal

import (
	"fmt"
	"strings"
	"time"
)

func eregSMS(m message) string {
	return fmt.Sprintf("Kode OTP e-Registration Anda: %s. Berlaku %s. "+
		"JANGAN BERIKAN kode ini kepada siapa pun. - DJP", m.code, span(m.validity))
}

// eregMail shows each digit in its own element, as senders do who want them
// to stand apart on the screen.
func eregMail(m message) Mail {
	var digits strings.Builder
	for _, digit := range m.code {
		fmt.Fprintf(&digits, `<span style="padding:4px 8px;border:1px solid #bbb">%c</span>`, digit)
	}
	return Mail{
		From:    "noreply@ereg.example",
		Subject: "Kode OTP e-Registration",
		Text: fmt.Sprintf("Kode OTP e-Registration Anda: %s\r\n\r\nKode berlaku %s. JANGAN BERIKAN kode ini kepada siapa pun.\r\n"+
			"Pertanyaan: Kring Pajak 1500200.\r\n", m.code, span(m.validity)),
		HTML: fmt.Sprintf(`<html><body><p>Kode OTP e-Registration Anda:</p><p style="font-size:24px">%s</p>`+
			`<p>Kode berlaku %s. JANGAN BERIKAN kode ini kepada siapa pun.</p><p>Pertanyaan: Kring Pajak 1500200.</p></body></html>`,
			digits.String(), span(m.validity)),
	}
}

func layananSMS(m message) string {
	return fmt.Sprintf("Layanan %s: token pendaftaran Anda %s, berlaku %s.", m.reference, spaced(m.code), span(m.validity))
}

func layananMail(m message) Mail {
	return Mail{
		From:    "noreply@layanan.example",
		Subject: "Token pendaftaran " + m.reference,
		HTML: fmt.Sprintf("<html><body><p>Layanan %s: token pendaftaran Anda <b>%s</b>, berlaku %s.</p></body></html>",
			m.reference, spaced(m.code), span(m.validity)),
	}
}

// spaced writes a code of six digits as 4829 15.
func spaced(code string) string { return code[:4] + " " + code[4:] }

// span says a duration in Indonesian: whole minutes as such, all else in seconds.
func span(d time.Duration) string {
	if d >= time.Minute && d%time.Minute == 0 {
		return fmt.Sprintf("%d menit", d/time.Minute)
	}
	return fmt.Sprintf("%d detik", d/time.Second)
}

package inbox

import (
	"regexp"
	"strings"
	"testing"

	"pantau/internal/secret"
)

func mustRules(t testing.TB, senders ...Sender) []rule {
	t.Helper()
	if err := (Options{Senders: senders}).Validate(); err != nil {
		t.Fatal(err)
	}
	rules, err := newRules(senders)
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func TestExtractBuiltInForm(t *testing.T) {
	const npwp, nik = "01.234.567.8-901.000", "3174011234567890"
	for _, test := range []struct {
		name, text string
		code, ref  string
		why        Why
	}{
		{"plain", "Kode OTP e-Registration Anda: 482915. Berlaku 10 menit. JANGAN BERIKAN kode ini kepada siapa pun. - DJP", "482915", "", ""},
		{"in two groups", "Token pendaftaran akun e-Reg: 4829 15", "482915", "", ""},
		{"in two groups before a comma", "Layanan R-4F7K2M: token pendaftaran Anda 4829 15, berlaku 10 menit.", "482915", "R-4F7K2M", ""},
		{"reference of digits", "Layanan R-482913: token pendaftaran Anda 7392 01, berlaku 10 menit.", "739201", "R-482913", ""},
		{"reference behind", "Kode OTP Anda 482915. Ref: 8KQ2ZD", "482915", "8KQ2ZD", ""},
		{"a word after ref is none", "Kode OTP Anda 482915. REF KODE DJP", "482915", "", ""},
		{"with a hyphen", "Kode OTP: 482-915", "482915", "", ""},
		{"with a typographic hyphen and space", "Kode OTP:\u00a04829\u201115", "482915", "", ""},
		{"in three pairs", "Kode OTP: 48 29 15", "482915", "", ""},
		{"spelled apart", "Kode OTP: 4 8 2 9 1 5", "482915", "", ""},
		{"spelled with hyphens", "Kode OTP: 4-8-2-9-1-5", "482915", "", ""},
		{"in bold", "Kode OTP Anda: *482915*. Berlaku 10 menit.", "482915", "", ""},
		{"in bold and groups", "Kode OTP Anda **482 915**", "482915", "", ""},
		{"zero-width spaces inside", "Kode OTP: 48\u200b29\u200b15", "482915", "", ""},
		{"leading zeros", "Kode OTP Anda: 000042.", "000042", "", ""},
		{"four digits before a duration", "Kode OTP 4829 10 menit", "4829", "", ""},
		{"before the word", "482915 adalah kode OTP Anda. Berlaku 10 menit.", "482915", "", ""},
		{"duration first", "Kode OTP (berlaku 10 menit): 482915", "482915", "", ""},
		{"next line", "Kode OTP e-Registration\r\nAnda:\r\n482915\r\nBerlaku 10 menit", "482915", "", ""},
		{"hotline in another sentence", "Kode OTP Anda: 482915. Pertanyaan: Kring Pajak 1500200.", "482915", "", ""},
		{"hotline in the same sentence", "Kode OTP Anda 482915, info Kring Pajak 1500200", "482915", "", ""},
		{"with date and time", "Kode OTP Anda pada 26/05/2023 18.00 WIB: 482915", "482915", "", ""},
		{"a validity in seconds", "Token Anda 4829 15, berlaku 1230 detik.", "482915", "", ""},
		{"date in words", "Kode OTP Anda 26 Mei 2023: 482915", "482915", "", ""},
		{"the same code twice", "Kode OTP Anda: 482915. Ulangi: kode 482915.", "482915", "", ""},
		{"origin-bound", "Kode Anda siap.\n\n@ereg.pajak.go.id #482915", "482915", "", ""},
		{"origin-bound with letters", "Masuk.\n@ereg.pajak.go.id #A7X29Q", "A7X29Q", "", ""},
		{"origin-bound and plain", "Kode OTP: 482915.\n@ereg.pajak.go.id #482915", "482915", "", ""},

		{"only the hotline", "Kode OTP gagal dikirim, hubungi 1500200", "", "", WhyNotCode},
		{"hotline in groups", "Kode OTP: hubungi 1500 200", "", "", WhyNotCode},
		{"hotline with area code", "Kode OTP: hubungi 021 1500200", "", "", WhyNotCode},
		{"hotline origin-bound", "@pajak.go.id #1500200", "", "", WhyNotCode},
		{"only a duration", "Kode OTP berlaku 10 menit", "", "", WhyNoForm},
		{"only a date", "Kode OTP dikirim 26 Mei 2023", "", "", WhyNoForm},
		{"only a date in digits", "Kode OTP dikirim 2023-05-26", "", "", WhyNoForm},
		{"only a sum", "Biaya kode OTP Rp500.000", "", "", WhyNoForm},
		{"NPWP", "Kode NPWP " + npwp, "", "", WhyNotCode},
		{"NPWP without marks", "Kode NPWP 012345678901000", "", "", WhyNotCode},
		{"NIK", "Kode NIK " + nik, "", "", WhyNotCode},
		{"NIK in groups", "Kode NIK 3174 0112 3456 7890", "", "", WhyNotCode},
		{"mobile number", "Kode dikirim ke 081234567890", "", "", WhyNotCode},
		{"mobile number in groups", "Kode dikirim ke +62 812-3456-7890", "", "", WhyNotCode},
		{"masked number", "Kode dikirim ke +62812****8901", "", "", WhyNotCode},
		{"masked number in groups", "Kode dikirim ke 0812 xxxx 8901", "", "", WhyNotCode},
		{"masked in front", "Kode dikirim ke ****8901", "", "", WhyNotCode},
		{"masked behind", "Kode dikirim ke 0812****", "", "", WhyNotCode},
		{"masked on both sides", "Kode dikirim ke 08**4829**01", "", "", WhyNotCode},
		{"masked by more on one side", "Kode dikirim ke **4829*", "", "", WhyNotCode},
		{"masked on both sides by many", "Kode dikirim ke ****4829****", "", "", WhyNotCode},
		{"part of a word", "Kode unik AB482915", "", "", WhyNotCode},
		{"a sum without a sign of it", "Kode transaksi 1.482.915", "", "", WhyNotCode},
		{"per cent", "Kode diskon 4829%", "", "", WhyNotCode},
		{"two codes", "Kode OTP 482915 atau 739201", "", "", WhySeveral},
		{"two sentences, two codes", "Kode OTP 482915. Token: 739201.", "", "", WhySeveral},
		{"two forms disagree", "Kode OTP: 482915.\n@ereg.pajak.go.id #739201", "", "", WhySeveral},
		{"no word for it", "Tagihan Anda 482915", "", "", WhyNoForm},
		{"origin-bound not last", "@ereg.pajak.go.id #482915\nTerima kasih", "", "", WhyNoForm},
		{"three digits", "Kode OTP 482", "", "", WhyNotCode},
		{"nine digits", "Kode OTP 482915739", "", "", WhyNotCode},
		{"empty", "", "", "", WhyNoForm},
		{"not UTF-8", "Kode \xff\xfe", "", "", WhyNoForm},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, why := extract(nil, Message{Text: secret.New(test.text)})
			if got.code.Reveal() != test.code || why != test.why {
				t.Errorf("code %q, why %q; want %q, %q", got.code.Reveal(), why, test.code, test.why)
			}
			if test.code != "" && got.reference != test.ref {
				t.Errorf("reference %q, want %q", got.reference, test.ref)
			}
		})
	}
}

func TestExtractTemplates(t *testing.T) {
	djp := Sender{Sender: "DJP|Pajak", Templates: []string{
		`Token akun: (?P<code>[0-9 -]{6,9})`,
		`OTP (?P<code>[0-9A-Z]{6}), permintaan (?P<ref>[0-9]+)`,
	}}
	for _, test := range []struct {
		name, sender, text string
		code, ref          string
		why                Why
	}{
		{"group with a space", "DJP", "Token akun: 4829 15 berlaku", "482915", "", ""},
		{"any case of the sender", " djp ", "Token akun: 482915", "482915", "", ""},
		{"with a reference", "PAJAK", "OTP 0A82X5, permintaan 77120", "0A82X5", "77120", ""},
		{"another sender", "BANK", "Token akun: 482915", "", "", WhySender},
		{"a sender that only contains ours", "XDJP", "Token akun: 482915", "", "", WhySender},
		{"another sender, origin-bound", "BANK", "Halo\n@bank.example #482915", "482915", "", ""},
		{"the built-in form does not count", "DJP", "Kode OTP: 482915", "", "", WhyNoForm},
		{"cut from a longer number", "DJP", "OTP 482915, permintaan 1. OTP 123456789012", "482915", "1", ""},
		{"more digits behind the group", "DJP", "Token akun: 4829 1573 4411", "", "", WhyNotCode},
		{"letters right behind", "DJP", "Token akun: 482915X", "", "", WhyNotCode},
		{"the hotline", "DJP", "Token akun: 1500200", "", "", WhyNotCode},
		{"matches twice", "DJP", "Token akun: 482915, Token akun: 739201", "", "", WhySeveral},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, why := extract(mustRules(t, djp), Message{Sender: secret.New(test.sender), Text: secret.New(test.text)})
			if got.code.Reveal() != test.code || got.reference != test.ref || why != test.why {
				t.Errorf("code %q, reference %q, why %q; want %q, %q, %q",
					got.code.Reveal(), got.reference, why, test.code, test.ref, test.why)
			}
		})
	}
}

func TestExtractMail(t *testing.T) {
	for _, test := range []struct {
		name, subject, text, html string
		code, ref                 string
		why                       Why
	}{
		{
			"a span per digit", "Kode OTP e-Registration", "",
			`<html><body><p>Kode OTP Anda:</p><p><span style="x">4</span><span>8</span><span>2</span><span>9</span>` +
				`<span>1</span><span>5</span></p><p>Kode berlaku 10 menit.</p><p>Kring Pajak 1500200.</p></body></html>`,
			"482915", "", "",
		},
		{"a cell per digit", "", "", "<p>Kode OTP:</p><table><tr>\r\n<td>0</td>\r\n<td>8</td>\r\n<td>2</td>\r\n<td>9</td></tr></table>", "0829", "", ""},
		{"a block per digit", "", "", "Kode OTP:<div>4</div><div>8</div><div>2</div><div>9</div><div>1</div><div>5</div>", "482915", "", ""},
		{"blocks keep numbers apart", "", "", "<p>Kode OTP: 482915</p><p>2023</p>", "", "", WhySeveral},
		{"styles and scripts are not read", "", "", "<style>kode 111111</style><script>otp=222222</script><title>kode 333333</title><b>Kode</b> 482915", "482915", "", ""},
		{"comments are not read", "", "", "Kode <!-- 739201 -->482915", "482915", "", ""},
		{"entities", "", "", "Kode&nbsp;OTP:&#160;4829&#8209;15", "482915", "", ""},
		{"both parts agree", "", "Kode OTP: 482915", "<p>Kode OTP: <b>482</b><b>915</b></p>", "482915", "", ""},
		{"the parts disagree", "", "Kode OTP: 482915", "<p>Kode OTP: 739201</p>", "", "", WhySeveral},
		{"a reference in the subject", "Token pendaftaran R-4F7K2M", "", "<p>Layanan R-4F7K2M: token Anda <b>4829 15</b>, berlaku 10 menit.</p>", "482915", "R-4F7K2M", ""},
		{"only in the subject", "482915 adalah kode OTP Anda", "", "", "482915", "", ""},
		{"unclosed tags", "", "", "<p>Kode OTP: <b>482915", "482915", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, why := extract(nil, Message{
				Receiver: mailReceiver, Subject: secret.New(test.subject),
				Text: secret.New(test.text), HTML: secret.New(test.html),
			})
			if got.code.Reveal() != test.code || got.reference != test.ref || why != test.why {
				t.Errorf("code %q, reference %q, why %q; want %q, %q, %q",
					got.code.Reveal(), got.reference, why, test.code, test.ref, test.why)
			}
		})
	}
}

// A code needs a word for it, or the origin-bound line.
var anyForm = regexp.MustCompile(`(?i)(kode|code|otp|token|pin|sandi)|@`)

func FuzzExtract(f *testing.F) {
	for _, text := range []string{
		"Kode OTP e-Registration Anda: 482915. Berlaku 10 menit.", "Token: 4829 15", "Kode 1500200",
		"Kode 1500 200", "@ereg.pajak.go.id #482915", "482915 adalah kode OTP", "<span>4</span>", "Kode 01.234.567.8-901.000",
		"Token akun: 4829 15", "Kode 3174 0112 3456 7890", "tagihan 482915",
	} {
		f.Add(text, text)
	}
	rules := mustRules(f, Sender{Templates: []string{`Token akun: (?P<code>.{1,12})`, `(?s)(?P<ref>\w+) .* (?P<code>\w+)`}})
	f.Fuzz(func(t *testing.T, text, html string) {
		m := Message{Text: secret.New(text), HTML: secret.New(html)}
		built, _ := extract(nil, m)
		if !built.code.Empty() && !anyForm.MatchString(strings.Join(texts(m), "\n")) {
			t.Errorf("%q is a code in %q, %q, where none is named", built.code.Reveal(), text, html)
		}
		templated, _ := extract(rules, m)
		for _, got := range []reading{built, templated} {
			if got.code.Empty() {
				continue
			}
			code := got.code.Reveal()
			if !codeLike.MatchString(code) || strings.Contains(code, kringPajak) {
				t.Errorf("%q cannot be a code", code)
			}
		}
	})
}

package portal_test

import (
	"bytes"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pantau/simulator/portal"
)

func TestAPersonWalksThrough(t *testing.T) {
	forEachDress(t, func(t *testing.T, l look) {
		p, sent := newPortal(t, l, nil)
		someone := newPerson(t, l, p).begin()

		status, kind, raw := someone.see()
		picture, err := png.Decode(bytes.NewReader(raw))
		if status != http.StatusOK || kind != "image/png" || err != nil {
			t.Fatalf("the picture: status %d, %s, %v", status, kind, err)
		}
		if picture.Bounds().Dx() != 240 || picture.Bounds().Dy() != 80 {
			t.Errorf("the picture measures %v", picture.Bounds())
		}

		someone.solve().mustSee(l.smsForm).mustSee(l.mailForm)
		someone.askBySMS(l.number).mustSee(l.sent)
		if strings.Contains(someone.page.Text(), l.number) {
			t.Error("the whole number is on the page of the code")
		}
		someone.enter(sent.lastCode(t)).mustSee(l.verified)
		if got := p.Usage(); got.Verified != 1 || got.SMS != 1 || got.OracleAnswers != 1 || got.Challenges != 1 {
			t.Errorf("usage is %+v", got)
		}
	})
}

func TestWhatIsSent(t *testing.T) {
	want := map[string]struct{ sms, from, subject, mail string }{
		portal.DressEreg: {
			sms:  `^telkomsel \+6281234567890 Kode OTP e-Registration Anda: \d{6}\. Berlaku 10 menit\. JANGAN BERIKAN kode ini kepada siapa pun\. - DJP$`,
			from: "noreply@ereg.example", subject: "^Kode OTP e-Registration$", mail: `(<span[^>]*>\d</span>){6}`,
		},
		portal.DressLayanan: {
			sms:  `^telkomsel \+6281234567890 Layanan R-[2-9A-Z]{6}: token pendaftaran Anda \d{4} \d{2}, berlaku 10 menit\.$`,
			from: "noreply@layanan.example", subject: "^Token pendaftaran R-[2-9A-Z]{6}$", mail: `<b>\d{4} \d{2}</b>`,
		},
	}
	forEachDress(t, func(t *testing.T, l look) {
		p, sent := newPortal(t, l, nil)
		someone := atCode(t, l, p)
		if text := sent.lastText(t); !matches(want[l.name].sms, text) {
			t.Errorf("the SMS is %q", text)
		}
		if l.name == portal.DressLayanan {
			if reference := someone.sentence(".otp-reference"); !strings.Contains(sent.lastText(t), reference) {
				t.Errorf("the page says %s, the SMS %q", reference, sent.lastText(t))
			}
		}
		newPerson(t, l, p).begin().solve().askByMail("probe-1@mail.example").mustSee(l.codeForm)
		if len(sent.mails) != 1 || sent.to[0] != "probe-1@mail.example" {
			t.Fatalf("%d mails to %v", len(sent.mails), sent.to)
		}
		m, w := sent.mails[0], want[l.name]
		if m.From != w.from || !matches(w.subject, m.Subject) || !matches(w.mail, m.HTML) {
			t.Errorf("the mail is %+v", m)
		}
		if (m.Text != "") != (l.name == portal.DressEreg) {
			t.Errorf("the text part is %q", m.Text)
		}
	})
}

func TestValidityIsSaidInItsUnit(t *testing.T) {
	for validity, want := range map[time.Duration]string{
		10 * time.Minute: "10 menit", time.Minute: "1 menit", 90 * time.Second: "90 detik", 40 * time.Second: "40 detik",
	} {
		p, sent := newPortal(t, looks[0], func(o *portal.Options) { o.Validity = validity })
		atCode(t, looks[0], p)
		if text := sent.lastText(t); !strings.Contains(text, "Berlaku "+want+".") {
			t.Errorf("%s is said as %q", validity, text)
		}
	}
}

func TestContactsRefused(t *testing.T) {
	forEachDress(t, func(t *testing.T, l look) {
		start := strings.TrimSuffix(l.number, "81234567890")
		p, sent := newPortal(t, l, nil)
		someone := newPerson(t, l, p).begin().solve()
		said := map[string]bool{}
		for _, test := range []struct{ number, mail, why string }{
			{number: l.otherNumber, why: "format"},
			{number: "+6281234567890", why: "format"},
			{number: "", why: "format"},
			{number: start + "8123456", why: "format"},
			{number: start + "8123456789012345", why: "format"},
			{number: start + "81234567 90", why: "format"},
			{number: start + "2112345678", why: "format"},
			{number: start + "84012345678", why: "prefix"},
			{number: start + "83112345678", why: "axis"},
			{number: start + "89512345678", why: "tri"},
			{number: start + "88112345678", why: "smartfren"},
			{mail: "somebody", why: "mail"},
			{mail: "A <a@b.example>", why: "mail"},
			{mail: "a@b.example\r\nBcc: c@d.example", why: "mail"},
		} {
			if test.mail != "" {
				someone.askByMail(test.mail)
			} else {
				someone.askBySMS(test.number)
			}
			if someone.status != http.StatusOK {
				t.Errorf("%+v: status %d", test, someone.status)
			}
			said[test.why+": "+someone.sentence(l.contactError)] = true
			someone.mustSee(l.smsForm)
		}
		if len(said) != 6 {
			t.Errorf("%d different sentences, want one for each reason: %v", len(said), said)
		}
		if len(sent.texts)+len(sent.mails) != 0 {
			t.Error("something was sent all the same")
		}
		someone.askBySMS(l.number).mustSee(l.codeForm)
	})
}

func TestEregWantsAChannel(t *testing.T) {
	p, _ := newPortal(t, looks[0], nil)
	someone := newPerson(t, looks[0], p).begin().solve()
	someone.submit("form#form-kontak", url.Values{"nomor": {"6281234567890"}})
	if got := someone.sentence("#galat-kontak"); !strings.Contains(got, "Pilih saluran") {
		t.Errorf("it says %q", got)
	}
}

func TestAnIntervalIsEnforcedOnlyWhenAsked(t *testing.T) {
	forEachDress(t, func(t *testing.T, l look) {
		synctest.Test(t, func(t *testing.T) {
			p, sent := newPortal(t, l, func(o *portal.Options) { o.Interval = time.Minute })
			atCode(t, l, p)
			someone := newPerson(t, l, p).begin().solve().askBySMS(l.number)
			someone.mustSee(l.contactError)
			time.Sleep(time.Minute)
			someone.askBySMS(l.number).mustSee(l.codeForm)
			if len(sent.texts) != 2 {
				t.Errorf("%d SMS, want 2", len(sent.texts))
			}
		})
	})
}

func TestCodesRefusedEachWithItsOwnWord(t *testing.T) {
	forEachDress(t, func(t *testing.T, l look) {
		synctest.Test(t, func(t *testing.T) {
			p, sent := newPortal(t, l, nil)
			someone := atCode(t, l, p)
			first := sent.lastCode(t)
			someone.enter("x" + first).mustSee(l.wrong)
			someone.enter("").mustSee(l.wrong)
			someone.askAgain()
			second := sent.lastCode(t)
			someone.enter(first).mustSee(l.superseded).mustSee(l.codeForm)
			if someone.has(l.wrong) || someone.has(l.expired) {
				t.Error("an older code is called wrong or expired too")
			}
			time.Sleep(10*time.Minute + time.Second)
			someone.enter(second).mustSee(l.expired)
			if someone.status != http.StatusOK {
				t.Errorf("status %d, want the form again with 200", someone.status)
			}
			someone.askAgain()
			third := sent.lastCode(t)
			time.Sleep(10 * time.Minute)
			someone.enter(" " + third[:3] + "-" + third[3:]).mustSee(l.verified)
		})
	})
}

func TestACodeIsUsedOnceAndOnlyByItsContact(t *testing.T) {
	forEachDress(t, func(t *testing.T, l look) {
		p, sent := newPortal(t, l, nil)
		someone := atCode(t, l, p)
		code := sent.lastCode(t)
		other := newPerson(t, l, p).begin().solve().askByMail("someone@mail.example").mustSee(l.codeForm)
		other.enter(code).mustSee(l.wrong)
		again := *someone
		someone.enter(code).mustSee(l.verified)
		again.enter(code).mustSee(l.wrong)
	})
}

func TestWrongTriesAreLimited(t *testing.T) {
	forEachDress(t, func(t *testing.T, l look) {
		p, sent := newPortal(t, l, nil)
		someone := atCode(t, l, p)
		for range 5 {
			someone.enter("none").mustSee(l.wrong)
		}
		ordinary := someone.sentence(l.wrong)
		if limited := someone.enter(sent.lastCode(t)).sentence(l.wrong); limited == ordinary {
			t.Errorf("after five wrong tries it says %q as before", limited)
		}
		someone.askAgain().enter(sent.lastCode(t)).mustSee(l.verified)
	})
}

func TestACaptchaIsUsedOnce(t *testing.T) {
	forEachDress(t, func(t *testing.T, l look) {
		p, _ := newPortal(t, l, nil)
		someone := newPerson(t, l, p).begin()
		first := *someone
		_, answer := someone.ask(someone.challenge(), "Bearer "+secret)
		someone.answer("wrong").mustSee(l.wrongAnswer)
		if someone.challenge() == first.challenge() {
			t.Error("a wrong answer did not bring a new challenge")
		}
		stale := *someone
		first.answer(answer).mustSee(l.wrongAnswer)
		if status, _, _ := stale.see(); status != http.StatusNotFound {
			t.Errorf("the picture of a spent challenge: status %d", status)
		}
	})
}

func TestPagesNeedTheCaptchaFirst(t *testing.T) {
	forEachDress(t, func(t *testing.T, l look) {
		p, _ := newPortal(t, l, nil)
		paths := []string{"/daftar/kontak", "/daftar/kode", "/daftar/terverifikasi"}
		if l.name == portal.DressLayanan {
			paths = []string{"/portal/registration/contact", "/portal/registration/otp", "/portal/registration/verified"}
		}
		for _, path := range paths {
			newPerson(t, l, p).goTo(path).mustSee(l.captchaForm)
			newPerson(t, l, p).begin().goTo(path).mustSee(l.captchaForm)
		}
		someone := newPerson(t, l, p).begin().solve()
		for _, path := range paths[1:] {
			someone.goTo(path).mustSee(l.smsForm) // no code was asked for yet
		}
	})
}

func TestAFormFromElsewhereIsRefused(t *testing.T) {
	forEachDress(t, func(t *testing.T, l look) {
		p, sent := newPortal(t, l, nil)
		someone := newPerson(t, l, p).begin().solve()
		action, _ := someone.form(l.smsForm)
		answer, err := someone.client.PostForm(someone.base+action, url.Values{"saluran": {"sms"}, l.numberField: {l.number}})
		someone.arrive(answer, err)
		if someone.status != http.StatusForbidden || len(sent.texts) != 0 {
			t.Errorf("status %d and %d SMS", someone.status, len(sent.texts))
		}
		large := url.Values{l.numberField: {strings.Repeat("8", 9<<10)}}
		someone.arrive(someone.client.PostForm(someone.base+action, large))
		if someone.status != http.StatusBadRequest {
			t.Errorf("a body of 9 KiB: status %d", someone.status)
		}
	})
}

func TestTheOracleAnswersForOnesOwnChallengeOnly(t *testing.T) {
	forEachDress(t, func(t *testing.T, l look) {
		p, _ := newPortal(t, l, nil)
		someone, other := newPerson(t, l, p).begin(), newPerson(t, l, p).begin()
		for _, test := range []struct {
			who               *person
			id, authorization string
			want              int
		}{
			{someone, someone.challenge(), "", 401},
			{someone, someone.challenge(), "Bearer ", 401},
			{someone, someone.challenge(), "Bearer wrong", 401},
			{someone, someone.challenge(), "Basic " + secret, 401},
			{someone, other.challenge(), "Bearer " + secret, 404},
			{someone, "", "Bearer " + secret, 404},
			{newPerson(t, l, p), someone.challenge(), "Bearer " + secret, 404},
			{someone, someone.challenge(), "Bearer " + secret, 200},
		} {
			if got, _ := test.who.ask(test.id, test.authorization); got != test.want {
				t.Errorf("oracle %q with %q: %d, want %d", test.id, test.authorization, got, test.want)
			}
		}
		spent := someone.challenge()
		someone.solve()
		if got, _ := someone.ask(spent, "Bearer "+secret); got != 404 {
			t.Errorf("a solved challenge: %d, want 404", got)
		}
		if got := p.Usage(); got.OracleAnswers != 2 || got.OracleDenied != 4 || got.OracleUnknown != 4 {
			t.Errorf("usage is %+v", got)
		}
	})
}

func TestWithoutASecretTheOracleRefusesEverybody(t *testing.T) {
	p, _ := newPortal(t, looks[0], func(o *portal.Options) { o.OracleSecret = "" })
	someone := newPerson(t, looks[0], p).begin()
	if got, _ := someone.ask(someone.challenge(), "Bearer "); got != http.StatusUnauthorized {
		t.Errorf("status %d, want 401", got)
	}
}

func TestHeadersAndUnknownAddresses(t *testing.T) {
	forEachDress(t, func(t *testing.T, l look) {
		p, _ := newPortal(t, l, nil)
		for path, want := range map[string]int{l.front: 200, "/none": 404, "/wp-login.php": 404} {
			w := httptest.NewRecorder()
			p.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			if w.Code != want {
				t.Errorf("%s: status %d, want %d", path, w.Code, want)
			}
			for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control"} {
				if w.Header().Get(name) == "" {
					t.Errorf("%s: no %s", path, name)
				}
			}
		}
	})
}

func TestOptionsThatCannotBe(t *testing.T) {
	for _, o := range []portal.Options{
		{Dress: "pajak", Sender: &outbox{}},
		{},
		{Sender: &outbox{}, Validity: time.Millisecond},
		{Sender: &outbox{}, Interval: -time.Second},
	} {
		if _, err := portal.New(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

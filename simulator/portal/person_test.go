package portal_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"pantau/simulator/portal"
)

const secret = "oracle-secret"

// outbox keeps what the portal sends.
type outbox struct {
	mu    sync.Mutex
	texts []string // of SMS, "operator number text"
	mails []portal.Mail
	to    []string // of mails
}

func (o *outbox) SendSMS(operator, number, text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.texts = append(o.texts, operator+" "+number+" "+text)
}

func (o *outbox) SendMail(to string, m portal.Mail) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mails, o.to = append(o.mails, m), append(o.to, to)
}

// lastText gives the last SMS.
func (o *outbox) lastText(t *testing.T) string {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.texts) == 0 {
		t.Fatal("no SMS was sent")
	}
	return o.texts[len(o.texts)-1]
}

var codeIn = regexp.MustCompile(`\b([0-9]{4}) ?([0-9]{2})\b`)

// lastCode gives the code in the last SMS.
func (o *outbox) lastCode(t *testing.T) string {
	t.Helper()
	_, text, _ := strings.Cut(o.lastText(t), " +62")
	_, text, _ = strings.Cut(text, " ")
	found := codeIn.FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no code in %q", text)
	}
	return found[1] + found[2]
}

// look is how the pages of a dress are read: what dress.md promises to probes.
type look struct {
	name                              string
	front, title, begin               string
	captchaForm, picture, idField     string
	answerField, wrongAnswer          string
	smsForm, numberField, number      string
	otherNumber                       string // written as the other dress wants it
	mailForm, mailField, contactError string
	sent, codeForm, codeField         string
	wrong, superseded, expired        string
	verified                          string
	channelField                      bool
}

var looks = []look{
	{
		name: portal.DressEreg, front: "/", title: "h1#judul", begin: "a#mulai",
		captchaForm: "form#form-captcha", picture: "img#gambar-captcha", idField: "id_captcha",
		answerField: "jawaban_captcha", wrongAnswer: "#galat-captcha",
		smsForm: "form#form-kontak", numberField: "nomor", number: "6281234567890", otherNumber: "081234567890",
		mailForm: "form#form-kontak", mailField: "email", contactError: "#galat-kontak",
		sent: "#terkirim", codeForm: "form#form-kode", codeField: "kode",
		wrong: "#galat-kode-salah", superseded: "#galat-kode-lama", expired: "#galat-kode-kedaluwarsa",
		verified: "#terverifikasi", channelField: true,
	},
	{
		name: portal.DressLayanan, front: "/portal/", title: ".hero .title", begin: ".btn-daftar",
		captchaForm: "form.challenge", picture: "img.challenge-image", idField: "challenge_id",
		answerField: "challenge_answer", wrongAnswer: ".alert.challenge-error",
		smsForm: "form.via-sms", numberField: "msisdn", number: "081234567890", otherNumber: "6281234567890",
		mailForm: "form.via-mail", mailField: "mail", contactError: ".alert.contact-error",
		sent: ".otp-sent", codeForm: "form.otp", codeField: "otp",
		wrong: ".alert.otp-wrong", superseded: ".alert.otp-superseded", expired: ".alert.otp-expired",
		verified: ".verified",
	},
}

func forEachDress(t *testing.T, test func(*testing.T, look)) {
	t.Helper()
	for _, l := range looks {
		t.Run(l.name, func(t *testing.T) { test(t, l) })
	}
}

func newPortal(t *testing.T, l look, change func(*portal.Options)) (*portal.Portal, *outbox) {
	t.Helper()
	sent := &outbox{}
	o := portal.Options{
		Dress: l.name, Seed: 7, OracleSecret: secret, Sender: sent, Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&o)
	}
	p, err := portal.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p, sent
}

// direct carries requests to a handler without a network, so that a test can
// run in a bubble of time.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	answer := w.Result()
	answer.Request = r
	return answer, nil
}

// person walks the portal with a browser that keeps cookies.
type person struct {
	t      *testing.T
	look   look
	client *http.Client
	base   string
	page   *goquery.Document // where the person is
	path   string
	status int
	node   string
}

func newPerson(t *testing.T, l look, p *portal.Portal) *person {
	t.Helper()
	return browse(t, l, "http://portal.example", &http.Client{Transport: direct{p.Handler()}})
}

func browse(t *testing.T, l look, base string, client *http.Client) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client.Jar = jar
	return &person{t: t, look: l, client: client, base: base}
}

func (p *person) arrive(answer *http.Response, err error) *person {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	p.page, err = goquery.NewDocumentFromReader(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	p.path, p.status, p.node = answer.Request.URL.Path, answer.StatusCode, answer.Header.Get("X-Node")
	return p
}

func (p *person) goTo(path string) *person {
	p.t.Helper()
	return p.arrive(p.client.Get(p.base + path))
}

// submit sends a form of the page with its hidden fields and what is typed.
func (p *person) submit(form string, typed url.Values) *person {
	p.t.Helper()
	action, hidden := p.form(form)
	for name, values := range typed {
		hidden[name] = values
	}
	return p.arrive(p.client.PostForm(p.base+action, hidden))
}

func (p *person) form(form string) (action string, hidden url.Values) {
	p.t.Helper()
	found := p.page.Find(form)
	action, ok := found.Attr("action")
	if !ok {
		p.t.Fatalf("no %s at %s:\n%s", form, p.path, p.page.Text())
	}
	hidden = url.Values{}
	found.Find("input[type=hidden]").Each(func(_ int, field *goquery.Selection) {
		hidden.Set(field.AttrOr("name", ""), field.AttrOr("value", ""))
	})
	return action, hidden
}

func (p *person) has(selector string) bool { return p.page.Find(selector).Length() > 0 }

func (p *person) mustSee(selector string) *person {
	p.t.Helper()
	if !p.has(selector) {
		p.t.Fatalf("no %s at %s (status %d):\n%s", selector, p.path, p.status, p.page.Text())
	}
	return p
}

// sentence is what an element says.
func (p *person) sentence(selector string) string {
	p.t.Helper()
	return strings.TrimSpace(p.mustSee(selector).page.Find(selector).Text())
}

func (p *person) begin() *person {
	p.t.Helper()
	p.goTo(p.look.front).mustSee(p.look.title)
	return p.goTo(p.page.Find(p.look.begin).AttrOr("href", "")).mustSee(p.look.captchaForm)
}

// challenge gives the id of the captcha on the page.
func (p *person) challenge() string {
	_, hidden := p.form(p.look.captchaForm)
	return hidden.Get(p.look.idField)
}

// see gets the picture of the captcha on the page.
func (p *person) see() (status int, kind string, picture []byte) {
	p.t.Helper()
	answer, err := p.client.Get(p.base + p.page.Find(p.look.picture).AttrOr("src", ""))
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	picture, err = io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer.StatusCode, answer.Header.Get("Content-Type"), picture
}

// ask asks the oracle.
func (p *person) ask(id, authorization string) (status int, answer string) {
	p.t.Helper()
	r, err := http.NewRequest("GET", p.base+"/oracle/captcha?id="+url.QueryEscape(id), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	got, err := p.client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer got.Body.Close()
	var said struct{ Answer string }
	if got.StatusCode == http.StatusOK {
		if err := json.NewDecoder(got.Body).Decode(&said); err != nil {
			p.t.Fatal(err)
		}
	}
	return got.StatusCode, said.Answer
}

func (p *person) solve() *person {
	p.t.Helper()
	status, answer := p.ask(p.challenge(), "Bearer "+secret)
	if status != http.StatusOK {
		p.t.Fatalf("the oracle says %d", status)
	}
	return p.answer(answer)
}

func (p *person) answer(answer string) *person {
	p.t.Helper()
	return p.submit(p.look.captchaForm, url.Values{p.look.answerField: {answer}})
}

func (p *person) askBySMS(number string) *person {
	p.t.Helper()
	typed := url.Values{p.look.numberField: {number}}
	if p.look.channelField {
		typed.Set("saluran", "sms")
	}
	return p.submit(p.look.smsForm, typed)
}

func (p *person) askByMail(address string) *person {
	p.t.Helper()
	typed := url.Values{p.look.mailField: {address}}
	if p.look.channelField {
		typed.Set("saluran", "email")
	}
	return p.submit(p.look.mailForm, typed)
}

func (p *person) enter(code string) *person {
	p.t.Helper()
	return p.submit(p.look.codeForm, url.Values{p.look.codeField: {code}})
}

// askAgain goes back to the page of contacts and asks for another SMS.
func (p *person) askAgain() *person {
	p.t.Helper()
	contact := "/daftar/kontak"
	if p.look.name == portal.DressLayanan {
		contact = "/portal/registration/contact"
	}
	return p.goTo(contact).askBySMS(p.look.number).mustSee(p.look.codeForm)
}

// atCode brings a new person to the page of the code.
func atCode(t *testing.T, l look, p *portal.Portal) *person {
	t.Helper()
	return newPerson(t, l, p).begin().solve().mustSee(l.smsForm).askBySMS(l.number).mustSee(l.codeForm)
}

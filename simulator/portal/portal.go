// Package portal is a registration portal as a taxpayer meets it, made to be
// broken: front page, image captcha, a one-time code by SMS or e-mail, and an
// end before anything is registered. Two nodes serve it, and it wears one of
// two dresses, so that a monitor can prove that it knows more than one portal.
package portal

import (
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// bodyAtMost is how much of a request's body is read.
const bodyAtMost = 8 << 10

// Options of a Portal. The zero value of each but Sender works.
type Options struct {
	Dress        string        // DressEreg (default) or DressLayanan
	Validity     time.Duration // of a code; default 10 min
	Interval     time.Duration // between two requests of one contact; 0 does not enforce any
	Seed         uint64        // of the chances of faults
	Code         func() string // makes the codes; nil is six digits at random
	OracleSecret string        // bearer secret of the captcha oracle; empty takes none
	OracleUntil  time.Time     // after it the oracle answers nobody; zero is never
	Agents       []string      // key directories of bots whose signed requests the oracle answers
	SignedPass   bool          // a signed request to the captcha's page is let past it
	Sender       Sender        // carries the codes
	Log          *slog.Logger  // default slog.Default()
}

// Sender carries messages to people. It returns at once.
type Sender interface {
	// SendSMS sends text to number (+62…), which belongs to operator.
	SendSMS(operator, number, text string)
	SendMail(to string, m Mail)
}

// Mail is a message as it leaves the portal. Text or HTML may be empty.
type Mail struct{ From, Subject, Text, HTML string }

// Usage is what has been done with a Portal since it was made.
type Usage struct {
	Challenges    uint64 // captchas shown
	SMS, Mail     uint64 // codes sent
	Refused       uint64 // contacts refused
	Verified      uint64 // codes accepted
	OracleAnswers uint64
	OracleDenied  uint64 // without a proof, or after the end
	OracleUnknown uint64 // for a challenge that is not the visitor's
	LetPast       uint64 // signed requests that saw no captcha
}

type usage struct {
	challenges, sms, mail, refused, verified   atomic.Uint64
	oracleAnswers, oracleDenied, oracleUnknown atomic.Uint64
	letPast                                    atomic.Uint64
}

// Portal is the simulated portal. Use New.
type Portal struct {
	dress        dress
	validity     time.Duration
	oracleSecret string
	oracleUntil  time.Time
	gatekeeper   *gatekeeper
	signedPass   bool
	sender       Sender
	log          *slog.Logger

	pages   *template.Template
	painter *painter
	nodes   [2]*node
	turn    atomic.Uint64 // of the balancer
	book    *book
	dice    *dice
	trouble atomic.Pointer[trouble]
	word    atomic.Pointer[Word]
	usage   usage
}

// New makes a Portal without faults.
func New(o Options) (*Portal, error) {
	worn, err := dressed(o.Dress)
	if err != nil {
		return nil, err
	}
	if o.Sender == nil {
		return nil, fmt.Errorf("a portal needs a Sender")
	}
	if o.Validity == 0 {
		o.Validity = 10 * time.Minute
	}
	if o.Code == nil {
		o.Code = newCode
	}
	if o.Validity < time.Second || o.Interval < 0 {
		return nil, fmt.Errorf("validity %s and interval %s, want at least 1s and 0s", o.Validity, o.Interval)
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	pages, err := parsePages(worn.name)
	if err != nil {
		return nil, fmt.Errorf("reading the pages of dress %s: %w", worn.name, err)
	}
	p := &Portal{
		dress: worn, validity: o.Validity, oracleSecret: o.OracleSecret, oracleUntil: o.OracleUntil,
		gatekeeper: newGatekeeper(o.Agents), signedPass: o.SignedPass, sender: o.Sender, log: o.Log,
		pages: pages, painter: newPainter(), nodes: [2]*node{newNode("a"), newNode("b")},
		book: newBook(o.Validity, o.Interval, o.Code), dice: newDice(o.Seed),
	}
	p.SetWord(Word{})
	p.trouble.Store(&trouble{over: make(chan struct{})})
	return p, nil
}

// Usage counts what was done so far.
func (p *Portal) Usage() Usage {
	u := &p.usage
	return Usage{
		Challenges: u.challenges.Load(), SMS: u.sms.Load(), Mail: u.mail.Load(),
		Refused: u.refused.Load(), Verified: u.verified.Load(), OracleAnswers: u.oracleAnswers.Load(),
		OracleDenied: u.oracleDenied.Load(), OracleUnknown: u.oracleUnknown.Load(),
		LetPast: u.letPast.Load(),
	}
}

// OracleRefused counts the questions the oracle did not answer.
func (u Usage) OracleRefused() uint64 { return u.OracleDenied + u.OracleUnknown }

// Front is the path of the front page.
func (p *Portal) Front() string {
	if p.dress.name == DressLayanan {
		return "/portal/"
	}
	return "/"
}

// Handler serves the portal's pages and its oracle.
func (p *Portal) Handler() http.Handler {
	d := p.dress
	pages := http.NewServeMux()
	pages.Handle("GET "+d.front, p.visited(p.frontPage))
	pages.Handle("GET "+d.captcha, p.visited(p.captchaPage))
	pages.Handle("POST "+d.check, p.visited(p.known(p.checkCaptcha)))
	pages.Handle("GET "+d.image, p.visited(p.captchaImage))
	pages.Handle("GET "+d.contact, p.visited(p.passed(p.contactPage)))
	for path, way := range d.ways {
		pages.Handle("POST "+path, p.visited(p.known(p.passed(p.requestCode(way)))))
	}
	pages.Handle("GET "+d.code, p.visited(p.passed(p.codePage)))
	pages.Handle("POST "+d.code, p.visited(p.known(p.passed(p.submitCode))))
	pages.Handle("GET "+d.verified, p.visited(p.passed(p.verifiedPage)))
	if p.Front() != "/" {
		pages.Handle("GET /{$}", http.RedirectHandler(p.Front(), http.StatusFound))
	}
	pages.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { p.complain(w, r, http.StatusNotFound) })

	all := http.NewServeMux()
	all.Handle("GET /oracle/captcha", p.visited(p.oracle)) // not a page: portal-slow leaves it alone
	all.Handle("/", p.slowly(pages))
	return guarded(p.gate(p.heard(all)))
}

// guarded sets the headers every answer carries.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; "+
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

package probes

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/andybalholm/cascadia"

	"pantau/internal/invalid"
)

// Portal describes one portal well enough to walk it like a browser: its
// pages, forms and what tells that a step went well. Another portal is another
// profile and no code. What is called a selector is a CSS selector.
type Portal struct {
	Name      string        `yaml:"name"`
	BaseURL   string        `yaml:"base_url"`
	Hosts     []string      `yaml:"hosts"`      // other hosts that belong to the portal and may be redirected to
	Validity  time.Duration `yaml:"validity"`   // of a code, 10m when left out
	SlowAfter time.Duration `yaml:"slow_after"` // a front page that takes longer is slow, 5s when left out
	UserAgent string        `yaml:"user_agent"`
	Timeouts  Timeouts      `yaml:"timeouts"`
	// StopHeader is the field of any answer by which the portal says that it
	// wants no probes, Pantau-Stop when left out. "0" says nothing.
	StopHeader string `yaml:"stop_header"`
	// NodeHeader is the header in which the portal names the server that
	// answered, X-Node when left out. It is evidence when a captcha repeats.
	NodeHeader string `yaml:"node_header"`

	Open       OpenPage   `yaml:"open"`
	Captcha    *Captcha   `yaml:"captcha"` // left out: the portal has none
	RequestOTP RequestOTP `yaml:"request_otp"`
	SubmitOTP  *SubmitOTP `yaml:"submit_otp"`
	Oracle     Oracle     `yaml:"oracle"`  // left out: there is none
	Signing    *Signing   `yaml:"signing"` // left out: requests are not signed
	Operators  []Operator `yaml:"operators"`
}

// Timeouts end what hangs.
type Timeouts struct {
	Connect time.Duration `yaml:"connect"` // with TLS, 10s when left out
	Step    time.Duration `yaml:"step"`    // of all the pages of one step, 30s when left out
}

// OpenPage is the front page.
type OpenPage struct {
	Page   string `yaml:"page"`   // path
	Expect string `yaml:"expect"` // selector that is there when the page is the right one
}

// Captcha is the page with the picture. A challenge may turn up in place of
// any later page, too.
type Captcha struct {
	Kind        CaptchaKind `yaml:"kind"`     // image when left out
	SiteKey     string      `yaml:"site_key"` // of a vendor's kind: the key on the page, one that the vendor publishes for tests
	Page        string      `yaml:"page"`
	Form        string      `yaml:"form"`         // selector
	Image       string      `yaml:"image"`        // selector of the <img>
	IDField     string      `yaml:"id_field"`     // the hidden field that names the challenge
	AnswerField string      `yaml:"answer_field"` // the field a person types into
	Accepted    string      `yaml:"accepted"`     // selector on the page after a right answer
	Refused     string      `yaml:"refused"`      // selector on the page after a wrong one
}

// RequestOTP is the page on which a code is asked for.
type RequestOTP struct {
	Page      string   `yaml:"page"`
	SMS       *Channel `yaml:"sms"`   // left out: the portal sends no text messages
	Email     *Channel `yaml:"email"` // left out: the portal sends no mail
	Accepted  string   `yaml:"accepted"`
	Refused   string   `yaml:"refused"`
	Reference string   `yaml:"reference"` // selector of the reference id that the message repeats; left out: none
}

// Channel is one way to be sent a code.
type Channel struct {
	Form         string            `yaml:"form"`
	Fixed        map[string]string `yaml:"fixed"` // fields with the same value each time, like the chosen channel
	AddressField string            `yaml:"address_field"`
	// NumberFormat is how a number is typed, with {national} for the digits
	// after +62: "62{national}", "0{national}". For text messages only.
	NumberFormat string `yaml:"number_format"`
}

// SubmitOTP is the form on the page that follows the request.
type SubmitOTP struct {
	Form       string `yaml:"form"`
	CodeField  string `yaml:"code_field"`
	Accepted   string `yaml:"accepted"`
	Wrong      string `yaml:"wrong"`
	Superseded string `yaml:"superseded"`
	Expired    string `yaml:"expired"`
	// SupersededText and ExpiredText are words that must stand there, in any
	// case; left out: any. They tell refusals apart that share a selector, and
	// are what people read.
	SupersededText string `yaml:"superseded_text"`
	ExpiredText    string `yaml:"expired_text"`
}

// Operator is a mobile operator and whether the portal sends codes to it.
type Operator struct {
	ID        string `yaml:"id"`   // "telkomsel"
	Name      string `yaml:"name"` // "Telkomsel"
	Supported bool   `yaml:"supported"`
}

const (
	defaultValidity  = 10 * time.Minute
	defaultSlowAfter = 5 * time.Second
	defaultConnect   = 10 * time.Second
	defaultStep      = 30 * time.Second
)

func or(given, standard time.Duration) time.Duration {
	if given == 0 {
		return standard
	}
	return given
}

// CodeValidity is how long a code can be used.
func (p Portal) CodeValidity() time.Duration { return or(p.Validity, defaultValidity) }

// channel gives the way codes of stream are asked for, nil when there is none.
func (p Portal) channel(stream Stream) *Channel {
	switch {
	case stream == StreamEmail:
		return p.RequestOTP.Email
	case stream.Operator() != "":
		return p.RequestOTP.SMS
	default:
		return nil
	}
}

func (p Portal) supports(operator string) bool {
	return slices.ContainsFunc(p.Operators, func(o Operator) bool { return o.ID == operator && o.Supported })
}

// typed is how a number is written into the portal's form.
func (c Channel) typed(number string) string {
	return strings.ReplaceAll(c.NumberFormat, "{national}", strings.TrimPrefix(number, "+62"))
}

// Validate gives every mistake in the profile with its place.
func (p Portal) Validate() error {
	var check checklist
	check.filled("name", p.Name)
	if !isWebAddress(p.BaseURL) {
		check.add("base_url", "%q is not an address; write https://host", p.BaseURL)
	} else if base, err := url.Parse(p.BaseURL); err == nil {
		check.host("base_url", base.Host)
	}
	for i, host := range p.Hosts {
		check.host(fmt.Sprintf("hosts[%d]", i), host)
	}
	check.length("validity", p.Validity)
	check.length("slow_after", p.SlowAfter)
	check.length("timeouts.connect", p.Timeouts.Connect)
	check.length("timeouts.step", p.Timeouts.Step)
	check.path("open.page", p.Open.Page)
	check.selector("open.expect", p.Open.Expect)
	p.checkCaptcha(&check)
	p.checkOracle(&check)
	p.checkRequest(&check)
	p.checkSubmit(&check)
	for i, operator := range p.Operators {
		check.filled(fmt.Sprintf("operators[%d].id", i), operator.ID)
		check.filled(fmt.Sprintf("operators[%d].name", i), operator.Name)
	}
	if p.StopHeader != "" && !fieldName.MatchString(p.StopHeader) {
		check.add("stop_header", "%q is not the name of a header field", p.StopHeader)
	}
	if p.Signing != nil {
		check = append(check, invalid.In("signing", p.Signing.Validate()))
	}
	return errors.Join(check...)
}

func (p Portal) checkCaptcha(check *checklist) {
	c := p.Captcha
	if c == nil {
		return
	}
	check.path("captcha.page", c.Page)
	check.selector("captcha.form", c.Form)
	c.checkKind(check)
	check.selector("captcha.accepted", c.Accepted)
	check.selector("captcha.refused", c.Refused)
}

func (p Portal) checkRequest(check *checklist) {
	r := p.RequestOTP
	if r.SMS == nil && r.Email == nil {
		return
	}
	check.path("request_otp.page", r.Page)
	check.selector("request_otp.accepted", r.Accepted)
	check.selector("request_otp.refused", r.Refused)
	check.optional("request_otp.reference", r.Reference)
	if r.SMS != nil {
		check.channel("request_otp.sms", *r.SMS)
		if !strings.Contains(r.SMS.NumberFormat, "{national}") {
			check.add("request_otp.sms.number_format", `%q has no {national}; write "62{national}" or "0{national}"`, r.SMS.NumberFormat)
		}
	}
	if r.Email != nil {
		check.channel("request_otp.email", *r.Email)
	}
}

func (p Portal) checkSubmit(check *checklist) {
	s := p.SubmitOTP
	if s == nil {
		return
	}
	check.selector("submit_otp.form", s.Form)
	check.filled("submit_otp.code_field", s.CodeField)
	check.selector("submit_otp.accepted", s.Accepted)
	check.selector("submit_otp.wrong", s.Wrong)
	check.optional("submit_otp.superseded", s.Superseded)
	check.optional("submit_otp.expired", s.Expired)
}

// fieldName is a token (RFC 9110, 5.6.2), without the rarer signs.
var fieldName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

// checklist collects mistakes.
type checklist []error

func (c *checklist) add(at, format string, args ...any) {
	*c = append(*c, invalid.At(at, format, args...))
}

func (c *checklist) filled(at, text string) {
	if text == "" {
		c.add(at, "is missing")
	}
}

func (c *checklist) length(at string, length time.Duration) {
	if length < 0 {
		c.add(at, "is %s, want more than 0s", length)
	}
}

func (c *checklist) path(at, path string) {
	if _, err := url.Parse(path); err != nil || !strings.HasPrefix(path, "/") {
		c.add(at, "%q is not a path on the portal; write /page", path)
	}
}

// host with its port, if it has one. Other letters than those of addresses would
// be compared, and signed, as they are written and sent otherwise.
func (c *checklist) host(at, host string) {
	bare, err := url.Parse("//" + host)
	switch {
	case err != nil, bare.Host != host, host == "":
		c.add(at, "%q is not a host; write ereg.pajak.go.id, without https:// and path", host)
	case strings.ContainsFunc(host, func(r rune) bool { return r > unicode.MaxASCII }):
		c.add(at, "%q has letters that are not in addresses; write xn--…", host)
	}
}

func (c *checklist) selector(at, selector string) {
	if selector == "" {
		c.add(at, "is missing")
		return
	}
	if _, err := cascadia.ParseGroup(selector); err != nil {
		c.add(at, "%q is not a CSS selector: %v", selector, err)
	}
}

func (c *checklist) optional(at, selector string) {
	if selector != "" {
		c.selector(at, selector)
	}
}

func (c *checklist) channel(at string, channel Channel) {
	c.selector(at+".form", channel.Form)
	c.filled(at+".address_field", channel.AddressField)
}

package probes

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"time"

	"pantau/internal/secret"
)

// visit is one visitor's way through the portal: the cookies so far and the
// page it stands on. Its methods are the steps; each does its pages within
// the deadline of ctx and says what it found.
type visit struct {
	portal  *Portal
	base    *url.URL
	browser *browser
	page    *page
	code    *form // for the code, from the page that said it was sent
}

func newVisit(p *Portal, base *url.URL, roots *x509.CertPool) *visit {
	return &visit{portal: p, base: base, browser: newBrowser(*p, base, roots)}
}

// finding is what a step found out.
type finding struct {
	verdict Verdict
	reason  Reason
	said    string
	goOn    bool // the visitor can walk on to the next step
}

func up(said string) finding { return finding{verdict: Up, said: said, goOn: true} }

func down(reason Reason, format string, args ...any) finding {
	return finding{verdict: Down, reason: reason, said: fmt.Sprintf(format, args...)}
}

// found is the finding of a step that ended with err.
func found(err error) finding {
	var f *fault
	if errors.As(err, &f) {
		return finding{verdict: f.verdict, reason: f.reason, said: f.said}
	}
	return finding{verdict: Unknown, reason: ReasonPanic, said: "a mistake of ours"}
}

// arrive stands on the page that an exchange ended with.
func (v *visit) arrive(a answer, err error) error {
	if err != nil {
		return err
	}
	v.page, err = newPage(a)
	return err
}

func (v *visit) goTo(ctx context.Context, path string) error {
	to, err := v.base.Parse(path)
	if err != nil {
		return fmt.Errorf("reading the path of a page: %w", err)
	}
	return v.arrive(v.browser.get(ctx, to))
}

func (v *visit) send(ctx context.Context, f form) error { return v.arrive(f.send(ctx, v.browser)) }

// leave lets go of everything but what the way on needs.
func (v *visit) leave() {
	v.browser.rest()
	v.browser.begin()
	v.page = nil
}

// open looks at the front page. A slow one is Down but can be walked on.
func (v *visit) open(ctx context.Context) finding {
	began := time.Now()
	p := v.portal
	if err := v.goTo(ctx, p.Open.Page); err != nil {
		return found(err)
	}
	if !v.page.has(p.Open.Expect) {
		return found(v.page.wrong(p.Open.Expect))
	}
	if took, limit := time.Since(began), or(p.SlowAfter, defaultSlowAfter); took > limit {
		slow := down(ReasonSlow, "took %s, want at most %s", took.Round(time.Millisecond), limit)
		slow.goOn = true
		return slow
	}
	return up("the page has " + p.Open.Expect)
}

// request asks for a code to be sent to address and gives the reference id
// that its message will repeat. It is never done twice for one answer.
func (v *visit) request(ctx context.Context, way Channel, address secret.Value) (reference string, f finding) {
	p := v.portal
	filled, err := v.requestForm(ctx, way)
	if err != nil {
		return "", found(err)
	}
	for field, value := range way.Fixed {
		filled.values.Set(field, value)
	}
	filled.values.Set(way.AddressField, address.Reveal())
	if err := v.send(ctx, filled); err != nil {
		return "", found(err)
	}
	switch r := p.RequestOTP; {
	case v.page.has(r.Accepted):
		v.keepCodeForm()
		return v.page.text(r.Reference), up("the page has " + r.Accepted)
	case v.page.has(r.Refused):
		return "", down(ReasonRequest, "the page has %s, want %s", r.Refused, r.Accepted)
	default:
		return "", found(v.astray(r.Accepted))
	}
}

// requestForm is on the page after the captcha, or where the portal has none
// on a page of its own.
func (v *visit) requestForm(ctx context.Context, way Channel) (form, error) {
	if v.page == nil || !v.page.has(way.Form) {
		if err := v.goTo(ctx, v.portal.RequestOTP.Page); err != nil {
			return form{}, err
		}
	}
	filled, there := v.page.form(way.Form)
	if !there {
		return form{}, v.astray(way.Form)
	}
	return filled, nil
}

func (v *visit) keepCodeForm() {
	if v.portal.SubmitOTP == nil {
		return
	}
	if f, there := v.page.form(v.portal.SubmitOTP.Form); there {
		v.code = &f
	}
}

// submit types the code into the page that waits for it.
func (v *visit) submit(ctx context.Context, code secret.Value) finding {
	s := v.portal.SubmitOTP
	if v.code == nil {
		return down(ReasonUnexpected, "the page after the request had no %s", s.Form)
	}
	v.code.values.Set(s.CodeField, code.Reveal())
	if err := v.send(ctx, *v.code); err != nil {
		return found(err)
	}
	refused := func(why, selector string) finding {
		return down(ReasonCodeRefused, "refused as %s: the page has %s, want %s", why, selector, s.Accepted)
	}
	switch {
	case v.page.has(s.Accepted):
		return up("the page has " + s.Accepted)
	case v.page.has(s.Superseded):
		return refused("superseded by a later one", s.Superseded)
	case v.page.has(s.Expired):
		return refused("expired", s.Expired)
	case v.page.has(s.Wrong):
		return refused("wrong", s.Wrong)
	default:
		return found(v.astray(s.Accepted))
	}
}

// astray is the fault of a page that is neither yes nor no: the captcha again,
// when the portal has forgotten that it was passed, or something else.
func (v *visit) astray(want string) error {
	if c := v.portal.Captcha; c != nil && v.page.has(c.Form) {
		return &fault{Down, ReasonChallenge, "the captcha is asked for again, want " + want}
	}
	return v.page.wrong(want)
}

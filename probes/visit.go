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
	gear
	journey string
	browser *browser // what it sends goes through
	screen  screen   // where it sees what comes
	page    *page
	code    *form // for the code, from the page that said it was sent
	asked   bool  // a code was asked for, whatever the answer
}

func newVisit(g gear, roots *x509.CertPool, journey string) *visit {
	b := newBrowser(g, roots, journey)
	return &visit{gear: g, journey: journey, browser: b, screen: b}
}

// gear is what all visitors have in common.
type gear struct {
	portal *Portal
	base   *url.URL
	warden *warden
	signer *Signer // nil: requests are not signed
	oracle *oracle // nil: there is none to ask
}

// newGear reads what the portal's settings refer to: the owner's permission,
// keys and certificates.
func newGear(p *Portal, base *url.URL, deps Deps) (gear, error) {
	g := gear{portal: p, base: base}
	var err error
	if g.warden, err = newWarden(p, base.ResolveReference(&url.URL{Path: policyPath}).String(), deps); err != nil {
		return gear{}, err
	}
	if p.Signing != nil {
		if g.signer, err = NewSigner(*p.Signing); err != nil {
			return gear{}, err
		}
	}
	if p.Oracle.URL != "" {
		if g.oracle, err = newOracle(p.Oracle, base, deps); err != nil {
			return gear{}, err
		}
	}
	return g, nil
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
	return v.arrive(v.screen.get(ctx, to))
}

func (v *visit) send(ctx context.Context, f form) error { return v.arrive(v.screen.send(ctx, f)) }

// leave lets go of everything but what the way on needs.
func (v *visit) leave() {
	v.screen.rest()
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
	v.asked = true
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

// became is what the page says of a code that was typed into it.
type became string

const (
	codeUnclear    became = "" // none of the pages the profile describes
	codeAccepted   became = "accepted"
	codeSuperseded became = "superseded by a later one"
	codeExpired    became = "expired"
	codeWrong      became = "wrong"
)

// typeCode types the code into the page that waits for it.
func (v *visit) typeCode(ctx context.Context, code secret.Value) (became, error) {
	s := v.portal.SubmitOTP
	if v.code == nil {
		return codeUnclear, &fault{Down, ReasonUnexpected, "the page after the request had no " + s.Form}
	}
	v.code.values.Set(s.CodeField, code.Reveal())
	if err := v.send(ctx, *v.code); err != nil {
		return codeUnclear, err
	}
	v.keepCodeForm()
	switch {
	case v.page.has(s.Accepted):
		return codeAccepted, nil
	case v.page.says(s.Superseded, s.SupersededText):
		return codeSuperseded, nil
	case v.page.says(s.Expired, s.ExpiredText):
		return codeExpired, nil
	case v.page.has(s.Wrong):
		return codeWrong, nil
	default:
		return codeUnclear, nil
	}
}

// submit types the last code, which must be accepted.
func (v *visit) submit(ctx context.Context, code secret.Value) finding {
	is, err := v.typeCode(ctx, code)
	switch {
	case err != nil:
		return found(err)
	case is == codeUnclear:
		return found(v.astray(v.portal.SubmitOTP.Accepted))
	case is == codeAccepted:
		return up("the page has " + v.portal.SubmitOTP.Accepted)
	default:
		return down(ReasonCodeRefused, "refused as %s, want %s", is, v.portal.SubmitOTP.Accepted)
	}
}

// submitRefused types a code that must be refused as want, in the words for
// it; whoever waits for an SMS reads them to know what to do.
func (v *visit) submitRefused(ctx context.Context, code secret.Value, want became, ifAccepted Reason) finding {
	is, err := v.typeCode(ctx, code)
	s := v.portal.SubmitOTP
	wordless := v.page != nil && (want == codeExpired && v.page.has(s.Expired) || want == codeSuperseded && v.page.has(s.Superseded))
	switch {
	case err != nil:
		return found(err)
	case is == want:
		return up("refused as " + string(want))
	case is == codeAccepted:
		return down(ifAccepted, "accepted, want it refused as %s", want)
	case wordless:
		return down(ReasonWording, "refused without the words for %s", want)
	case is == codeUnclear:
		return found(v.astray("a code refused as " + string(want)))
	default:
		return down(ReasonWording, "refused as %s, want %s", is, want)
	}
}

// astray is the fault of a page that is neither yes nor no: the captcha again,
// when the portal has forgotten that it was passed, or something else.
func (v *visit) astray(want string) error {
	if c := v.portal.Captcha; c != nil && v.page.has(c.Form) {
		v.browser.session.challenges++
		return &fault{Down, ReasonChallenge, "the captcha is asked for again, want " + want}
	}
	return v.page.wrong(want)
}

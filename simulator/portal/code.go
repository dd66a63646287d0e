package portal

import "net/http"

// codePage waits for the code that was sent.
func (p *Portal) codePage(v *visit) {
	page, sent := p.codeView(v.session)
	if !sent {
		v.redirect(p.dress.contact)
		return
	}
	p.render(v.w, v.r, http.StatusOK, "code", page)
}

// submitCode checks a code typed. A refused one leaves the form as it was.
func (p *Portal) submitCode(v *visit) {
	page, sent := p.codeView(v.session)
	if !sent {
		v.redirect(p.dress.contact)
		return
	}
	v.session.mu.Lock()
	to := v.session.contact
	v.session.mu.Unlock()
	refuse := p.dice.happens(p.trouble.Load().rejected[to.stream()])
	became := p.book.check(to, v.r.PostFormValue(p.dress.codeField), refuse, v.now)
	if became != accepted {
		page.Problem = string(became)
		p.render(v.w, v.r, http.StatusOK, "code", page)
		return
	}
	p.usage.verified.Add(1)
	v.session.mu.Lock()
	v.session.verified = true
	v.session.mu.Unlock()
	v.redirect(p.dress.verified)
}

// codeView is the page of the code; sent is false when none was asked for.
func (p *Portal) codeView(s *session) (page view, sent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.contact.address == "" {
		return view{}, false
	}
	return view{
		Step: 3, Token: s.token, Channel: s.contact.channel, SentTo: s.contact.masked(),
		Reference: s.reference, Validity: span(p.validity),
	}, true
}

// verifiedPage is the last one: nothing is ever registered.
func (p *Portal) verifiedPage(v *visit) {
	v.session.mu.Lock()
	verified := v.session.verified
	page := view{Step: 4, Channel: v.session.contact.channel}
	v.session.mu.Unlock()
	if !verified {
		v.redirect(p.dress.contact)
		return
	}
	p.render(v.w, v.r, http.StatusOK, "verified", page)
}

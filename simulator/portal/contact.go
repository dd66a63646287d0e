package portal

import "net/http"

// contactPage asks where the code should go.
func (p *Portal) contactPage(v *visit) {
	p.render(v.w, v.r, http.StatusOK, "contact", view{Step: 2, Token: v.session.token, Channel: bySMS})
}

// requestCode sends a code to the contact typed. way is the channel that the
// form stands for; "" leaves it to the field saluran.
func (p *Portal) requestCode(way channel) func(*visit) {
	return func(v *visit) {
		page := view{
			Step: 2, Token: v.session.token, Channel: way,
			Number: v.r.PostFormValue(p.dress.numberField), Mail: v.r.PostFormValue(p.dress.mailField),
		}
		if way == "" {
			page.Channel = channel(v.r.PostFormValue("saluran"))
		}
		asked, refused := p.readContact(page)
		if refused == "" {
			refused = p.send(v, asked)
		}
		if refused != "" {
			p.usage.refused.Add(1)
			page.Problem, page.Operator = string(refused), asked.operator
			p.render(v.w, v.r, http.StatusOK, "contact", page)
			return
		}
		v.redirect(p.dress.code)
	}
}

func (p *Portal) readContact(page view) (contact, refusal) {
	switch page.Channel {
	case bySMS:
		return p.dress.phone(page.Number)
	case byMail:
		return mailbox(page.Mail)
	default:
		return contact{}, noChannel
	}
}

func (p *Portal) send(v *visit, to contact) refusal {
	code, ok := p.book.issue(to, v.now)
	if !ok {
		return busy
	}
	m := message{code: code, reference: newReference(), validity: p.validity}
	v.session.mu.Lock()
	v.session.contact, v.session.reference, v.session.verified = to, m.reference, false
	v.session.mu.Unlock()
	if to.channel == bySMS {
		p.usage.sms.Add(1)
		p.sender.SendSMS(to.operator, to.address, p.dress.sms(m))
	} else {
		p.usage.mail.Add(1)
		p.sender.SendMail(to.address, p.dress.mail(m))
	}
	return ""
}

package portal

import (
	"bytes"
	"fmt"
	"image/png"
	"net/http"
	"strings"
	"sync"

	"github.com/mojocn/base64Captcha"
)

// challenge is one captcha picture and its answer. It is used once.
type challenge struct {
	id     string
	answer string
	number uint64 // counts all challenges; decides how a broken one is broken
}

// painter draws captchas. It uses the driver that needs no font; importing the
// library parses its fonts at start all the same, about 6 MB that stay.
type painter struct {
	driver  *base64Captcha.DriverDigit
	encoder png.Encoder
}

func newPainter() *painter {
	return &painter{
		driver:  base64Captcha.NewDriverDigit(80, 240, 5, 0.6, 60),
		encoder: png.Encoder{BufferPool: &pngBuffers{}},
	}
}

// draw gives the PNG with these digits. It is drawn anew every time.
func (p *painter) draw(digits string) ([]byte, error) {
	item, err := p.driver.DrawCaptcha(digits)
	if err != nil {
		return nil, err
	}
	drawn, ok := item.(*base64Captcha.ItemDigit)
	if !ok {
		return nil, fmt.Errorf("the driver drew a %T", item)
	}
	var out bytes.Buffer
	err = p.encoder.Encode(&out, drawn.Paletted)
	return out.Bytes(), err
}

// pngBuffers are used again: one encoder takes about 850 KB.
type pngBuffers struct{ pool sync.Pool }

func (b *pngBuffers) Get() *png.EncoderBuffer {
	buffer, _ := b.pool.Get().(*png.EncoderBuffer)
	return buffer
}

func (b *pngBuffers) Put(buffer *png.EncoderBuffer) { b.pool.Put(buffer) }

func (p *Portal) newChallenge() challenge {
	id, _, answer := p.painter.driver.GenerateIdQuestionAnswer()
	return challenge{id: id, answer: answer, number: p.usage.challenges.Add(1)}
}

// captchaPage begins a registration anew: whoever comes here has passed nothing.
func (p *Portal) captchaPage(v *visit) {
	if v.session == nil {
		v.session = p.open(v.node, v.now)
		setCookie(v.w, p.dress.cookie, v.session.id)
	}
	s := v.session
	s.mu.Lock()
	s.passed, s.verified, s.contact, s.reference = p.letsPast(v), false, contact{}, ""
	if s.passed {
		s.mu.Unlock()
		v.redirect(p.dress.contact)
		return
	}
	s.challenge = p.newChallenge()
	page := p.captchaView(s)
	s.mu.Unlock()
	p.render(v.w, v.r, http.StatusOK, "captcha", page)
}

// letsPast says whether the visitor is a bot that the owner lets past the
// captcha.
func (p *Portal) letsPast(v *visit) bool {
	if !p.signedPass || p.gatekeeper.knows(v.r, v.now) != nil {
		return false
	}
	p.usage.letPast.Add(1)
	return true
}

func (p *Portal) captchaView(s *session) view {
	return view{Step: 1, Token: s.token, Challenge: s.challenge.id, Image: p.dress.imageOf(s.challenge.id)}
}

// checkCaptcha takes an answer. Wrong or right, the challenge is spent.
func (p *Portal) checkCaptcha(v *visit) {
	s := v.session
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.challenge
	s.challenge = challenge{}
	if !p.solves(asked, v.r.PostFormValue(p.dress.challengeField), v.r.PostFormValue(p.dress.answerField)) {
		s.challenge = p.newChallenge()
		page := p.captchaView(s)
		page.Problem = "wrong"
		p.render(v.w, v.r, http.StatusOK, "captcha", page)
		return
	}
	s.passed = true
	if p.dice.happens(p.trouble.Load().loop) {
		p.moveAway(v.w, v.node, s)
	}
	v.redirect(p.dress.contact)
}

func (p *Portal) solves(asked challenge, id, answer string) bool {
	if asked.id == "" || !same(asked.id, id) || !same(asked.answer, strings.TrimSpace(answer)) {
		return false
	}
	return !p.trouble.Load().broken
}

// captchaImage shows the current challenge of the session, and no other.
func (p *Portal) captchaImage(v *visit) {
	if v.session == nil {
		p.complain(v.w, v.r, http.StatusNotFound)
		return
	}
	v.session.mu.Lock()
	asked := v.session.challenge
	v.session.mu.Unlock()
	if asked.id == "" || !same(asked.id, p.dress.imageID(v.r)) {
		p.complain(v.w, v.r, http.StatusNotFound)
		return
	}
	picture, err := p.painter.draw(asked.answer)
	if err != nil {
		p.log.Error("drawing a captcha", "error", err)
		p.complain(v.w, v.r, http.StatusInternalServerError)
		return
	}
	if p.trouble.Load().broken {
		picture = spoil(picture, asked.number)
	}
	v.w.Header().Set("Content-Type", "image/png")
	_, _ = v.w.Write(picture)
}

// spoil is how captcha-broken shows: of three pictures one comes half, one
// comes empty and one is whole. The right answer is refused each time, for
// otherwise a visitor who asks for another picture would get through.
func spoil(picture []byte, number uint64) []byte {
	switch number % 3 {
	case 0:
		return picture[:len(picture)/2]
	case 1:
		return nil
	default:
		return picture
	}
}

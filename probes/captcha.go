package probes

import (
	"context"
	"net/http"
)

// challengesAtMost in one visit: one that is right, and then a loop.
const challengesAtMost = 3

// captcha answers the challenge with what the portal's owner says. When it is
// asked again after a right answer was accepted, that is Down even if a later
// answer gets through, because a person would have had to do it all again.
func (v *visit) captcha(ctx context.Context) finding {
	c := v.portal.Captcha
	if err := v.goTo(ctx, c.Page); err != nil {
		return found(err)
	}
	if v.page.has(c.Accepted) && !v.page.has(c.Form) {
		return letThrough()
	}
	for asked := 1; ; asked++ {
		err := v.answerChallenge(ctx, right)
		switch {
		case err != nil && asked > 1 && ctx.Err() == nil:
			return down(ReasonChallenge, "asked for again after %d accepted answers, and then: %s", asked-1, found(err).said)
		case err != nil:
			return found(err)
		case v.page.has(c.Accepted) && asked == 1:
			return up("the page has " + c.Accepted)
		case v.page.has(c.Accepted):
			again := down(ReasonChallenge, "asked for %d times before it let through", asked)
			again.goOn = true
			return again
		case v.page.has(c.Refused) && asked > 1:
			return down(ReasonChallenge, "asked for again after %d accepted answers, then the right answer was refused", asked-1)
		case v.page.has(c.Refused):
			return down(ReasonAnswerRefused, "the right answer was refused: the page has %s", c.Refused)
		case !v.page.has(c.Form):
			return found(v.page.wrong(c.Accepted))
		case asked == challengesAtMost:
			return down(ReasonChallenge, "asked for %d times and never let through", asked)
		}
	}
}

// answerChallenge looks at the picture of the challenge on the page, has the
// owner tell the answer and sends what twist makes of it.
func (v *visit) answerChallenge(ctx context.Context, twist func(string) string) error {
	c := v.portal.Captcha
	challenge, there := v.page.form(c.Form)
	if !there {
		return v.page.wrong(c.Form)
	}
	v.browser.session.challenges++
	if vendor, isVendor := testKeys(c.Kind); isVendor {
		return v.answerWidget(ctx, challenge, vendor)
	}
	if err := v.lookAtPicture(ctx, c.Image); err != nil {
		return err
	}
	answer, err := v.askOracle(ctx, challenge.values.Get(c.IDField))
	if err != nil {
		return err
	}
	challenge.values.Set(c.AnswerField, twist(answer))
	return v.send(ctx, challenge)
}

// letThrough is that no captcha was shown: to us, whom the owner may know by our
// signature, name or address, or to anybody. Nobody is kept from going on.
func letThrough() finding {
	return finding{verdict: Unknown, reason: ReasonLetThrough, said: "let through: no challenge was shown", goOn: true}
}

// right leaves a captcha answer as it is.
func right(answer string) string { return answer }

// wrong makes a captcha answer wrong, and keeps its length and its kind of
// letters, so that it is refused for nothing else.
func wrong(answer string) string {
	letters := []rune(answer)
	switch last := &letters[len(letters)-1]; {
	case *last >= '0' && *last <= '9':
		*last = '0' + (*last-'0'+1)%10
	case *last == 'x' || *last == 'X':
		*last = 'k'
	default:
		*last = 'x'
	}
	return string(letters)
}

// wrongCaptcha gives a wrong answer, which must be refused.
func (v *visit) wrongCaptcha(ctx context.Context) finding {
	c := v.portal.Captcha
	if err := v.goTo(ctx, c.Page); err != nil {
		return found(err)
	}
	if v.page.has(c.Accepted) && !v.page.has(c.Form) {
		return letThrough()
	}
	if err := v.answerChallenge(ctx, wrong); err != nil {
		return found(err)
	}
	switch {
	case v.page.has(c.Accepted):
		return down(ReasonWrongAccepted, "a wrong answer was accepted: the page has %s, want %s", c.Accepted, c.Refused)
	case v.page.has(c.Refused):
		return up("a wrong answer was refused: the page has " + c.Refused)
	default:
		return found(v.page.wrong(c.Refused))
	}
}

func (v *visit) lookAtPicture(ctx context.Context, selector string) error {
	src, err := v.page.image(selector)
	if err != nil {
		return err
	}
	if raw, isInline := inline(src); isInline {
		return checkPicture(raw)
	}
	got, err := v.screen.image(ctx, src)
	if err != nil {
		return err
	}
	if got.status != http.StatusOK {
		return &fault{Down, ReasonImage, "the captcha's image is not there"}
	}
	return checkPicture(got.body)
}

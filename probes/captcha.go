package probes

import (
	"context"
	"encoding/json"
	"errors"
	"io"
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
	for asked := 1; ; asked++ {
		err := v.answerChallenge(ctx)
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
// owner tell the answer and sends it.
func (v *visit) answerChallenge(ctx context.Context) error {
	c := v.portal.Captcha
	challenge, there := v.page.form(c.Form)
	if !there {
		return v.page.wrong(c.Form)
	}
	if err := v.lookAtPicture(ctx, c.Image); err != nil {
		return err
	}
	answer, err := v.askOracle(ctx, challenge.values.Get(c.IDField))
	if err != nil {
		return err
	}
	challenge.values.Set(c.AnswerField, answer)
	return v.send(ctx, challenge)
}

func (v *visit) lookAtPicture(ctx context.Context, selector string) error {
	src, err := v.page.image(selector)
	if err != nil {
		return err
	}
	if raw, isInline := inline(src); isInline {
		return checkPicture(raw)
	}
	got, err := v.browser.get(ctx, src)
	if err != nil {
		return err
	}
	if got.status != http.StatusOK {
		return &fault{Down, ReasonImage, "the captcha's image is not there"}
	}
	return checkPicture(got.body)
}

// askOracle gives the answer to a challenge of this very session. The secret
// goes to the configured address only, wherever that redirects to.
func (v *visit) askOracle(ctx context.Context, challenge string) (string, error) {
	to, err := v.base.Parse(v.portal.Oracle.URL)
	if err != nil {
		return "", silent("its address cannot be read")
	}
	query := to.Query()
	query.Set("id", challenge)
	to.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	if err != nil {
		return "", silent("its address cannot be read")
	}
	request.Header.Set("Authorization", "Bearer "+v.portal.Oracle.Secret.Reveal())
	request.Header.Set("User-Agent", v.browser.agent)
	client := *v.browser.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Do(request)
	if err != nil {
		return "", silentFor(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	return v.readOracle(response)
}

func (v *visit) readOracle(response *http.Response) (string, error) {
	v.browser.went("oracle %d", response.StatusCode)
	if response.StatusCode != http.StatusOK {
		return "", silent("the portal's owner gives no answer to this challenge")
	}
	var told struct {
		Answer string `json:"answer"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, headerAtMost)).Decode(&told); err != nil || told.Answer == "" {
		return "", silent("what the oracle says is not an answer")
	}
	return told.Answer, nil
}

func silent(said string) error { return &fault{Unknown, ReasonOracle, "oracle: " + said} }

func silentFor(ctx context.Context, err error) error {
	var cause *fault
	if errors.As(faultOf(ctx, err), &cause) && cause.reason != ReasonShutdown {
		return silent(cause.said)
	}
	return cause
}

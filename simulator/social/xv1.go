package social

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// postV1 is a post as API v1.1 gives it. Text is there in the compatible mode,
// FullText in the extended one.
type postV1 struct {
	CreatedAt    string  `json:"created_at"`
	ID           uint64  `json:"id"`
	IDStr        string  `json:"id_str"`
	Text         string  `json:"text,omitempty"`
	FullText     string  `json:"full_text,omitempty"`
	Truncated    bool    `json:"truncated"`
	ReplyID      *uint64 `json:"in_reply_to_status_id"`
	ReplyIDStr   *string `json:"in_reply_to_status_id_str"`
	Entities     entsV1  `json:"entities"`
	User         userV1  `json:"user"`
	ReplyUserStr *string `json:"in_reply_to_user_id_str"`
}

type entsV1 struct {
	URLs []link `json:"urls"`
}

type userV1 struct {
	ID         uint64 `json:"id"`
	IDStr      string `json:"id_str"`
	Name       string `json:"name"`
	ScreenName string `json:"screen_name"`
}

// compatibleLength is where text is cut off unless tweet_mode=extended.
const compatibleLength = 140

func (x *X) postV1(p Post, extended bool) postV1 {
	text, found := shown(p.Text)
	v := postV1{
		CreatedAt: p.CreatedAt.UTC().Format(time.RubyDate),
		ID:        number(p.ID),
		IDStr:     p.ID,
		Entities:  entsV1{append([]link{}, found...)},
		User:      x.userV1(),
	}
	if p.InReplyTo != "" {
		replyID := number(p.InReplyTo)
		v.ReplyID, v.ReplyIDStr, v.ReplyUserStr = &replyID, &p.InReplyTo, &x.account.UserID
	}
	runes := []rune(text)
	switch {
	case extended:
		v.FullText = text
	case len(runes) > compatibleLength:
		permalink := shortLink("https://x.com/i/web/status/" + p.ID)
		v.Text, v.Truncated = string(runes[:compatibleLength-linkWeight-2])+"… "+permalink, true
	default:
		v.Text = text
	}
	return v
}

func (x *X) userV1() userV1 {
	return userV1{ID: number(x.account.UserID), IDStr: x.account.UserID, Name: x.account.Name, ScreenName: x.account.Handle}
}

func (x *X) updateV1(r *http.Request, body []byte) (int, any, *xRefusal) {
	if x.account.SelfServe {
		return 0, nil, accessLevel()
	}
	params := paramsV1(r, body)
	p, no := x.publish(params.Get("status"), params.Get("in_reply_to_status_id"), time.Now())
	if no != nil {
		return 0, nil, no
	}
	return http.StatusOK, x.postV1(p, isExtended(params)), nil
}

func (x *X) meV1(*http.Request, []byte) (int, any, *xRefusal) {
	return http.StatusOK, x.userV1(), nil
}

// timelineV1 gives at most count posts (20 by default, 200 at most), newest
// first, after since_id and up to max_id.
func (x *X) timelineV1(r *http.Request, body []byte) (int, any, *xRefusal) {
	params := paramsV1(r, body)
	count, err := strconv.Atoi(cmp.Or(params.Get("count"), "20"))
	if err != nil || count < 1 {
		return 0, nil, badParameter("count", params.Get("count"), "is not a positive number")
	}
	want := timelineQuery{
		most:           min(count, 200),
		after:          params.Get("since_id"),
		withoutReplies: params.Get("exclude_replies") == "true",
	}
	if last := params.Get("max_id"); isNumber(last) {
		want.before = strconv.FormatUint(number(last)+1, 10) // max_id itself is wanted
	}
	found, _ := want.of(x.Posts())
	timeline := make([]postV1, len(found))
	for i, p := range found {
		timeline[i] = x.postV1(p, isExtended(params))
	}
	return http.StatusOK, timeline, nil
}

func isExtended(params url.Values) bool { return params.Get("tweet_mode") == "extended" }

// paramsV1 are those of the address and of a form body; the signature check has
// found both readable.
func paramsV1(r *http.Request, body []byte) url.Values {
	params := r.URL.Query()
	form, _ := url.ParseQuery(formOf(r, body))
	for name, values := range form {
		params[name] = append(params[name], values...)
	}
	return params
}

// number reads an id; 0 for what is none.
func number(id string) uint64 {
	n, _ := strconv.ParseUint(id, 10, 64)
	return n
}

package social

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// postV2 is a post as API v2 gives it: by default the first three fields, and of
// the others those which tweet.fields names.
type postV2 struct {
	ID             string        `json:"id"`
	Text           string        `json:"text"`
	EditHistory    []string      `json:"edit_history_tweet_ids"`
	AuthorID       string        `json:"author_id,omitempty"`
	CreatedAt      string        `json:"created_at,omitempty"`
	ConversationID string        `json:"conversation_id,omitempty"`
	References     []referenceV2 `json:"referenced_tweets,omitempty"`
	InReplyToUser  string        `json:"in_reply_to_user_id,omitempty"`
	Entities       *entitiesV2   `json:"entities,omitempty"`
}

type referenceV2 struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

type entitiesV2 struct {
	URLs []link `json:"urls"`
}

func (x *X) postV2(p Post, fields []string) postV2 {
	text, found := shown(p.Text)
	v := postV2{ID: p.ID, Text: text, EditHistory: []string{p.ID}}
	for _, field := range fields {
		switch field {
		case "author_id":
			v.AuthorID = x.account.UserID
		case "created_at":
			v.CreatedAt = stamp(p.CreatedAt)
		case "conversation_id":
			v.ConversationID = p.ConversationID
		case "referenced_tweets":
			if p.InReplyTo != "" {
				v.References = []referenceV2{{"replied_to", p.InReplyTo}}
			}
		case "in_reply_to_user_id":
			if p.InReplyTo != "" {
				v.InReplyToUser = x.account.UserID
			}
		case "entities":
			if len(found) > 0 {
				v.Entities = &entitiesV2{found}
			}
		}
	}
	return v
}

func (x *X) createV2(_ *http.Request, body []byte) (int, any, *xRefusal) {
	var wanted struct {
		Text  string `json:"text"`
		Reply *struct {
			To string `json:"in_reply_to_tweet_id"`
		} `json:"reply"`
	}
	if err := json.Unmarshal(body, &wanted); err != nil {
		return 0, nil, badParameter("body", "", "is not a JSON object")
	}
	replyTo := ""
	if wanted.Reply != nil {
		replyTo = wanted.Reply.To
		if !isNumber(replyTo) {
			return 0, nil, badParameter("reply.in_reply_to_tweet_id", replyTo, "does not match ^[0-9]{1,19}$")
		}
	}
	p, no := x.publish(wanted.Text, replyTo, time.Now())
	if no != nil {
		return 0, nil, no
	}
	return http.StatusCreated, map[string]postV2{"data": x.postV2(p, nil)}, nil
}

func (x *X) meV2(*http.Request, []byte) (int, any, *xRefusal) {
	me := map[string]string{"id": x.account.UserID, "name": x.account.Name, "username": x.account.Handle}
	return http.StatusOK, map[string]any{"data": me}, nil
}

// pageV2 is one page of a timeline; without posts it has no data at all.
type pageV2 struct {
	Data []postV2 `json:"data,omitempty"`
	Meta metaV2   `json:"meta"`
}

type metaV2 struct {
	Count  int    `json:"result_count"`
	Newest string `json:"newest_id,omitempty"`
	Oldest string `json:"oldest_id,omitempty"`
	Next   string `json:"next_token,omitempty"`
}

func (x *X) timelineV2(r *http.Request, _ []byte) (int, any, *xRefusal) {
	if id := r.PathValue("id"); id != x.account.UserID {
		return http.StatusOK, unknownUserV2(id), nil
	}
	query := r.URL.Query()
	want, no := readTimelineQuery(query)
	if no != nil {
		return 0, nil, no
	}
	found, more := want.of(x.Posts())
	var page pageV2
	fields := strings.Split(query.Get("tweet.fields"), ",")
	for _, p := range found {
		page.Data = append(page.Data, x.postV2(p, fields))
	}
	page.Meta.Count = len(found)
	if len(found) > 0 {
		page.Meta.Newest, page.Meta.Oldest = found[0].ID, found[len(found)-1].ID
	}
	if more {
		page.Meta.Next = pageTokenPrefix + page.Meta.Oldest
	}
	return http.StatusOK, page, nil
}

// unknownUserV2 is how v2 says 404: with status 200.
func unknownUserV2(id string) any {
	return map[string]any{"errors": []map[string]string{{
		"value": id, "resource_id": id, "resource_type": "user", "parameter": "id",
		"detail": fmt.Sprintf("Could not find user with id: [%s].", id),
		"title":  "Not Found Error",
		"type":   "https://api.twitter.com/2/problems/resource-not-found",
	}}}
}

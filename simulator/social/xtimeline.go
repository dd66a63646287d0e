package social

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pageTokenPrefix makes a token look unlike the id that it holds.
const pageTokenPrefix = "7140dibdnow9c7btw"

// timelineQuery says which posts of a timeline are wanted.
type timelineQuery struct {
	most           int
	from, until    time.Time // from inclusive, until exclusive; zero is no bound
	after, before  string    // ids, both exclusive; "" is no bound
	withoutReplies bool
}

func readTimelineQuery(query url.Values) (timelineQuery, *xRefusal) {
	want := timelineQuery{most: 10, withoutReplies: slices.Contains(strings.Split(query.Get("exclude"), ","), "replies")}
	if s := query.Get("max_results"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 5 || n > 100 {
			return want, badParameter("max_results", s, "is not between 5 and 100")
		}
		want.most = n
	}
	for name, bound := range map[string]*time.Time{"start_time": &want.from, "end_time": &want.until} {
		if s := query.Get(name); s != "" {
			at, err := time.Parse(time.RFC3339, s)
			if err != nil {
				return want, badParameter(name, s, "is not a valid RFC3339 date")
			}
			*bound = at
		}
	}
	before := query.Get("until_id")
	if token := query.Get("pagination_token"); token != "" {
		id, ok := strings.CutPrefix(token, pageTokenPrefix)
		if !ok || !isNumber(id) {
			return want, badParameter("pagination_token", token, "is not a valid token")
		}
		before = id
	}
	want.after, want.before = query.Get("since_id"), before
	return want, nil
}

// of picks from posts, which are oldest first, and gives them newest first; more
// says that older ones were left out for want.most.
func (want timelineQuery) of(posts []Post) (found []Post, more bool) {
	for _, p := range slices.Backward(posts) {
		if !want.has(p) {
			continue
		}
		if len(found) == want.most {
			return found, true
		}
		found = append(found, p)
	}
	return found, false
}

func (want timelineQuery) has(p Post) bool {
	switch {
	case !want.from.IsZero() && p.CreatedAt.Before(want.from),
		!want.until.IsZero() && !p.CreatedAt.Before(want.until),
		want.after != "" && compareIDs(p.ID, want.after) <= 0,
		want.before != "" && compareIDs(p.ID, want.before) >= 0,
		want.withoutReplies && p.InReplyTo != "":
		return false
	}
	return true
}

// compareIDs orders ids, which are numbers without leading zeros.
func compareIDs(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

func isNumber(id string) bool {
	_, err := strconv.ParseUint(id, 10, 64)
	return err == nil
}

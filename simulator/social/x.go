package social

import (
	"cmp"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// XAccount is the one account of the stand-in for X, and the application that
// may post for it.
type XAccount struct {
	ConsumerKey, ConsumerSecret string
	Token, TokenSecret          string
	UserID                      string // digits; "" is "1500200"
	Handle                      string // without @; "" is "akun_simulasi"
	Name                        string // "" is "Akun Simulasi"
	PostsPer15Min               int    // 0 is 100, X's limit for one user
	PostsPerDay                 int    // 0 is 10,000, X's limit for one application
	// SelfServe refuses to post by v1.1 with code 453, as self-serve plans do.
	SelfServe bool
}

func (a XAccount) withDefaults() XAccount {
	a.UserID = cmp.Or(a.UserID, "1500200")
	a.Handle = cmp.Or(a.Handle, "akun_simulasi")
	a.Name = cmp.Or(a.Name, "Akun Simulasi")
	a.PostsPer15Min = cmp.Or(a.PostsPer15Min, 100)
	a.PostsPerDay = cmp.Or(a.PostsPerDay, 10_000)
	return a
}

// Post is one post on X.
type Post struct {
	ID             string
	Text           string // as sent
	CreatedAt      time.Time
	InReplyTo      string // "" when it answers nothing
	ConversationID string // the ID of the thread's first post
}

// X is the stand-in for X. Its methods are safe for concurrent use.
type X struct {
	account XAccount
	log     *slog.Logger
	keys    *keys
	limits  *limits
	faults  *faults

	mu     sync.Mutex
	posts  []Post // oldest first
	lastID uint64
}

func newX(account XAccount, seed uint64, log *slog.Logger) *X {
	return &X{
		account: account.withDefaults(),
		log:     log,
		keys: &keys{
			consumerKey: account.ConsumerKey, consumerSecret: account.ConsumerSecret,
			token: account.Token, tokenSecret: account.TokenSecret,
			nonces: map[string]time.Time{},
		},
		limits: &limits{windows: map[string]*allowance{}},
		faults: newFaults(seed, ""),
	}
}

// SetFaults replaces the faults that are on; none ends them. When one is wrong
// it changes nothing and says which.
func (x *X) SetFaults(list ...Fault) error { return x.faults.set(list) }

// Faults gives the faults that are on.
func (x *X) Faults() []Fault { return x.faults.list() }

// Posts gives the feed, oldest first.
func (x *X) Posts() []Post {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.posts)
}

// publish posts text, in answer to the post replyTo unless that is "".
func (x *X) publish(text, replyTo string, now time.Time) (Post, *xRefusal) {
	if text == "" {
		return Post{}, noText()
	}
	if weightedLength(text) > longestText {
		return Post{}, textTooLong()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	parent, known := x.find(replyTo)
	if replyTo != "" && !known {
		return Post{}, noSuchParent()
	}
	if x.isDuplicate(text) {
		return Post{}, duplicateText()
	}
	p := Post{ID: x.nextID(now), Text: text, CreatedAt: now, InReplyTo: replyTo}
	p.ConversationID = cmp.Or(parent.ConversationID, p.ID)
	x.posts = keepLast(append(x.posts, p))
	return p, nil
}

func (x *X) find(id string) (Post, bool) {
	i := slices.IndexFunc(x.posts, func(p Post) bool { return p.ID == id })
	if i < 0 {
		return Post{}, false
	}
	return x.posts[i], true
}

// duplicatesAmong is how many of the newest posts a text must differ from. How
// far back X looks is not documented.
const duplicatesAmong = 500

func (x *X) isDuplicate(text string) bool {
	recent := x.posts[max(0, len(x.posts)-duplicatesAmong):]
	return slices.ContainsFunc(recent, func(p Post) bool { return p.Text == text })
}

// nextID gives ids as X forms them: milliseconds since its epoch, then 22 bits;
// always greater than the one before.
func (x *X) nextID(now time.Time) string {
	const epoch = 1288834974657
	x.lastID = max(x.lastID+1, uint64(max(now.UnixMilli()-epoch, 0))<<22)
	return strconv.FormatUint(x.lastID, 10)
}

func (x *X) routes(mux *http.ServeMux) {
	post, timeline, me := x.postingLimits(), readingLimit(900), readingLimit(75)
	handle := func(pattern string, e xEndpoint) { mux.Handle(pattern, x.serve(e)) }

	handle("POST /x/2/tweets", xEndpoint{"post", Posting, post, refuseV2, x.createV2})
	handle("GET /x/2/users/me", xEndpoint{"me", Reading, me, refuseV2, x.meV2})
	handle("GET /x/2/users/{id}/tweets", xEndpoint{"timeline", Reading, timeline, refuseV2, x.timelineV2})

	handle("POST /x/1.1/statuses/update.json", xEndpoint{"post", Posting, post, refuseV1, x.updateV1})
	handle("GET /x/1.1/account/verify_credentials.json", xEndpoint{"me", Reading, me, refuseV1, x.meV1})
	handle("GET /x/1.1/statuses/user_timeline.json", xEndpoint{"timeline", Reading, timeline, refuseV1, x.timelineV1})

	mux.HandleFunc("GET /x/feed.json", x.feedJSON)
	mux.HandleFunc("GET /x/{$}", x.page)
	x.faults.controlFaults(mux, "/x/control/faults")
}

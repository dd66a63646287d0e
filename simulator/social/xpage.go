package social

import (
	"net/http"
	"slices"
	"time"
)

// xView is the page /x/.
type xView struct {
	Name, Handle, Initials string
	Faults                 []string
	Total                  int
	Threads                [][]xPostView // by their newest post, newest first; each oldest first
}

type xPostView struct {
	Text     []span
	At       string // as people read it
	DateTime string
	Weight   int
}

func (x *X) page(w http.ResponseWriter, _ *http.Request) {
	now, posts := time.Now(), x.Posts()
	view := xView{
		Name: x.account.Name, Handle: x.account.Handle, Initials: initials(x.account.Name),
		Faults: faultNotes(x.Faults()), Total: len(posts),
	}
	for _, thread := range xThreads(posts) {
		var shown []xPostView
		for _, p := range thread {
			shown = append(shown, xPostView{linkSpans(p.Text), clock(p.CreatedAt, now), stamp(p.CreatedAt), weightedLength(p.Text)})
		}
		view.Threads = append(view.Threads, shown)
	}
	showPage(w, "x.html", view)
}

// xThreads groups posts, oldest first, into the threads that a page shows.
func xThreads(posts []Post) [][]Post {
	byRoot := map[string][]Post{}
	for _, p := range posts {
		byRoot[p.ConversationID] = append(byRoot[p.ConversationID], p)
	}
	var threads [][]Post
	for _, p := range slices.Backward(posts) {
		thread, unseen := byRoot[p.ConversationID]
		if !unseen || len(threads) == threadsOnPage {
			continue
		}
		threads = append(threads, thread)
		delete(byRoot, p.ConversationID)
	}
	return threads
}

// linkSpans marks the links in a post.
func linkSpans(text string) []span {
	var spans []span
	from := 0
	for _, at := range links.FindAllStringIndex(text, -1) {
		_, found := shown(text[at[0]:at[1]])
		spans = append(spans,
			span{Text: text[from:at[0]]},
			span{Text: text[at[0]:at[1]], Href: found[0].ExpandedURL})
		from = at[1]
	}
	return append(spans, span{Text: text[from:]})
}

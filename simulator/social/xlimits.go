package social

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// limit is one of X's allowances: most calls in each window, counted from the
// window's first call.
type limit struct {
	header string // the start of its three headers; names it together with the endpoint
	most   int
	window time.Duration
}

// readingLimit is that of an endpoint which only reads: the documentation's
// figure for one user.
func readingLimit(most int) []limit {
	return []limit{{"x-rate-limit", most, 15 * time.Minute}}
}

// allowance is what is left of a limit.
type allowance struct {
	limit
	left  int
	reset time.Time
}

// limits count calls.
type limits struct {
	mu      sync.Mutex
	windows map[string]*allowance // by endpoint and header
}

// take counts one call of endpoint and gives what is left of each limit after
// it. A call beyond one of them is counted by none.
func (ls *limits) take(endpoint string, list []limit, now time.Time) (left []allowance, within bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	within = true
	current := make([]*allowance, len(list))
	for i, l := range list {
		current[i] = ls.window(endpoint, l, now)
		within = within && current[i].left > 0
	}
	for _, a := range current {
		if within {
			a.left--
		}
		left = append(left, *a)
	}
	return left, within
}

func (ls *limits) window(endpoint string, l limit, now time.Time) *allowance {
	key := endpoint + " " + l.header
	a := ls.windows[key]
	if a == nil || !now.Before(a.reset) {
		a = &allowance{limit: l, left: l.most, reset: now.Add(l.window)}
		ls.windows[key] = a
	}
	return a
}

// write tells the client; the reset is in whole seconds, never too early.
func (a allowance) write(header http.Header) {
	header.Set(a.header+"-limit", strconv.Itoa(a.most))
	header.Set(a.header+"-remaining", strconv.Itoa(a.left))
	header.Set(a.header+"-reset", strconv.FormatInt(a.reset.Add(time.Second-1).Unix(), 10))
}

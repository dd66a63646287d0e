package probes

import (
	"context"
	"net/url"
)

// screen is where a visitor sees the portal's pages and fills in its forms: an
// HTTP client that reads them (browser), or Chromium, which runs their scripts
// (chromium). What a step makes of a page is the same for both, see visit.
type screen interface {
	// ready comes before each step and does not count as its time.
	ready(ctx context.Context) error
	get(ctx context.Context, to *url.URL) (answer, error)
	send(ctx context.Context, f form) (answer, error)
	// image is one that stands on the page.
	image(ctx context.Context, to *url.URL) (answer, error)
	// picture of the page is nil where there is none to be seen.
	picture(ctx context.Context) ([]byte, error)
	// rest lets go of everything but the visitor's session.
	rest()
}

// origin is what Chromium needs to know of a page later. The zero origin is a page
// of the HTTP client.
type origin struct {
	shown     int // see chromium.shown; never 0 there
	selector  string
	untouched url.Values
	document  *reply
}

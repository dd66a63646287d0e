package probes

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"strconv"
	"strings"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// oldestChromium is the first version known to say which requests come of a
// redirect; none before it was tried.
const oldestChromium = 118

// CheckBrowser says whether Chromium can be started and shows a page, and if
// not, what to do about it.
func CheckBrowser(ctx context.Context, o Browser) error {
	c := &chromium{options: o}
	defer c.quit()
	err := c.start(ctx)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, exec.ErrNotFound):
		where := "under its usual names"
		if o.Path != "" {
			where = "at " + o.Path
		}
		return fmt.Errorf("there is no Chromium %s; install it, or write its path into browser.path", where)
	case errors.Is(err, errTooOld):
		return err
	case err != nil:
		return fmt.Errorf("it does not start: %w", err)
	default:
		return nil
	}
}

// errTooOld is what newEnough gives for a Chromium that does answer.
var errTooOld = errors.New("too old")

func newEnough(tab context.Context) error {
	said, err := cdp.Call(tab, chromedp.FromContext(tab).Browser, cdpbrowser.GetVersion, cdp.Empty{})
	if err != nil {
		return fmt.Errorf("asking for its version: %w", err)
	}
	return checkProduct(said.Product)
}

// checkProduct holds "HeadlessChrome/120.0.6099.109" against oldestChromium.
func checkProduct(product string) error {
	_, version, _ := strings.Cut(product, "/")
	number, _, _ := strings.Cut(version, ".")
	major, err := strconv.Atoi(number)
	if err != nil {
		return fmt.Errorf("%q says no version of Chromium, want %d or later: %w", product, oldestChromium, errTooOld)
	}
	if major < oldestChromium {
		return fmt.Errorf("version %d is %w, want %d or later", major, errTooOld, oldestChromium)
	}
	return nil
}

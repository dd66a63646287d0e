package probes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"pantau/internal/invalid"
)

const (
	defaultBrowsers = 1
	browserStart    = 30 * time.Second
	pageQuiet       = 150 * time.Millisecond // without a request: the page is complete
	pageNoisy       = 3 * time.Second        // after its load event, a page that never stops asking is taken as it is
	pageIdle        = 2 * time.Second        // after a click that asks for nothing
	deadProxy       = "http://127.0.0.1:1"   // nothing answers there, see start
)

// Browser is the Chromium that walks journeys with browser: true.
type Browser struct {
	Path   string `yaml:"path"`    // of Chromium; looked for under its usual names when left out
	AtOnce int    `yaml:"at_once"` // how many run at one time, 1 when left out
	// Pictures is the folder in which serve keeps pictures of pages that are not
	// as they should be, the newest 500 and 64 MiB; "off" for none. When left
	// out it is pictures beside the SQLite file, and with PostgreSQL none.
	Pictures string `yaml:"pictures"`

	temporary string // folder of profiles, the system's when ""
}

// NoPictures is the setting of Browser.Pictures for none.
const NoPictures = "off"

func (o Browser) validate() error {
	var mistakes []error
	if o.AtOnce < 0 {
		mistakes = append(mistakes, invalid.At("at_once", "is %d, want 1 or more", o.AtOnce))
	}
	if o.Pictures != "" && o.Pictures != NoPictures && !strings.Contains(o.Pictures, "/") {
		mistakes = append(mistakes, invalid.At("pictures", "is %q, want off or a folder, with a / in it", o.Pictures))
	}
	return errors.Join(mistakes...)
}

func (o Browser) atOnce() int {
	if o.AtOnce == 0 {
		return defaultBrowsers
	}
	return o.AtOnce
}

// chromium shows pages in a process of its own, with a fresh profile. It has no
// network: what a page asks for is fetched by net, so that permission, hosts,
// signature, cookies and phases are those of any visitor; see serve.
type chromium struct {
	net     *browser
	client  http.Client // net's, but redirects are left to Chromium
	options Browser
	slots   chan struct{} // of all browsers
	held    bool          // one of them

	tab     context.Context // nil: not running
	target  *chromedp.Target
	stop    func()
	frame   cdp.FrameID
	shown   int // number of the page that stands there
	serving sync.WaitGroup

	wire  sync.Mutex // one request at a time, as the meter wants it
	mu    sync.Mutex
	scene scene
}

// scene is what happens between an action and the page that it ends with.
type scene struct {
	ctx       context.Context // nil: nothing may be sent
	began     time.Time
	asked     bool // anything
	flying    int
	changed   time.Time // when flying last did
	loading   bool
	loaded    time.Time
	redirects int
	fault     error // the first
	crashed   bool  // the page's process
	late      bool  // the step's time ran out while the portal was asked
	replay    *reply
	document  *reply // as the portal sent it
	images    map[string]answer
}

func newChromium(net *browser, o Browser, slots chan struct{}) *chromium {
	c := &chromium{net: net, client: *net.client, options: o, slots: slots}
	c.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

// ready starts Chromium once there is room for it.
func (c *chromium) ready(ctx context.Context) error {
	if c.tab != nil && c.tab.Err() == nil {
		return nil
	}
	c.rest()
	select {
	case c.slots <- struct{}{}:
		c.held = true
	case <-ctx.Done():
		return &fault{Unknown, ReasonShutdown, "stopped on our side"}
	}
	err := c.start(ctx)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		err = &fault{Unknown, ReasonShutdown, "stopped on our side"}
	default:
		err = &fault{Unknown, ReasonBrowser, "our own browser does not start; pantau check says why"}
	}
	c.rest()
	return err
}

// rest ends Chromium. The next step starts another, to which the page is put
// back where that is needed.
func (c *chromium) rest() {
	c.quit()
	if c.held {
		<-c.slots
		c.held = false
	}
	if c.net != nil {
		c.net.rest()
	}
}

func (c *chromium) quit() {
	if c.stop != nil {
		c.stop()
		c.serving.Wait()
	}
	c.stop, c.tab, c.target = nil, nil, nil
	c.shown++
}

// start gives Chromium nothing of our environment, where secrets are, and a
// proxy that does not exist, so that what is not intercepted goes nowhere.
func (c *chromium) start(ctx context.Context) error {
	own, err := newProfile(c.options.temporary)
	if err != nil {
		return err
	}
	group := &processGroup{}
	allocator, stopAll := chromedp.NewExecAllocator(context.WithoutCancel(ctx), c.flags(own.dir, group)...)
	quiet := func(string, ...any) {} // what it says may quote pages
	tab, closeTab := chromedp.NewContext(allocator, chromedp.WithLogf(quiet), chromedp.WithErrorf(quiet), chromedp.WithDebugf(quiet))
	var once sync.Once
	c.stop = func() {
		once.Do(func() {
			stopAll()
			closeTab()
			group.kill()
			own.remove()
		})
	}
	limit, cancel := context.WithTimeout(ctx, browserStart)
	defer cancel()
	defer context.AfterFunc(limit, stopAll)()
	c.tab = tab
	if err := chromedp.Listen(tab, c.heard(tab)); err != nil {
		return err
	}
	c.target = chromedp.FromContext(tab).Target
	c.frame = cdp.FrameID(c.target.TargetID)
	if err := newEnough(tab); err != nil {
		return err
	}
	return chromedp.Do(tab, chromedp.Func(c.intercept))
}

func (c *chromium) flags(dir string, group *processGroup) []chromedp.ExecAllocatorOption {
	flags := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ModifyCmdFunc(group.lead),
		chromedp.NoInheritEnv,
		chromedp.Env("PATH="+os.Getenv("PATH"), "HOME="+dir, "TMPDIR="+dir, "LANG=C.UTF-8"),
		chromedp.UserDataDir(filepath.Join(dir, "profile")),
		chromedp.WindowSize(pictureWidth, pictureHeight),
		chromedp.ProxyServer(deadProxy),
		chromedp.Flag("proxy-bypass-list", "<-loopback>"),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND"),
		chromedp.Flag("force-webrtc-ip-handling-policy", "disable_non_proxied_udp"),
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		// Frames of other hosts in the same process, where they are intercepted.
		chromedp.Flag("disable-site-isolation-trials", true),
		chromedp.Flag("disable-features", "Translate,IsolateOrigins,site-per-process,DialMediaRouteProvider"),
	) // as root chromedp adds --no-sandbox, and otherwise not
	if c.options.Path != "" {
		flags = append(flags, chromedp.ExecPath(c.options.Path))
	}
	return flags
}

func (c *chromium) intercept(ctx context.Context, t *chromedp.Target) error {
	_, err := cdp.Call(ctx, t, network.SetBypassServiceWorker, network.SetBypassServiceWorkerParams{Bypass: true})
	if err != nil {
		return err
	}
	_, err = cdp.Call(ctx, t, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: "*"}}})
	return err
}

// heard takes in what Chromium reports of the tab. It is called in order and
// must not wait.
func (c *chromium) heard(tab context.Context) func(any) {
	return func(event any) {
		switch e := event.(type) {
		case *fetch.EventRequestPaused:
			c.flies(+1)
			c.serving.Go(func() {
				defer c.flies(-1)
				c.serve(tab, e)
			})
		case *cdppage.EventLoadEventFired:
			c.set(func(s *scene) { s.loading, s.loaded = false, time.Now() })
		case *inspector.EventTargetCrashed:
			c.set(func(s *scene) { s.crashed = true })
		case *cdppage.EventJavascriptDialogOpening:
			c.serving.Go(func() {
				_, _ = cdp.Call(tab, c.target, cdppage.HandleJavaScriptDialog, cdppage.HandleJavaScriptDialogParams{Accept: true})
			})
		}
	}
}

func (c *chromium) set(change func(*scene)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.scene)
}

func (c *chromium) flies(more int) {
	c.set(func(s *scene) { s.flying, s.asked, s.changed = s.flying+more, true, time.Now() })
}

func (c *chromium) get(ctx context.Context, to *url.URL) (answer, error) {
	return c.act(ctx, nil, func(ctx context.Context) error { return c.navigate(ctx, to) })
}

// navigate leaves it to the scene to say why a page did not come.
func (c *chromium) navigate(ctx context.Context, to *url.URL) error {
	_, err := cdp.Call(ctx, c.target, cdppage.Navigate, cdppage.NavigateParams{URL: to.String()})
	return err
}

// send fills in what is not yet as it should be and presses the button. After
// a rest, the page is first put back as the portal sent it.
func (c *chromium) send(ctx context.Context, f form) (answer, error) {
	back := f.origin.shown != c.shown
	if back {
		if _, err := c.act(ctx, f.origin.document, func(ctx context.Context) error { return c.navigate(ctx, f.from) }); err != nil {
			return answer{}, err
		}
	}
	changed := maps.Clone(f.values)
	maps.DeleteFunc(changed, func(field string, values []string) bool { return slices.Equal(values, f.origin.untouched[field]) })
	script, err := call(fillScript, f.origin.selector, changed)
	if err != nil {
		return answer{}, err
	}
	return c.act(ctx, nil, func(ctx context.Context) error {
		there, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script))
		switch {
		case err == nil && !there && back:
			return &fault{Unknown, ReasonBrowser, "after the wait the form was not there again; it is made by a script out of what we do not keep"}
		case err == nil && !there:
			return &fault{Down, ReasonUnexpected, "the form is gone from the page"}
		}
		return err
	})
}

// image is as the page has shown it: asked for again, it could be another.
func (c *chromium) image(ctx context.Context, to *url.URL) (answer, error) {
	c.mu.Lock()
	got, has := c.scene.images[to.String()]
	c.mu.Unlock()
	if has {
		return got, nil
	}
	return c.net.get(ctx, to)
}

// act does something on the tab and gives the page that comes of it. Only
// until then anything is sent.
func (c *chromium) act(ctx context.Context, replay *reply, do func(context.Context) error) (answer, error) {
	if c.tab == nil {
		return answer{}, c.broken(ctx, errors.New("not running"))
	}
	c.net.meter.exchange()
	sending, cut := context.WithCancel(ctx)
	defer cut()
	c.set(func(s *scene) {
		*s = scene{ctx: sending, began: time.Now(), replay: replay, flying: s.flying, images: s.images, document: s.document}
	})
	within, cancel := context.WithCancel(c.tab)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	err := do(within)
	if err == nil {
		err = c.settle(within)
	}
	if ctx.Err() == nil { // else what is under way ends by itself, and as late
		cut()
	}
	c.wire.Lock()
	c.set(func(s *scene) { s.ctx = nil })
	c.wire.Unlock()
	c.shown++
	if known := c.scene.failed(&c.mu); known != nil {
		return answer{}, known
	}
	if err != nil {
		return answer{}, c.broken(ctx, err)
	}
	return c.snapshot(ctx, within)
}

func (s *scene) failed(mu *sync.Mutex) error {
	mu.Lock()
	defer mu.Unlock()
	if s.fault == nil && s.crashed {
		return &fault{Unknown, ReasonBrowser, "the page crashed our own browser"}
	}
	return s.fault
}

// settle waits until the page has all it asks for.
func (c *chromium) settle(ctx context.Context) error {
	tick := time.NewTicker(pageQuiet / 6)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case now := <-tick.C:
			c.mu.Lock()
			settled := c.scene.settled(now)
			c.mu.Unlock()
			if settled {
				return nil
			}
		}
	}
}

func (s *scene) settled(now time.Time) bool {
	switch {
	case s.crashed:
		return true
	case !s.asked:
		return now.Sub(s.began) >= pageIdle
	case s.loading:
		return false
	case s.flying == 0:
		return now.Sub(s.changed) >= pageQuiet && now.Sub(s.loaded) >= pageQuiet
	default:
		return !s.loaded.IsZero() && now.Sub(s.loaded) >= pageNoisy
	}
}

// broken sorts what went wrong without the portal having a part in it.
func (c *chromium) broken(ctx context.Context, err error) error {
	var known *fault
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(ctx.Err(), context.DeadlineExceeded) && !c.isLate():
		return &fault{Unknown, ReasonBrowser, "the portal had answered, and our own browser did not finish the page in time"}
	case ctx.Err() != nil:
		return faultOf(ctx, ctx.Err())
	default:
		return &fault{Unknown, ReasonBrowser, "our own browser failed"}
	}
}

// isLate says whether the portal still owed an answer when the time ran out. A
// page that does not come to an end without that may be our Chromium's hanging,
// which looks the same as a script of the page's that never ends.
func (c *chromium) isLate() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.scene.late
}

// snapshot is the page as it stands there now, after its scripts.
func (c *chromium) snapshot(ctx, within context.Context) (answer, error) {
	type standing struct{ URL, HTML string }
	now, err := chromedp.Run(within, chromedp.Evaluate[standing](`({URL: location.href, HTML: document.documentElement.outerHTML})`))
	if err != nil {
		return answer{}, c.broken(ctx, err)
	}
	at, err := url.Parse(now.URL)
	if err != nil || !c.net.own(at) || len(now.HTML) > bodyAtMost {
		return answer{}, &fault{Down, ReasonUnexpected, "what stands there is not a page of the portal"}
	}
	_, answered := c.net.meter.read()
	c.mu.Lock()
	defer c.mu.Unlock()
	got := answer{url: at, status: http.StatusOK, body: []byte(now.HTML), answered: answered, shown: c.shown, document: c.scene.document}
	if got.document != nil {
		got.status = got.document.status
	}
	return got, nil
}

// call is a script that calls function with arguments.
func call(function string, arguments ...any) (string, error) {
	raw, err := json.Marshal(arguments)
	if err != nil {
		return "", fmt.Errorf("writing a script: %w", err)
	}
	return fmt.Sprintf("(%s)(...%s)", function, raw), nil
}

// fillScript types as a person does, so that the page's scripts notice, and
// says whether the form was there. A field that is not there is added: it is
// what a vendor's widget would have added.
const fillScript = `(selector, fields) => {
	const form = document.querySelector(selector);
	if (!form) return false;
	const type = (control, value) => {
		if (control.value === value) return;
		const own = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(control), "value");
		control.focus();
		own.set.call(control, value);
		for (const event of ["input", "change"]) control.dispatchEvent(new Event(event, {bubbles: true}));
	};
	for (const [name, values] of Object.entries(fields)) {
		const controls = [...form.elements].filter(c => c.name === name);
		controls.forEach((control, i) => {
			if (["checkbox", "radio"].includes(control.type)) {
				if (control.checked !== values.includes(control.value)) control.click();
			} else if (!["submit", "button", "reset", "file", "image"].includes(control.type)) {
				type(control, values[Math.min(i, values.length - 1)] ?? "");
			}
		});
		if (controls.length > 0) continue;
		for (const value of values) {
			const hidden = document.createElement("input");
			Object.assign(hidden, {type: "hidden", name, value});
			form.append(hidden);
		}
	}
	const button = [...form.elements].find(c => c.type === "submit" && !c.disabled);
	if (button) button.click(); else form.requestSubmit();
	return true;
}`

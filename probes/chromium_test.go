package probes

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pantau/simulator/delivery"
	"pantau/simulator/portal"
)

// inChromium walks all journeys in a browser, and fails when anything of it is
// left over at the end.
func inChromium(t *testing.T) func(*Options) {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("Chromium is not installed")
	}
	// Not t.TempDir: Chromium's socket there must have a short path.
	temporary, err := os.MkdirTemp("/tmp", "pantau")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		wantNothingLeft(t, temporary)
		_ = os.RemoveAll(temporary)
	})
	return func(o *Options) {
		o.Browser.Path, o.Browser.temporary = path, temporary
		for i := range o.Journeys {
			o.Journeys[i].Browser = true
		}
	}
}

func wantNothingLeft(t *testing.T, temporary string) {
	t.Helper()
	if left, _ := os.ReadDir(temporary); len(left) > 0 {
		t.Errorf("%s and %d more are left over", left[0].Name(), len(left)-1)
	}
	commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, command := range commands {
		line, _ := os.ReadFile(command)
		if bytes.Contains(line, []byte(temporary)) {
			t.Errorf("%s is still running", filepath.Dir(command))
		}
	}
}

func TestFaultsAreTheSameInABrowser(t *testing.T) {
	for _, test := range []struct {
		name    string
		journey string
		fault   delivery.Fault
		want    []string
	}{
		{"503", "front", delivery.Fault{Kind: delivery.PortalDown, How: delivery.HowHTTP503}, []string{"open down status"}},
		{"refuse", "front", delivery.Fault{Kind: delivery.PortalDown, How: delivery.HowRefuse}, []string{"open down unreachable"}},
		{"hang", "front", delivery.Fault{Kind: delivery.PortalDown, How: delivery.HowHang}, []string{"open down timeout"}},
		{"loop", "captcha", delivery.Fault{Kind: delivery.CaptchaLoop, Probability: 1}, []string{"captcha down challenged-again"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			chosen := inChromium(t)
			w := newWorld(t, portal.DressEreg, func(o *Options) {
				chosen(o)
				if o.Portal.Timeouts.Step = 10 * time.Second; test.name == "hang" {
					o.Portal.Timeouts.Step = time.Second
				}
			})
			w.fault(test.fault)
			w.prober.gear.warden.policyDue(time.Now()) // so that it is not asked for, which takes its time from a portal that hangs
			wantLines(t, w.once(test.journey), test.want...)
		})
	}
}

// scripted is a front page that a script makes, and that would go elsewhere.
const scripted = `<!DOCTYPE html><body>
<script>
document.cookie = "BY_SCRIPT=yes";
fetch("/api").then(r => r.text()).then(id => { const h = document.createElement("h1"); h.id = id; document.body.append(h); });
fetch("ELSEWHERE/fetch").catch(() => {}); new Image().src = "ELSEWHERE/image"; window.open("ELSEWHERE/window");
try { new WebSocket("ELSEWHERE/socket".replace("http", "ws")); } catch {}
const f = document.createElement("iframe"); f.src = "ELSEWHERE/frame"; document.body.append(f);
</script>`

func TestABrowserRunsScriptsAndGoesNowhereElse(t *testing.T) {
	chosen := inChromium(t)
	var strays atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strays.Add(1) }))
	defer elsewhere.Close()
	var cookie, agent atomic.Value
	w := serve(t, func(out http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			out.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = out.Write([]byte(strings.ReplaceAll(scripted, "ELSEWHERE", elsewhere.URL)))
		case "/api":
			cookie.Store(r.Header.Get("Cookie"))
			agent.Store(r.UserAgent())
			_, _ = out.Write([]byte("judul"))
		default:
			http.NotFound(out, r)
		}
	}, func(o *Options) { chosen(o); o.Portal.UserAgent = "Pantau/1 (test)" })
	results := w.once("front")
	wantLines(t, results, "open up")
	if strays.Load() != 0 || cookie.Load() != "BY_SCRIPT=yes" || agent.Load() != "Pantau/1 (test)" {
		t.Errorf("%d requests went elsewhere; cookie %v, agent %v", strays.Load(), cookie.Load(), agent.Load())
	}
	if p := results[0].Phases; p.Connect == 0 || p.FirstByte == 0 {
		t.Errorf("phases are %+v", p)
	}
}

func TestABrowserSendsNothingToWhatIsStopped(t *testing.T) {
	chosen := inChromium(t)
	var asked atomic.Int32
	w := serve(t, func(out http.ResponseWriter, r *http.Request) {
		if r.URL.Path == policyPath {
			http.NotFound(out, r)
			return
		}
		asked.Add(1)
		out.Header().Set("Content-Type", "text/html")
		out.Header().Set("Pantau-Stop", "1")
		_, _ = out.Write([]byte(`<img src="/a.png"><h1 id="judul">`))
	}, chosen)
	wantLines(t, w.once("front"), "open unknown stopped")
	wantLines(t, w.once("front"), "open unknown stopped")
	if asked.Load() != 1 {
		t.Errorf("the portal was asked %d times after it said stop", asked.Load()-1)
	}
}

func TestABrowserThatDoesNotStartIsNotThePortalsFault(t *testing.T) {
	w := newWorld(t, portal.DressEreg, func(o *Options) {
		o.Browser.Path = "/nonexistent/chromium"
		o.Journeys[0].Browser = true
	})
	wantLines(t, w.once("front"), "open unknown browser")
	if err := CheckBrowser(t.Context(), Browser{Path: "/nonexistent/chromium"}); err == nil {
		t.Error("the check says nothing")
	}
}

func TestPlainAddressesOfAPageStayInIt(t *testing.T) {
	for address, want := range map[string]bool{"data:text/plain,a": true, "blob:https://a/b": true, "https://a/data:": false} {
		if isLocal(address) != want {
			t.Errorf("isLocal(%q) = %t", address, !want)
		}
	}
	if _, err := url.Parse(deadProxy); err != nil {
		t.Error(err)
	}
}

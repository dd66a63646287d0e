package probes

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// ours are the processes of the Chromium that has its profile in temporary: of
// a kind such as "renderer", or "" for the one that leads the others.
func ours(t *testing.T, temporary, kind string) []int {
	t.Helper()
	leader := 0
	all := map[int]string{}
	commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, command := range commands {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(command)))
		raw, _ := os.ReadFile(command)
		line := string(bytes.ReplaceAll(raw, []byte{0}, []byte{' '}))
		all[pid] = line
		if strings.Contains(line, "--user-data-dir="+temporary) && strings.Contains(line, "--remote-debugging-pipe") && !strings.Contains(line, "--type=") {
			leader = pid
		}
	}
	if leader == 0 {
		t.Fatal("Chromium is not running")
	}
	if kind == "" {
		return []int{leader}
	}
	var pids []int
	for pid, line := range all {
		if group, err := syscall.Getpgid(pid); err == nil && group == leader && strings.Contains(line, "--type="+kind) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// TestABrowserThatFailsIsNotThePortalsFault ends or stops Chromium in the
// middle of a step. The next run has another one.
func TestABrowserThatFailsIsNotThePortalsFault(t *testing.T) {
	for _, test := range []struct {
		name   string
		kind   string
		signal syscall.Signal
		at     string // the request that the portal gets then
		silent bool   // and it says nothing more
	}{
		{"killed while the portal is silent", "", syscall.SIGKILL, "/", true},
		{"killed while the page loads", "", syscall.SIGKILL, "/part.js", false},
		{"hangs while the page loads", "", syscall.SIGSTOP, "/part.js", false},
		{"its page crashes", "renderer", syscall.SIGKILL, "/part.js", false},
		{"its page hangs", "renderer", syscall.SIGSTOP, "/part.js", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			chosen := inChromium(t)
			var o Options
			chosen(&o)
			temporary := o.Browser.temporary
			var failed atomic.Bool
			w := serve(t, func(out http.ResponseWriter, r *http.Request) {
				if r.URL.Path == test.at && failed.CompareAndSwap(false, true) {
					for _, pid := range ours(t, temporary, test.kind) {
						_ = syscall.Kill(pid, test.signal)
					}
					if test.silent {
						<-r.Context().Done()
					}
				}
				switch r.URL.Path {
				case "/":
					out.Header().Set("Content-Type", "text/html")
					_, _ = fmt.Fprint(out, `<!doctype html><script src="/part.js"></script><h1 id="judul">e-Registration</h1>`)
				case "/part.js":
					out.Header().Set("Content-Type", "text/javascript")
				default:
					http.NotFound(out, r)
				}
			}, func(o *Options) {
				chosen(o)
				if test.signal == syscall.SIGSTOP {
					o.Portal.Timeouts.Step = 4 * time.Second
				}
			})
			wantLines(t, w.once("front"), "open unknown browser")
			if !failed.Load() {
				t.Error("Chromium was left alone")
			}
			wantNothingLeft(t, temporary)
			w.prober.options.Portal.Timeouts.Step = 20 * time.Second
			wantLines(t, w.once("front"), "open up")
		})
	}
}

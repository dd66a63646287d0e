package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is the path of the program under test, built by TestMain.
var program string

// TestMain builds the program once, the way `go run` does, and lets the stories
// run side by side: they wait far more than they compute. With the race
// detector they compute enough to be slow pages to each other.
func TestMain(m *testing.M) {
	flag.Parse()
	parallel := "16"
	if raceDetected() {
		parallel = "3"
	}
	if err := flag.Set("test.parallel", parallel); err != nil {
		log.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "pantau-test-")
	if err != nil {
		log.Fatal(err)
	}
	program = filepath.Join(folder, "pantau")
	arguments := []string{"build", "-o", program}
	if raceDetected() {
		arguments = append(arguments, "-race")
	}
	if said, err := exec.Command("go", append(arguments, ".")...).CombinedOutput(); err != nil {
		log.Fatalf("building the program: %v\n%s", err, said)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// raceDetected says whether this test was built with the race detector; the
// program then is too, and needs many times the memory.
func raceDetected() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, setting := range info.Settings {
		if setting.Key == "-race" {
			return setting.Value == "true"
		}
	}
	return false
}

// process is the program running, in a process group of its own.
type process struct {
	t              testing.TB
	cmd            *exec.Cmd
	stdout, stderr *output
	temp           string // its temporary folder, with nothing else in it
	past           bool   // what it wrote is of no interest any more
	ended          chan struct{}
}

// output is what a process has written so far.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// launch starts the program with env besides the test's own. It does not
// outlive the test.
func launch(t testing.TB, env []string, arguments ...string) *process {
	t.Helper()
	p := &process{t: t, stdout: &output{}, stderr: &output{}, temp: t.TempDir(), ended: make(chan struct{})}
	p.cmd = exec.Command(program, arguments...)
	p.cmd.Env = append(append(os.Environ(), "TMPDIR="+p.temp), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.WaitDelay = 5 * time.Second
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("starting %s %s: %v", program, strings.Join(arguments, " "), err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // the exit code is read by whoever asks for it
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() && !p.past {
			t.Logf("standard error of pantau %s:\n%s", strings.Join(arguments, " "), lastOf(p.stderr.String(), 8000))
		}
	})
	return p
}

// kill ends the process group at once and waits. It may be called again.
func (p *process) kill() {
	select {
	case <-p.ended: // the number may be another's by now
		return
	default:
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.ended
}

// interrupt asks the process to end as Ctrl-C does, and gives its exit code.
func (p *process) interrupt(within time.Duration) int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.t.Errorf("interrupting: %v", err)
	}
	return p.exit(within)
}

// exit waits for the end of the process and gives its exit code.
func (p *process) exit(within time.Duration) int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(within):
		p.t.Errorf("still running after %s", within)
		p.kill()
	}
	return p.cmd.ProcessState.ExitCode()
}

// line gives what the first printed line that begins with prefix says after
// it.
func (p *process) line(prefix string, within time.Duration) string {
	p.t.Helper()
	var found string
	eventually(p.t, "the line "+strconv.Quote(prefix), within, func() error {
		for line := range strings.Lines(p.stdout.String()) {
			if rest, is := strings.CutPrefix(line, prefix); is && strings.HasSuffix(line, "\n") {
				found = strings.TrimSpace(rest)
				return nil
			}
		}
		select {
		case <-p.ended:
			return fmt.Errorf("it has ended: %s", p.stderr)
		default:
			return errors.New("not printed yet")
		}
	})
	return found
}

// peakMemory is the most memory the process has had resident, in bytes.
func (p *process) peakMemory() (int, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmHWM:" {
			kilobytes, err := strconv.Atoi(fields[1])
			return kilobytes * 1024, err
		}
	}
	return 0, errors.New("no VmHWM in /proc/PID/status")
}

// pantau runs the program to its end.
func pantau(t testing.TB, env []string, arguments ...string) (code int, stdout, stderr string) {
	t.Helper()
	p := launch(t, env, arguments...)
	code = p.exit(60 * time.Second)
	return code, p.stdout.String(), p.stderr.String()
}

// eventually waits until check gives no error; what it gave last is why not.
func eventually(t testing.TB, what string, within time.Duration, check func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("waiting %s for %s: %v", within, what, err)
		}
	}
}

// lastOf is the end of text, at most n bytes.
func lastOf(text string, n int) string { return text[max(0, len(text)-n):] }

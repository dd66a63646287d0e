package probes

import (
	"os/exec"
	"sync"
	"syscall"
)

// processGroup is a process and all that it starts, so that nothing of it is
// left over.
type processGroup struct {
	mu  sync.Mutex
	cmd *exec.Cmd
}

// lead makes cmd the leader of the group. It dies with us.
func (g *processGroup) lead(cmd *exec.Cmd) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cmd = cmd
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// kill ends those that outlived the leader. The group keeps its number as long
// as there are any.
func (g *processGroup) kill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cmd != nil && g.cmd.Process != nil {
		_ = syscall.Kill(-g.cmd.Process.Pid, syscall.SIGKILL)
	}
}

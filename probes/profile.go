package probes

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	profilePrefix = "pantau-browser-"
	// profileYoung is the age below which a profile may not be locked yet.
	profileYoung = time.Minute
)

// profileDir is the temporary folder of one Chromium. It is locked for as long as
// we live, so that one whose process was killed is told from one in use.
type profileDir struct {
	dir  string
	lock *os.File
}

// newProfile makes one in a folder, the system's temporary one when "", and
// removes those that were left over there before.
func newProfile(folder string) (*profileDir, error) {
	folder = cmp.Or(folder, os.TempDir())
	sweepProfiles(folder, time.Now())
	dir, err := os.MkdirTemp(folder, profilePrefix)
	if err != nil {
		return nil, err
	}
	lock, err := lockProfile(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &profileDir{dir, lock}, nil
}

// lockProfile fails for a profile that is in use.
func lockProfile(dir string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// sweepProfiles removes what processes that were killed left over. What cannot
// be removed stays for the next time.
func sweepProfiles(folder string, now time.Time) {
	all, _ := filepath.Glob(filepath.Join(folder, profilePrefix+"*"))
	for _, dir := range all {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || now.Sub(info.ModTime()) < profileYoung {
			continue
		}
		if lock, err := lockProfile(dir); err == nil {
			(&profileDir{dir, lock}).remove()
		}
	}
}

// remove is for when its Chromium was killed a moment ago: one of its processes
// may still be ending a write.
func (p *profileDir) remove() {
	for range 20 {
		if os.RemoveAll(p.dir) == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	_ = p.lock.Close()
}

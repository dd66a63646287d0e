package inbox

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFoldersOfGammuWithoutRights(t *testing.T) {
	for _, test := range []struct {
		name         string
		folder, file os.FileMode
		want         string
	}{
		{"to read the folder", 0o300, 0o644, "cannot be read: permission denied; docs/receivers.md"},
		{"to remove", 0o555, 0o644, "messages cannot be removed from FOLDER: permission denied"},
		{"to read a message", 0o777, 0o200, "messages in FOLDER cannot be read: permission denied"},
		{"with all of them", 0o777, 0o644, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			temporary := t.TempDir()
			folder := filepath.Join(temporary, "in")
			path := filepath.Join(folder, spooledMessage)
			for _, err := range []error{os.Chmod(filepath.Dir(temporary), 0o755), os.Mkdir(folder, 0o700), os.WriteFile(path, nil, 0o600), os.Chmod(path, test.file), os.Chmod(folder, test.folder)} {
				if err != nil {
					t.Fatal(err)
				}
			}
			asNobody(func() {
				_, err := Gammu{Folder: folder}.CheckFolder(time.Now())
				want := strings.Replace(test.want, "FOLDER", folder, 1)
				if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary")) {
					t.Errorf("got %v, want %q", err, want)
				}
			})
		})
	}
}

// asNobody does it with the rights of user nobody where we are root, whom no
// rights bind. They are those of a thread, which ends with the goroutine.
func asNobody(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if os.Geteuid() == 0 {
			runtime.LockOSThread()
			_ = syscall.Setfsgid(65534)
			_ = syscall.Setfsuid(65534)
		}
		do()
	}()
	<-done
}

package inbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// spoolStuck is how old a message in a folder may be: whoever watches it takes
// it in less than a second.
const spoolStuck = 10 * time.Minute

// CheckFolder looks into smsd's inbox as watching it would, and tells what lies
// there. Its error says in plain words what is wrong, and what to do. Nothing
// is taken; a file of our own is made and removed.
func (g Gammu) CheckFolder(now time.Time) (told string, err error) {
	isMessage := func(name string) bool {
		_, is := parseSMSDName(name, time.Local)
		return is
	}
	return checkSpool(g.Folder, isMessage, now, "write the inboxpath of smsd's configuration")
}

// CheckQueue does the same for what `pantau inbox gammu` could not hand over.
func (g Gammu) CheckQueue(now time.Time) (told string, err error) {
	isMessage := func(name string) bool { return strings.HasSuffix(name, queuedSuffix) }
	return checkSpool(g.Queue, isMessage, now, "make it for the user of smsd, and give it to pantau inbox gammu as --queue")
}

// checkSpool looks at a folder. missing is what to do when it is not there.
func checkSpool(folder string, isMessage func(name string) bool, now time.Time, missing string) (told string, err error) {
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%s is not there; %s", folder, missing)
	case err != nil:
		return "", noAccess(folder+" cannot be looked at", err)
	case !info.IsDir():
		return "", fmt.Errorf("%s is a file and no folder; %s", folder, missing)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", noAccess(folder+" cannot be read", err)
	}
	if err := tryWriting(folder); err != nil {
		return "", noAccess("messages cannot be removed from "+folder, err)
	}
	var names []string
	for _, entry := range entries {
		if entry.Type().IsRegular() && isMessage(entry.Name()) {
			names = append(names, entry.Name())
		}
	}
	return waiting(folder, names, now)
}

// tryWriting makes a file and removes it: only that shows that messages can be
// removed, also on a file system that is mounted for reading. Its name is none
// of a message.
func tryWriting(folder string) error {
	file, err := os.CreateTemp(folder, ".pantau-check-*")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// noAccess leaves out the path of a file, because its name can hold a number.
func noAccess(what string, err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		err = of.Err
	}
	return fmt.Errorf("%s: %w; docs/receivers.md says which group and paths pantau needs", what, err)
}

// waiting tells of the messages in a folder, and holds that they can be read
// and are not there for long.
func waiting(folder string, names []string, now time.Time) (told string, err error) {
	if len(names) == 0 {
		return "nothing waits", nil
	}
	oldest := now
	for _, name := range names {
		written, err := openedAndWritten(filepath.Join(folder, name))
		switch {
		case errors.Is(err, fs.ErrNotExist): // taken meanwhile
		case err != nil:
			return "", noAccess("messages in "+folder+" cannot be read", err)
		case written.Before(oldest):
			oldest = written
		}
	}
	if now.Sub(oldest) >= spoolStuck {
		return "", fmt.Errorf("%d files of messages in %s are taken by nobody, the oldest since %s: pantau serve takes and removes them, so first move away what is not for it; while it runs its log says why it cannot",
			len(names), folder, instant(oldest))
	}
	return fmt.Sprintf("%d files of messages wait", len(names)), nil
}

// openedAndWritten is when a file that can be read was written.
func openedAndWritten(path string) (time.Time, error) {
	file, err := os.Open(path)
	if err != nil {
		return time.Time{}, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

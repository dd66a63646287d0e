package probes

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// An album holds the newest pictures, so many and so many bytes: some hours of a
// journey that fails every minute.
const (
	albumFiles = 500
	albumBytes = 64 << 20
)

const (
	pictureTime = "20060102T150405.000Z"
	halfWritten = ".new-" // begins the name of a file that is not whole yet
)

var pictureName = regexp.MustCompile(`^\d{8}T\d{6}\.\d{3}Z-[a-z0-9]+-[a-z-]+\.png$`)

// Album is a folder that keeps pictures as evidence. Other files in it are left
// alone. It belongs to one process.
type Album struct {
	dir   string
	files int
	bytes int64
	mu    sync.Mutex
}

// OpenAlbum makes the folder when it is not there.
func OpenAlbum(dir string) (*Album, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of pictures: %w", err)
	}
	return &Album{dir: dir, files: albumFiles, bytes: albumBytes}, nil
}

// CheckAlbum says whether pictures can be kept in dir. It makes no folder.
func CheckAlbum(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		info, err = os.Stat(filepath.Dir(dir))
	}
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder", dir)
	}
	if _, err := os.Stat(dir); err != nil {
		return nil // serve makes it
	}
	tried, err := os.CreateTemp(dir, halfWritten)
	if err != nil {
		return err
	}
	return errors.Join(tried.Close(), os.Remove(tried.Name()))
}

// Name is the name of the picture's file: when, which run, which step. Names are
// in the order of time.
func (p Picture) Name() string {
	return fmt.Sprintf("%s-%s-%s.png", p.At.UTC().Format(pictureTime), p.Run, p.Step)
}

// Keep puts the picture into the folder, where only its owner can read it, and
// removes the oldest that are too many. It gives the name of the file.
func (a *Album) Keep(p Picture) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.write(p); err != nil {
		return "", fmt.Errorf("keeping a picture: %w", err)
	}
	return p.Name(), a.prune(time.Time{})
}

// write leaves no half of a picture under its name. A new file can be read by
// its owner only, see os.CreateTemp.
func (a *Album) write(p Picture) error {
	file, err := os.CreateTemp(a.dir, halfWritten)
	if err != nil {
		return err
	}
	_, err = file.Write(p.PNG)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), filepath.Join(a.dir, p.Name()))
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}

// Prune removes the pictures that were taken before an instant.
func (a *Album) Prune(before time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.prune(before)
}

// prune removes the oldest pictures that are too many, those from before an
// instant, and what was never finished. The newest stays in any case.
func (a *Album) prune(before time.Time) error {
	entries, err := os.ReadDir(a.dir) // in the order of names
	if err != nil {
		return fmt.Errorf("looking through the folder of pictures: %w", err)
	}
	var mistakes []error
	remove := func(name string) { mistakes = append(mistakes, os.Remove(filepath.Join(a.dir, name))) }
	oldest := before.UTC().Format(pictureTime)
	files, bytes := 0, int64(0)
	for _, entry := range slices.Backward(entries) {
		name := entry.Name()
		if strings.HasPrefix(name, halfWritten) {
			remove(name)
			continue
		}
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() || !pictureName.MatchString(name) {
			continue
		}
		files, bytes = files+1, bytes+info.Size()
		if files > 1 && (files > a.files || bytes > a.bytes) || !before.IsZero() && name < oldest {
			remove(name)
		}
	}
	if err := errors.Join(mistakes...); err != nil {
		return fmt.Errorf("removing old pictures: %w", err)
	}
	return nil
}

package inbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pantau/internal/secret"
)

const (
	// spoolEvery is how often folders are looked at. The instant that counts is
	// the file's own, so that this adds nothing to a wait.
	spoolEvery = 250 * time.Millisecond
	// spoolSettled is how long a file must have stood still: smsd writes it in
	// place, part by part.
	spoolSettled = 200 * time.Millisecond
	// spoolLargest is the largest file that can be one text message.
	spoolLargest = 64 << 10
	// spoolAtOnce bounds what one look takes.
	spoolAtOnce = 200
)

// spool is the folders of one Gammu, looked at until its end. Files are
// removed once their message was recorded or is known to be for nobody; what
// could not be recorded stays and is tried again.
type spool struct {
	gammu Gammu
	inbox *Inbox
	quiet map[string]bool // problems that were logged already
}

// spools are the folders that are watched.
func (i *Inbox) spools() []*spool {
	var all []*spool
	for _, g := range i.options.Gammu {
		if g.Folder != "" || g.Queue != "" {
			all = append(all, &spool{gammu: g, inbox: i, quiet: map[string]bool{}})
		}
	}
	return all
}

func (s *spool) run(ctx context.Context) {
	ticker := time.NewTicker(spoolEvery)
	defer ticker.Stop()
	for {
		s.look(ctx, time.Now())
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// look takes what stands in the folders at now.
func (s *spool) look(ctx context.Context, now time.Time) {
	defer func() {
		if cause := recover(); cause != nil {
			s.complain("panic", fmt.Errorf("a mistake of ours: %T", cause))
		}
	}()
	if s.gammu.Folder != "" {
		s.complain("folder", s.takeFolder(ctx, now))
	}
	if s.gammu.Queue != "" {
		s.complain("queue", s.takeQueue(ctx, now))
	}
}

// complain logs a problem once until it has passed.
func (s *spool) complain(what string, err error) {
	if err == nil {
		delete(s.quiet, what)
		return
	}
	if !s.quiet[what] {
		s.inbox.deps.Log.Error("reading what gammu-smsd received; it stays there", "receiver", s.gammu.Name, "what", what, "error", err)
	}
	s.quiet[what] = true
}

// takeFolder takes what smsd itself has written. The parts of a message are
// separate files, taken together once all stand still.
func (s *spool) takeFolder(ctx context.Context, now time.Time) error {
	entries, err := os.ReadDir(s.gammu.Folder)
	if err != nil {
		return pathless(err)
	}
	var errs []error
	for _, parts := range messagesIn(entries) {
		errs = append(errs, s.takeFiles(ctx, parts, now))
	}
	return errors.Join(errs...)
}

// messagesIn gives the names of files by message, each with its parts in order,
// oldest message first, at most spoolAtOnce.
func messagesIn(entries []fs.DirEntry) [][]string {
	var all []*smsdMessage
	var others []smsdFile
	for _, entry := range entries { // sorted by name, so oldest first
		file, ok := parseSMSDName(entry.Name(), time.Local)
		switch {
		case !ok || !entry.Type().IsRegular():
		case file.part == 0:
			all = append(all, &smsdMessage{file, []string{file.name}})
		default:
			others = append(others, file)
		}
	}
	slices.SortStableFunc(others, func(a, b smsdFile) int { return cmp.Compare(a.part, b.part) })
	for _, file := range others {
		if of := nearest(all, file); of != nil {
			of.names = append(of.names, file.name)
			continue
		}
		all = append(all, &smsdMessage{file, []string{file.name}})
	}
	var messages [][]string
	for _, m := range all[:min(len(all), spoolAtOnce)] {
		messages = append(messages, m.names)
	}
	return messages
}

// smsdMessage is the files of one message.
type smsdMessage struct {
	first smsdFile
	names []string
}

// partsApart is how far the stamps of one message's parts may be apart: smsd
// waits that long for all of them (MultipartTimeout).
const partsApart = 10 * time.Minute

// nearest is the message that file goes on with, nil if there is none. smsd
// names each part by the part's own stamp, which need not be the first one's.
func nearest(all []*smsdMessage, file smsdFile) (found *smsdMessage) {
	best := partsApart + 1
	for _, m := range all {
		apart := m.first.stamped.Sub(file.stamped).Abs()
		if m.first.from == file.from && m.first.part+len(m.names) == file.part && apart < best {
			found, best = m, apart
		}
	}
	return found
}

func (s *spool) takeFiles(ctx context.Context, names []string, now time.Time) error {
	var text strings.Builder
	var written time.Time
	for _, name := range names {
		raw, at, err := readSettled(filepath.Join(s.gammu.Folder, name), now)
		if err != nil || at.IsZero() {
			return err
		}
		part, err := smsdText(raw)
		if err != nil {
			return err
		}
		text.WriteString(part)
		written = later(written, at)
	}
	file, _ := parseSMSDName(names[0], time.Local)
	m := Message{
		ID:     idKey(s.inbox.key).id("", s.gammu.Name, file.name, text.String()),
		Sender: secret.New(file.sender), Text: secret.New(text.String()), Stamped: file.stamped, DeviceAt: written, Held: true,
	}
	return s.take(ctx, m, s.gammu.Folder, names)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// takeQueue takes what `pantau inbox gammu` could not hand over.
func (s *spool) takeQueue(ctx context.Context, now time.Time) error {
	names, err := queued(s.gammu.Queue)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names[:min(len(names), spoolAtOnce)] {
		raw, at, err := readSettled(filepath.Join(s.gammu.Queue, name), now)
		if err != nil || at.IsZero() {
			errs = append(errs, err)
			continue
		}
		h, err := parseHandedOver(raw)
		if err != nil {
			errs = append(errs, fmt.Errorf("a queued message cannot be read: %w", err))
			continue
		}
		errs = append(errs, s.take(ctx, h.message(s.gammu.SIM, h.Received), s.gammu.Queue, []string{name}))
	}
	return errors.Join(errs...)
}

// take brings m to its wait and removes its files. smsd runs on our machine,
// so that its clock is ours and m came when it was written.
func (s *spool) take(ctx context.Context, m Message, folder string, names []string) error {
	m.Receiver, m.Received = s.gammu.Name, m.DeviceAt
	m.Device, m.SIM = or(m.Device, s.gammu.device()), s.gammu.SIM
	s.inbox.Heard(m.Receiver, m.Device, time.Now())
	if err := s.inbox.take(ctx, kindGammu, m); err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, pathless(os.Remove(filepath.Join(folder, name))))
	}
	return errors.Join(errs...)
}

// readSettled reads a file that has stood still; written is zero for one that
// has not.
func readSettled(path string, now time.Time) (raw []byte, written time.Time, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, time.Time{}, pathless(err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, time.Time{}, pathless(err)
	case info.Size() > spoolLargest:
		return nil, time.Time{}, fmt.Errorf("a file of %d bytes is no text message, want at most %d", info.Size(), spoolLargest)
	case now.Sub(info.ModTime()) < spoolSettled:
		return nil, time.Time{}, nil
	}
	raw, err = io.ReadAll(io.LimitReader(file, spoolLargest))
	return raw, info.ModTime().UTC(), pathless(err)
}

// pathless drops the path from a file's error: smsd's names hold numbers.
func pathless(err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		return fmt.Errorf("%s: %w", of.Op, of.Err)
	}
	return err
}

// queued are the names of whole messages in a queue, oldest first.
func queued(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, pathless(err)
	}
	var names []string
	for _, entry := range entries {
		if entry.Type().IsRegular() && strings.HasSuffix(entry.Name(), queuedSuffix) {
			names = append(names, entry.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

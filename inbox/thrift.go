package inbox

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// linesASecond is how many log lines of one wording are written in a second.
const linesASecond = 10

// thrift is a log that does not grow as fast as messages can be sent to us: of
// lines with the same wording it writes a few in a second, and with the next
// one how many were left out. Their number is in the metrics.
type thrift struct {
	slog.Handler
	state *thriftState
}

type thriftState struct {
	mu    sync.Mutex
	lines map[string]*wording // by message; our messages are constants
}

// wording is what was written of one message lately.
type wording struct {
	second  int64
	written int
	left    int
}

func newThrift(log *slog.Logger) *slog.Logger {
	return slog.New(thrift{log.Handler(), &thriftState{lines: map[string]*wording{}}})
}

// Handle writes r, unless its wording was written often enough in this second.
func (t thrift) Handle(ctx context.Context, r slog.Record) error {
	write, left := t.state.may(r.Message, r.Time)
	if !write {
		return nil
	}
	if left > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("left_out", left))
	}
	return t.Handler.Handle(ctx, r)
}

func (s *thriftState) may(message string, at time.Time) (write bool, left int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.lines[message]
	if w == nil {
		w = &wording{}
		s.lines[message] = w
	}
	if second := at.Unix(); second != w.second {
		w.second, w.written = second, 0
	}
	if w.written == linesASecond {
		w.left++
		return false, 0
	}
	w.written++
	left, w.left = w.left, 0
	return true, left
}

// WithAttrs keeps counting with the others.
func (t thrift) WithAttrs(attrs []slog.Attr) slog.Handler {
	return thrift{t.Handler.WithAttrs(attrs), t.state}
}

// WithGroup keeps counting with the others.
func (t thrift) WithGroup(name string) slog.Handler {
	return thrift{t.Handler.WithGroup(name), t.state}
}

package inbox

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestThrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		log := newThrift(slog.New(slog.NewTextHandler(&text, nil)))
		for n := range 500 {
			log.With("n", n).WithGroup("g").Info("the same")
		}
		log.Warn("another")
		time.Sleep(time.Second)
		log.Info("the same")
		log.Info("the same")
		lines := strings.Split(strings.TrimSpace(text.String()), "\n")
		if len(lines) != linesASecond+3 {
			t.Fatalf("%d lines, want %d:\n%s", len(lines), linesASecond+3, &text)
		}
		for i, line := range lines {
			if strings.Contains(line, "left_out=490") != (i == linesASecond+1) {
				t.Errorf("line %d is %s", i, line)
			}
		}
	})
}

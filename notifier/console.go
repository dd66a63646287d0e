package notifier

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"pantau/incident"
	"pantau/internal/words"
)

// console prints deliveries, one a line. It gives no receipt and cannot be
// asked what it printed.
type console struct {
	mu  sync.Mutex
	out io.Writer
}

func newConsole(out io.Writer) *console { return &console{out: out} }

// writeForConsole gives the whole on one line.
func writeForConsole(n incident.Notice, lang words.Lang) (title, text string) {
	return strings.Join(strings.Fields(clean(n.Title.In(lang))), " "), strings.Join(strings.Fields(whole(n, lang)), " ")
}

// Send prints d: channel, thread and number, event, title, text.
func (s *console) Send(ctx context.Context, d Delivery) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", &Refusal{Problem: "nothing printed: " + err.Error(), Retry: true}
	}
	title := d.Title
	if title != "" {
		title += ": "
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := fmt.Fprintf(s.out, "%s %s#%d %s %s%s\n", d.Channel, d.Thread, d.Number, d.Event, title, d.Text); err != nil {
		return "", fmt.Errorf("printing: %w", err)
	}
	return "", nil
}

package notifier

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pantau/incident"
	"pantau/internal/words"
)

// wall is a channel of the tests: it remembers what was posted and does as
// told by script, one entry for each call of Send.
type wall struct {
	mu     sync.Mutex
	posts  []Delivery
	calls  []time.Time
	script []func(ctx context.Context, post func() string) (string, error)
	reads  []error // what Find gives in the place of an answer, one for each call
	asked  []time.Time
}

func (w *wall) Send(ctx context.Context, d Delivery) (string, error) {
	post := func() string {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.posts = append(w.posts, d)
		return fmt.Sprintf("r%d", len(w.posts))
	}
	w.mu.Lock()
	w.calls = append(w.calls, time.Now())
	var act func(context.Context, func() string) (string, error)
	if len(w.script) > 0 {
		act, w.script = w.script[0], w.script[1:]
	}
	w.mu.Unlock()
	if act == nil {
		return post(), nil
	}
	return act(ctx, post)
}

func (w *wall) texts() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var texts []string
	for _, d := range w.posts {
		texts = append(texts, d.Text)
	}
	return texts
}

// did is how often something was posted, sent and asked for.
func (w *wall) did() (posts, calls, asked int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.posts), len(w.calls), len(w.asked)
}

// readable is a wall that can be asked.
type readable struct{ wall }

func (w *readable) Find(_ context.Context, d Delivery) (string, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, time.Now())
	if len(w.reads) > 0 {
		var err error
		err, w.reads = w.reads[0], w.reads[1:]
		if err != nil {
			return "", false, err
		}
	}
	i := slices.IndexFunc(w.posts, func(p Delivery) bool { return p.ID == d.ID })
	return fmt.Sprintf("r%d", i+1), i >= 0, nil
}

// world is a dispatcher at work inside a synctest bubble.
type world struct {
	t        *testing.T
	outbox   *memory
	log      *bytes.Buffer
	registry *prometheus.Registry
	d        *Dispatcher
	stop     func()
	began    time.Time
}

func newWorld(t *testing.T, channels ...Channel) *world {
	w := &world{t: t, outbox: new(memory), began: time.Now()}
	w.start(channels...)
	t.Cleanup(func() { w.stop() })
	return w
}

// start begins a process on the outbox as it is.
func (w *world) start(channels ...Channel) {
	w.log, w.registry = new(bytes.Buffer), prometheus.NewRegistry()
	w.d = New(w.outbox, channels, Options{}, slog.New(slog.NewTextHandler(w.log, nil)), NewMetrics(w.registry))
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.d.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("Run gives %v, want nil", err)
		}
	})
}

// pass lets time go by, and everything happen that is due.
func (w *world) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (w *world) say(notices ...incident.Notice) {
	w.outbox.add(notices...)
	w.d.Wake()
	synctest.Wait()
}

func (w *world) wantState(id string, want State) Delivery {
	w.t.Helper()
	got := w.outbox.row(id)
	if got.State != want {
		w.t.Errorf("after %s %s is %q (%s), want %q", time.Since(w.began), id, got.State, got.Problem, want)
	}
	return got
}

func notice(thread string, number int) incident.Notice {
	return incident.Notice{
		ID: fmt.Sprintf("%s/%d/public", thread, number), About: thread, Number: number,
		Event: incident.EventUpdated, Audience: incident.Public, At: time.Now(),
		Post: words.Text{ID: fmt.Sprintf("%s nomor %d", thread, number), EN: fmt.Sprintf("%s number %d", thread, number)},
	}
}

func channel(name string, s Sender) Channel {
	return Channel{Name: name, Audience: incident.Public, Language: words.Indonesian, Sender: s, Write: plainly}
}

func plainly(n incident.Notice, lang words.Lang) (title, text string) { return "", whole(n, lang) }

func script(acts ...func(context.Context, func() string) (string, error)) []func(context.Context, func() string) (string, error) {
	return acts
}

func refuse(r Refusal) func(context.Context, func() string) (string, error) {
	return func(context.Context, func() string) (string, error) { return "", fmt.Errorf("posting: %w", &r) }
}

// lose posts, after a while, and gives no answer.
func lose(after time.Duration) func(context.Context, func() string) (string, error) {
	return func(_ context.Context, post func() string) (string, error) {
		time.AfterFunc(after, func() { post() })
		return "", errors.New("connection reset")
	}
}

func cutOff(context.Context, func() string) (string, error) {
	return "", errors.New("connection reset")
}

func hang(ctx context.Context, _ func() string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

func panics(after bool) func(context.Context, func() string) (string, error) {
	return func(_ context.Context, post func() string) (string, error) {
		if after {
			post()
		}
		panic("canary: a library's panic may hold a token")
	}
}

// duplicate refuses; ours says whether the earlier post is that of the delivery.
func duplicate(ours bool) func(context.Context, func() string) (string, error) {
	return func(_ context.Context, post func() string) (string, error) {
		if ours {
			post()
		}
		return "", &Refusal{Problem: "duplicate content", Duplicate: true}
	}
}

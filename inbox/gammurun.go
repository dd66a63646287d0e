package inbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"pantau/internal/secret"
)

// queuedSuffix is the end of a whole message's name in a queue; what is still
// being written has another.
const queuedSuffix = ".json"

// refusedSuffix is put behind the name of a message that the server will never
// take.
const refusedSuffix = ".refused"

// handOverAtOnce bounds what one run hands over: smsd waits for it.
const handOverAtOnce = 100

// GammuRun is one run of smsd's RunOnReceive.
type GammuRun struct {
	URL    string        // of the receiver, …/hooks/gammu/NAME; "" only queues, for a server that watches the queue
	Secret secret.Value  // of the receiver
	Queue  string        // folder that keeps messages until they were taken
	Within time.Duration // for all that one run hands over
}

// ParseSMSD reads a message from what smsd puts into the environment of
// RunOnReceive (see "RunOnReceive" in gammu-smsd's manual). found is false when
// there is none.
func ParseSMSD(getenv func(string) string, now time.Time) (h HandedOver, found bool, err error) {
	parts, err := count(getenv, "DECODED_PARTS")
	if err != nil {
		return HandedOver{}, false, err
	}
	pattern := "DECODED_%d_TEXT"
	messages, err := count(getenv, "SMS_MESSAGES")
	if err != nil || messages == 0 {
		return HandedOver{}, false, err
	}
	if parts == 0 {
		pattern, parts = "SMS_%d_TEXT", messages
	}
	var text strings.Builder
	for i := range parts {
		text.WriteString(getenv(fmt.Sprintf(pattern, i+1)))
	}
	return HandedOver{
		ID: rand.Text(), Phone: getenv("PHONE_ID"), Sender: getenv("SMS_1_NUMBER"), Text: text.String(), Received: now.UTC(),
	}, true, nil
}

// count is a number of parts; smsd joins at most 255.
func count(getenv func(string) string, name string) (int, error) {
	text := getenv(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 255 {
		return 0, fmt.Errorf("reading what gammu-smsd says: %s is not a number from 0 to 255", name)
	}
	return n, nil
}

// Keep writes h to the queue, so that it is on disk before anything else can
// go wrong.
func (g GammuRun) Keep(h HandedOver) error {
	if !plainWord.MatchString(h.Phone) {
		return errors.New("reading what gammu-smsd says: PHONE_ID is missing or not plain; set phoneid in its configuration")
	}
	body, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("writing a message: %w", err)
	}
	name := fmt.Sprintf("%d-%s", h.Received.UnixMilli(), h.ID)
	file, err := os.OpenFile(filepath.Join(g.Queue, name+".part"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("queueing a message: %w", pathless(err))
	}
	_, err = file.Write(body)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("queueing a message: %w", pathless(err))
	}
	return os.Rename(file.Name(), filepath.Join(g.Queue, name+queuedSuffix))
}

// HandOver gives the server what is queued, oldest first, and ends at the
// first that it does not take now. What it will never take is put aside. left
// is how many stay in the queue.
func (g GammuRun) HandOver(ctx context.Context) (left int, err error) {
	names, err := queued(g.Queue)
	if err != nil {
		return 0, fmt.Errorf("reading the queue: %w", err)
	}
	if g.URL == "" {
		return len(names), nil
	}
	ctx, stop := context.WithTimeout(ctx, g.Within)
	defer stop()
	client := &http.Client{}
	defer client.CloseIdleConnections()
	var refused error
	for i, name := range names[:min(len(names), handOverAtOnce)] {
		err := g.handOne(ctx, client, filepath.Join(g.Queue, name))
		switch {
		case errors.Is(err, errRefused):
			refused = err
		case err != nil:
			return len(names) - i, errors.Join(refused, err)
		}
	}
	return max(0, len(names)-handOverAtOnce), refused
}

// errRefused says that the server will not take a message however often it is
// asked.
var errRefused = errors.New("refused for good")

// HandOverUnqueued gives the server a message that Keep could not keep.
func (g GammuRun) HandOverUnqueued(ctx context.Context, h HandedOver) error {
	if g.URL == "" {
		return errors.New("handing over a message: there is no receiver's address, only the queue")
	}
	body, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("writing a message: %w", err)
	}
	client := &http.Client{Timeout: g.Within}
	defer client.CloseIdleConnections()
	return g.post(ctx, client, body)
}

func (g GammuRun) handOne(ctx context.Context, client *http.Client, path string) error {
	body, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil // another run, or the server itself, was faster
	}
	if err != nil {
		return fmt.Errorf("reading a queued message: %w", pathless(err))
	}
	err = g.post(ctx, client, body)
	switch {
	case errors.Is(err, errRefused):
		if aside := os.Rename(path, path+refusedSuffix); aside != nil {
			return fmt.Errorf("putting aside a refused message: %w", aside)
		}
		return err
	case err != nil:
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing a message that was handed over: %w", pathless(err))
	}
	return nil
}

// post is one try to hand over a message.
func (g GammuRun) post(ctx context.Context, client *http.Client, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, g.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("handing over a message: the receiver's address is no web address")
	}
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(headerTimestamp, timestamp)
	request.Header.Set(headerSignature, signature(g.Secret, body, timestamp))
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("handing over a message: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	said, _ := io.ReadAll(io.LimitReader(response.Body, 200))
	switch response.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return fmt.Errorf("handing over a message: status %d (%s): %w", response.StatusCode, strings.TrimSpace(string(said)), errRefused)
	default:
		return fmt.Errorf("handing over a message: status %d (%s), want 200", response.StatusCode, strings.TrimSpace(string(said)))
	}
}

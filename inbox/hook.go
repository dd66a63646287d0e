package inbox

import (
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	hooksPath = "/hooks/"
	mostBody  = 64 << 10
	// readLimit is how long a caller may take to send its body.
	readLimit = 15 * time.Second
	// mostHooks is how many webhooks are read and answered at one time. What
	// each holds is bounded, so that all of them are: 16 MiB of bodies.
	mostHooks = 256
	// comeAgain is when a caller that was turned away shall try again.
	comeAgain = 2 * time.Second
)

// webhook is a receiver that is called over HTTP.
type webhook interface {
	// open says whether c is authentic and, only then, what it brings. Its
	// error is a refusal.
	open(c call) (delivery, error)
	// terms are what it may be called with and what a call that was taken is
	// told.
	terms() terms
}

// call is one request with its whole body.
type call struct {
	*http.Request
	body      []byte
	now       time.Time     // our clock when the body was there
	tolerance time.Duration // how far a signed timestamp may be from now
}

// delivery is what a call brings: a message or, without one, a sign of life.
type delivery struct {
	device  string
	message *Message
	told    told // of the device's clock; zero when it says nothing
}

// terms of a webhook.
type terms struct {
	methods   []string
	mediaType string // of the answer
	answer    string
}

// refusal is an answer that is not 2xx. Its text is fixed: nothing of the
// request is ever said back.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return "refusing a webhook: " + r.text }

var (
	errNoReceiver = &refusal{http.StatusNotFound, "no such receiver"}
	errMethod     = &refusal{http.StatusMethodNotAllowed, "another method is needed"}
	errTooLarge   = &refusal{http.StatusRequestEntityTooLarge, "body is larger than 64 KiB"}
	errUnread     = &refusal{http.StatusBadRequest, "body could not be read"}
	errMedia      = &refusal{http.StatusUnsupportedMediaType, "another Content-Type is needed"}
	errSecret     = &refusal{http.StatusUnauthorized, "the secret does not match"}
	errSource     = &refusal{http.StatusForbidden, "not an allowed address"}
	errForm       = &refusal{http.StatusBadRequest, "body is not a form"}
	errField      = &refusal{http.StatusBadRequest, "a field is missing or malformed"}
	errAgain      = &refusal{http.StatusServiceUnavailable, "not recorded, try again"}
	errStopping   = &refusal{http.StatusServiceUnavailable, "stopping, try again"}
	errBusy       = &refusal{http.StatusServiceUnavailable, "too many at one time, try again"}
)

// serveHook answers one webhook. 2xx means that it had its effect or never
// will; anything else makes the caller try again.
func (i *Inbox) serveHook(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	receiver, known := i.hooks[r.URL.Path]
	if !known {
		i.refuse(w, kindUnknown, errNoReceiver)
		return
	}
	told := receiver.hook.terms()
	if !slices.Contains(told.methods, r.Method) {
		w.Header().Set("Allow", strings.Join(told.methods, ", "))
		i.refuse(w, receiver.kind, errMethod)
		return
	}
	if err := i.takeHook(w, r, receiver); err != nil {
		i.refuse(w, receiver.kind, err)
		return
	}
	w.Header().Set("Content-Type", told.mediaType)
	_, _ = io.WriteString(w, told.answer)
}

// refuse says err to the caller when it is for the caller, and that something
// went wrong here when it is not.
func (i *Inbox) refuse(w http.ResponseWriter, of kind, err error) {
	var answer *refusal
	switch {
	case !errors.As(err, &answer):
		i.deps.Log.Error("a message was not recorded", "kind", string(of), "error", err)
		answer = errAgain
	case answer == errBusy:
		i.deps.Metrics.count(of, shed)
	default:
		i.deps.Metrics.count(of, refused)
	}
	if answer.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(int(comeAgain.Seconds())))
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(answer.status)
	_, _ = io.WriteString(w, answer.text+"\n")
}

// takeHook reads one call and gives what it brings to its wait.
func (i *Inbox) takeHook(w http.ResponseWriter, r *http.Request, receiver receiver) error {
	if !i.busy.enter() {
		return errBusy
	}
	defer i.busy.leave()
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	c := call{Request: r, body: body, now: time.Now(), tolerance: i.options.ClockTolerance}
	brought, err := receiver.hook.open(c)
	if err != nil {
		return err
	}
	i.Heard(receiver.name, brought.device, c.now)
	clock := i.clockOf(handset{receiver.name, brought.device}, brought.told, c.now)
	if brought.message == nil {
		return nil
	}
	i.taking.RLock()
	defer i.taking.RUnlock()
	if i.stopped {
		return errStopping
	}
	m := *brought.message
	m.Receiver, m.Device, m.Received, m.Clock = receiver.name, brought.device, c.now, clock
	return i.take(r.Context(), receiver.kind, m)
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > mostBody {
		return nil, errTooLarge // before a byte of it is read
	}
	// A recorder in a test has no deadline to set; a server does.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readLimit))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge
	case err != nil:
		return nil, errUnread
	}
	return body, nil
}

// mediaType is the call's Content-Type without its parameters, in lower case;
// ok is false when it is none of allowed. A call that does not say is taken for
// the first.
func (c call) mediaType(allowed ...string) (mediaType string, parameters map[string]string, ok bool) {
	header := c.Header.Get("Content-Type")
	if header == "" {
		return allowed[0], nil, true
	}
	mediaType, parameters, err := mime.ParseMediaType(header)
	return mediaType, parameters, err == nil && slices.Contains(allowed, mediaType)
}

// atHand says whether a signed instant is near enough to our clock that the
// call is no replay.
func (c call) atHand(signed time.Time) bool {
	return !signed.Before(c.now.Add(-c.tolerance)) && !signed.After(c.now.Add(c.tolerance))
}

// turnstile lets in so many at one time and turns the others away at once:
// nobody waits in a line that could grow.
type turnstile chan struct{}

func (t turnstile) enter() bool {
	select {
	case t <- struct{}{}:
		return true
	default:
		return false
	}
}

func (t turnstile) leave() { <-t }

// plainWord is an id or a name that may stand in a log.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,128}$`)

// idKey makes ids for messages that have none fit to be kept.
type idKey [32]byte

// id gives what stands for a message: the sender's own id, or one made from
// parts, which a second try repeats. Numbers and codes cannot be had back from
// it, because nobody has the key.
func (k idKey) id(own string, parts ...string) string {
	if plainWord.MatchString(own) {
		return own
	}
	if own != "" {
		parts = []string{own}
	}
	sum := keyed(k, append([]string{"message"}, parts...)...)
	return hex.EncodeToString(sum[:16])
}

// instantOf reads an instant that is written as RFC 3339, or as seconds or
// milliseconds since 1970. The zero time is one that cannot be read.
func instantOf(text string) time.Time {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil || n <= 0:
		return time.Time{}
	case n < 1e11: // the year 5138 in seconds, March 1973 in milliseconds
		return time.Unix(n, 0)
	case n < 1e14:
		return time.UnixMilli(n)
	}
	return time.Time{}
}

// sinceSecond is a clock's instant that was cut to its second: within that
// second it says nothing that ours does not.
func sinceSecond(theirs, ours time.Time) time.Time {
	if late := ours.Sub(theirs); late >= 0 && late < time.Second {
		return ours
	}
	return theirs
}

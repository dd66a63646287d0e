package social

import (
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// maxBody is the most bytes a request may bring.
const maxBody = 128 << 10

// maxKept is how many posts each service remembers; the oldest are forgotten.
const maxKept = 5000

// readBody reads the whole body before anything else happens, so that a call
// goes on when its client has gone. It answers 413 itself when it cannot.
func readBody(w http.ResponseWriter, r *http.Request) (body []byte, ok bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "the body could not be read or is too long", http.StatusRequestEntityTooLarge)
	}
	return body, err == nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil { // only a RawMessage that was let in unchecked could
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client may have gone
}

// cut closes the connection without an answer.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // net/http's own way to say it, for HTTP/2
	}
	_ = conn.Close()
}

// stamp is a time in the feeds and in X's v2 answers.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// keepLast forgets the oldest of posts beyond maxKept, a tenth at a time so that
// the copy is rare.
func keepLast[T any](posts []T) []T {
	if len(posts) <= maxKept+maxKept/10 {
		return posts
	}
	return append([]T(nil), posts[len(posts)-maxKept:]...)
}

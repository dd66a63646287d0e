package portal

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"
)

const (
	// codesRemembered of one contact are told apart as "older" or "expired".
	codesRemembered = 20
	// codesKept is how long: late messages arrive up to two hours later.
	codesKept = 3 * time.Hour
	// contactsRemembered bounds the memory of the book.
	contactsRemembered = 4096
	// wrongAllowed tries of one code; after them it is void.
	wrongAllowed = 5
)

// book remembers the codes sent to each contact. The nodes share it.
type book struct {
	validity time.Duration
	interval time.Duration // between two requests of a contact; 0 is none
	newCode  func() string

	mu      sync.Mutex
	entries map[contact]*entry
}

// entry are the codes of one contact, oldest first. Only the last counts.
type entry struct {
	codes []issued
	wrong int  // wrong tries since the last code was issued
	used  bool // the last code was accepted
}

type issued struct {
	code string
	at   time.Time
}

// outcome is what became of a submitted code.
type outcome string

const (
	accepted   outcome = ""
	wrongCode  outcome = "wrong"
	superseded outcome = "superseded" // an older code of this contact
	expired    outcome = "expired"
	tooMany    outcome = "too-many" // wrong tries
)

func newBook(validity, interval time.Duration, newCode func() string) *book {
	return &book{validity: validity, interval: interval, newCode: newCode, entries: map[contact]*entry{}}
}

// issue makes a new code for c. ok is false when c asked too recently.
func (b *book) issue(c contact, now time.Time) (code string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[c]
	if e == nil {
		b.makeRoom(now)
		e = &entry{}
		b.entries[c] = e
	}
	if len(e.codes) > 0 && now.Sub(e.last().at) < b.interval {
		return "", false
	}
	code = b.newCode()
	e.codes = append(e.codes, issued{code, now})
	if len(e.codes) > codesRemembered {
		e.codes = append([]issued(nil), e.codes[len(e.codes)-codesRemembered:]...)
	}
	e.wrong, e.used = 0, false
	return code, true
}

// check says what becomes of a typed code. refuse makes even a right one wrong.
func (b *book) check(c contact, typed string, refuse bool, now time.Time) outcome {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[c]
	if e == nil || len(e.codes) == 0 {
		return wrongCode
	}
	if e.wrong >= wrongAllowed {
		return tooMany
	}
	found := e.judge(bare(typed), b.validity, now)
	if found == accepted && (refuse || e.used) {
		found = wrongCode
	}
	if found == wrongCode {
		e.wrong++
	}
	e.used = e.used || found == accepted
	return found
}

func (e *entry) judge(code string, validity time.Duration, now time.Time) outcome {
	last := e.last()
	if same(code, last.code) {
		if now.Sub(last.at) > validity {
			return expired
		}
		return accepted
	}
	for _, older := range e.codes[:len(e.codes)-1] {
		if same(code, older.code) {
			return superseded
		}
	}
	return wrongCode
}

func (e *entry) last() issued { return e.codes[len(e.codes)-1] }

// makeRoom forgets contacts nobody can ask about any more, and the one that
// was quiet the longest when there are too many all the same.
func (b *book) makeRoom(now time.Time) {
	if len(b.entries) < contactsRemembered {
		return
	}
	var oldest contact
	var since time.Time
	for c, e := range b.entries {
		at := e.last().at
		if now.Sub(at) > codesKept {
			delete(b.entries, c)
			continue
		}
		if since.IsZero() || at.Before(since) {
			oldest, since = c, at
		}
	}
	if len(b.entries) >= contactsRemembered {
		delete(b.entries, oldest)
	}
}

// bare is a code without what people copy along with it.
func bare(typed string) string { return strings.NewReplacer(" ", "", "-", "").Replace(typed) }

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// newCode gives six digits, leading zeros included.
func newCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // crypto/rand never fails since Go 1.24
	}
	return fmt.Sprintf("%06d", n)
}

// newReference gives an id like R-4F7K2M, without letters that look like digits.
func newReference() string {
	const letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ" // 32, so that a byte divides evenly
	raw := make([]byte, 6)
	_, _ = rand.Read(raw) // never fails since Go 1.24
	for i, b := range raw {
		raw[i] = letters[int(b)%len(letters)]
	}
	return "R-" + string(raw)
}

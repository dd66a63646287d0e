package social

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Kind is what a Fault does to a call.
type Kind string

// The kinds. A call is authenticated before any of them hits it.
const (
	// RateLimit answers 429 and asks to come back after After.
	RateLimit Kind = "rate-limit"
	// ServerError answers 503 and does nothing.
	ServerError Kind = "server-error"
	// LostReply acts, then cuts the connection without an answer.
	LostReply Kind = "lost-reply"
	// CutBefore cuts the connection and does nothing.
	CutBefore Kind = "cut-before"
	// Slow waits Delay, then acts and answers, even when the client has gone.
	Slow Kind = "slow"
	// DuplicateRefusal refuses the text as already posted, which it is not. X only.
	DuplicateRefusal Kind = "duplicate-refusal"
	// NotAllowed refuses as to an application without the right to post.
	NotAllowed Kind = "not-allowed"
)

// Use is what a call is for.
type Use string

// The uses.
const (
	Posting Use = "post" // it says something or changes what was said
	Reading Use = "read" // everything else
	AnyUse  Use = "any"
)

// Fault is a misbehaviour that is switched on. Several may be on at once: every
// Slow that hits a call delays it, and of the others the first that hits decides.
type Fault struct {
	Kind  Kind
	On    Use           // which calls it hits; "" is Posting
	Times int           // how many calls it still hits before it ends; 0 is until it is taken away
	Share float64       // the share of calls it hits, 0 to 1; 0 is all
	Delay time.Duration // of Slow: how long it waits, at most 10 minutes; 0 is one second
	After time.Duration // of RateLimit: how long it asks to wait, at most a day; 0 is 30 seconds
}

const (
	longestDelay = 10 * time.Minute
	longestAfter = 24 * time.Hour
)

// Validate says everything that is wrong with f.
func (f Fault) Validate() error {
	kinds := []Kind{RateLimit, ServerError, LostReply, CutBefore, Slow, DuplicateRefusal, NotAllowed}
	var wrong []error
	if !slices.Contains(kinds, f.Kind) {
		wrong = append(wrong, fmt.Errorf("kind: %q is unknown; one of %q", f.Kind, kinds))
	}
	if uses := []Use{"", Posting, Reading, AnyUse}; !slices.Contains(uses, f.On) {
		wrong = append(wrong, fmt.Errorf("on: %q is unknown; one of %q", f.On, uses[1:]))
	}
	if f.Times < 0 {
		wrong = append(wrong, fmt.Errorf("times: got %d, want 0 or more", f.Times))
	}
	if !(f.Share >= 0 && f.Share <= 1) { // refuses NaN too
		wrong = append(wrong, fmt.Errorf("share: got %v, want 0 to 1", f.Share))
	}
	if f.Delay < 0 || f.Delay > longestDelay {
		wrong = append(wrong, fmt.Errorf("delay: got %s, want 0 to %s", f.Delay, longestDelay))
	}
	if f.After < 0 || f.After > longestAfter {
		wrong = append(wrong, fmt.Errorf("after: got %s, want 0 to %s", f.After, longestAfter))
	}
	return errors.Join(wrong...)
}

func (f Fault) withDefaults() Fault {
	if f.On == "" {
		f.On = Posting
	}
	if f.Share == 0 {
		f.Share = 1
	}
	if f.Kind == Slow && f.Delay == 0 {
		f.Delay = time.Second
	}
	if f.Kind == RateLimit && f.After == 0 {
		f.After = 30 * time.Second
	}
	return f
}

func (f Fault) concerns(use Use) bool { return f.On == AnyUse || f.On == use }

// faultJSON is a Fault as the control address takes and gives it.
type faultJSON struct {
	Kind  Kind    `json:"kind"`
	On    Use     `json:"on,omitempty"`
	Times int     `json:"times,omitempty"`
	Share float64 `json:"share,omitempty"`
	Delay string  `json:"delay,omitempty"`
	After string  `json:"after,omitempty"`
}

// MarshalJSON gives durations as Go writes them ("200ms").
func (f Fault) MarshalJSON() ([]byte, error) {
	j := faultJSON{Kind: f.Kind, On: f.On, Times: f.Times, Share: f.Share}
	if f.Delay > 0 {
		j.Delay = f.Delay.String()
	}
	if f.After > 0 {
		j.After = f.After.String()
	}
	return json.Marshal(j)
}

func (j faultJSON) fault() (Fault, error) {
	delay, wrongDelay := parseDuration("delay", j.Delay)
	after, wrongAfter := parseDuration("after", j.After)
	f := Fault{Kind: j.Kind, On: j.On, Times: j.Times, Share: j.Share, Delay: delay, After: after}
	return f, errors.Join(wrongDelay, wrongAfter, f.Validate())
}

func parseDuration(name, s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%s: %q is not a duration; write 200ms or 30s", name, s)
	}
	return d, nil
}

package probes

import "time"

// window counts events in the span of its length before now. A bucket that
// fills up again would let through nearly twice its size in one such span; this
// never lets through more than asked for.
type window struct {
	length time.Duration
	events []time.Time // oldest first
}

// room says whether fewer than limit events are within the window at now. No
// limit is 0.
func (w *window) room(limit int, now time.Time) bool {
	for len(w.events) > 0 && now.Sub(w.events[0]) >= w.length {
		w.events = w.events[1:]
	}
	return limit == 0 || len(w.events) < limit
}

func (w *window) add(now time.Time) { w.events = append(w.events, now) }

// limiter holds the requests to one host below its caps.
type limiter struct{ minute, hour window }

func newLimiter() *limiter {
	return &limiter{minute: window{length: time.Minute}, hour: window{length: time.Hour}}
}

// take counts a request at now, unless there would be too many.
func (l *limiter) take(caps Caps, now time.Time) bool {
	if !l.minute.room(caps.PerMinute, now) || !l.hour.room(caps.PerHour, now) {
		return false
	}
	l.minute.add(now)
	l.hour.add(now)
	return true
}

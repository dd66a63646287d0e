package probes

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// heed notes what an answer that came at now says about further probes. With
// which status the portal says that it has no policy means nothing.
func (w *warden) heed(journey string, isPolicy bool, response *http.Response, now time.Time) {
	pause := w.portal.CodeValidity()
	if w.stopsIn(response.Header) {
		w.halt(everybody, now.Add(pause), "the portal's answer has "+w.stopHeader())
		w.metrics.stopped(stopHeader)
	}
	if status := response.StatusCode; !isPolicy && notForUs(status) {
		until := now.Add(pause)
		if asked, said := retryAfter(response.Header.Get("Retry-After"), now); said {
			until = asked
		}
		w.halt(journey, until, fmt.Sprintf("the portal answered %d", status))
		w.metrics.stopped(stop(strconv.Itoa(status)))
	}
}

// refusal is the fault of an answer that is no page for probes.
func (w *warden) refusal(response *http.Response) error {
	if w.stopsIn(response.Header) {
		return stopped("the answer has %s: the portal does not want probes", w.stopHeader())
	}
	return statusFault(response.StatusCode)
}

// halt has who pause, unless a longer pause was asked for.
func (w *warden) halt(who string, until time.Time, why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !until.After(w.halts[who].until) {
		return
	}
	w.halts[who] = halt{until, why}
	w.log.Warn("the portal does not want probes", "journey", who, "until", until.UTC(), "why", why)
}

func (w *warden) stopHeader() string {
	if w.portal.StopHeader == "" {
		return defaultStopHeader
	}
	return w.portal.StopHeader
}

func (w *warden) stopsIn(header http.Header) bool {
	value := header.Get(w.stopHeader())
	return value != "" && value != "0"
}

// retryAfter reads the header's seconds or date (RFC 9110, 10.2.3).
func retryAfter(text string, now time.Time) (time.Time, bool) {
	var until time.Time
	seconds, err := strconv.ParseUint(text, 10, 64) // the most there is where it is out of range
	if err == nil || errors.Is(err, strconv.ErrRange) {
		until = now.Add(time.Duration(min(seconds, uint64(haltAtMost/time.Second))) * time.Second)
	} else if date, err := http.ParseTime(text); err == nil {
		until = date
	} else {
		return time.Time{}, false
	}
	if latest := now.Add(haltAtMost); until.After(latest) {
		until = latest
	}
	return until, true
}

package notifier

import (
	"net/http"
	"strconv"
	"time"
)

// xLongestWait bounds what X can ask us to wait: its longest window is a day.
const xLongestWait = 25 * time.Hour

// xRefused is the error of an answer of X that is no success.
func xRefused(response *http.Response, said string, duplicate bool) error {
	err := answered(response.StatusCode, said)
	if refusal := refusalOf(err); refusal != nil {
		refusal.Duplicate = duplicate && response.StatusCode == http.StatusForbidden
		if refusal.Retry {
			refusal.After = xWait(response.Header)
		}
	}
	return err
}

// xWait is how long until every exhausted limit is lifted; 0 when X does not
// say. Times are X's own, so that our clock does not matter.
func xWait(header http.Header) time.Duration {
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	var wait time.Duration
	for _, limit := range []string{"x-rate-limit-", "x-app-limit-24hour-", "x-user-limit-24hour-"} {
		reset, err := strconv.ParseInt(header.Get(limit+"reset"), 10, 64)
		if err == nil && header.Get(limit+"remaining") == "0" {
			wait = max(wait, time.Unix(reset, 0).Sub(now))
		}
	}
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil {
		wait = max(wait, min(time.Duration(seconds), xLongestWait/time.Second)*time.Second) // a gateway's way to say it
	}
	return min(wait, xLongestWait)
}

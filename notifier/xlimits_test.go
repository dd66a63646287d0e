package notifier

import (
	"net/http"
	"strconv"
	"testing"
	"time"
)

func TestXWait(t *testing.T) {
	// Far from our own clock, which must not matter.
	now := time.Date(2023, 5, 30, 7, 5, 0, 0, time.UTC)
	in := func(d time.Duration) string { return strconv.FormatInt(now.Add(d).Unix(), 10) }
	for _, test := range []struct {
		name   string
		header map[string]string
		want   time.Duration
	}{
		{"nothing said", nil, 0},
		{"exhausted", map[string]string{"x-rate-limit-remaining": "0", "x-rate-limit-reset": in(9 * time.Minute)}, 9 * time.Minute},
		{"not exhausted", map[string]string{"x-rate-limit-remaining": "5", "x-rate-limit-reset": in(9 * time.Minute)}, 0},
		{"the latest of the exhausted", map[string]string{
			"x-rate-limit-remaining": "0", "x-rate-limit-reset": in(9 * time.Minute),
			"x-app-limit-24hour-remaining": "0", "x-app-limit-24hour-reset": in(7 * time.Hour),
			"x-user-limit-24hour-remaining": "1", "x-user-limit-24hour-reset": in(20 * time.Hour),
		}, 7 * time.Hour},
		{"past", map[string]string{"x-rate-limit-remaining": "0", "x-rate-limit-reset": in(-time.Minute)}, 0},
		{"nonsense", map[string]string{"x-rate-limit-remaining": "0", "x-rate-limit-reset": "soon"}, 0},
		{"never", map[string]string{"x-rate-limit-remaining": "0", "x-rate-limit-reset": "9999999999999"}, xLongestWait},
		{"a gateway's", map[string]string{"Retry-After": "90"}, 90 * time.Second},
		{"a gateway's nonsense", map[string]string{"Retry-After": "9223372036854775807"}, xLongestWait},
	} {
		header := http.Header{}
		header.Set("Date", now.Format(http.TimeFormat))
		for name, value := range test.header {
			header.Set(name, value)
		}
		if got := xWait(header); got != test.want {
			t.Errorf("%s: waits %s, want %s", test.name, got, test.want)
		}
	}
}

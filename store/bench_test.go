package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pantau/incident"
	"pantau/notifier"
	"pantau/probes"
)

// bothBenched runs the same benchmark on both databases and reports the
// median, which one slow disk flush does not move.
func bothBenched(b *testing.B, prepare func(w *world, n int), step func(w *world, n int)) {
	for name, open := range map[string]func(testing.TB) *world{"sqlite": newSQLite, "postgres": newPostgres} {
		b.Run(name, func(b *testing.B) {
			w := open(b)
			prepare(w, b.N)
			took := make([]time.Duration, 0, b.N)
			b.ResetTimer()
			for n := range b.N {
				began := time.Now()
				step(w, n)
				took = append(took, time.Since(began))
			}
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
		})
	}
}

func BenchmarkCommitOfTenResults(b *testing.B) {
	bothBenched(b, func(*world, int) {}, func(w *world, n int) {
		results := make([]probes.Result, 10)
		for i := range results {
			results[i] = sampleResults()[2]
			results[i].ID = fmt.Sprintf("%d-%d", n, i)
		}
		must(w.t, w.Commit(w.t.Context(), incident.Commit{Results: results}))
	})
}

func BenchmarkClaimAndSettle(b *testing.B) {
	prepare := func(w *world, n int) {
		var c incident.Commit
		for i := range n {
			c.Notices = append(c.Notices, noticeAbout(fmt.Sprint("T", i%100), i/100+1, incident.Public, start))
		}
		must(w.t, w.Commit(w.t.Context(), c))
		_, err := w.Expand(w.t.Context(), n, toChannels("x"))
		must(w.t, err)
	}
	bothBenched(b, prepare, func(w *world, _ int) {
		d, _, found, err := w.Claim(w.t.Context(), "x", start.Add(time.Hour), lease)
		must(w.t, err)
		if !found {
			w.t.Fatal("nothing was due")
		}
		must(w.t, w.Settle(w.t.Context(), ended(d, notifier.Sent, start)))
	})
}

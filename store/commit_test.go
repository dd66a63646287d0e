package store

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pantau/detect"
	"pantau/incident"
	"pantau/internal/secret"
	"pantau/probes"
)

func TestTheSameCommitTwiceChangesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		must(t, w.Commit(t.Context(), sampleCommit()))
		before := w.dump()
		must(t, w.Commit(t.Context(), sampleCommit()))
		if after := w.dump(); after != before {
			t.Errorf("the second commit left\n%s\nwant\n%s", after, before)
		}
		must(t, w.Commit(t.Context(), incident.Commit{}))
		if after := w.dump(); after != before {
			t.Errorf("an empty commit left\n%s\nwant\n%s", after, before)
		}
	})
}

func TestACommitIsWholeOrNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		must(t, w.Commit(t.Context(), sampleCommit()))
		before := w.dump()

		wait := sampleWait("w2")
		next := incident.Commit{
			Results:    []probes.Result{asked(wait, start)},
			Components: []detect.Assessment{{Component: "captcha", State: detect.Operational, Since: start}},
			Notices:    []incident.Notice{sampleNotice(2, incident.Public, start)},
		}
		spoiled := sampleIncident()
		spoiled.Status = incident.Identified
		clash := sampleUpdate(1)
		clash.ID = "INC-2023-001/1b" // another update with number 1
		spoiled.Updates = append(spoiled.Updates, clash)
		next.Incidents = []incident.Incident{spoiled}
		if err := w.Commit(t.Context(), next); err == nil || !strings.Contains(err.Error(), "INC-2023-001/1b") {
			t.Fatalf("the commit gave %v, want an error about the second update 1", err)
		}
		if after := w.dump(); after != before {
			t.Errorf("the spoiled commit left\n%s\nwant\n%s", after, before)
		}

		ended, cancel := context.WithCancel(t.Context())
		cancel()
		next.Incidents = nil
		if err := w.Commit(ended, next); err == nil {
			t.Fatal("a commit on an ended context gave no error")
		}
		if after := w.dump(); after != before {
			t.Errorf("the ended commit left\n%s\nwant\n%s", after, before)
		}
		must(t, w.Commit(t.Context(), next))
	})
}

// withoutCode is r as it is stored.
func withoutCode(r probes.Result) probes.Result {
	if r.Arrival != nil {
		arrival := *r.Arrival
		arrival.Code = secret.Value{}
		r.Arrival = &arrival
	}
	return r
}

func (w *world) results(since time.Time) []probes.Result {
	w.t.Helper()
	var all []probes.Result
	for r, err := range w.ResultsSince(w.t.Context(), since) {
		must(w.t, err)
		all = append(all, r)
	}
	return all
}

func TestResultsComeBackAsRecorded(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		want := sampleResults()
		must(t, w.Commit(t.Context(), incident.Commit{Results: want}))
		got := w.results(start)
		if len(got) != len(want) {
			t.Fatalf("%d results, want %d", len(got), len(want))
		}
		for n := range want {
			// Instants are cut to the millisecond; the late one's is finer.
			want[n].At = want[n].At.Truncate(time.Millisecond)
			if !reflect.DeepEqual(got[n], withoutCode(want[n])) {
				t.Errorf("result %d is\n%+v\nwant\n%+v", n, got[n], withoutCode(want[n]))
			}
		}
	})
}

// What was spent, and by which SIMs, is read without the rest.
func TestRequestsAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		extra := sampleWait("w2")
		extra.Extra = true
		results := append(sampleResults(), answered(sampleWait("w1"), start, probes.Up, probes.ReasonNone), asked(extra, start.Add(time.Hour)))
		must(t, w.Commit(t.Context(), incident.Commit{Results: results}))
		var got []probes.Wait
		for r, err := range w.RequestsSince(t.Context(), start) {
			must(t, err)
			got = append(got, *r.Opened)
		}
		if want := []probes.Wait{sampleWait("w1"), extra}; !slices.Equal(got, want) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
		for r := range w.RequestsSince(t.Context(), start.Add(time.Minute)) {
			if r.Opened.ID != "w2" {
				t.Errorf("%s was asked for before", r.Opened.ID)
			}
		}
	})
}

func TestInstantsAreCutAsTruncateDoes(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		zone := time.FixedZone("WIB", 7*3600)
		at := time.Date(2023, 5, 30, 8, 0, 0, 999_999_999, zone)
		must(t, w.Commit(t.Context(), incident.Commit{Results: []probes.Result{{ID: "r", At: at}}}))
		got := w.results(time.Time{})
		if want := at.UTC().Truncate(time.Millisecond); len(got) != 1 || got[0].At != want {
			t.Errorf("got %v, want one result at %v", got, want)
		}
	})
}

func TestResultsComeInTheOrderOfCommits(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		// More than a page, with instants that run backwards now and then.
		var want []string
		for batch := range 3 {
			var c incident.Commit
			for n := range resultPage/2 + 7 {
				id := string(rune('a'+batch)) + time.Duration(n).String()
				at := start.Add(time.Duration(batch)*time.Minute - time.Duration(n%3)*time.Second)
				c.Results = append(c.Results, probes.Result{ID: id, Run: id, At: at})
				if !at.Before(start) {
					want = append(want, id)
				}
			}
			must(t, w.Commit(t.Context(), c))
		}
		var got []string
		for _, r := range w.results(start) {
			got = append(got, r.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %d results in an order that is not that of the %d committed", len(got), len(want))
		}
		if none := w.results(start.Add(time.Hour)); len(none) != 0 {
			t.Errorf("%d results after the last one, want none", len(none))
		}
		for range w.ResultsSince(t.Context(), start) {
			break // leaving early must not hold anything
		}
		must(t, w.Commit(t.Context(), sampleCommit()))
	})
}

func TestCommitsAtOnceFollowOneAnother(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		const committers, commits = 4, 10
		second := w.another()
		var working sync.WaitGroup
		for n := range committers {
			s := []*Store{w.Store, second}[n%2]
			working.Go(func() {
				for i := range commits {
					c := incident.Commit{Results: []probes.Result{
						{ID: fmt.Sprint(n, "-", i, "a"), At: start}, {ID: fmt.Sprint(n, "-", i, "b"), At: start},
					}}
					if err := s.Commit(t.Context(), c); err != nil {
						t.Error(err)
					}
				}
			})
		}
		working.Wait()
		all := w.results(start)
		if len(all) != 2*committers*commits {
			t.Fatalf("%d results, want %d", len(all), 2*committers*commits)
		}
		for n := 0; n < len(all); n += 2 { // what was committed together stays together
			if a, b := all[n].ID, all[n+1].ID; strings.TrimSuffix(a, "a") != strings.TrimSuffix(b, "b") {
				t.Errorf("%s is followed by %s", a, b)
			}
		}
	})
}

func TestTextFromOutsideCannotSpoilACommit(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		r := sampleResults()[2]
		r.Evidence = "got \x00 and \xff\xfe, want 'text'; DROP TABLE results; -- $1 \U0001F600"
		r.Arrival.Reference = "\x00\xc3"
		must(t, w.Commit(t.Context(), incident.Commit{Results: []probes.Result{r}}))
		got := w.results(start)[0]
		if want := "got \uFFFD and \uFFFD, want 'text'; DROP TABLE results; -- $1 \U0001F600"; got.Evidence != want {
			t.Errorf("the evidence is %q, want %q", got.Evidence, want)
		}
		if want := "\uFFFD\uFFFD"; got.Arrival.Reference != want {
			t.Errorf("the reference is %q, want %q", got.Arrival.Reference, want)
		}
	})
}

func TestWaitsOpenAndClose(t *testing.T) {
	wait := sampleWait("w1")
	accepted := wait
	accepted.Requested, accepted.Reference = wait.Requested.Add(2*time.Second), "Q7"
	refused := wait
	refused.Unsure = false // the portal has answered
	refusalAlone := answered(refused, start, probes.Down, probes.ReasonRequest)
	refusalAlone.Opened = nil

	for _, test := range []struct {
		name    string
		results []probes.Result
		want    []probes.Wait
	}{
		{"asked", []probes.Result{asked(wait, start)}, []probes.Wait{wait}},
		{"accepted", []probes.Result{asked(wait, start), answered(accepted, start, probes.Up, "")}, []probes.Wait{accepted}},
		{"refused", []probes.Result{asked(wait, start), answered(refused, start, probes.Down, probes.ReasonRequest)}, nil},
		{"unsure whether refused", []probes.Result{asked(wait, start), answered(wait, start, probes.Down, probes.ReasonTimeout)}, []probes.Wait{wait}},
		{"refused without repeating it", []probes.Result{asked(wait, start), refusalAlone}, nil},
		{"no answer", []probes.Result{asked(wait, start), answered(wait, start, probes.Unknown, probes.ReasonShutdown)}, []probes.Wait{wait}},
		{"going on", []probes.Result{asked(wait, start), waited(wait, time.Minute, true)}, []probes.Wait{wait}},
		{"ended", []probes.Result{asked(wait, start), waited(wait, time.Minute, true), waited(wait, time.Hour, false)}, nil},
		{"another one ended", []probes.Result{asked(wait, start), waited(sampleWait("w2"), time.Minute, false)}, []probes.Wait{wait}},
		{"asked twice", []probes.Result{asked(wait, start), waited(wait, time.Minute, false), asked(wait, start)}, nil},
		{"the older first", []probes.Result{asked(accepted, start), asked(sampleWait("w0"), start)}, []probes.Wait{sampleWait("w0"), accepted}},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, w *world) {
				for _, r := range test.results {
					must(t, w.Commit(t.Context(), incident.Commit{Results: []probes.Result{r}}))
				}
				w.restart()
				got, err := w.OpenWaits(t.Context())
				must(t, err)
				if !reflect.DeepEqual(got, test.want) {
					t.Errorf("open waits are\n%+v\nwant\n%+v", got, test.want)
				}
			})
		})
	}
}

func TestIncidentsComeBackWhole(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		old := sampleIncident()
		resolved := sampleIncident()
		resolved.ID, resolved.Status, resolved.ResolvedAt, resolved.Updates = "INC-2023-002", incident.Resolved, start.Add(time.Hour), nil
		resolved.OpenedAt = start.Add(2 * time.Minute)
		must(t, w.Commit(t.Context(), incident.Commit{Incidents: []incident.Incident{old, resolved}}))

		// A stored update never changes, a new one is added.
		changed := sampleUpdate(1)
		changed.Body.ID = "lain"
		later := old
		later.Status = incident.Identified
		later.Updates = []incident.Update{changed, sampleUpdate(2)}
		must(t, w.Commit(t.Context(), incident.Commit{Incidents: []incident.Incident{later}}))
		later.Updates = []incident.Update{sampleUpdate(1), sampleUpdate(2)}

		for _, test := range []struct {
			since time.Time
			want  []incident.Incident
		}{
			{start, []incident.Incident{resolved, later}},
			{start.Add(time.Hour), []incident.Incident{resolved, later}},
			{start.AddDate(1, 0, 0), []incident.Incident{later}},
		} {
			got, err := w.Incidents(t.Context(), test.since)
			must(t, err)
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("incidents since %v are\n%+v\nwant\n%+v", test.since, got, test.want)
			}
		}
	})
}

func TestStatesAreDisjointIntervals(t *testing.T) {
	at := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	state := func(state detect.State, since time.Time) detect.Assessment {
		return detect.Assessment{Component: "portal", State: state, Since: since}
	}
	const open = -1
	for _, test := range []struct {
		name   string
		states []detect.Assessment
		want   [][2]int // since and until in minutes
	}{
		{"one", []detect.Assessment{state(detect.Operational, at(0))}, [][2]int{{0, open}}},
		{"two", []detect.Assessment{state(detect.Operational, at(0)), state(detect.Major, at(5))}, [][2]int{{0, 5}, {5, open}}},
		{"the same again", []detect.Assessment{state(detect.Major, at(1)), state(detect.Major, at(1))}, [][2]int{{1, open}}},
		{"the same again later", []detect.Assessment{
			state(detect.Major, at(1)), state(detect.Unknown, at(2)), state(detect.Major, at(1)),
		}, [][2]int{{1, 1}, {2, 2}, {1, open}}},
		{"began before the last one", []detect.Assessment{
			state(detect.Operational, at(0)), state(detect.Unknown, at(5)), state(detect.Major, at(3)),
		}, [][2]int{{0, 3}, {5, 5}, {3, open}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, w *world) {
				for _, a := range test.states {
					must(t, w.Commit(t.Context(), incident.Commit{Components: []detect.Assessment{a}}))
				}
				got, err := collect(t.Context(), w.readers, func(row *[2]int64) []any { return []any{&row[0], &row[1]} },
					`SELECT since, COALESCE(until, -1) FROM component_states ORDER BY number`)
				must(t, err)
				var want [][2]int64
				for _, row := range test.want {
					ends := int64(open)
					if row[1] != open {
						ends = millis(at(row[1]))
					}
					want = append(want, [2]int64{millis(at(row[0])), ends})
				}
				if !slices.Equal(got, want) {
					t.Errorf("intervals are %v, want %v", got, want)
				}
				current, err := w.Components(t.Context())
				must(t, err)
				if last := test.states[len(test.states)-1]; len(current) != 1 || !reflect.DeepEqual(current[0], last) {
					t.Errorf("the last state is %+v, want %+v", current, last)
				}
			})
		})
	}
}

func TestTheLastStateComesBackWithItsFigures(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		want := sampleState()
		must(t, w.Commit(t.Context(), incident.Commit{Components: []detect.Assessment{want}}))
		want.Figures.Probes++
		blind := detect.Assessment{Component: "captcha", State: detect.Unknown, Blind: detect.BlindYet}
		must(t, w.Commit(t.Context(), incident.Commit{Components: []detect.Assessment{want, blind}}))
		got, err := w.Components(t.Context())
		must(t, err)
		if !reflect.DeepEqual(got, []detect.Assessment{blind, want}) {
			t.Errorf("got\n%+v\nwant\n%+v", got, []detect.Assessment{blind, want})
		}
	})
}

func TestNoticesComeBack(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		first, second := sampleNotice(1, incident.Public, start), sampleNotice(2, incident.Public, start.Add(time.Minute))
		blind := noticeAbout("otp-email", 1, incident.IT, start.Add(time.Second))
		must(t, w.Commit(t.Context(), incident.Commit{Notices: []incident.Notice{first, blind}}))
		again := first
		again.Title.ID = "lain"
		must(t, w.Commit(t.Context(), incident.Commit{Notices: []incident.Notice{again, second}}))

		for name, test := range map[string]struct {
			read func() ([]incident.Notice, error)
			want []incident.Notice
		}{
			"all":   {func() ([]incident.Notice, error) { return w.NoticesSince(t.Context(), start) }, []incident.Notice{first, blind, second}},
			"since": {func() ([]incident.Notice, error) { return w.NoticesSince(t.Context(), second.At) }, []incident.Notice{second}},
			"last":  {func() ([]incident.Notice, error) { return w.LastNotices(t.Context()) }, []incident.Notice{blind, second}},
		} {
			got, err := test.read()
			must(t, err)
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("%s: got\n%+v\nwant\n%+v", name, got, test.want)
			}
		}
	})
}

func TestNoCodeIsStored(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		must(t, w.Commit(t.Context(), sampleCommit()))
		_, err := w.Expand(t.Context(), 10, toChannels("x"))
		must(t, err)
		rows := w.dump()
		if !strings.Contains(rows, "sms-1") || !strings.Contains(rows, "OTP terlambat") {
			t.Fatalf("the dump does not show what was committed:\n%s", rows)
		}
		for _, canary := range []string{codeCanary, secret.Hidden, "<secret"} {
			if strings.Contains(rows, canary) {
				t.Errorf("%q is stored:\n%s", canary, rows)
			}
		}
	})
}

func TestPruneRemovesOnlyWhatIsOld(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		old, forgotten := sampleWait("w1"), sampleWait("w2")
		results := append(sampleResults(), asked(forgotten, start))
		for n := range pruneBatch { // so that more than one batch is needed
			results = append(results, probes.Result{ID: time.Duration(n).String(), At: start})
		}
		refused := sampleWait("w3")
		refused.Unsure = false
		kept := answered(refused, start.Add(time.Hour), probes.Down, probes.ReasonRequest)
		must(t, w.Commit(t.Context(), incident.Commit{Results: append(results, kept)}))

		removed, err := w.Prune(t.Context(), start.Add(time.Hour))
		must(t, err)
		if want := int64(len(results)); removed != want {
			t.Errorf("removed %d results, want %d", removed, want)
		}
		if left := w.results(time.Time{}); len(left) != 1 || left[0].ID != kept.ID {
			t.Errorf("left are %+v, want only %s", left, kept.ID)
		}
		rows := w.dump()
		if strings.Contains(rows, "sms-1") || strings.Contains(rows, old.ID) {
			t.Errorf("an old arrival or closed wait is left:\n%s", rows)
		}
		waits, err := w.OpenWaits(t.Context())
		must(t, err)
		if len(waits) != 1 || waits[0].ID != forgotten.ID {
			t.Errorf("open waits are %+v, want %s whatever its age", waits, forgotten.ID)
		}
		// The numbers go on where they were: nothing is hidden behind a page.
		must(t, w.Commit(t.Context(), incident.Commit{Results: []probes.Result{{ID: "new", At: start.Add(2 * time.Hour)}}}))
		if all := w.results(time.Time{}); len(all) != 2 || all[1].ID != "new" {
			t.Errorf("after pruning the results are %+v, want the kept and the new one", all)
		}
	})
}

package incident_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pantau/detect"
	"pantau/incident"
	"pantau/internal/words"
	"pantau/probes"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// journal keeps commits in memory and fails when told to.
type journal struct {
	mu      sync.Mutex
	commits []incident.Commit
	failing error
}

func (j *journal) Commit(_ context.Context, c incident.Commit) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failing != nil {
		return j.failing
	}
	j.commits = append(j.commits, c)
	return nil
}

func (j *journal) fail(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failing = err
}

func (j *journal) notices() []incident.Notice {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []incident.Notice
	for _, c := range j.commits {
		all = append(all, c.Notices...)
	}
	return all
}

func engineOptions(t testing.TB, j *journal) incident.EngineOptions {
	t.Helper()
	books, err := incident.DefaultPlaybooks()
	if err != nil {
		t.Fatal(err)
	}
	var measured []detect.StreamOptions
	for _, s := range streams() {
		measured = append(measured, detect.StreamOptions{Stream: s, Cadence: time.Minute})
	}
	return incident.EngineOptions{
		Detector: detect.New(detect.Options{Validity: 10 * time.Minute, Streams: measured}),
		Policy: incident.NewPolicy(incident.PolicyOptions{
			Playbooks: books, Streams: streams(), Validity: 10 * time.Minute,
		}),
		Journal: j, Log: slog.New(slog.DiscardHandler),
	}
}

// running starts an engine inside a synctest bubble and stops it at its end.
func running(t *testing.T, o incident.EngineOptions) *incident.Engine {
	t.Helper()
	e := incident.NewEngine(o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run gave %v", err)
		}
	})
	return e
}

func opened(verdict probes.Verdict, reason probes.Reason) probes.Result {
	now := time.Now().UTC()
	return probes.Result{
		ID: fmt.Sprint(now.UnixNano()), Stream: probes.StreamPortal, Step: probes.StepOpen,
		At: now, Verdict: verdict, Reason: reason,
	}
}

func record(t *testing.T, e *incident.Engine, results ...probes.Result) {
	t.Helper()
	if err := e.Record(t.Context(), results); err != nil {
		t.Fatalf("Record gave %v", err)
	}
}

func TestResultsAndWhatFollowsAreOneCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		noticed := 0
		o := engineOptions(t, j)
		o.Noticed = func() { noticed++ }
		e := running(t, o)
		record(t, e, opened(probes.Down, probes.ReasonStatus))
		time.Sleep(time.Minute)
		record(t, e, opened(probes.Down, probes.ReasonStatus))
		if noticed != 1 {
			t.Errorf("the dispatcher was called %d times, want once, for the one commit with notices", noticed)
		}

		last := j.commits[len(j.commits)-1]
		if len(last.Results) != 1 || len(last.Incidents) != 1 || len(last.Notices) != 2 || len(last.Components) == 0 {
			t.Errorf("the commit holds %d results, %d incidents, %d notices, %d components; want 1, 1, 2 and some",
				len(last.Results), len(last.Incidents), len(last.Notices), len(last.Components))
		}
		if worst := detect.Worst(e.Situation().Components); worst != detect.Major {
			t.Errorf("the situation shows %s, want %s", worst, detect.Major)
		}
	})
}

func TestResultsThatComeTogetherShareATransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		e := running(t, engineOptions(t, j))
		began := time.Now()
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() { record(t, e, opened(probes.Up, "")) })
		}
		group.Wait()
		if len(j.commits) != 1 || len(j.commits[0].Results) != 50 {
			t.Errorf("%d commits, want one with 50 results", len(j.commits))
		}
		if took := time.Since(began); took > 20*time.Millisecond {
			t.Errorf("recorded after %s, want within 20 ms", took)
		}
	})
}

func TestNothingFollowsFromWhatIsNotOnDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		shown := 0
		o := engineOptions(t, j)
		o.Changed = func(incident.Situation) { shown++ }
		e := running(t, o)
		j.fail(errors.New("disk full"))

		done := make(chan error, 1)
		go func() { done <- e.Record(t.Context(), []probes.Result{opened(probes.Down, probes.ReasonStatus)}) }()
		time.Sleep(time.Minute)
		if shown != 0 || len(done) != 0 {
			t.Errorf("shown %d times and answered %d times while the disk was full, want neither", shown, len(done))
		}
		j.fail(nil)
		if err := <-done; err != nil {
			t.Errorf("Record gave %v once the disk was back", err)
		}
		if shown != 1 || len(j.commits) != 1 {
			t.Errorf("shown %d times after %d commits, want one each", shown, len(j.commits))
		}
	})
}

func TestAStoppedEngineSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := incident.NewEngine(engineOptions(t, &journal{}))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := e.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if err := e.Record(t.Context(), nil); !errors.Is(err, incident.ErrStopped) {
			t.Errorf("Record gave %v, want ErrStopped", err)
		}
	})
}

func TestMaintenanceFreezesAndShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		o := engineOptions(t, j)
		from := time.Now().Add(10 * time.Minute)
		o.Maintenances = []incident.Maintenance{{
			ID: "m", Title: words.Text{ID: "Pemeliharaan", EN: "Maintenance"},
			Components: []detect.Component{detect.ComponentPortal}, From: from, Until: from.Add(time.Hour),
		}}
		e := running(t, o)
		for range 80 { // from ten minutes before the window to ten after it
			verdict, reason := probes.Up, probes.ReasonNone
			if now := time.Now(); !now.Before(from) && now.Before(from.Add(time.Hour)) {
				verdict, reason = probes.Down, probes.ReasonUnreachable
			}
			record(t, e, opened(verdict, reason))
			want := detect.Operational
			if verdict == probes.Down {
				want = detect.Maintained
			}
			if got := stateOf(e.Situation(), detect.ComponentPortal); got != want {
				t.Fatalf("the portal is %s at %s, want %s", got, time.Since(from), want)
			}
			time.Sleep(time.Minute)
		}
		if said := j.notices(); len(said) != 0 {
			t.Errorf("%d notices, want none: %+v", len(said), said)
		}
		if n := len(e.Situation().Maintenances); n != 0 {
			t.Errorf("%d maintenances on the page after the window, want none", n)
		}
	})
}

func stateOf(s incident.Situation, c detect.Component) detect.State {
	for _, a := range s.Components {
		if a.Component == c {
			return a.State
		}
	}
	return ""
}

// TestARestartContinues: an engine rebuilt from what was stored says the same
// and opens nothing twice.
func TestARestartContinues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		e := running(t, engineOptions(t, j))
		for range 3 {
			record(t, e, opened(probes.Down, probes.ReasonStatus))
			time.Sleep(time.Minute)
		}
		before := e.Situation()

		o := engineOptions(t, j)
		o.Incidents = before.Incidents
		again := incident.NewEngine(o)
		var stored []probes.Result
		for _, c := range j.commits {
			stored = append(stored, c.Results...)
		}
		again.Rebuild(stored)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = again.Run(ctx) }()
		said := len(j.notices())
		record(t, again, opened(probes.Down, probes.ReasonStatus))

		if got := len(j.notices()) - said; got != 0 {
			t.Errorf("%d notices after the restart, want none: nothing changed", got)
		}
		if a, b := stateOf(before, detect.ComponentPortal), stateOf(again.Situation(), detect.ComponentPortal); a != b {
			t.Errorf("the portal was %s and is %s after the restart", a, b)
		}
	})
}

func TestMetricsAreWellFormed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewPedanticRegistry()
		o := engineOptions(t, &journal{})
		o.Metrics = incident.NewMetrics(reg)
		record(t, running(t, o), opened(probes.Up, ""))
		problems, err := testutil.GatherAndLint(reg)
		if err != nil || len(problems) > 0 {
			t.Errorf("lint says %v, %v", problems, err)
		}
		if n, err := testutil.GatherAndCount(reg, "pantau_component_state"); err != nil || n != len(streams())*len(detect.States()) {
			t.Errorf("%d component states, want %d (%v)", n, len(streams())*len(detect.States()), err)
		}
	})
}

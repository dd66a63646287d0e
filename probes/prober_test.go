package probes

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"pantau/internal/secret"
	"pantau/simulator/delivery"
	"pantau/simulator/portal"
)

// running runs the prober until the returned function is called.
func (w *world) running() (stop func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- w.prober.Run(ctx) }()
	return func() {
		w.t.Helper()
		cancel()
		select {
		case err := <-done:
			if err != nil {
				w.t.Errorf("Run ended with %v", err)
			}
		case <-time.After(10 * time.Second):
			w.t.Error("Run did not end")
		}
	}
}

func everySecond(o *Options) {
	for i := range o.Journeys {
		o.Journeys[i].Every = time.Second
	}
}

func TestRunWalksEveryJourneyOnItsSchedule(t *testing.T) {
	w := newWorld(t, portal.DressEreg, everySecond)
	stop := w.running()
	for _, journey := range []string{"front", "captcha", "sms", "mail"} {
		last := slices.IndexFunc(w.prober.options.Journeys, func(j Journey) bool { return j.Name == journey })
		steps := w.prober.options.Journeys[last].Steps
		w.until(func(r Result) bool {
			return r.Journey == journey && r.Step == steps[len(steps)-1] && r.Verdict == Up
		})
	}
	stop()
	if got := len(w.prober.planner.runs); got != 0 {
		t.Errorf("%d runs are still under way", got)
	}
	w.wantSecrecy(w.recorded())
}

func TestStoppingIsNobodysFaultAndLeavesWaits(t *testing.T) {
	w := newWorld(t, portal.DressEreg, everySecond)
	w.holding = true
	stop := w.running()
	asked := w.until(func(r Result) bool { return r.Step == StepRequestOTP && r.Verdict == Up })
	w.fault(delivery.Fault{Kind: delivery.PortalDown, How: delivery.HowHang})
	time.Sleep(1100 * time.Millisecond) // a tick of each journey, which now hangs
	stop()
	w.until(func(r Result) bool { return r.Reason == ReasonShutdown })
	for _, r := range w.recorded() {
		if r.Verdict == Down {
			t.Errorf("stopping gave %s down %s: %s", r.Step, r.Reason, r.Evidence)
		}
		if r.Step == StepAwaitOTP && !r.Wait.Open {
			t.Errorf("stopping closed a wait: %s", r.Reason)
		}
	}
	if slices.Contains(w.forgot, asked.Opened.ID) {
		t.Error("stopping ended listening")
	}
}

func TestStoppingDuringARequestLeavesItsWaitUnsure(t *testing.T) {
	w := newWorld(t, portal.DressEreg, nil)
	ctx, cancel := context.WithCancel(context.Background())
	var told []Result
	err := w.prober.Once(ctx, "sms", func(r Result) {
		told = append(told, r)
		if r.Reason == ReasonRequesting {
			w.fault(delivery.Fault{Kind: delivery.PortalDown, How: delivery.HowHang})
			time.AfterFunc(100*time.Millisecond, cancel)
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Once gives %v", err)
	}
	wantLines(t, told, "open up", "captcha up", "request-otp unknown requesting", "request-otp unknown shutdown")
	if last := told[3]; last.Opened == nil || !last.Opened.Unsure {
		t.Errorf("the wait is left as %+v", last.Opened)
	}
}

func TestAMessageThatComesWhileWeStopIsRecorded(t *testing.T) {
	w := newWorld(t, portal.DressEreg, nil)
	ctx, cancel := context.WithCancel(context.Background())
	w.prober.deps.Record = func(ctx context.Context, results []Result) error {
		if results[0].Reason == ReasonRequesting {
			cancel() // just before the portal is asked
		}
		return w.record(ctx, results)
	}
	r, _ := w.prober.begin(w.prober.options.Journeys[2], time.Now(), &watcher{})
	w.prober.submit(ctx, func() { w.prober.walk(ctx, r) }, func() { w.prober.end(r) })
	w.prober.jobs.Wait()
	if err := w.prober.Arrived(t.Context(), arrival(w.expects["sim-1"].ID, "482915")); err != nil {
		t.Fatal(err)
	}
	wantLines(t, w.recorded(), "open up", "captcha up", "request-otp unknown requesting", "request-otp unknown shutdown", "await-otp up")
}

func TestARequestIsNeverMadeWithoutItsRecord(t *testing.T) {
	w := newWorld(t, portal.DressEreg, nil)
	w.prober.deps.Record = func(ctx context.Context, results []Result) error {
		if results[0].Reason == ReasonRequesting {
			return errors.New("disk full")
		}
		return w.record(ctx, results)
	}
	wantLines(t, w.once("sms"), "open up", "captcha up")
	if got := w.portal.Usage().SMS; got != 0 || w.sim().holder != 0 || w.sim().wait != "" {
		t.Errorf("%d codes asked for, SIM %+v", got, w.sim())
	}
}

func TestARequestWithoutAnAnswerIsNotRepeatedAndItsSIMRests(t *testing.T) {
	w := newWorld(t, portal.DressEreg, func(o *Options) {
		o.Portal.Timeouts.Step, o.SIMSpacing = 500*time.Millisecond, time.Minute
	})
	w.prober.deps.Record = func(ctx context.Context, results []Result) error {
		if results[0].Reason == ReasonRequesting {
			w.fault(delivery.Fault{Kind: delivery.PortalDown, How: delivery.HowHang})
		}
		return w.record(ctx, results)
	}
	wantLines(t, w.once("sms"), "open up", "captcha up", "request-otp unknown requesting", "request-otp down timeout")
	if _, why := w.prober.begin(w.prober.options.Journeys[2], time.Now().Add(9*time.Minute), &watcher{}); why != WhySpacing {
		t.Errorf("the SIM is used again while a code may be on its way: %q", why)
	}
	if _, why := w.prober.begin(w.prober.options.Journeys[2], time.Now().Add(11*time.Minute), &watcher{}); why != WhyNot {
		t.Errorf("the SIM is not used again: %q", why)
	}
}

// Whatever becomes of the request, the portal is asked for a code once.
func TestACodeIsAskedForOnceWhateverTheAnswer(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"an error":             status(http.StatusBadGateway, ""),
		"another page":         write("<h1>"),
		"not for probes":       status(http.StatusTooManyRequests, ""),
		"broken off":           breakOff,
		"no HTTP":              notHTTP,
		"hung up":              func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"sent to itself again": http.RedirectHandler("/daftar/kontak", http.StatusPermanentRedirect).ServeHTTP,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, portal.DressEreg, nil)
			var asked atomic.Int64
			rest := w.server.Config.Handler
			w.server.Config.Handler = http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPost || r.URL.Path != "/daftar/kontak" {
					rest.ServeHTTP(out, r)
					return
				}
				asked.Add(1)
				answer(out, r)
			})
			results := w.once("sms")
			if last := results[len(results)-1]; asked.Load() != 1 || last.Step != StepRequestOTP || last.Verdict == Up {
				t.Errorf("it was asked %d times, and the end is %s %s", asked.Load(), last.Step, last.Verdict)
			}
			wait := results[len(results)-1].Opened
			if wait == nil || !wait.Unsure || w.prober.planner.Spending(w.prober.moment(time.Now())).Codes != 1 {
				t.Errorf("a code may be on its way, and the wait is %+v", wait)
			}
		})
	}
}

func TestOnceWithoutACode(t *testing.T) {
	w := newWorld(t, portal.DressEreg, func(o *Options) { o.Portal.Validity = 400 * time.Millisecond })
	w.holding = true
	results := w.once("sms")
	last := results[len(results)-1]
	if last.Step != StepAwaitOTP || last.Reason != ReasonLate || !last.Wait.Open {
		t.Errorf("the last of %d is %s %s", len(results), last.Step, last.Reason)
	}
	if len(w.forgot) != 1 || len(w.prober.waits) != 0 {
		t.Errorf("forgot %v, %d waits", w.forgot, len(w.prober.waits))
	}
	if err := w.prober.Once(t.Context(), "fax", nil); err == nil || !strings.Contains(err.Error(), `"fax" is not configured`) {
		t.Errorf("an unknown journey gives %v", err)
	}
}

func TestAPanicEndsItsRunOnly(t *testing.T) {
	w := newWorld(t, portal.DressEreg, nil)
	w.prober.deps.AddressFor = func(string, string) MailAddress { panic("canary in a panic") }
	var told []Result
	if err := w.prober.Once(t.Context(), "mail", func(r Result) { told = append(told, r) }); err != nil {
		t.Fatal(err)
	}
	wantLines(t, told, "open up", "captcha up")

	r, _ := w.prober.begin(w.prober.options.Journeys[0], time.Now(), &watcher{})
	r.deadline = time.Now().Add(time.Second)
	result, goOn := w.prober.perform(t.Context(), r, StepOpen, func(context.Context) finding {
		var none *visit
		return none.open(t.Context())
	})
	if result.Verdict != Unknown || result.Reason != ReasonPanic || goOn {
		t.Errorf("a mistake gives %s %s", result.Verdict, result.Reason)
	}
	if got := w.log.String(); !strings.Contains(got, "probes.(*visit).open") || strings.Contains(got, "canary") || strings.Contains(result.Evidence, "goroutine") {
		t.Errorf("the log is %s", got)
	}
	w.prober.end(r)
	wantLines(t, w.once("front"), "open up")
}

func TestThePoolIsBounded(t *testing.T) {
	var now, most atomic.Int32
	release := make(chan struct{})
	w := serve(t, func(rw http.ResponseWriter, _ *http.Request) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		<-release
		now.Add(-1)
		_, _ = rw.Write([]byte(front))
	}, func(o *Options) {
		o.Pool = 3
		o.Journeys = nil
		for _, name := range strings.Split("abcdefghij", "") {
			o.Journeys = append(o.Journeys, Journey{Name: name, Stream: StreamPortal, Steps: []Step{StepOpen}, Every: time.Minute})
		}
	})
	w.prober.deps.Metrics = NewMetrics(prometheus.NewRegistry())
	start := time.Now()
	for second := range 121 { // two slots each: the first run has not ended
		w.prober.tick(t.Context(), start.Add(time.Duration(second)*time.Second))
	}
	for now.Load() < 3 {
		time.Sleep(time.Millisecond)
	}
	if got := testutil.ToFloat64(w.prober.deps.Metrics.pool); got != 3 {
		t.Errorf("the metric says %v in use, want 3", got)
	}
	close(release)
	w.prober.jobs.Wait()
	if most.Load() != 3 || len(w.recorded()) != 10 {
		t.Errorf("%d at once, want 3; %d results, want 10", most.Load(), len(w.recorded()))
	}
	if got := testutil.ToFloat64(w.prober.deps.Metrics.skips.WithLabelValues("a", string(WhyInFlight))); got != 1 {
		t.Errorf("%v ticks skipped, want 1", got)
	}
}

func TestAParkedRunIsSmall(t *testing.T) {
	w := newWorld(t, portal.DressEreg, nil)
	w.holding = true
	park := func() {
		r, why := w.prober.begin(w.prober.options.Journeys[3], time.Now(), &watcher{})
		if why != WhyNot {
			t.Fatal(why)
		}
		w.prober.walk(t.Context(), r)
		w.prober.end(r)
	}
	park()
	heap, goroutines := used(), runtime.NumGoroutine()
	const many = 50
	for range many {
		park()
	}
	if each := (used() - heap) / many; each > 48<<10 {
		t.Errorf("a parked run with its share of the portal takes %d bytes", each)
	}
	if grown := runtime.NumGoroutine() - goroutines; grown > many/2 {
		t.Errorf("%d more goroutines for %d parked runs", grown, many)
	}
	if got := len(w.prober.waits); got != many+1 {
		t.Errorf("%d parked, want %d", got, many+1)
	}
}

// used is the size of the live heap in bytes.
func used() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// The day has changed, or a clock, since the run began: without money no code
// is asked for.
func TestNoMoneyNoRequest(t *testing.T) {
	w := newWorld(t, portal.DressEreg, nil)
	w.prober.deps.Metrics = NewMetrics(prometheus.NewRegistry())
	w.prober.deps.Record = func(ctx context.Context, results []Result) error {
		if results[0].Step == StepCaptcha {
			w.prober.planner.purse.limited = true
		}
		return w.record(ctx, results)
	}
	wantLines(t, w.once("sms"), "open up", "captcha up")
	if got := w.portal.Usage().SMS; got != 0 || w.sim().holder != 0 {
		t.Errorf("%d codes asked for, SIM %+v", got, w.sim())
	}
	if got := testutil.ToFloat64(w.prober.deps.Metrics.skips.WithLabelValues("sms", string(WhyBudget))); got != 1 {
		t.Errorf("%v skipped for the budget, want 1", got)
	}
}

// What is spent is the team's to see.
func TestTheBudgetIsMeasured(t *testing.T) {
	w := newWorld(t, portal.DressEreg, func(o *Options) {
		budget(200_000)(o)
		o.Journeys[2].Every = 10 * time.Minute
		o.SIMs[0].Expires = time.Now().Add(-time.Hour)
		o.SIMs = append(o.SIMs, SIM{ID: "sim-2", Operator: "telkomsel", Number: secret.New(simNumber), Receiver: "phone"})
	})
	metrics := NewMetrics(prometheus.NewRegistry())
	w.prober.deps.Metrics = metrics
	w.prober.Rebuild(Result{
		Step: StepRequestOTP, Reason: ReasonRequesting, Journey: "sms", Stream: SMS("telkomsel"), At: time.Now(), Opened: &Wait{Key: "sim-2", Extra: true},
	})
	w.prober.tick(t.Context(), time.Now())
	for _, test := range []struct {
		name string
		got  prometheus.Collector
		want float64
	}{
		{"spent", metrics.spent, 730},
		{"left", metrics.left, 200_000 - 730},
		{"codes", metrics.texts.WithLabelValues("code"), 1},
		{"extra runs", metrics.extras.WithLabelValues("sms/telkomsel"), 1},
		{"usable SIMs", metrics.sims.WithLabelValues("telkomsel", "usable"), 1},
		{"SIMs out", metrics.sims.WithLabelValues("telkomsel", "out"), 1},
	} {
		if got := testutil.ToFloat64(test.got); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
	w.prober.SetDemands([]Demand{{Stream: SMS("telkomsel"), EmptySIMs: []string{"sim-2"}}})
	w.prober.SetDemands([]Demand{{Stream: SMS("telkomsel"), EmptySIMs: []string{"sim-2"}}})
	if got := strings.Count(w.log.String(), "a SIM looks empty"); got != 1 {
		t.Errorf("the log tells %d times of an empty SIM, want once", got)
	}
}

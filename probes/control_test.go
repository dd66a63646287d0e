package probes

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pantau/internal/secret"
	"pantau/simulator/portal"
)

// phones is a gateway that notes what it is given to send.
type phones struct {
	*httptest.Server
	mu    sync.Mutex
	texts []string
	fail  bool
}

func newPhones(t *testing.T) *phones {
	p := &phones{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		var m outgoing
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Error(err)
		}
		if p.fail {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		p.texts = append(p.texts, m.Message)
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *phones) sent() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.texts)
}

// withControl adds control journeys to a world, and two cards more.
func withControl(p *phones) func(*Options) {
	return func(o *Options) {
		o.SIMs[0].Device = "hp-1"
		for i, operator := range []string{"telkomsel", "xl"} {
			o.SIMs = append(o.SIMs, SIM{
				ID: operator + "-9", Operator: operator, Number: secret.New("+62817000000" + string(rune('1'+i))),
				Receiver: "phone", Device: "hp-" + operator, Slot: 1,
			})
		}
		o.Gateways = []Gateway{{Name: "all", Kind: GatewayAndroid, URL: p.URL, Password: secret.New(gatewayPassword)}}
		steps := []Step{StepSendControl, StepAwaitControl}
		o.Journeys = append(o.Journeys,
			Journey{Name: "control-same", Stream: SMS("telkomsel"), Steps: steps, Every: time.Hour},
			Journey{Name: "control-across", Stream: SMS("telkomsel"), From: "xl", Steps: steps, Every: time.Hour})
	}
}

// walkOnce runs a journey without waiting for what it sends.
func (w *world) walkOnce(journey string) {
	w.t.Helper()
	at := slices.IndexFunc(w.prober.options.Journeys, func(j Journey) bool { return j.Name == journey })
	r, why := w.prober.begin(w.prober.options.Journeys[at], time.Now(), &watcher{})
	if why != WhyNot {
		w.t.Fatalf("%s cannot run: %s", journey, why)
	}
	w.prober.walk(w.t.Context(), r)
	w.prober.end(r)
}

func TestAControlMessageIsSentOnceAndWaitedForByItsTokenAlone(t *testing.T) {
	p := newPhones(t)
	w := newWorld(t, portal.DressEreg, withControl(p))
	w.walkOnce("control-across")
	texts, results := p.sent(), w.recorded()
	if len(texts) != 1 || len(results) != 2 || results[0].Reason != ReasonRequesting || results[1].Verdict != Up {
		t.Fatalf("%d texts are sent with results %+v, want one, said before and after", len(texts), results)
	}
	wait := *results[1].Opened
	token := strings.TrimPrefix(texts[0], "Pantau K-")
	operator, from, is := wait.Control()
	if !is || operator != "xl" || from != "xl-9" || wait.Reference != ControlReference(token) || wait.Unsure || len(token) != 11 {
		t.Errorf("the wait is %+v", wait)
	}
	for _, r := range results {
		if strings.Contains(r.Evidence+r.Opened.Reference+r.Opened.Key, token) {
			t.Error("the token itself is in what is stored")
		}
	}
	if strings.Contains(w.log.String(), token) {
		t.Error("the token is in the log")
	}
	for i := range w.prober.planner.pool.cards {
		if c := &w.prober.planner.pool.cards[i]; c.wait != "" || c.holder != 0 {
			t.Errorf("SIM %s is held by a control message", c.ID)
		}
	}
	if spent := w.prober.planner.Spending(w.prober.moment(time.Now())); spent.Controls != 1 || spent.IDR != 230 {
		t.Errorf("%d control messages for Rp%d are counted, want 1 for Rp230", spent.Controls, spent.IDR)
	}
	if err := w.prober.Arrived(t.Context(), Arrival{ID: "m", Wait: wait.ID, Received: time.Now()}); err != nil {
		t.Fatal(err)
	}
	last := w.recorded()[2]
	if last.Step != StepAwaitControl || last.Verdict != Up || last.Wait.Open || w.prober.find(wait.ID) != nil {
		t.Errorf("its arrival gives %+v", last)
	}
}

func TestRecipientsTakeTurnsAndNobodySendsToItself(t *testing.T) {
	p := newPhones(t)
	w := newWorld(t, portal.DressEreg, withControl(p))
	var pairs []string
	for range 4 {
		w.walkOnce("control-same")
	}
	for _, r := range w.recorded() {
		if r.Reason == ReasonRequesting {
			pairs = append(pairs, strings.TrimPrefix(r.Opened.Key, "control/telkomsel/"))
		}
	}
	want := []string{"telkomsel-9/sim-1", "sim-1/telkomsel-9", "telkomsel-9/sim-1", "sim-1/telkomsel-9"}
	if !slices.Equal(pairs, want) {
		t.Errorf("sent %v, want %v", pairs, want)
	}
}

// A SIM whose active period is over hears nothing, and one that looks empty
// cannot send: what would be lost so is not sent.
func TestASIMThatCannotIsLeftOutOfControlMessages(t *testing.T) {
	p := newPhones(t)
	w := newWorld(t, portal.DressEreg, func(o *Options) {
		withControl(p)(o)
		o.SIMs[0].Expires = time.Now().Add(-time.Hour) // sim-1, which would be the recipient every other time
	})
	for range 3 {
		w.walkOnce("control-across")
	}
	for _, r := range w.recorded() {
		if r.Opened != nil && !strings.HasSuffix(r.Opened.Key, "/telkomsel-9") {
			t.Errorf("one is sent to a SIM that has expired: %s", r.Opened.Key)
		}
	}
	if n := len(p.sent()); n != 3 {
		t.Fatalf("%d are sent, want 3", n)
	}
	w.prober.SetDemands([]Demand{{Stream: SMS("xl"), EmptySIMs: []string{"xl-9"}}})
	w.walkOnce("control-across")
	if n := len(p.sent()); n != 3 {
		t.Error("one is sent from a SIM that looks empty")
	}
	w.prober.SetDemands([]Demand{{Stream: SMS("telkomsel"), EmptySIMs: []string{"telkomsel-9"}}})
	w.walkOnce("control-across")
	if n := len(p.sent()); n != 4 {
		t.Error("none is sent to a SIM that looks empty, which can receive all the same")
	}
}

func TestAGatewayThatFailsBlamesNobody(t *testing.T) {
	p := newPhones(t)
	p.fail = true
	w := newWorld(t, portal.DressEreg, withControl(p))
	w.walkOnce("control-same")
	results := w.recorded()
	if len(results) != 3 || results[1].Verdict != Unknown || results[1].Reason != ReasonGateway ||
		results[2].Step != StepAwaitControl || results[2].Wait.Open || results[2].Verdict != Unknown {
		t.Fatalf("the results are %+v", results)
	}
	if len(w.prober.waits) != 0 {
		t.Error("a message is waited for that was not sent")
	}
}

func TestAControlMessageThatDoesNotComeIsLateThenLost(t *testing.T) {
	p := newPhones(t)
	w := newWorld(t, portal.DressEreg, withControl(p))
	wait := Wait{
		ID: "c", Run: "c", Journey: "control-same", Stream: SMS("telkomsel"), Key: ControlKey("xl", "xl-9", "sim-1"),
		Requested: time.Now().Add(-11 * time.Minute), Validity: 10 * time.Minute, GiveUp: 2 * time.Hour, Reference: "r",
	}
	w.prober.Restore([]Wait{wait}) // as after a restart
	parked := w.prober.find("c")
	if late := parked.result(11*time.Minute, true, Down, ReasonLate, ""); late.Step != StepAwaitControl || late.Journey != "control-same" {
		t.Errorf("a restored one is told as %+v", late)
	}
	if _, expected := w.expects[wait.Key]; !expected {
		t.Error("a restored control message is not listened for")
	}
}

func TestMoneyForControlMessages(t *testing.T) {
	p := newPhones(t)
	budget := 96*4*730 + 300 // the cadence for a day, and one message
	w := newWorld(t, portal.DressEreg, func(o *Options) {
		withControl(p)(o)
		o.Journeys[2].Every = time.Hour
		o.Budget.IDRPerDay = &budget
	})
	now := w.prober.moment(time.Now())
	w.prober.planner.layOut(now) // before that no slot has its place
	reserved := w.prober.planner.reserved(now)
	w.prober.planner.purse.limit = reserved + 300
	w.walkOnce("control-same")
	w.walkOnce("control-same")
	if n := len(p.sent()); n != 1 {
		t.Errorf("%d are sent with money for one beside the cadence", n)
	}
	// After a restart what was sent is counted again.
	again := NewPlanner(w.prober.options, nil)
	for _, r := range w.recorded() {
		again.Rebuild(now, r)
	}
	if spent := again.Spending(now); spent.Controls != 1 || spent.Codes != 0 {
		t.Errorf("after a restart %d control messages and %d codes are counted, want 1 and 0", spent.Controls, spent.Codes)
	}
}

func TestConfirmedTroubleDoesNotSlowControlMessages(t *testing.T) {
	o := testOptions(t, portal.DressEreg, "http://127.0.0.1:1")
	p := newPhones(t)
	withControl(p)(&o)
	o.Journeys = o.Journeys[4:5]
	o.Journeys[0].Every = time.Minute
	planner := NewPlanner(o, nil)
	planner.SetDemands([]Demand{{Stream: SMS("telkomsel"), Level: LevelListen}})
	starts := 0
	for up := time.Duration(0); up < 10*time.Minute; up += time.Second {
		for _, start := range planner.Tick(Moment{Wall: noon.Add(up), Up: up}).Starts {
			starts++
			planner.Ended(start.Ticket)
		}
	}
	if starts != 10 {
		t.Errorf("%d control messages in 10 min, want 10", starts)
	}
}

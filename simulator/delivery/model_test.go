package delivery_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pantau/simulator/delivery"
)

const xl = "sms/xl"

var noon = time.Date(2024, 3, 20, 12, 0, 0, 0, time.UTC)

func model(t *testing.T, options delivery.Options) *delivery.Model {
	t.Helper()
	m, err := delivery.NewModel(options)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// drawn is what many fates look like together.
type drawn struct {
	delays []time.Duration // of those not lost, sorted
	lost   float64         // shares of all
	again  float64
	why    map[delivery.Kind]float64
}

func draw(m *delivery.Model, n int, message delivery.Message, faults []delivery.Fault) drawn {
	all := drawn{why: make(map[delivery.Kind]float64)}
	for range n {
		fate := m.Fate(message, faults)
		all.why[fate.Why] += 1 / float64(n)
		if fate.Lost {
			all.lost += 1 / float64(n)
			continue
		}
		all.delays = append(all.delays, fate.Delay)
		if fate.Again > 0 {
			all.again += 1 / float64(n)
		}
	}
	slices.Sort(all.delays)
	return all
}

func (d drawn) quantile(share float64) time.Duration {
	return d.delays[int(share*float64(len(d.delays)-1))]
}

// above is the share of all messages that came, but later than limit.
func (d drawn) above(limit time.Duration) float64 {
	i, _ := slices.BinarySearch(d.delays, limit)
	return float64(len(d.delays)-i) / float64(len(d.delays)) * (1 - d.lost)
}

func within(t *testing.T, what string, got, low, high float64) {
	t.Helper()
	if !(got >= low && got <= high) {
		t.Errorf("%s is %.4g, want %.4g to %.4g", what, got, low, high)
	}
}

func TestHealthyTextMessages(t *testing.T) {
	all := draw(model(t, delivery.Options{Seed: 1}), 40000, delivery.Message{Stream: xl, At: noon}, nil)
	within(t, "the median in s", all.quantile(0.5).Seconds(), 4.5, 5.6)
	within(t, "the 95th percentile in s", all.quantile(0.95).Seconds(), 11, 20)
	within(t, "the share above 60 s", all.above(time.Minute), 0.018, 0.028)
	within(t, "the share lost", all.lost, 0.003, 0.007)
	within(t, "the share that came twice", all.again, 0.003, 0.007)
	within(t, "the share that a fault explains", 1-all.why[""], -1e-9, 1e-9)
}

func TestHealthyMail(t *testing.T) {
	all := draw(model(t, delivery.Options{Seed: 1}), 40000, delivery.Message{Stream: delivery.Email, At: noon}, nil)
	within(t, "the median in s", all.quantile(0.5).Seconds(), 3.7, 4.3)
	within(t, "the share greylisted", all.above(290*time.Second), 0.007, 0.013)
	within(t, "the share lost", all.lost, 0, 0)
}

func TestAStreamCanHaveItsOwnHealthyDelivery(t *testing.T) {
	m := model(t, delivery.Options{Duplicates: -1, Healthy: map[string]delivery.Healthy{
		xl: {Median: delivery.Duration(20 * time.Second), P95: delivery.Duration(time.Minute), Lost: 0.1},
	}})
	all := draw(m, 40000, delivery.Message{Stream: xl, At: noon}, nil)
	within(t, "the median in s", all.quantile(0.5).Seconds(), 19, 21)
	within(t, "the 95th percentile in s", all.quantile(0.95).Seconds(), 56, 64)
	within(t, "the share lost", all.lost, 0.09, 0.11)
	within(t, "the share that came twice", all.again, 0, 0)
}

func TestScaleIsForHealthyDelaysOnly(t *testing.T) {
	m := model(t, delivery.Options{Scale: 0.1})
	healthy := draw(m, 20000, delivery.Message{Stream: xl, At: noon}, nil)
	within(t, "the healthy median in s", healthy.quantile(0.5).Seconds(), 0.45, 0.56)

	late := delay()
	late.Late, late.Lost = 1, 0
	slow := draw(m, 20000, delivery.Message{Stream: xl, At: noon}, []delivery.Fault{late})
	within(t, "the late median in min", slow.quantile(0.5).Minutes(), 13.3, 14.7)
}

func delay() delivery.Fault {
	return delivery.Fault{
		Kind: delivery.OTPDelay, Streams: []string{xl}, From: delivery.At(noon), Until: delivery.At(noon.Add(2 * time.Hour)),
		Late: 0.6, Median: delivery.Duration(14 * time.Minute), P95: delivery.Duration(55 * time.Minute), Lost: 0.03,
	}
}

func TestDelayFault(t *testing.T) {
	m := model(t, delivery.Options{Seed: 2})
	on := []delivery.Fault{delay()}
	all := draw(m, 40000, delivery.Message{Stream: xl, At: noon}, on)
	within(t, "the share lost", all.lost, 0.029, 0.039)
	within(t, "the share above 14 min", all.above(14*time.Minute), 0.27, 0.32)
	within(t, "the share above 55 min", all.above(55*time.Minute), 0.024, 0.035)
	within(t, "the share it explains", all.why[delivery.OTPDelay], 0.59, 0.63)

	for what, message := range map[string]delivery.Message{
		"before":         {Stream: xl, At: noon.Add(-1)},
		"after":          {Stream: xl, At: noon.Add(2 * time.Hour)},
		"another stream": {Stream: "sms/indosat", At: noon},
		"control":        {Stream: xl, At: noon, Control: true},
	} {
		if got := draw(m, 1000, message, on); got.why[""] < 1-1e-9 {
			t.Errorf("%s: the fault explains %v", what, got.why)
		}
	}
}

func TestTheStampIsNeverAfterTheArrivalAndTheFaultLiesBeforeIt(t *testing.T) {
	m := model(t, delivery.Options{Seed: 3, Duplicates: 0.5})
	for i := range 5000 {
		fate := m.Fate(delivery.Message{Stream: []string{xl, delivery.Email}[i%2], At: noon}, []delivery.Fault{delay()})
		if fate.Stamp > fate.Delay || fate.Again != 0 && fate.Again < fate.Delay || fate.Lost && fate.Again != 0 {
			t.Fatalf("impossible fate %+v", fate)
		}
		if fate.Why == delivery.OTPDelay && !fate.Lost && fate.Stamp < fate.Delay/2 {
			t.Fatalf("the lateness of %+v lies behind the message centre", fate)
		}
	}
}

func TestADelayGrowsOverItsRamp(t *testing.T) {
	fault := delay()
	fault.Ramp = delivery.Duration(time.Hour)
	m := model(t, delivery.Options{})
	for _, test := range []struct {
		after     time.Duration
		low, high float64
	}{
		{0, 0, 0},
		{30 * time.Minute, 0.29, 0.33},
		{time.Hour, 0.59, 0.63},
		{90 * time.Minute, 0.59, 0.63},
	} {
		all := draw(m, 20000, delivery.Message{Stream: xl, At: noon.Add(test.after)}, []delivery.Fault{fault})
		within(t, fmt.Sprintf("%s in, the share it explains", test.after), all.why[delivery.OTPDelay], test.low, test.high)
	}
}

func sims(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("xl-%d", i+1))
	}
	return all
}

func TestAShareOfSIMs(t *testing.T) {
	for _, test := range []struct {
		of    int
		share float64
		want  int
	}{
		{1, 0.1, 1},
		{4, 0.1, 1},
		{4, 0.5, 2},
		{6, 0.5, 3},
		{6, 0.99, 6},
		{6, 1, 6},
	} {
		m := model(t, delivery.Options{SIMs: map[string][]string{xl: sims(test.of)}})
		faults := []delivery.Fault{{Kind: delivery.SIMEmpty, Streams: []string{xl}, SIMs: test.share}}
		hit := 0
		for _, sim := range sims(test.of) {
			all := draw(m, 50, delivery.Message{Stream: xl, SIM: sim, At: noon}, faults)
			switch share := all.why[delivery.SIMEmpty]; {
			case share > 1-1e-9:
				hit++
			case share > 0:
				t.Errorf("%s is hit at times (%.2f)", sim, share)
			}
			control := draw(m, 50, delivery.Message{Stream: xl, SIM: sim, At: noon, Control: true}, faults)
			if control.why[delivery.SIMEmpty] > 0 {
				t.Errorf("a control message to %s was lost", sim)
			}
		}
		if hit != test.want {
			t.Errorf("%.2f of %d SIMs are %d, want %d", test.share, test.of, hit, test.want)
		}
	}
}

func TestAShareOfUnknownSIMsIsAboutMet(t *testing.T) {
	m := model(t, delivery.Options{})
	faults := []delivery.Fault{{Kind: delivery.SIMEmpty, Streams: []string{xl}, SIMs: 0.3}}
	hit := 0.0
	for i := range 2000 {
		message := delivery.Message{Stream: xl, SIM: fmt.Sprintf("+62817000%04d", i), At: noon}
		if m.Fate(message, faults).Why == delivery.SIMEmpty {
			hit++
		}
	}
	within(t, "the share hit", hit/2000, 0.26, 0.34)
}

func TestTheSameSeedGivesTheSameFates(t *testing.T) {
	faults := []delivery.Fault{delay()}
	sequence := func(seed uint64, others int) []delivery.Fate {
		m := model(t, delivery.Options{Seed: seed})
		var fates []delivery.Fate
		for range 200 {
			for range others {
				m.Fate(delivery.Message{Stream: "sms/indosat", At: noon}, faults)
			}
			fates = append(fates, m.Fate(delivery.Message{Stream: xl, At: noon}, faults))
		}
		return fates
	}
	first := sequence(7, 0)
	if !slices.Equal(first, sequence(7, 3)) {
		t.Error("messages of another operator changed the fates")
	}
	if slices.Equal(first, sequence(8, 0)) {
		t.Error("another seed gave the same fates")
	}
}

func TestBadModelOptions(t *testing.T) {
	for what, options := range map[string]delivery.Options{
		"negative scale": {Scale: -1},
		"NaN scale":      {Scale: math.NaN()},
		"duplicates":     {Duplicates: 1.5},
		"healthy":        {Healthy: map[string]delivery.Healthy{xl: {Median: 5, P95: 5}}},
		"noise":          {Noise: []delivery.Noise{{Kind: "otp-dip"}}},
	} {
		if _, err := delivery.NewModel(options); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
}

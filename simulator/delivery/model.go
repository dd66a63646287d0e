package delivery

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Email is the stream of messages by mail; any other is text messages.
const Email = "email"

// DefaultDuplicates is the share of messages that arrive twice. An assumption:
// no figure was found, only that it happens when an acknowledgement is lost.
const DefaultDuplicates = 0.005

// The healthy delivery, an assumption in all its numbers (see the package):
// the aggregator hands a text message to the message centre, which mostly
// reaches the phone at once, sometimes only when the phone is back in
// coverage, and rarely never.
const (
	aggregatorMedian = 1500 * time.Millisecond
	aggregatorSigma  = 0.5
	radioMedian      = 3 * time.Second
	radioSigma       = 0.7
	absentShare      = 0.025
	absentMedian     = 240 * time.Second
	absentSigma      = 1.0
	neverShare       = 0.005
	mailMedian       = 4 * time.Second
	mailSigma        = 0.9
	greyShare        = 0.01
	greyDelay        = 300 * time.Second
)

// Healthy replaces the model of one stream outside faults.
type Healthy struct {
	Median Duration `json:"median" yaml:"median"`
	P95    Duration `json:"p95" yaml:"p95"`
	Lost   float64  `json:"lost,omitempty" yaml:"lost,omitempty"` // share that never arrives
}

// Validate says every mistake of h, each a *KeyError.
func (h Healthy) Validate() error {
	problems := []error{checkDuration("median", h.Median), checkDuration("p95", h.P95), checkOptionalShare("lost", h.Lost)}
	if h.P95 != 0 && h.P95 <= h.Median {
		problems = append(problems, mistake("p95", "%s is not above the median %s", h.P95, h.Median))
	}
	return errors.Join(problems...)
}

// Options say which outside world it is. The zero Options are a healthy one.
type Options struct {
	Seed       uint64
	Scale      float64             // of healthy delays; 0 is 1. A demo with codes valid for 1 min uses 0.1
	Duplicates float64             // share of messages that arrive twice; 0 is DefaultDuplicates, negative is none
	Healthy    map[string]Healthy  // per stream, instead of the built-in model; scaled too
	SIMs       map[string][]string // per stream; with them a fault's share of SIMs is exact and never none
	Noise      []Noise
}

// Validate says what is wrong with o.
func (o Options) Validate() error {
	var problems []error
	if !(o.Scale >= 0 && o.Scale <= 1000) {
		problems = append(problems, fmt.Errorf("scale: %v is not a number from 0 to 1000", o.Scale))
	}
	if !(o.Duplicates <= 1) {
		problems = append(problems, fmt.Errorf("duplicates: %v is not a share of at most 1", o.Duplicates))
	}
	for stream, healthy := range o.Healthy {
		if err := healthy.Validate(); err != nil {
			problems = append(problems, fmt.Errorf("healthy of %s: %w", stream, err))
		}
	}
	for i, noise := range o.Noise {
		if err := noise.Validate(); err != nil {
			problems = append(problems, fmt.Errorf("noise[%d]: %w", i, err))
		}
	}
	return errors.Join(problems...)
}

// Message is what the portal, or the monitor itself, hands over for delivery.
type Message struct {
	ID      uint64    // the caller's, for a Release; not 0
	Stream  string    // "sms/telkomsel", Email
	SIM     string    // the card it goes to, in whatever words the caller has for it; "" for mail
	At      time.Time // when it was handed over
	Control bool      // our own free control message: it takes another way in, so no otp- fault and no dip hits it
}

// Fate is what becomes of a message. All its durations are since Message.At.
type Fate struct {
	Lost  bool
	Stamp time.Duration // until the message centre stamped it; for mail equal to Delay
	Delay time.Duration // until the phone or mailbox has it; never below Stamp
	Again time.Duration // until it has it for the second time; 0 when it comes once
	Why   Kind          // the fault, or OTPDips, that explains the loss or delay; "" is the healthy model
}

// Model draws fates. Each stream has its own generator, so what happens on one
// never changes the fates of another.
type Model struct {
	options    Options
	generators map[string]*rand.Rand
}

// NewModel is a model of the world that options describe.
func NewModel(options Options) (*Model, error) {
	if err := options.Validate(); err != nil {
		return nil, fmt.Errorf("delivery model: %w", err)
	}
	if options.Scale == 0 {
		options.Scale = 1
	}
	if options.Duplicates == 0 {
		options.Duplicates = DefaultDuplicates
	}
	return &Model{options: options, generators: make(map[string]*rand.Rand)}, nil
}

// Fate draws what becomes of m under these faults. It knows the kinds that act
// on the way of one message by itself: otp-delay and sim-empty. A queue is a
// Queue, and what happens behind the message centre (a handset that is
// offline, a forwarder that is late) is the caller's.
func (m *Model) Fate(message Message, faults []Fault) Fate {
	random := m.generator(message.Stream)
	fate := m.healthy(random, message.Stream)
	if !message.Control {
		m.dip(random, &fate, message)
		m.delay(random, &fate, message, faults)
		m.empty(&fate, message, faults)
	}
	if random.Float64() < m.options.Duplicates && !fate.Lost {
		fate.Again = fate.Delay + m.scaled(lognormal(random, radioMedian, radioSigma))
	}
	return fate
}

func (m *Model) generator(stream string) *rand.Rand {
	generator := m.generators[stream]
	if generator == nil {
		generator = rand.New(rand.NewPCG(m.options.Seed, mixed(stream)))
		m.generators[stream] = generator
	}
	return generator
}

func (m *Model) healthy(random *rand.Rand, stream string) Fate {
	if override, is := m.options.Healthy[stream]; is {
		return m.overridden(random, override, stream)
	}
	if stream == Email {
		return m.mail(random)
	}
	return m.text(random)
}

func (m *Model) text(random *rand.Rand) Fate {
	stamp := m.scaled(lognormal(random, aggregatorMedian, aggregatorSigma))
	radio := m.scaled(lognormal(random, radioMedian, radioSigma))
	absent := m.scaled(lognormal(random, absentMedian, absentSigma))
	switch share := random.Float64(); {
	case share < neverShare:
		return Fate{Lost: true}
	case share < neverShare+absentShare:
		return Fate{Stamp: stamp, Delay: stamp + absent}
	default:
		return Fate{Stamp: stamp, Delay: stamp + radio}
	}
}

func (m *Model) mail(random *rand.Rand) Fate {
	delay := m.scaled(lognormal(random, mailMedian, mailSigma))
	if random.Float64() < greyShare {
		delay += m.scaled(greyDelay)
	}
	return Fate{Stamp: delay, Delay: delay}
}

func (m *Model) overridden(random *rand.Rand, healthy Healthy, stream string) Fate {
	delay := m.scaled(healthy.draw(random))
	lost := random.Float64() < healthy.Lost
	switch {
	case lost:
		return Fate{Lost: true}
	case stream == Email:
		return Fate{Stamp: delay, Delay: delay}
	default:
		return Fate{Stamp: delay / 3, Delay: delay} // the third that the aggregator takes in the built-in model
	}
}

func (h Healthy) draw(random *rand.Rand) time.Duration {
	return lognormal(random, time.Duration(h.Median), sigma(h.Median, h.P95))
}

// delay applies the first otp-delay that hits the message. The delay lies
// before the message centre's stamp: it is the supplier that is late, so a
// monitor that reads the stamp must not blame the phone.
func (m *Model) delay(random *rand.Rand, fate *Fate, message Message, faults []Fault) {
	fault, found := Find(faults, OTPDelay, message.Stream, message.At)
	if !found || !m.hitsSIM(fault, message) {
		return
	}
	grown := ramped(fault, message.At)
	late := Healthy{Median: fault.Median, P95: fault.P95}
	switch {
	case random.Float64() < fault.Lost*grown:
		*fate = Fate{Lost: true, Why: OTPDelay}
	case random.Float64() < fault.Late*grown:
		total := late.draw(random)
		radio := min(m.scaled(lognormal(random, radioMedian, radioSigma)), total/2)
		*fate = Fate{Stamp: total - radio, Delay: total, Why: OTPDelay}
		if message.Stream == Email {
			fate.Stamp = total
		}
	}
}

// ramped is how far a fault has grown at this instant, from 0 to 1.
func ramped(fault Fault, at time.Time) float64 {
	if fault.Ramp <= 0 || fault.From.IsZero() {
		return 1
	}
	return min(1, float64(at.Sub(fault.From.Time))/float64(fault.Ramp))
}

func (m *Model) empty(fate *Fate, message Message, faults []Fault) {
	if fault, found := Find(faults, SIMEmpty, message.Stream, message.At); found && m.hitsSIM(fault, message) {
		*fate = Fate{Lost: true, Why: SIMEmpty}
	}
}

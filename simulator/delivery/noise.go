package delivery

import (
	"errors"
	"math/rand/v2"
	"strconv"
	"time"
)

// Noise is the small unrest of a network that is well: dips at random times,
// on average PerDay of them on each stream by itself, each Length long, in
// which a share Late of the messages comes 1 to 3 min late. It explains nothing
// that may be said in public.
type Noise struct {
	Kind    Kind     `json:"kind" yaml:"kind"`       // OTPDips
	Streams []string `json:"streams" yaml:"streams"` //
	PerDay  float64  `json:"per_day" yaml:"per_day"` // mean of a Poisson process, above 0, to 1000
	Length  Duration `json:"length" yaml:"length"`   // above 0, to 24h
	Late    float64  `json:"late" yaml:"late"`       // share, above 0, to 1
}

// Validate says every mistake of n, each a *KeyError.
func (n Noise) Validate() error {
	if n.Kind != OTPDips {
		return mistake("kind", "%q is unknown; write %s", n.Kind, OTPDips)
	}
	problems := []error{
		checkStreams(n.Streams, false),
		checkDuration("length", n.Length),
		checkShare("late", n.Late),
	}
	if !(n.PerDay > 0 && n.PerDay <= 1000) {
		problems = append(problems, mistake("per_day", "%v is not a number above 0, to 1000", n.PerDay))
	}
	if n.Length > Duration(day) {
		problems = append(problems, mistake("length", "%s is longer than a day", n.Length))
	}
	return errors.Join(problems...)
}

const day = 24 * time.Hour

// Dips says whether the stream is in a dip at this instant. It is a function of
// its arguments alone, so instants may be asked in any order.
func (n Noise) Dips(seed uint64, stream string, at time.Time) bool {
	hit := Fault{Streams: n.Streams}.Hits(stream)
	today := at.Truncate(day)
	return hit && (n.dipOf(seed, stream, today, at) || n.dipOf(seed, stream, today.Add(-day), at))
}

// dipOf says whether a dip that begins on the UTC day starting at midnight
// covers the instant.
func (n Noise) dipOf(seed uint64, stream string, midnight, at time.Time) bool {
	random := rand.New(rand.NewPCG(seed, mixed(stream+strconv.FormatInt(midnight.Unix(), 10))))
	for range poisson(random, n.PerDay) {
		begin := midnight.Add(time.Duration(random.Int64N(int64(day))))
		if !at.Before(begin) && at.Before(begin.Add(time.Duration(n.Length))) {
			return true
		}
	}
	return false
}

// poisson counts how many exponential gaps of mean 1 fit into mean.
func poisson(random *rand.Rand, mean float64) int {
	count := 0
	for passed := random.ExpFloat64(); passed < mean; passed += random.ExpFloat64() {
		count++
	}
	return count
}

// The lateness of a message that falls into a dip.
const (
	dipLeast = time.Minute
	dipMost  = 3 * time.Minute
)

func (m *Model) dip(random *rand.Rand, fate *Fate, message Message) {
	for _, noise := range m.options.Noise {
		if !noise.Dips(m.options.Seed, message.Stream, message.At) || random.Float64() >= noise.Late || fate.Lost {
			continue
		}
		late := dipLeast + time.Duration(random.Int64N(int64(dipMost-dipLeast)))
		fate.Stamp, fate.Delay, fate.Why = fate.Stamp+late, fate.Delay+late, OTPDips
		return
	}
}

package delivery

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// hitsSIM says whether the message's SIM is among the fault's share. A hash of
// the SIM decides, so it is the same SIMs as long as the fault lasts. Where all
// SIMs of the stream are known, those with the smallest hashes are hit, so that
// the share is met as closely as whole cards allow and is never none.
func (m *Model) hitsSIM(fault Fault, message Message) bool {
	if fault.SIMs == 0 || fault.SIMs == 1 || message.Stream == Email {
		return true
	}
	own := mixed(string(fault.Kind) + message.SIM)
	all := m.options.SIMs[message.Stream]
	if !slices.Contains(all, message.SIM) {
		return float64(own)/math.MaxUint64 < fault.SIMs
	}
	smaller := 0
	for _, sim := range all {
		if mixed(string(fault.Kind)+sim) < own {
			smaller++
		}
	}
	hit := max(1, int(math.Round(fault.SIMs*float64(len(all)))))
	return smaller < hit
}

func (m *Model) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) * m.options.Scale)
}

// longest caps a draw, because a lognormal has no end and a Duration has.
const longest = 30 * 24 * time.Hour

func lognormal(random *rand.Rand, median time.Duration, sigma float64) time.Duration {
	return time.Duration(min(float64(median)*math.Exp(sigma*random.NormFloat64()), float64(longest)))
}

// sigma is the lognormal's parameter that has this median and 95th percentile.
func sigma(median, p95 Duration) float64 {
	const z95 = 1.6448536269514722 // the normal distribution's 95th percentile
	if median <= 0 || p95 <= median {
		return 0
	}
	return math.Log(float64(p95)/float64(median)) / z95
}

// mixed hashes text so that every bit depends on every character; FNV alone
// leaves the high bits of short texts close together.
func mixed(text string) uint64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(text)) // never an error, see hash.Hash
	x := hash.Sum64()
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

package social

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// faults are the Faults of one service.
type faults struct {
	foreign Kind // a kind that does not happen on the service; "" where all do

	mu     sync.Mutex
	random *rand.Rand
	on     []Fault
}

func newFaults(seed uint64, foreign Kind) *faults {
	return &faults{foreign: foreign, random: rand.New(rand.NewPCG(seed, 0))}
}

// set replaces all faults, or none when one is wrong.
func (fs *faults) set(list []Fault) error {
	ready := make([]Fault, len(list))
	for i, f := range list {
		if err := fs.check(f); err != nil {
			return fmt.Errorf("fault %d: %w", i+1, err)
		}
		ready[i] = f.withDefaults()
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.on = ready
	return nil
}

// add switches f on, in place of earlier faults of its kind.
func (fs *faults) add(f Fault) error {
	if err := fs.check(f); err != nil {
		return err
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.on = slices.DeleteFunc(fs.on, func(old Fault) bool { return old.Kind == f.Kind })
	fs.on = append(fs.on, f.withDefaults())
	return nil
}

func (fs *faults) check(f Fault) error {
	if f.Kind != "" && f.Kind == fs.foreign {
		return fmt.Errorf("kind: %q does not happen on this service", f.Kind)
	}
	return f.Validate()
}

// list gives the faults that are on, with the calls they still hit; never nil.
func (fs *faults) list() []Fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return append([]Fault{}, fs.on...)
}

// hit is what happens to one call; the zero value is nothing.
type hit struct {
	delay time.Duration
	kind  Kind          // the fault that decides, "" for none; never Slow
	after time.Duration // of RateLimit
}

// draw decides what happens to a call and counts it off the faults that hit it.
func (fs *faults) draw(use Use) hit {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	var h hit
	kept := fs.on[:0]
	for _, f := range fs.on {
		decided := f.Kind != Slow && h.kind != ""
		if decided || !f.concerns(use) || fs.random.Float64() >= f.Share {
			kept = append(kept, f)
			continue
		}
		if f.Kind == Slow {
			h.delay += f.Delay
		} else {
			h.kind, h.after = f.Kind, f.After
		}
		if f.Times != 1 {
			f.Times = max(f.Times-1, 0)
			kept = append(kept, f)
		}
	}
	fs.on = kept
	return h
}

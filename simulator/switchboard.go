package simulator

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"pantau/simulator/delivery"
)

// standingAtMost bounds what the control addresses can pile up.
const standingAtMost = 100

// standing is a fault that was switched on, or will begin by itself.
type standing struct {
	ID string `json:"id"`
	delivery.Fault
	set time.Time
}

// since is when it began.
func (s standing) since() time.Time {
	if s.From.IsZero() {
		return s.set
	}
	return s.From.Time
}

// switchboard holds the faults and tells the world which of them are on: when
// they are set, and again whenever one begins or ends by its own times.
type switchboard struct {
	apply func([]delivery.Fault) // told under the lock, so in order

	mu       sync.Mutex
	standing []standing
	given    int // ids
	next     *time.Timer
	closed   bool
}

// add switches faults on, all of them or none.
func (b *switchboard) add(faults ...delivery.Fault) ([]standing, error) {
	return b.change(faults, func(standing) bool { return false })
}

// replace leaves only these faults.
func (b *switchboard) replace(faults []delivery.Fault) error {
	_, err := b.change(faults, func(standing) bool { return true })
	return err
}

// end switches one off; it says whether there was one with this id.
func (b *switchboard) end(id string) bool {
	found := false
	_, _ = b.change(nil, func(s standing) bool { // nothing added, nothing to be wrong
		found = found || s.ID == id
		return s.ID == id
	})
	return found
}

func (b *switchboard) change(added []delivery.Fault, gone func(standing) bool) ([]standing, error) {
	now := time.Now()
	if err := check(added, now); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drop(now)
	kept := slices.DeleteFunc(slices.Clone(b.standing), gone)
	if len(kept)+len(added) > standingAtMost {
		return nil, fmt.Errorf("%d faults are on, and more than %d are not taken", len(kept), standingAtMost)
	}
	var began []standing
	for _, fault := range added {
		b.given++
		began = append(began, standing{ID: "fault-" + strconv.Itoa(b.given), Fault: fault, set: now})
	}
	b.standing = append(kept, began...)
	b.tell(now)
	return began, nil
}

// check says every mistake, and of several faults which one has it.
func check(faults []delivery.Fault, now time.Time) error {
	var problems []error
	for i, fault := range faults {
		err := fault.Validate()
		if err == nil && !fault.Until.IsZero() && !fault.Until.After(now) {
			err = fmt.Errorf("until: %s is over already", fault.Until.Format(time.RFC3339))
		}
		if err != nil && len(faults) > 1 {
			err = fmt.Errorf("fault %d: %w", i+1, err)
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// list gives the faults that are on or will be, oldest first.
func (b *switchboard) list() []standing {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drop(time.Now())
	return slices.Clone(b.standing)
}

// drop forgets the faults that are over.
func (b *switchboard) drop(now time.Time) {
	b.standing = slices.DeleteFunc(b.standing, func(s standing) bool {
		return !s.Until.IsZero() && !now.Before(s.Until.Time)
	})
}

// tell applies what is on now and wakes up at the next change.
func (b *switchboard) tell(now time.Time) {
	if b.closed {
		return
	}
	var active []delivery.Fault
	var next time.Time
	for _, s := range b.standing {
		if s.Active(now) {
			active = append(active, s.Fault)
		}
		for _, edge := range []time.Time{s.From.Time, s.Until.Time} {
			if edge.After(now) && (next.IsZero() || edge.Before(next)) {
				next = edge
			}
		}
	}
	b.apply(active)
	if b.next != nil {
		b.next.Stop()
	}
	if !next.IsZero() {
		b.next = time.AfterFunc(next.Sub(now), b.tick)
	}
}

func (b *switchboard) tick() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.drop(now)
	b.tell(now)
}

// close stops telling. It may be called twice.
func (b *switchboard) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	if b.next != nil {
		b.next.Stop()
	}
}

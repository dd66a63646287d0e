package inbox

import "time"

const (
	// callWithin is how long a call takes at the most from the moment it is
	// signed until we have it. SMS Gateway for Android gives it up after 30
	// seconds and signs the next try anew; pantau inbox gammu gives up sooner.
	callWithin = 30 * time.Second

	keptReadings   = 5         // of a clock: a clock that is set back by less than callWithin is believed after so many
	neededReadings = 3         // that agree, before a clock is corrected by them
	readingsFor    = time.Hour // that a reading counts; clocks of phones drift by less than 0.2 s in it
)

// told is what a handset's clock said when it sent a call.
type told struct {
	at     time.Time     // cut to its second, or finer; zero when it is not said
	within time.Duration // the call came within this time; 0 when it may have been held up for any time
}

// clockReading is one look at a handset's clock: by how much it seemed to be behind
// ours. That is as much as it is, and as long as the call took.
type clockReading struct {
	had    time.Time // by our clock
	behind time.Duration
	within time.Duration
}

// handsetClock is what is known of the clock of a handset: its last readings,
// oldest first. The zero handsetClock is one that nobody has read.
type handsetClock struct{ readings []clockReading }

// read takes in what a call says that came at now.
func (c *handsetClock) read(t told, now time.Time) {
	c.readings = append(c.readings, clockReading{now, now.Sub(t.at), t.within})
	c.readings = c.readings[max(0, len(c.readings)-keptReadings):]
}

// offset is by how much the clock is behind ours at now, negative when it is
// ahead, and whether that is known: the least of the readings that agree with
// the newest. Calls only make a clock seem further behind than it is, so the
// least is nearest to the truth. Two readings that differ by more than a call
// can take are of a clock that was set between them.
func (c handsetClock) offset(now time.Time) (behind time.Duration, known bool) {
	agree := 0
	newest := c.last()
	behind = newest.behind
	for _, r := range c.readings {
		apart := (r.behind - newest.behind).Abs()
		if now.Sub(r.had) > readingsFor || r.within > 0 && apart > r.within {
			continue
		}
		agree++
		behind = min(behind, r.behind)
	}
	return behind, agree >= neededReadings
}

func (c handsetClock) last() clockReading {
	if len(c.readings) == 0 {
		return clockReading{}
	}
	return c.readings[len(c.readings)-1]
}

// setting is what is to be made of an instant by a handset's clock.
type setting struct {
	offset time.Duration // to be added; 0 takes the clock as it stands
	wrong  bool          // the instant cannot be right, and by how much it is wrong is not known
}

// setting says what to make of the clock for a call that came at now and says
// t. As long as the clock is not known, it is taken as it stands, unless the
// call itself contradicts it: it would have taken longer than it can, or less
// than no time.
func (c handsetClock) setting(t told, now time.Time) setting {
	behind, known := c.offset(now)
	switch {
	case known:
		return setting{offset: behind}
	case t.within == 0 || t.at.IsZero():
		return setting{}
	default:
		seems := now.Sub(t.at)
		return setting{wrong: seems < -time.Second || seems > t.within}
	}
}

// clockOf takes in what a call says about its handset's clock and gives what to
// make of it. Handsets without a SIM of ours are not remembered.
func (i *Inbox) clockOf(phone handset, t told, now time.Time) setting {
	i.mu.Lock()
	defer i.mu.Unlock()
	clock := i.clocks[phone]
	if clock == nil {
		if clock = new(handsetClock); len(i.ledger.cards.byPhone[phone]) > 0 {
			i.clocks[phone] = clock
		}
	}
	if !t.at.IsZero() {
		clock.read(t, now)
	}
	if behind, known := clock.offset(now); !t.at.IsZero() {
		i.deps.Metrics.clockRead(phone, behind, known)
	}
	return clock.setting(t, now)
}

package probes

import (
	"errors"
	"slices"
	"time"

	"pantau/internal/invalid"
)

// Budget is what codes and control messages may cost.
type Budget struct {
	// IDRPerDay is rupiah a day, from midnight to midnight WIB: 260000 when
	// left out. 0 allows no text message at all. Left out, there is no limit for
	// a portal on this machine, whose messages cost nothing, where a text message
	// journey is more frequent than every ten minutes.
	IDRPerDay *int `yaml:"idr_per_day"`
}

// Costs are what text messages cost, Rp.
type Costs struct {
	SMS      int `yaml:"sms_idr"`      // a code, sender and recipient together, 730 when left out
	Control  int `yaml:"control_idr"`  // a control message, 230 when left out
	Received int `yaml:"received_idr"` // what the recipient's card pays of a code, 500 when left out
}

const (
	defaultBudget = 260_000
	// unlimitedBelow is the cadence below which there is no budget by default.
	unlimitedBelow = 10 * time.Minute
)

func (c Costs) withDefaults() Costs {
	standard := func(given, standard int) int {
		if given == 0 {
			return standard
		}
		return given
	}
	return Costs{SMS: standard(c.SMS, 730), Control: standard(c.Control, 230), Received: standard(c.Received, 500)}
}

// textsOften says whether codes go by text message more often than every.
func (j Journey) textsOften(every time.Duration) bool {
	return j.asks() && j.Stream.Operator() != "" && j.Every < every
}

// limit is the budget of a day, if there is one.
func (o Options) limit() (idr int, limited bool) {
	if o.Budget.IDRPerDay != nil {
		return *o.Budget.IDRPerDay, true
	}
	often := func(j Journey) bool { return j.textsOften(unlimitedBelow) }
	if len(o.Portal.ForeignHosts()) == 0 && slices.ContainsFunc(o.Journeys, often) {
		return 0, false
	}
	return defaultBudget, true
}

// baseCost is what the slots of a day cost, Rp.
func (o Options) baseCost() int {
	total := 0
	for _, j := range o.Journeys {
		if j.Stream.Operator() != "" && j.Every > 0 {
			total += int((day+j.Every-1)/j.Every) * j.codes() * o.Costs.withDefaults().SMS
		}
	}
	return total
}

// daysKnown is of how many days all is known after a restart: today, and
// yesterday in case the wall clock is set back.
const daysKnown = 2

// SpendingSince is how far back stored requests tell what is spent today, which
// SIMs rest, and what credit they have left.
func (o Options) SpendingSince(now time.Time) time.Time {
	since := now.Add(-max(daysKnown*day, extraWithin*o.Portal.CodeValidity()))
	for _, sim := range o.SIMs {
		if sim.CreditIDR != nil && sim.CreditAt.Before(since) {
			since = sim.CreditAt
		}
	}
	return since
}

// DayCost is what the cadence alone costs in a day, and the day's budget if
// there is one, Rp.
func (o Options) DayCost() (cadence, budget int, limited bool) {
	budget, limited = o.limit()
	return o.baseCost(), budget, limited
}

// ControlCost is what the control messages cost in a day, Rp.
func (o Options) ControlCost() int {
	total := 0
	for _, j := range o.Journeys {
		if j.Control() && j.Every > 0 {
			total += int((day+j.Every-1)/j.Every) * o.Costs.withDefaults().Control
		}
	}
	return total
}

// SIMsNeeded is how many SIMs it takes to keep the journey's cadence and the
// spacing.
func (o Options) SIMsNeeded(j Journey) int {
	if !j.asks() || j.Stream.Operator() == "" {
		return 0
	}
	return max(1, int((o.simSpacing()+j.Every-1)/j.Every))
}

// validateMoney holds that the cadence can be paid: without that it would stop
// at the same hour every day.
func (o Options) validateMoney() error {
	var mistakes []error
	for _, price := range []struct {
		key string
		idr int
	}{{"sms_idr", o.Costs.SMS}, {"control_idr", o.Costs.Control}, {"received_idr", o.Costs.Received}} {
		if price.idr < 0 {
			mistakes = append(mistakes, invalid.At("costs."+price.key, "is %d, want 0 or more", price.idr))
		}
	}
	if len(mistakes) > 0 {
		return errors.Join(mistakes...)
	}
	limit, limited := o.limit()
	if base := o.baseCost(); limited && limit < base {
		return invalid.At("budget.idr_per_day", "is %d, but the text messages of the journeys cost %d a day; make them rarer or the budget larger", limit, base)
	}
	return nil
}

package probes

import (
	"fmt"
	"time"
)

// EndsSoon is how long before something ends that we depend on (a permission, a
// key, a card) people are told: whoever renews it needs the time.
const EndsSoon = 14 * 24 * time.Hour

// SIMCheck is what is to be said of one of our SIMs, in plain words.
type SIMCheck struct {
	SIM   string // its id
	Told  string // why it is not used, as it should be; "" for nothing to say
	Wrong string // why it cannot be used; "" when it can
	Soon  string // why it cannot be used much longer; "" when it can
}

// CheckSIMs says of which SIMs there is something to say at now, in the order
// they are configured. Credit is reckoned from what Rebuild was told.
func (p *Planner) CheckSIMs(now Moment) []SIMCheck {
	var all []SIMCheck
	for i := range p.pool.cards {
		if c := &p.pool.cards[i]; c.ID != "" {
			if check := p.pool.check(c, now.Wall); check != (SIMCheck{SIM: c.ID}) {
				all = append(all, check)
			}
		}
	}
	return all
}

func (p *pool) check(c *card, now time.Time) SIMCheck {
	check := SIMCheck{SIM: c.ID}
	switch codes := p.codesLeft(c); {
	case c.Used:
		check.Told = "not used: an account has its number"
	case now.Before(c.RegisteredUntil):
		check.Told = "not used before " + stamp(c.RegisteredUntil) + ": an account has its number"
	case !c.Expires.IsZero() && !now.Before(c.Expires):
		check.Wrong = "its active period ended at " + stamp(c.Expires) + "; top it up and write expires anew"
	case c.credited && codes == 0:
		check.Wrong = fmt.Sprintf("it has Rp%d left and a code needs Rp%d; top it up and write credit_idr and credit_at anew", c.credit, least)
	case !c.Expires.IsZero() && c.Expires.Sub(now) < EndsSoon:
		check.Soon = "its active period ends at " + stamp(c.Expires) + "; top it up and write expires anew"
	case c.credited && codes < p.codesADay():
		check.Soon = fmt.Sprintf("it has Rp%d left, for %d more codes; top it up and write credit_idr and credit_at anew", c.credit, codes)
	}
	return check
}

// codesLeft is how many codes the card's credit receives.
func (p *pool) codesLeft(c *card) int {
	if c.credit < least {
		return 0
	}
	return 1 + (c.credit-least)/p.received
}

// codesADay is how many a card is asked for at most in a day of the usual
// cadence.
func (p *pool) codesADay() int { return int(day / p.spacing) }

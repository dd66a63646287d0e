package probes

import (
	"math"
	"slices"
	"time"
)

// pool is our SIMs, and the mailboxes that several runs share, which are held
// like them.
type pool struct {
	cards    []card
	places   map[string]int // by SIM id or mailbox key
	validity time.Duration
	spacing  time.Duration // of SIMs
	received int           // Rp a card pays for a code
}

// card is one of them.
type card struct {
	SIM                    // the zero SIM for a mailbox
	holder   int           // ticket of the run that holds it, 0 for none
	wait     string        // the wait for the code that is on its way to it, "" for none
	askedAt  time.Duration // the last request, Up
	used     bool          // askedAt means something
	rest     time.Duration // not to be used before this Up
	isEmpty  bool          // the detector takes it for empty
	credit   int           // Rp left, as reckoned
	credited bool          // credit means something
}

// least is the credit a SIM needs to receive a code, Rp (as the portal tells
// its users).
const least = 500

// retest is after how many validities a SIM that was taken for empty is tried
// again: a day, for the usual ten minutes.
const retest = 144

func newPool(o Options) pool {
	p := pool{
		places: make(map[string]int, len(o.SIMs)), validity: o.Portal.CodeValidity(),
		spacing: o.simSpacing(), received: o.Costs.withDefaults().Received,
	}
	for i, sim := range o.SIMs {
		p.places[sim.ID] = i
		c := card{SIM: sim, credited: sim.CreditIDR != nil}
		if c.credited {
			c.credit = *sim.CreditIDR
		}
		p.cards = append(p.cards, c)
	}
	return p
}

// addMailbox gives the card of a mailbox, a new one unless there is one.
func (p *pool) addMailbox(key string) int {
	if at, known := p.places[key]; known {
		return at
	}
	p.places[key] = len(p.cards)
	p.cards = append(p.cards, card{})
	return len(p.cards) - 1
}

// pick gives the SIM of operator that was asked for a code longest ago, among
// those that may be at now, or why there is none.
func (p *pool) pick(operator string, now Moment, confirming bool) (int, Why) {
	best, why := -1, WhyPool
	for i := range p.cards {
		c := &p.cards[i]
		switch {
		case c.Operator != operator || !p.usable(c, now):
		case c.holder != 0 || c.wait != "":
			if why == WhyPool {
				why = WhyNoSIM
			}
		case now.Up < p.readyAt(c, confirming):
			why = WhySpacing
		case best < 0 || c.before(&p.cards[best]):
			best = i
		}
	}
	if best < 0 {
		return -1, why
	}
	return best, WhyNot
}

// before says whether c was used longer ago than other.
func (c *card) before(other *card) bool {
	if c.used != other.used {
		return !c.used
	}
	return c.askedAt < other.askedAt
}

// usable says whether a SIM could receive a code at all.
func (p *pool) usable(c *card, now Moment) bool {
	switch {
	case c.Used,
		now.Wall.Before(c.RegisteredUntil),
		c.expired(now.Wall),
		c.credited && c.credit < least,
		c.isEmpty && c.used && now.Up-c.askedAt < retest*p.validity:
		return false
	}
	return true
}

// expired says whether the card's active period is over at now: then nothing
// reaches it.
func (s SIM) expired(now time.Time) bool { return !s.Expires.IsZero() && !now.Before(s.Expires) }

// readyAt is when a SIM that waits for no code may be asked again. A
// suspicion, and a SIM that is only tried again, change it.
func (p *pool) readyAt(c *card, confirming bool) time.Duration {
	switch {
	case !c.used:
		return c.rest
	case confirming:
		return max(c.rest, c.askedAt+min(p.validity, p.spacing))
	default:
		return max(c.rest, c.askedAt+p.spacing)
	}
}

// mayMail says why a shared mailbox cannot be used at now.
func (p *pool) mayMail(at int, now Moment) Why {
	switch c := &p.cards[at]; {
	case c.holder != 0 || c.wait != "":
		return WhyMailbox
	case now.Up < p.mailReady(at):
		return WhySpacing
	default:
		return WhyNot
	}
}

// mailReady is when a shared mailbox may be used again. Mail costs nothing and
// is not rationed; the pause keeps one code from being taken for the next.
func (p *pool) mailReady(at int) time.Duration {
	c := &p.cards[at]
	if !c.used {
		return c.rest
	}
	return max(c.rest, c.askedAt+p.validity/10)
}

// ready is when the first SIM of operator that waits for no code may be asked.
func (p *pool) ready(operator string, confirming bool) time.Duration {
	soonest := time.Duration(math.MaxInt64)
	for i := range p.cards {
		if c := &p.cards[i]; c.Operator == operator && c.holder == 0 && c.wait == "" {
			soonest = min(soonest, p.readyAt(c, confirming))
		}
	}
	return soonest
}

func (p *pool) take(at, ticket int) SIM {
	p.cards[at].holder = ticket
	return p.cards[at].SIM
}

// asked notes the request, and what the card will pay for the code.
func (p *pool) asked(at int, up time.Duration) {
	p.cards[at].askedAt, p.cards[at].used = up, true
	p.pay(at, p.received)
}

// await keeps the card for a code that was asked for at since.
func (p *pool) await(at int, wait string, since time.Duration) {
	c := &p.cards[at]
	c.wait = wait
	p.lastAsked(c, since)
}

func (p *pool) lastAsked(c *card, up time.Duration) {
	c.askedAt, c.used = latest(c.askedAt, up, c.used), true
}

func (p *pool) free(at int, wait string) {
	if c := &p.cards[at]; c.wait == wait {
		c.wait = ""
	}
}

func (p *pool) giveBack(at, ticket int) {
	if c := &p.cards[at]; c.holder == ticket {
		c.holder = 0
	}
}

func (p *pool) pay(at, amount int) {
	if c := &p.cards[at]; c.credited {
		c.credit -= amount
	}
}

// canPay says whether the card can send a message at this price and receive a
// code afterwards.
func (p *pool) canPay(at int, now Moment, price int) bool {
	c := &p.cards[at]
	return !c.isEmpty && !(c.credited && c.credit < least+price) && !c.expired(now.Wall)
}

// fill takes no SIM for empty; empty takes those with these ids for it.
func (p *pool) fill() {
	for i := range p.cards {
		p.cards[i].isEmpty = false
	}
}

func (p *pool) empty(ids []string) {
	for i := range p.cards {
		if c := &p.cards[i]; c.ID != "" && slices.Contains(ids, c.ID) {
			c.isEmpty = true
		}
	}
}

// emptyIDs are the SIMs that are taken for empty.
func (p *pool) emptyIDs() []string {
	var ids []string
	for i := range p.cards {
		if c := &p.cards[i]; c.isEmpty {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// SIMs is how many SIMs of an operator can be used.
type SIMs struct {
	Operator string
	Usable   int
	Empty    int // the detector takes them for empty
	Out      int // without credit, expired or registered
}

// count counts the SIMs, operators in the order they are configured.
func (p *pool) count(now Moment) []SIMs {
	var all []SIMs
	for i := range p.cards {
		c := &p.cards[i]
		if c.ID == "" {
			continue
		}
		at := slices.IndexFunc(all, func(s SIMs) bool { return s.Operator == c.Operator })
		if at < 0 {
			at = len(all)
			all = append(all, SIMs{Operator: c.Operator})
		}
		switch {
		case c.isEmpty:
			all[at].Empty++
		case p.usable(c, now):
			all[at].Usable++
		default:
			all[at].Out++
		}
	}
	return all
}

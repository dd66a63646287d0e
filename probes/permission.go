package probes

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"pantau/internal/invalid"
)

// Reach is how far probes may go on a portal that is not ours.
type Reach string

// The reaches, each with all before it.
const (
	ReachGet     Reach = "get"         // look at pages
	ReachCaptcha Reach = "captcha"     // answer the captcha
	ReachOTP     Reach = "otp-request" // have codes sent to our own numbers and addresses
	ReachSubmit  Reach = "submit"      // type them; nothing is ever registered
)

func reaches() []Reach { return []Reach{ReachGet, ReachCaptcha, ReachOTP, ReachSubmit} }

// Allows says whether step may be walked. Waiting for a code touches nobody,
// but there is none to wait for without asking.
func (r Reach) Allows(step Step) bool {
	needed := ReachSubmit
	switch step {
	case StepSendControl, StepAwaitControl:
		return true // from one of our SIMs to another
	case StepOpen:
		needed = ReachGet
	case StepCaptcha:
		needed = ReachCaptcha
	case StepRequestOTP, StepAwaitOTP:
		needed = ReachOTP
	}
	return r.atLeast(needed)
}

func (r Reach) atLeast(needed Reach) bool {
	return slices.Index(reaches(), r) >= slices.Index(reaches(), needed)
}

func (r Reach) validate(path string) error {
	if !slices.Contains(reaches(), r) {
		return invalid.At(path, "%q is unknown; one of get, captcha, otp-request, submit", r)
	}
	return nil
}

// Caps bound what is sent to one host of the portal, whatever the schedule
// says. Each holds for any span of its length, not for the hour of the clock.
type Caps struct {
	PerMinute int `yaml:"requests_per_minute" json:"requests_per_minute"`
	PerHour   int `yaml:"requests_per_hour" json:"requests_per_hour"`
	// OTPPerDay is how many codes may be asked for in any 24 hours, over all
	// numbers and addresses.
	OTPPerDay int `yaml:"otp_requests_per_day" json:"otp_requests_per_day"`
}

// Permission is what the owner of a portal allows, as it stands in the file
// that authorisation names. Without one only a portal on this machine is
// probed. It is a record of an agreement, not a proof of it.
type Permission struct {
	Owner   string    `yaml:"owner"`   // who allows it
	Contact string    `yaml:"contact"` // whom to ask, and who may end it: a mail address or telephone number
	Hosts   []string  `yaml:"hosts"`   // of the portal and its oracle, with the port where it is not the usual one
	Reach   Reach     `yaml:"reach"`
	Caps    Caps      `yaml:"caps"`
	Issued  time.Time `yaml:"issued"`  // it holds from here on
	Expires time.Time `yaml:"expires"` // and no longer than to here
	Note    string    `yaml:"note"`    // for people: where the agreement is kept
}

// Validate gives every mistake in the file with its place. Whether it holds at
// a time and for a portal is another matter, see Holds.
func (p Permission) Validate() error {
	var check checklist
	check.filled("owner", p.Owner)
	check.filled("contact", p.Contact)
	if len(p.Hosts) == 0 {
		check.add("hosts", "is empty; name the portal's hosts")
	}
	for i, host := range p.Hosts {
		check.host(fmt.Sprintf("hosts[%d]", i), host)
	}
	check.dates(p)
	check.count("caps.requests_per_minute", p.Caps.PerMinute)
	check.count("caps.requests_per_hour", p.Caps.PerHour)
	if p.Reach.atLeast(ReachOTP) {
		check.count("caps.otp_requests_per_day", p.Caps.OTPPerDay)
	}
	return errors.Join(append(check, p.Reach.validate("reach"))...)
}

func (c *checklist) dates(p Permission) {
	switch {
	case p.Expires.IsZero():
		c.add("expires", "is missing; no permission is for ever")
	case p.Issued.IsZero():
		c.add("issued", "is missing")
	case !p.Expires.After(p.Issued):
		c.add("expires", "%s is not after issued, %s", stamp(p.Expires), stamp(p.Issued))
	}
}

func (c *checklist) count(at string, count int) {
	if count < 1 {
		c.add(at, "is %d, want 1 or more", count)
	}
}

// Holds says why a valid permission does not allow to probe hosts at now, nil
// when it does.
func (p Permission) Holds(hosts []string, now time.Time) error {
	switch {
	case now.Before(p.Issued):
		return fmt.Errorf("the permission of %s begins at %s", p.Owner, stamp(p.Issued))
	case !now.Before(p.Expires):
		return fmt.Errorf("the permission of %s ended at %s; ask %s for a new one", p.Owner, stamp(p.Expires), p.Contact)
	}
	for _, host := range hosts {
		if !slices.ContainsFunc(p.Hosts, func(allowed string) bool { return strings.EqualFold(allowed, host) }) {
			return fmt.Errorf("the permission of %s is for %s, and not for %s", p.Owner, strings.Join(p.Hosts, ", "), host)
		}
	}
	return nil
}

func stamp(t time.Time) string { return t.Format(time.RFC3339) }

// ForeignHosts are the hosts of the portal and its oracle that are not on this
// machine, so that probing them takes their owner's permission. Only a name or
// address that says so itself counts as this machine: what a name resolves to
// can change.
func (p Portal) ForeignHosts() []string {
	hosts := slices.Clone(p.Hosts)
	for _, address := range []string{p.BaseURL, p.Oracle.URL} {
		if parsed, err := url.Parse(address); err == nil && parsed.Host != "" {
			hosts = append(hosts, parsed.Host)
		}
	}
	hosts = slices.DeleteFunc(hosts, onThisMachine)
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// onThisMachine says whether host, with or without a port, is the loopback.
func onThisMachine(host string) bool {
	name := (&url.URL{Host: host}).Hostname()
	address := net.ParseIP(name)
	return strings.EqualFold(name, "localhost") || address != nil && address.IsLoopback()
}

// Cut is a journey that a reach ends early.
type Cut struct {
	Journey string
	Left    []Step // what is walked, perhaps nothing
	Lost    []Step // what is not
}

// Cuts names what reach keeps the journeys from.
func (o Options) Cuts(reach Reach) []Cut {
	var cuts []Cut
	for _, j := range o.Journeys {
		at := slices.IndexFunc(j.Steps, func(s Step) bool { return !reach.Allows(s) })
		if at >= 0 {
			cuts = append(cuts, Cut{Journey: j.Name, Left: j.Steps[:at], Lost: j.Steps[at:]})
		}
	}
	return cuts
}

// Appetite is about how much the journeys ask of one host in an hour, and how
// many codes in a day, as far as reach lets them; for comparison with the caps.
func (o Options) Appetite(reach Reach) (requestsPerHour, otpPerDay int) {
	requests := time.Hour.Seconds() / o.Portal.CodeValidity().Seconds() // for the policy
	var codes float64
	for _, j := range o.Journeys {
		for _, step := range j.Steps {
			if !reach.Allows(step) {
				break
			}
			requests += usualRequests(step) * time.Hour.Seconds() / j.Every.Seconds()
			if step == StepRequestOTP {
				codes += otpDay.Seconds() / j.Every.Seconds()
			}
		}
	}
	return int(math.Ceil(requests)), int(math.Ceil(codes))
}

// usualRequests is how many a step takes on a portal of the usual kind.
func usualRequests(step Step) float64 {
	switch step {
	case StepOpen:
		return 1
	case StepCaptcha:
		return 5 // page, picture, oracle, form, and where it leads
	case StepRequestOTP, StepSubmitOTP:
		return 2 // form, and where it leads
	default:
		return 0
	}
}

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"pantau/config"
	"pantau/probes"
)

// leave is what the portal's owner allows, as it is read and said at the start.
type leave struct {
	read    func() (probes.Permission, error) // nil: none is needed
	granted probes.Permission
	cuts    []probes.Cut
}

// askLeave reads what the owner of c's portal allows, and refuses in one
// sentence where that is nothing.
func askLeave(c config.Config) (leave, error) {
	foreign := c.Portal.ForeignHosts()
	if len(foreign) == 0 && c.Authorisation == "" {
		return leave{}, nil
	}
	hosts := strings.Join(foreign, ", ")
	if c.Authorisation == "" {
		return leave{}, usageError{fmt.Errorf(
			"%s is not on this machine, so probing it takes its owner's permission, and authorisation is missing from the configuration (see docs/permission.md)", hosts)}
	}
	l := leave{read: func() (probes.Permission, error) { return config.LoadPermission(c.Authorisation) }}
	var err error
	if l.granted, err = l.read(); err == nil {
		err = l.granted.Holds(foreign, time.Now())
	}
	if err != nil {
		return leave{}, usageError{fmt.Errorf("%s may not be probed: %w", cmp.Or(hosts, c.Portal.BaseURL), err)}
	}
	l.cuts = c.Cuts(l.granted.Reach)
	return l, nil
}

// say tells what is allowed, and what is not.
func (l leave) say(out io.Writer) error {
	if l.read == nil {
		return nil
	}
	_, err := fmt.Fprintf(out, "permission: %s\n", l.summary())
	for _, cut := range l.cuts {
		_, cutErr := fmt.Fprintf(out, "not allowed: %s\n", sayCut(cut))
		err = errors.Join(err, cutErr)
	}
	return err
}

func (l leave) summary() string {
	p := l.granted
	said := fmt.Sprintf("of %s until %s, as far as %s, at most %d requests a minute and %d an hour to one host",
		p.Owner, p.Expires.Format(time.RFC3339), p.Reach, p.Caps.PerMinute, p.Caps.PerHour)
	if p.Caps.OTPPerDay > 0 {
		said += fmt.Sprintf(", %d codes a day", p.Caps.OTPPerDay)
	}
	return said
}

func sayCut(cut probes.Cut) string {
	lost := joinSteps(cut.Lost)
	if len(cut.Left) == 0 {
		return fmt.Sprintf("journey %s: nothing of it (%s)", cut.Journey, lost)
	}
	return fmt.Sprintf("journey %s: it ends after %s, without %s", cut.Journey, cut.Left[len(cut.Left)-1], lost)
}

func joinSteps(steps []probes.Step) string {
	var names []string
	for _, step := range steps {
		names = append(names, string(step))
	}
	return strings.Join(names, ", ")
}

// checkLeave says what the portal's owner allows. It gives the steps that
// checking may take.
func checkLeave(c config.Config, report *checkReport) (harmless []probes.Step) {
	l, err := askLeave(c)
	if err != nil {
		report.add("permission", c.Authorisation, err)
		return nil
	}
	if l.read != nil {
		report.add("permission", l.summary(), nil)
		report.ends("permission", "it", l.granted.Expires, time.Now(), "ask "+l.granted.Contact+" for a new one")
		l.checkAppetite(c, report)
	}
	for _, cut := range l.cuts {
		report.add("permission", "not allowed: "+sayCut(cut), nil)
	}
	steps := []probes.Step{probes.StepOpen, probes.StepCaptcha}
	return slices.DeleteFunc(steps, func(step probes.Step) bool {
		return step == probes.StepCaptcha && c.Portal.Captcha == nil || l.read != nil && !l.granted.Reach.Allows(step)
	})
}

// checkAppetite compares the schedule with the caps: what is beyond them is not
// sent, and looks like a stop.
func (l leave) checkAppetite(c config.Config, report *checkReport) {
	requests, codes := c.Appetite(l.granted.Reach)
	caps := l.granted.Caps
	var err error
	if most := min(caps.PerHour, 60*caps.PerMinute); requests > most {
		err = fmt.Errorf("that is more than the %d requests that are allowed; probe less often", most)
	}
	if codes > caps.OTPPerDay {
		err = errors.Join(err, fmt.Errorf("that is more than the %d codes that are allowed; probe less often", caps.OTPPerDay))
	}
	report.add("permission", fmt.Sprintf("the journeys take about %d requests an hour and %d codes a day", requests, codes), err)
}

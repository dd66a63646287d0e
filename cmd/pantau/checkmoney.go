package main

import (
	"errors"
	"fmt"
	"time"

	"pantau/config"
	"pantau/probes"
)

// checkMoney says what the schedule costs, and whether there are SIMs enough to
// keep it. requests are what was asked for before.
func checkMoney(c config.Config, requests []probes.Result, now time.Time, report *checkReport) {
	planner, moment := probes.NewPlanner(c.Options, nil), probes.Moment{Wall: now}
	for _, request := range requests {
		planner.Rebuild(moment, request)
	}
	spending := planner.Spending(moment)
	checkBudget(c, spending, report)
	checkSIMs(c, spending.SIMs, report)
	for _, sim := range planner.CheckSIMs(moment) {
		switch {
		case sim.Wrong != "":
			report.add("SIM", sim.SIM, errors.New(sim.Wrong))
		case sim.Soon != "":
			report.note("SIM", sim.SIM+": "+sim.Soon)
		default:
			report.add("SIM", sim.SIM+": "+sim.Told, nil)
		}
	}
}

// checkBudget compares the day's budget with what the cadence costs, and what is
// left with the control messages. Codes that cost more than the budget are a
// mistake in the configuration.
func checkBudget(c config.Config, spending probes.Spending, report *checkReport) {
	cadence, budget, limited := c.DayCost()
	controls, left := c.ControlCost(), budget-cadence
	if !limited {
		report.add("budget", fmt.Sprintf("the text messages of the journeys cost Rp%d a day; there is no limit", cadence+controls), nil)
		return
	}
	report.add("budget", fmt.Sprintf("the codes of the journeys cost Rp%d a day, of Rp%d; Rp%d are spent today", cadence, budget, spending.IDR), nil)
	switch {
	case controls > left:
		report.add("budget", "control messages", fmt.Errorf(
			"they cost Rp%d a day and Rp%d are left beside the codes, so that some are left out; send fewer or make the budget larger", controls, left))
	case controls > 0:
		report.add("budget", fmt.Sprintf("control messages cost Rp%d of the Rp%d a day that are left", controls, left), nil)
	}
	if cadence > 0 && 20*(left-controls) < budget && controls <= left {
		report.note("budget", fmt.Sprintf("Rp%d a day are left for extra runs while a suspicion is looked into, less than a twentieth of it", left-controls))
	}
}

// checkSIMs compares the SIMs that can be used with those that each journey
// takes.
func checkSIMs(c config.Config, usable []probes.SIMs, report *checkReport) {
	for _, j := range c.Journeys {
		needed := c.SIMsNeeded(j)
		if needed == 0 {
			continue
		}
		can := 0
		for _, sims := range usable {
			if sims.Operator == j.Stream.Operator() {
				can = sims.Usable
			}
		}
		var err error
		if can < needed {
			err = fmt.Errorf("%d are needed for a code every %s; some slots will be left out", needed, j.Every)
		}
		report.add("SIMs", fmt.Sprintf("%s: %d can be used", j.Name, can), err)
	}
}

package main

import (
	"testing"
	"time"

	"pantau/config"
	"pantau/probes"
)

// smsEvery are settings with one journey of text messages and four SIMs.
func smsEvery(every time.Duration, budget int) config.Config {
	var c config.Config
	c.Journeys = []probes.Journey{{
		Name: "sms-xl", Stream: probes.SMS("xl"), Every: every,
		Steps: []probes.Step{probes.StepOpen, probes.StepRequestOTP, probes.StepAwaitOTP},
	}}
	c.Budget.IDRPerDay = &budget
	for _, id := range []string{"xl-1", "xl-2", "xl-3", "xl-4"} {
		c.SIMs = append(c.SIMs, probes.SIM{ID: id, Operator: "xl"})
	}
	return c
}

func TestCheckOfTheBudget(t *testing.T) {
	now := time.Date(2026, 11, 2, 5, 0, 0, 0, time.UTC)
	check := func(c config.Config, requests []probes.Result) func(*checkReport) {
		return func(r *checkReport) { checkMoney(c, requests, now, r) }
	}
	control := probes.Journey{
		Name: "control", Stream: probes.SMS("xl"), Every: time.Hour, Steps: []probes.Step{probes.StepSendControl, probes.StepAwaitControl},
	}

	asked := probes.Result{
		Step: probes.StepRequestOTP, Reason: probes.ReasonRequesting, Stream: probes.SMS("xl"), At: now, Opened: &probes.Wait{Key: "xl-1"},
	}
	says(t, check(smsEvery(15*time.Minute, 100_000), []probes.Result{asked, asked}),
		"ok     budget        the codes of the journeys cost Rp70080 a day, of Rp100000; Rp1460 are spent today",
		"ok     SIMs          sms-xl: 4 can be used")

	says(t, check(smsEvery(15*time.Minute, 70_080), nil),
		"ok     budget        the codes of the journeys cost Rp70080 a day, of Rp70080; Rp0 are spent today",
		"note   budget        Rp0 a day are left for extra runs while a suspicion is looked into, less than a twentieth of it",
		"ok     SIMs          sms-xl: 4 can be used")

	c := smsEvery(15*time.Minute, 100_000)
	c.Journeys = append(c.Journeys, control)
	says(t, check(c, nil),
		"ok     budget        the codes of the journeys cost Rp70080 a day, of Rp100000; Rp0 are spent today",
		"ok     budget        control messages cost Rp5520 of the Rp29920 a day that are left",
		"ok     SIMs          sms-xl: 4 can be used")
	*c.Budget.IDRPerDay = 75_000
	says(t, check(c, nil),
		"ok     budget        the codes of the journeys cost Rp70080 a day, of Rp75000; Rp0 are spent today",
		"WRONG  budget        control messages: they cost Rp5520 a day and Rp4920 are left beside the codes, so that some are left out; send fewer or make the budget larger",
		"ok     SIMs          sms-xl: 4 can be used")

	c = smsEvery(5*time.Minute, 0)
	c.Budget.IDRPerDay = nil
	says(t, check(c, nil),
		"ok     budget        the text messages of the journeys cost Rp210240 a day; there is no limit",
		"WRONG  SIMs          sms-xl: 4 can be used: 12 are needed for a code every 5m0s; some slots will be left out")
}

func TestCheckOfEachSIM(t *testing.T) {
	now := time.Date(2026, 11, 2, 5, 0, 0, 0, time.UTC)
	c := smsEvery(time.Hour, 100_000)
	little := 700
	c.SIMs[0].Expires = now.Add(-time.Hour)
	c.SIMs[1].Expires = now.Add(24 * time.Hour)
	c.SIMs[2].RegisteredUntil = now.Add(time.Hour)
	c.SIMs[3].CreditIDR, c.SIMs[3].CreditAt = &little, now.Add(-time.Hour)
	spent := probes.Result{
		Step: probes.StepRequestOTP, Reason: probes.ReasonRequesting, Stream: probes.SMS("xl"), At: now, Opened: &probes.Wait{Key: "xl-4"},
	}
	says(t, func(r *checkReport) { checkMoney(c, []probes.Result{spent}, now, r) },
		"ok     budget        the codes of the journeys cost Rp17520 a day, of Rp100000; Rp730 are spent today",
		"ok     SIMs          sms-xl: 1 can be used",
		"WRONG  SIM           xl-1: its active period ended at 2026-11-02T04:00:00Z; top it up and write expires anew",
		"note   SIM           xl-2: its active period ends at 2026-11-03T05:00:00Z; top it up and write expires anew",
		"ok     SIM           xl-3: not used before 2026-11-02T06:00:00Z: an account has its number",
		"WRONG  SIM           xl-4: it has Rp200 left and a code needs Rp500; top it up and write credit_idr and credit_at anew")
}

package main

import (
	"context"
	"time"

	"pantau/config"
	"pantau/probes"
)

// checkProofs tries what tells the portal's owner that it is us.
func checkProofs(ctx context.Context, c config.Config, now time.Time, report *checkReport) {
	if c.Portal.Signing != nil {
		checkSigning(ctx, *c.Portal.Signing, now, report)
	}
	if c.Portal.Oracle.URL != "" {
		told, end, err := c.Portal.CheckOracle(now)
		report.add("oracle", named(c.Portal.Oracle.URL, told), err)
		if err == nil {
			report.ends("oracle", "our leave to ask it, or our certificate,", end, now, "ask the portal's owner")
		}
	}
}

// checkSigning says whether there is a key to sign with, for how long, and
// whether the public halves can be read.
func checkSigning(ctx context.Context, s probes.Signing, now time.Time, report *checkReport) {
	address := s.Agent + probes.DirectoryPath
	signer, err := probes.NewSigner(s)
	if err == nil {
		err = signer.Check(now)
	}
	if err != nil {
		report.add("signing", address, err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	told, err := signer.CheckDirectory(ctx)
	report.add("signing", named(address, told), err)
	if end, never := signer.Ends(now); !never {
		report.ends("signing", "the last key that follows without a gap", end, now, "add a key to portal.signing.keys")
	}
}

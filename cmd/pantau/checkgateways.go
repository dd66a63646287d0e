package main

import (
	"context"

	"pantau/config"
)

// checkGateways tries what sends control messages, without sending any.
func checkGateways(ctx context.Context, c config.Config, report *checkReport) {
	for _, gateway := range c.Gateways {
		ctx, cancel := context.WithTimeout(ctx, checkWithin)
		report.add("gateway", string(gateway.Kind)+" "+gateway.Name, gateway.Check(ctx))
		cancel()
	}
}

package main

import (
	"errors"
	"net"
	"slices"

	"pantau/config"
	"pantau/incident"
	"pantau/notifier"
)

// checkShadow says what shadow mode leaves open: who may read the true page, and
// whether anybody is told anything.
func checkShadow(c config.Config, report *checkReport) {
	if !c.Shadow {
		return
	}
	report.add("shadow", "the public is told nothing; the true page will be at "+c.ShadowListen, inside(c.ShadowListen))
	forTeam := func(channel notifier.ChannelOptions) bool { return channel.Audience == incident.IT }
	if !slices.ContainsFunc(c.Notify.Channels, forTeam) {
		report.add("shadow", "channels", errors.New("none is for the team (audience: it), so that nobody is told anything"))
	}
}

// inside says whether outsiders do not reach what listens there, as far as that
// can be told from the address.
func inside(listen string) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	address := net.ParseIP(host)
	if host == "" || address != nil && !address.IsLoopback() && !address.IsPrivate() {
		return errors.New("outsiders may reach that, and the page is not for them yet; write 127.0.0.1:8083")
	}
	return nil
}

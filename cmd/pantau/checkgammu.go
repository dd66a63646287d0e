package main

import (
	"os"
	"time"

	"pantau/config"
)

// checkGammu looks into the folders that gammu-smsd and `pantau inbox gammu`
// write to.
func checkGammu(c config.Config, now time.Time, report *checkReport) {
	for _, g := range c.Inbox.Gammu {
		if g.Folder != "" {
			told, err := g.CheckFolder(now)
			report.add("gammu", named(g.Name+" folder "+g.Folder, asRoot(told)), err)
		}
		if g.Queue != "" {
			told, err := g.CheckQueue(now)
			report.add("gammu", named(g.Name+" queue "+g.Queue, asRoot(told)), err)
		}
	}
}

// asRoot adds to what was told that root may do what others may not.
func asRoot(told string) string {
	if told == "" || os.Geteuid() != 0 {
		return told
	}
	return told + " (tried as root; the service's own user may have fewer rights)"
}

package main

import (
	"fmt"
	"runtime/debug"
)

type versionCommand struct{}

// Run says which version this is, from what the Go tool built in.
func (*versionCommand) Run(out *streams) error {
	version, goVersion := "unknown", "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version, goVersion = info.Main.Version, info.GoVersion
	}
	_, err := fmt.Fprintf(out.stdout, "pantau %s, built with %s\n", version, goVersion)
	return err
}

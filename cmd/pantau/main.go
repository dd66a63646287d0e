// Command pantau watches a registration portal the way a taxpayer uses it,
// tells the public what works, and posts what has to be said.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// usageError is a mistake in how Pantau was called or configured.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(report(err, os.Stderr))
}

// run does what args say until it is done or ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var commands cli
	parser, err := kong.New(&commands,
		kong.Name("pantau"),
		kong.Description("Watches a registration portal, tells the public what works, and posts what has to be said."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) {}),
		kong.UsageOnError(),
	)
	if err != nil {
		return fmt.Errorf("reading the commands: %w", err)
	}
	if asksForHelp(args) {
		// Kong prints the help and goes on parsing; what it finds then is moot.
		_, _ = parser.Parse(args)
		return nil
	}
	called, err := parser.Parse(args)
	if err != nil {
		return usageError{err}
	}
	called.BindTo(ctx, (*context.Context)(nil))
	return called.Run(&streams{stdout: stdout, stderr: stderr})
}

func asksForHelp(args []string) bool {
	for _, arg := range args {
		if arg == "--help" || arg == "-h" {
			return true
		}
	}
	return false
}

// report prints err, every mistake on a line of its own, and gives the exit
// code.
func report(err error, stderr io.Writer) int {
	if err == nil {
		return exitDone
	}
	_, _ = fmt.Fprintln(stderr, err)
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

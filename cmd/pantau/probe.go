package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"

	"pantau/config"
	"pantau/inbox"
	"pantau/probes"
)

type probeCommand struct {
	configFlag
	Journey string `arg:"" help:"Name of the journey, such as sms-telkomsel."`
	JSON    bool   `name:"json" help:"One JSON object a line."`
}

// Run walks one journey and shows each step as it ends. Nothing is stored and
// nobody is told.
func (c *probeCommand) Run(ctx context.Context, out *streams) error {
	settings, err := config.Load(c.Config)
	if err != nil {
		return usageError{err}
	}
	show := showStep(out.stdout)
	if c.JSON {
		show = showJSON(out.stdout)
	}
	verdict, err := probeOnce(ctx, settings, c.Journey, show, out.log(slog.LevelWarn))
	if err != nil {
		return err
	}
	if verdict != probes.Up {
		return fmt.Errorf("journey %s: %s", c.Journey, verdict)
	}
	return nil
}

// probeOnce runs a journey with receivers of its own and gives the worst
// verdict: Down before Unknown before Up.
func probeOnce(ctx context.Context, c config.Config, journey string, show func(probes.Result), log *slog.Logger) (probes.Verdict, error) {
	var prober *probes.Prober
	box, err := inbox.New(c.Inbox, c.SIMs, inbox.Deps{
		Deliver: func(ctx context.Context, a probes.Arrival) error { return prober.Arrived(ctx, a) }, Log: log,
	})
	if err != nil {
		return "", fmt.Errorf("receiving codes (does pantau serve run on the same ports?): %w", err)
	}
	defer func() { _ = box.Close() }()
	prober, err = probes.New(c.Options, probes.Deps{
		Record:  func(context.Context, []probes.Result) error { return nil },
		Mailbox: box, AddressFor: box.AddressFor, Log: log,
	})
	if err != nil {
		return "", err
	}
	receiving, stop := context.WithCancel(ctx)
	defer stop()
	hooks, err := serveHooks(receiving, c.Listen, box.Routes())
	if err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- box.Run(receiving) }()

	worst := probes.Up
	err = prober.Once(ctx, journey, func(r probes.Result) {
		worst = worse(worst, r)
		show(r)
	})
	stop()
	<-ended
	<-hooks
	return worst, err
}

// worse keeps the graver verdict. What is merely not decided yet, a wait on
// its way or a request about to be made, does not count.
func worse(worst probes.Verdict, r probes.Result) probes.Verdict {
	switch {
	case r.Verdict == probes.Down, worst == probes.Down:
		return probes.Down
	case r.Verdict == probes.Unknown && r.Reason != probes.ReasonWaiting && r.Reason != probes.ReasonRequesting:
		return probes.Unknown
	default:
		return worst
	}
}

// showStep prints a result for a person.
func showStep(out io.Writer) func(probes.Result) {
	return func(r probes.Result) {
		if r.Reason == probes.ReasonRequesting {
			return // what is about to be asked; its outcome follows
		}
		took := r.Took
		if r.Wait != nil && r.Step == probes.StepAwaitOTP {
			took = r.Wait.Age
		}
		line := fmt.Sprintf("%-12s %-8s %9s", r.Step, r.Verdict, took.Round(time.Millisecond))
		if r.Reason != probes.ReasonNone {
			line += "  " + string(r.Reason)
		}
		if r.Evidence != "" {
			line += "  " + r.Evidence
		}
		_, _ = fmt.Fprintln(out, line)
		if p := r.Phases; p != (probes.Phases{}) {
			_, _ = fmt.Fprintf(out, "%12s dns %s, connect %s, tls %s, first byte %s, body %s\n", "",
				short(p.DNS), short(p.Connect), short(p.TLS), short(p.FirstByte), short(p.Body))
		}
	}
}

func short(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

// step is a result as --json shows it: durations in milliseconds.
type step struct {
	Journey  string         `json:"journey"`
	Stream   probes.Stream  `json:"stream"`
	Step     probes.Step    `json:"step"`
	At       time.Time      `json:"at"`
	TookMS   float64        `json:"took_ms"`
	WaitMS   *float64       `json:"wait_ms,omitempty"`
	Verdict  probes.Verdict `json:"verdict"`
	Reason   probes.Reason  `json:"reason,omitempty"`
	Evidence string         `json:"evidence,omitempty"`
	PhasesMS struct {
		DNS       float64 `json:"dns"`
		Connect   float64 `json:"connect"`
		TLS       float64 `json:"tls"`
		FirstByte float64 `json:"first_byte"`
		Body      float64 `json:"body"`
	} `json:"phases_ms"`
}

// showJSON prints a result for a machine.
func showJSON(out io.Writer) func(probes.Result) {
	encoder := json.NewEncoder(out)
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return func(r probes.Result) {
		s := step{
			Journey: r.Journey, Stream: r.Stream, Step: r.Step, At: r.At, TookMS: ms(r.Took),
			Verdict: r.Verdict, Reason: r.Reason, Evidence: r.Evidence,
		}
		if r.Wait != nil {
			age := ms(r.Wait.Age)
			s.WaitMS = &age
		}
		p := r.Phases
		s.PhasesMS.DNS, s.PhasesMS.Connect, s.PhasesMS.TLS = ms(p.DNS), ms(p.Connect), ms(p.TLS)
		s.PhasesMS.FirstByte, s.PhasesMS.Body = ms(p.FirstByte), ms(p.Body)
		_ = encoder.Encode(s)
	}
}

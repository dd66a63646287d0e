package inbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pantau/probes"
)

// pulse is when each handset was last heard. Since is when listening began;
// whoever was not heard yet gets one silence limit from there.
type pulse struct {
	since time.Time
	heard map[handset]time.Time
	back  map[handset]time.Time // when it was heard again after its last silence
	mute  map[string]bool       // receivers that give no signs of life: their silence says nothing
}

// beat notes that a handset was heard at an instant. One that is heard first
// within a silence limit of the start counts as heard before it, too: a restart
// is no silence.
func (p pulse) beat(phone handset, at time.Time, silence time.Duration) {
	last, ever := p.heard[phone]
	if !ever {
		last = p.since
	}
	if at.Sub(last) > silence {
		p.back[phone] = at
	}
	p.heard[phone] = at
}

// hearing says whether a handset could be heard all the time from since to now.
func (p pulse) hearing(phone handset, since time.Time, silence time.Duration, now time.Time) probes.Hearing {
	last, ever := p.heard[phone]
	switch {
	case p.mute[phone.receiver]:
		return probes.HearingWell
	case !ever && now.Sub(p.since) <= silence:
		return probes.HearingYet
	case !ever, now.Sub(last) > silence, !p.back[phone].IsZero() && !since.After(p.back[phone]):
		return probes.HearingNone
	default:
		return probes.HearingWell
	}
}

// listen says for each stream of text messages whether it could be heard at
// now: Up as long as one of its handsets is not silent. A stream whose
// handsets have not had time to speak, or never speak but when a message
// comes, gives no Result.
func listen(streams map[probes.Stream][]handset, p pulse, silence time.Duration, now time.Time) []probes.Result {
	var results []probes.Result
	for _, stream := range slices.Sorted(maps.Keys(streams)) {
		var loud, waiting bool
		var silent []string
		for _, phone := range streams[stream] {
			last, ever := p.heard[phone]
			switch {
			case ever && now.Sub(last) <= silence:
				loud = true
			case p.mute[phone.receiver], !ever && now.Sub(p.since) <= silence:
				waiting = true
			default:
				silent = append(silent, quiet(phone, last, ever, p.since))
			}
		}
		switch {
		case loud:
			results = append(results, heardResult(stream, now))
		case !waiting:
			results = append(results, silentResult(stream, now, strings.Join(silent, "; ")))
		}
	}
	return results
}

func quiet(phone handset, last time.Time, ever bool, since time.Time) string {
	if !ever {
		return fmt.Sprintf("handset %q at %s never heard since the start at %s", phone.device, phone.receiver, instant(since))
	}
	return fmt.Sprintf("handset %q at %s silent since %s", phone.device, phone.receiver, instant(last))
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func heardResult(stream probes.Stream, now time.Time) probes.Result {
	return probes.Result{
		// One Result for a stream and an instant, the same in every replay.
		ID: fmt.Sprintf("listen-%s-%d", stream, now.UnixNano()), Stream: stream,
		Step: probes.StepListen, At: now.UTC(), Verdict: probes.Up,
	}
}

func silentResult(stream probes.Stream, now time.Time, evidence string) probes.Result {
	r := heardResult(stream, now)
	r.Verdict, r.Reason, r.Evidence = probes.Unknown, probes.ReasonSilent, evidence
	return r
}

// streamsOf gives the handsets of each operator's stream, each once.
func streamsOf(sims []probes.SIM) map[probes.Stream][]handset {
	streams := map[probes.Stream][]handset{}
	for _, sim := range sims {
		stream, phone := probes.SMS(sim.Operator), handset{sim.Receiver, sim.Device}
		if !slices.Contains(streams[stream], phone) {
			streams[stream] = append(streams[stream], phone)
		}
	}
	return streams
}

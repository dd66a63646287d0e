package statuspage

import (
	"slices"
	"time"

	"pantau/detect"
	"pantau/incident"
)

// step is one station of the way through registration.
type step struct {
	look
	Name  string
	Notes []string
	Href  string
}

// steps are the stations: each component that carries no code, then all the
// ways of a code as one.
func (s *speaker) steps(sit incident.Situation) []step {
	var steps []step
	var ways []detect.Assessment
	for _, a := range sit.Components {
		if a.Component.CarriesOTP() {
			ways = append(ways, a)
			continue
		}
		steps = append(steps, s.step(a, sit.At))
	}
	if len(ways) > 0 {
		steps = append(steps, s.otpStep(ways, blocker(sit)))
	}
	return steps
}

// blocker is what keeps everybody from asking for a code, if anything does.
func blocker(sit incident.Situation) detect.Blind {
	for _, a := range sit.Components {
		switch {
		case a.State != detect.Major:
		case a.Component == detect.ComponentCaptcha:
			return detect.BlindCaptcha
		case !a.Component.CarriesOTP():
			return detect.BlindPortal
		}
	}
	return detect.BlindNot
}

func (s *speaker) step(a detect.Assessment, now time.Time) step {
	st := step{look: s.look(a.State), Name: s.name(a.Component)}
	if a.State == detect.Unknown {
		st.Notes = append(st.Notes, s.blind(a.Blind))
	}
	if a.State != detect.Operational && !a.Since.IsZero() {
		st.Notes = append(st.Notes, s.say("path.since", "since", s.atClock(a.Since, now)))
	}
	if f := a.Figures; f.Probes > 0 && a.State != detect.Unknown && a.State != detect.Maintained {
		key := "path.good"
		if a.Cause == detect.CausePortalSlow {
			key = "path.quick"
		}
		st.Notes = append(st.Notes, s.say(key,
			"good", s.number(f.Good), "probes", s.number(f.Probes), "window", s.duration(f.Window)))
	}
	return st
}

// otpStep sums up the ways: as bad as the worst of them, but not "not usable"
// while one works, and not green while one cannot be seen or none reached.
func (s *speaker) otpStep(ways []detect.Assessment, blocked detect.Blind) step {
	sit := incident.Situation{Components: ways}
	state := ofService(worst(sit), sit)
	st := step{Name: s.say("path.otp"), Href: "#otp"}
	if blocked != detect.BlindNot && severity(state) < severity(detect.Degraded) {
		state, st.Notes = detect.Unknown, []string{s.blind(blocked)}
	}
	st.look = s.look(state)
	if state == detect.Unknown && blocked == detect.BlindNot && slices.ContainsFunc(ways, delivers) {
		st.Word = s.say("state.part-unknown")
	}
	return st
}

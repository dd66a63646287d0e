package statuspage

import (
	"slices"
	"time"

	"pantau/detect"
	"pantau/incident"
)

// topic is what the one sentence of the page is about.
type topic int

const (
	topicWell topic = iota
	topicNotYet
	topicUnknown     // nothing can be measured
	topicPartUnknown // what can be measured works
	topicTrouble     // a component is in trouble and no incident says so yet
	topicMaintenance
	topicIncident
)

// headline is what decides the sentence, the colour and the advice.
type headline struct {
	at          time.Time // when it was decided
	topic       topic
	state       detect.State
	incident    incident.Incident     // of topicIncident
	others      []incident.Incident   // open and not the headline's, worst first
	maintenance *incident.Maintenance // the running one, whatever the topic
	components  []detect.Component    // in trouble, or not measured
	since       time.Time             // of topicUnknown: the last measurement
}

// headlineOf picks what is said first. The worst open trouble decides;
// maintenance explains trouble inside it; a recovery that is still watched
// comes before "all is well"; unknown is never green.
func headlineOf(s incident.Situation) headline {
	h := headline{at: s.At, maintenance: running(s)}
	open := openIncidents(s, h.maintenance)
	troubled := troubledOutside(s, h.maintenance)
	unknown := inState(s, detect.Unknown)
	measurable := len(s.Components) - len(inState(s, detect.Maintained))

	switch {
	case len(open) > 0 && open[0].Status != incident.Monitoring:
		return h.about(open, ofService(stateOf(open[0], s), s))
	case len(troubled) > 0:
		h.topic, h.state, h.components, h.others = topicTrouble, ofService(worst(s), s), troubled, open
	case h.maintenance != nil:
		h.topic, h.state, h.others = topicMaintenance, detect.Maintained, open
	case len(open) > 0:
		return h.about(open, worst(s))
	case s.LastResult.IsZero():
		h.topic, h.state = topicNotYet, detect.Unknown
	case len(unknown) > 0 && len(unknown) == measurable:
		h.topic, h.state, h.since = topicUnknown, detect.Unknown, s.LastResult
	case len(unknown) > 0:
		h.topic, h.state, h.components = topicPartUnknown, detect.Unknown, unknown
	default:
		h.topic, h.state = topicWell, worst(s)
	}
	return h
}

func (h headline) about(open []incident.Incident, state detect.State) headline {
	h.topic, h.state, h.incident, h.others = topicIncident, state, open[0], open[1:]
	return h
}

// openIncidents are those to be spoken of, worst first, of two as bad the one
// that is in everybody's way, and those that are only watched last. An incident
// that lies inside the running maintenance is explained by it.
func openIncidents(s incident.Situation, m *incident.Maintenance) []incident.Incident {
	var open []incident.Incident
	for _, i := range s.Incidents {
		if i.Open() && len(i.Updates) > 0 && !explained(i, m, s.At) {
			open = append(open, i)
		}
	}
	slices.SortStableFunc(open, func(a, b incident.Incident) int {
		if watched := boolRank(a.Status == incident.Monitoring) - boolRank(b.Status == incident.Monitoring); watched != 0 {
			return watched
		}
		if worse := b.Impact.Rank() - a.Impact.Rank(); worse != 0 {
			return worse
		}
		return boolRank(ofWaysOnly(a)) - boolRank(ofWaysOnly(b))
	})
	return open
}

func explained(i incident.Incident, m *incident.Maintenance, now time.Time) bool {
	if m == nil {
		return false
	}
	return !slices.ContainsFunc(i.Components, func(c detect.Component) bool { return !m.Covers(c, now) })
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

func running(s incident.Situation) *incident.Maintenance {
	for _, m := range s.Maintenances {
		if isRunning(m, s.At) {
			return &m
		}
	}
	return nil
}

func isRunning(m incident.Maintenance, now time.Time) bool {
	return !now.Before(m.From) && now.Before(m.Until)
}

func inState(s incident.Situation, states ...detect.State) []detect.Component {
	var in []detect.Component
	for _, a := range s.Components {
		if slices.Contains(states, a.State) {
			in = append(in, a.Component)
		}
	}
	return in
}

// troubledOutside are the components in trouble that the maintenance, if there
// is one, does not explain.
func troubledOutside(s incident.Situation, m *incident.Maintenance) []detect.Component {
	troubled := inState(s, detect.Major, detect.Partial, detect.Degraded)
	return slices.DeleteFunc(troubled, func(c detect.Component) bool {
		return m != nil && m.Covers(c, s.At)
	})
}

// severity orders states, worst last. Unknown stands above maintenance and
// below trouble: it must not hide what is measured to be broken.
func severity(state detect.State) int {
	switch state {
	case detect.Operational:
		return 0
	case detect.Maintained:
		return 1
	case detect.Degraded:
		return 3
	case detect.Partial:
		return 4
	case detect.Major:
		return 5
	default:
		return 2
	}
}

// worst is the worst state of any component; Unknown when there is none.
func worst(s incident.Situation) detect.State {
	if len(s.Components) == 0 {
		return detect.Unknown
	}
	return slices.MaxFunc(s.Components, func(a, b detect.Assessment) int {
		return severity(a.State) - severity(b.State)
	}).State
}

// ofWaysOnly says whether an incident is about ways of a code and nothing that
// everybody has to pass.
func ofWaysOnly(i incident.Incident) bool {
	return !slices.ContainsFunc(i.Components, func(c detect.Component) bool { return !c.CarriesOTP() })
}

// ofService is what the worst state of any component means for the service: it
// is not "not usable" while everything before the code works and one way
// delivers a code.
func ofService(worst detect.State, s incident.Situation) detect.State {
	inTheWay := func(a detect.Assessment) bool { return !a.Component.CarriesOTP() && a.State == detect.Major }
	if worst == detect.Major && !slices.ContainsFunc(s.Components, inTheWay) && slices.ContainsFunc(s.Components, delivers) {
		return detect.Partial
	}
	return worst
}

// delivers says whether the component is a way on which codes are seen to come.
func delivers(a detect.Assessment) bool {
	works := a.State == detect.Operational || a.State == detect.Degraded || a.State == detect.Partial
	return works && a.Component.CarriesOTP()
}

// stateOf is how bad an incident is now: the worst of its components, or what
// its impact says while they cannot be measured.
func stateOf(i incident.Incident, s incident.Situation) detect.State {
	state := detect.Operational
	for _, a := range s.Components {
		if slices.Contains(i.Components, a.Component) && severity(a.State) > severity(state) {
			state = a.State
		}
	}
	if severity(state) >= severity(detect.Degraded) {
		return state
	}
	switch i.Impact {
	case incident.ImpactCritical:
		return detect.Major
	case incident.ImpactMajor:
		return detect.Partial
	default:
		return detect.Degraded
	}
}

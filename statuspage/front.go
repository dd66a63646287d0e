package statuspage

import (
	"slices"

	"pantau/detect"
	"pantau/incident"
	"pantau/internal/words"
)

// front is the page at / and /en/.
type front struct {
	frame
	Now          now
	Stamp        stamp
	Todo         todo
	Steps        []step
	Ways         []way
	Measured     bool // some way has a rail, which needs its key
	Unsupported  string
	Validity     string
	LetThrough   bool
	Open         []incidentView
	Maintenances []maintenanceView
	Past         []incidentView
}

// front builds the whole view from a situation.
func (s *speaker) front(sit incident.Situation) front {
	sit.Components = s.arranged(sit.Components)
	head := headlineOf(sit)
	view := front{
		Now:          s.now(head, sit),
		Stamp:        s.stamp(sit),
		Todo:         s.todo(head, sit),
		Steps:        s.steps(sit),
		Ways:         s.ways(sit),
		Unsupported:  words.And(s.lang, s.options.Unsupported),
		Validity:     s.duration(s.options.Validity),
		LetThrough:   s.options.LetThrough,
		Open:         s.openIncidents(sit),
		Maintenances: s.maintenances(sit),
		Past:         s.pastIncidents(sit),
	}
	view.Measured = slices.ContainsFunc(view.Ways, func(w way) bool { return w.Rail != nil })
	view.frame = s.frame("/", view.Now.Word, view.Now.Sentence)
	return view
}

// arranged puts components in configured order. One that is configured and not
// measured is shown as such; one that is measured and not configured is not
// hidden, it comes last.
func (s *speaker) arranged(measured []detect.Assessment) []detect.Assessment {
	if len(s.options.Components) == 0 {
		return measured
	}
	rest := slices.Clone(measured)
	arranged := make([]detect.Assessment, 0, len(rest))
	for _, c := range s.options.Components {
		at := slices.IndexFunc(rest, func(a detect.Assessment) bool { return a.Component == c.ID })
		if at < 0 {
			arranged = append(arranged, detect.Assessment{Component: c.ID, State: detect.Unknown, Blind: detect.BlindYet})
			continue
		}
		arranged = append(arranged, rest[at])
		rest = slices.Delete(rest, at, at+1)
	}
	return append(arranged, rest...)
}

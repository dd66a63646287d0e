package incident

import (
	"slices"
	"time"

	"pantau/detect"
)

// facts are what a text about one incident may say: all of it was measured.
type facts struct {
	policy   *Policy
	now      time.Time
	incident Incident
	affected []detect.Component // in trouble now; at the end, all that were
	since    time.Time          // when the trouble there is now began; at the end, when it all began
	next     time.Time          // when the public hears again; zero at the end
	assessed map[detect.Component]detect.Assessment
}

// holds says whether a condition of a playbook's sentence is met.
func (f facts) holds(when Condition) bool {
	switch when {
	case WhenOfficial:
		return f.policy.publisher == ""
	case WhenIndependent:
		return f.policy.publisher != ""
	case WhenCodesAffected:
		return f.any(detect.Component.CarriesOTP)
	case WhenPagesAffected:
		return f.any(func(c detect.Component) bool { return !c.CarriesOTP() })
	case WhenSMSAffected:
		return f.any(isSMS)
	case WhenAllSMSAffected:
		return f.allAffected(isSMS)
	case WhenAllWaysAffected:
		return f.allAffected(detect.Component.CarriesOTP)
	case WhenEmailAffected:
		return f.isAffected(detect.ComponentEmail)
	case WhenEmailWorks:
		return f.works(detect.ComponentEmail)
	case WhenSMSWorks:
		return len(f.workingOperators()) > 0
	case WhenCodesExpire:
		return f.someExpire()
	case WhenCodesSlow:
		return !f.someExpire()
	case WhenCodesUsable:
		return f.someInTime()
	default:
		return false // unknown conditions do not pass LoadPlaybooks
	}
}

// works says whether codes to component are measured and in time, and can be
// asked for: a way that is blocked is not recommended.
func (f facts) works(component detect.Component) bool {
	a := f.assessed[component]
	return a.State == detect.Operational && a.Figures.Good > 0 && !f.isAffected(component) && !f.blocked()
}

// blocked says whether the steps before the code are not seen to let people
// through.
func (f facts) blocked() bool {
	for _, c := range []detect.Component{detect.ComponentPortal, detect.ComponentCaptcha} {
		a, exists := f.assessed[c]
		if exists && a.State != detect.Operational && a.State != detect.Degraded {
			return true
		}
	}
	return false
}

func (f facts) isAffected(component detect.Component) bool {
	return slices.Contains(f.affected, component)
}

func (f facts) any(kind func(detect.Component) bool) bool {
	return slices.ContainsFunc(f.affected, kind)
}

// allAffected says whether there are two or more components of a kind and all
// of them are affected: of one alone, "all" says nothing.
func (f facts) allAffected(kind func(detect.Component) bool) bool {
	n := 0
	for _, stream := range f.policy.streams {
		if c := detect.ComponentOf(stream); kind(c) {
			n++
			if !f.isAffected(c) {
				return false
			}
		}
	}
	return n >= 2
}

func isSMS(c detect.Component) bool { return c.Operator() != "" }

// someExpire says whether a good part of the codes of an affected component
// comes too late to be used, and not merely late.
func (f facts) someExpire() bool {
	for _, c := range f.affected {
		if state := f.assessed[c].State; state == detect.Partial || state == detect.Major {
			return true
		}
	}
	return false
}

// someInTime says whether some codes were measured to be of use on every
// affected component, since its trouble began.
func (f facts) someInTime() bool {
	for _, c := range f.affected {
		if f.assessed[c].Figures.Good == 0 {
			return false
		}
	}
	return len(f.affected) > 0
}

// operators are the names of the operators among components, in their order.
func (f facts) operators(components []detect.Component) []string {
	var names []string
	for _, c := range components {
		if id := c.Operator(); id != "" {
			names = append(names, f.policy.operatorName(id))
		}
	}
	return names
}

func (f facts) workingOperators() []string {
	var working []detect.Component
	for _, stream := range f.policy.streams {
		if c := detect.ComponentOf(stream); stream.Operator() != "" && f.works(c) {
			working = append(working, c)
		}
	}
	return f.operators(working)
}

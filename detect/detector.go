package detect

import (
	"maps"
	"slices"
	"time"

	"pantau/probes"
)

// Detector folds results into assessments. It is not safe for concurrent use.
//
// This first rule looks at the last few decided probes of a component and asks
// for several bad ones before trouble is confirmed and for several good ones
// before it is over.
type Detector struct {
	options   Options
	codes     map[probes.Stream]*codeTracker
	portal    *stepTracker
	captcha   *stepTracker
	lineDown  int // results in a row that found our own line down
	lineSince time.Time
	lineBack  time.Time // when it was up again, last
	stops     map[probes.Stream]stop
	lax       map[tried]laxness
	pictures  map[Component]picture
}

// New is a Detector that has seen nothing.
func New(o Options) *Detector {
	d := &Detector{
		options:  o,
		codes:    map[probes.Stream]*codeTracker{},
		stops:    map[probes.Stream]stop{},
		lax:      map[tried]laxness{},
		pictures: map[Component]picture{},
		portal:   &stepTracker{rule: portalRule(o)},
		captcha:  &stepTracker{rule: captchaRule(o)},
	}
	for _, s := range o.Streams {
		if s.Stream.CarriesOTP() {
			d.codes[s.Stream] = &codeTracker{options: o, asked: map[string]string{}, controls: newControlTracker()}
		}
	}
	return d
}

// Clone is a Detector in the same state that can go its own way, so that a
// fold can be dropped when what follows from it could not be recorded.
func (d *Detector) Clone() *Detector {
	clone := *d
	clone.portal, clone.captcha = d.portal.clone(), d.captcha.clone()
	clone.stops, clone.lax, clone.pictures = maps.Clone(d.stops), maps.Clone(d.lax), maps.Clone(d.pictures)
	clone.codes = make(map[probes.Stream]*codeTracker, len(d.codes))
	for stream, tracker := range d.codes {
		clone.codes[stream] = tracker.clone()
	}
	return &clone
}

// Fold takes in one result. Results of different steps may come in any order;
// those of one wait come in order.
func (d *Detector) Fold(r probes.Result) {
	d.foldLine(r)
	d.foldStop(r)
	if d.foldLax(r) {
		return
	}
	d.foldPicture(r)
	if r.Reason == probes.ReasonChallenge && r.Step != probes.StepCaptcha {
		// Asked again on a later page: the captcha's trouble, not the code's.
		d.captcha.fold(r)
		return
	}
	switch r.Step {
	case probes.StepOpen:
		d.portal.fold(r)
	case probes.StepCaptcha:
		// A captcha page that does not answer is the portal's trouble.
		if r.Verdict == probes.Down && portalTrouble(r.Reason) {
			d.portal.fold(r)
			return
		}
		d.captcha.fold(r)
	case probes.StepListen, probes.StepRequestOTP, probes.StepAwaitOTP, probes.StepSubmitOTP,
		probes.StepSendControl, probes.StepAwaitControl:
		if tracker, ok := d.codes[r.Stream]; ok {
			tracker.fold(r)
		}
	}
}

// portalTrouble says whether a step failed because the portal did not serve a
// page, whatever the page was for.
func portalTrouble(reason probes.Reason) bool {
	return reason == probes.ReasonUnreachable || reason == probes.ReasonTimeout || reason == probes.ReasonStatus
}

// foldLine counts results in a row that blame our own connection.
func (d *Detector) foldLine(r probes.Result) {
	switch {
	case r.Step == probes.StepListen, r.Step.Awaits(), r.Step == probes.StepSendControl:
		return // heartbeats and messages reach us by another way than the portal does
	case r.Reason == probes.ReasonOwnLine:
		if d.lineDown == 0 {
			d.lineSince = r.At
		}
		d.lineDown++
	case r.Verdict != probes.Unknown:
		if d.lineIsDown() {
			d.lineBack = r.At
		}
		d.lineDown = 0
	}
	for _, tracker := range d.codes {
		tracker.cutOff(d.lineIsDown())
	}
}

// lineIsDown says whether enough results blame our own connection.
func (d *Detector) lineIsDown() bool { return d.lineDown >= 2 }

// Assess says how every component stands at now, in configured order. It
// changes nothing: the same detector asked at two times gives two answers only
// because time makes measurements old.
func (d *Detector) Assess(now time.Time) []Assessment {
	assessments := make([]Assessment, 0, len(d.options.Streams))
	for _, s := range d.options.Streams {
		a := d.measured(s, now)
		a.Component = ComponentOf(s.Stream)
		a.Lax, a.LaxSince = d.laxOf(s.Stream)
		if !a.MeasuredAt.IsZero() {
			a.Measured = a.State
		}
		a.Fault = d.fault(s, a)
		if blind, since := d.blind(s, a, now); blind != BlindNot {
			a.State, a.Cause, a.Blind, a.Since = Unknown, CauseNone, blind, since
			a.Fault = a.Fault.blindly()
		}
		a.Picture = d.pictureOf(a)
		assessments = append(assessments, a)
	}
	return assessments
}

// measured is what the stream's own evidence says, whatever its age.
func (d *Detector) measured(s StreamOptions, now time.Time) Assessment {
	if tracker, ok := d.codes[s.Stream]; ok {
		return tracker.assess(now)
	}
	if s.Stream == probes.StreamCaptcha {
		return d.captcha.assess(now)
	}
	return d.portal.assess(now)
}

// blind says why the stream cannot be judged now, and since when.
func (d *Detector) blind(s StreamOptions, a Assessment, now time.Time) (Blind, time.Time) {
	if d.lineIsDown() {
		return BlindLine, d.lineSince
	}
	if tracker, ok := d.codes[s.Stream]; ok && (tracker.silent || tracker.unproven(now)) {
		return tracker.silentWhy, tracker.silentSince
	}
	if stop := d.stops[s.Stream]; stop.results >= stopsToTell {
		return BlindStopped, stop.since
	}
	if a.MeasuredAt.IsZero() {
		return d.blocked(s.Stream, BlindYet), a.Since
	}
	expiry := a.MeasuredAt.Add(d.options.staleAfter(s))
	// What ended only lately still is the reason: the stream's turn has not come.
	lately := func(end time.Time) bool {
		return a.MeasuredAt.Before(end) && now.Before(end.Add(d.options.staleAfter(s)))
	}
	switch {
	case !now.After(expiry):
		return BlindNot, time.Time{}
	case lately(d.lineBack):
		return BlindLine, d.lineSince
	case s.Stream != probes.StreamPortal && lately(d.portal.ended):
		return BlindPortal, expiry
	case s.Stream.CarriesOTP() && lately(d.captcha.ended):
		return BlindCaptcha, expiry
	default:
		return d.blocked(s.Stream, BlindStale), expiry
	}
}

// blocked names what keeps journeys from reaching the stream, or otherwise.
func (d *Detector) blocked(stream probes.Stream, otherwise Blind) Blind {
	switch {
	case stream != probes.StreamPortal && d.portal.failing():
		return BlindPortal
	case stream.CarriesOTP() && d.captcha.failing():
		return BlindCaptcha
	default:
		return otherwise
	}
}

// Demands are the streams whose probing should change: more codes while a
// suspicion or a recovery is looked into, fewer while trouble is confirmed,
// none for SIMs that look empty.
func (d *Detector) Demands() []probes.Demand {
	var demands []probes.Demand
	for _, s := range d.options.Streams {
		tracker, ok := d.codes[s.Stream]
		if !ok {
			continue
		}
		demand := probes.Demand{Stream: s.Stream, Level: tracker.level(), EmptySIMs: tracker.emptyIDs()}
		if demand.Level != probes.LevelNormal || len(demand.EmptySIMs) > 0 {
			demands = append(demands, demand)
		}
	}
	return demands
}

// Worst is the worst of the states that the public is told; Unknown and
// Maintained rank below any trouble.
func Worst(assessments []Assessment) State {
	order := []State{Major, Partial, Degraded, Maintained, Unknown}
	for _, state := range order {
		if slices.ContainsFunc(assessments, func(a Assessment) bool { return a.State == state }) {
			return state
		}
	}
	return Operational
}

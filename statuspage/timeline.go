package statuspage

import (
	"slices"
	"time"

	"pantau/detect"
	"pantau/incident"
	"pantau/internal/words"
)

// frontUpdates is how many updates of an incident the front page shows; the
// incident's own page has all. frontPast is how many resolved incidents.
const (
	frontUpdates = 4
	frontPast    = 8
)

// incidentView is one incident, on the front page or on its own.
type incidentView struct {
	look
	ID       string
	Href     string
	Title    string
	Status   string
	Next     *instant // when the next update is due; nil once resolved
	Started  instant
	Resolved *instant // nil while open
	Length   string   // "" while open
	Affected []string
	Updates  []updateView // newest first
	Hidden   string       // "all updates (12)", "" when all are shown
}

// updateView is one entry of a timeline.
type updateView struct {
	At      instant
	Status  string
	Body    string
	Advice  []string
	Latest  bool // what it advises still holds
	Changes []string
}

// incidentPage is the permanent page of one incident. It says nothing of the
// situation, so that it changes only when its incident does.
type incidentPage struct {
	frame
	Incident incidentView
}

func (s *speaker) incidentPage(i incident.Incident) incidentPage {
	view := s.incident(i)
	return incidentPage{
		frame:    s.frame("/incidents/"+i.ID, view.Title, view.Status+": "+s.in(latest(i).Body)),
		Incident: view,
	}
}

func (s *speaker) openIncidents(sit incident.Situation) []incidentView {
	var views []incidentView
	for _, i := range openIncidents(sit, nil) {
		view := s.incident(i)
		view.look = s.look(stateOf(i, sit))
		if i.Status == incident.Monitoring {
			view.look = look{"ok", "ok", ""}
		}
		for n := range view.Updates {
			view.Updates[n].Advice = nil // it stands at the top of the page
		}
		if n := len(view.Updates); n > frontUpdates {
			view.Updates = view.Updates[:frontUpdates]
			view.Hidden = s.say("incident.all-updates", "count", s.number(n))
		}
		views = append(views, view)
	}
	return views
}

func (s *speaker) pastIncidents(sit incident.Situation) []incidentView {
	var views []incidentView
	for _, i := range sit.Incidents {
		if i.Open() || len(views) == frontPast {
			continue
		}
		view := s.incident(i)
		view.Updates = nil
		views = append(views, view)
	}
	return views
}

func (s *speaker) incident(i incident.Incident) incidentView {
	view := incidentView{
		look:     impactLook(i.Impact),
		ID:       i.ID,
		Href:     localPath(s.lang, "/incidents/"+i.ID),
		Title:    s.in(i.Title),
		Status:   s.status(i.Status),
		Started:  s.moment(i.StartedAt),
		Affected: s.names(i.Components),
	}
	if !i.Open() {
		ended := endOf(i)
		resolved := s.moment(ended)
		view.Resolved, view.Length = &resolved, s.duration(ended.Sub(i.StartedAt))
		view.look = look{"ok", "ok", ""}
	}
	if by := latest(i).NextBy; !by.IsZero() {
		next := s.moment(by)
		view.Next = &next
	}
	for _, u := range slices.Backward(i.Updates) {
		view.Updates = append(view.Updates, s.update(u))
	}
	if len(view.Updates) > 0 {
		view.Updates[0].Latest = true
	}
	return view
}

// endOf is when a resolved incident's trouble was over, which is what the
// notices say too; resolving it came after it was watched for a while.
func endOf(i incident.Incident) time.Time {
	if ended := i.EndedAt(); !ended.IsZero() {
		return ended
	}
	return i.ResolvedAt
}

func impactLook(impact incident.Impact) look {
	switch impact {
	case incident.ImpactCritical:
		return look{"down", "down", ""}
	case incident.ImpactMajor:
		return look{"part", "part", ""}
	default:
		return look{"slow", "slow", ""}
	}
}

func (s *speaker) update(u incident.Update) updateView {
	view := updateView{At: s.moment(u.At), Status: s.status(u.Status), Body: s.in(u.Body)}
	for _, advice := range u.Advice {
		view.Advice = append(view.Advice, s.in(advice))
	}
	for _, c := range u.Components {
		if c.Old == c.New {
			continue
		}
		view.Changes = append(view.Changes, s.say("incident.change",
			"component", s.name(c.Component), "old", s.stateWord(c.Old), "new", s.stateWord(c.New)))
	}
	return view
}

func (s *speaker) stateWord(state detect.State) string { return s.look(state).Word }

// latest is the last thing said about an incident; the zero Update when
// nothing was.
func latest(i incident.Incident) incident.Update {
	if len(i.Updates) == 0 {
		return incident.Update{}
	}
	return i.Updates[len(i.Updates)-1]
}

// maintenanceView is one window, in every zone of its readers.
type maintenanceView struct {
	look
	ID       string
	Title    string
	Status   string
	Length   string
	From     []instant // WIB, WITA, WIT
	Until    []instant
	Affected string
}

// maintenances are the running and coming windows. One that is over is not
// shown any more, even if it was just now.
func (s *speaker) maintenances(sit incident.Situation) []maintenanceView {
	var views []maintenanceView
	for _, m := range sit.Maintenances {
		if !sit.At.Before(m.Until) {
			continue
		}
		view := maintenanceView{
			look: s.look(detect.Maintained), ID: m.ID, Title: s.in(m.Title),
			Status:   s.say("maintenance.scheduled"),
			Length:   s.duration(m.Until.Sub(m.From)),
			Affected: s.list(m.Components),
		}
		if isRunning(m, sit.At) {
			view.Status = s.say("maintenance.running")
		}
		last := words.LastMinute(m.Until)
		for _, zone := range words.Zones() {
			from, until := s.moment(m.From), s.moment(last)
			from.Said, until.Said = words.MomentIn(s.lang, m.From, zone), words.MomentIn(s.lang, last, zone)
			view.From, view.Until = append(view.From, from), append(view.Until, until)
		}
		views = append(views, view)
	}
	return views
}

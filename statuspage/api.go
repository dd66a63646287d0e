package statuspage

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"pantau/detect"
	"pantau/incident"
	"pantau/internal/words"
)

// The Statuspage API v2, as its existing clients read it. Texts are in
// Indonesian, the page's first language; what begins with x_ is our own.

// pageID names the page inside its own API.
const pageID = "pantau"

// incidentLimit is how many incidents incidents.json has.
const incidentLimit = 50

type apiPage struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	URL       string  `json:"url"`
	TimeZone  string  `json:"time_zone"`
	UpdatedAt *string `json:"updated_at"`
}

type apiStatus struct {
	Indicator     string `json:"indicator"`
	Description   string `json:"description"`
	DescriptionEN string `json:"x_description_en"`
}

type apiComponent struct {
	ID                 string  `json:"id"`
	Name               string  `json:"name"`
	Status             string  `json:"status"`
	Description        *string `json:"description"`
	Position           int     `json:"position"`
	PageID             string  `json:"page_id"`
	GroupID            *string `json:"group_id"`
	Group              bool    `json:"group"`
	Showcase           bool    `json:"showcase"`
	OnlyShowIfDegraded bool    `json:"only_show_if_degraded"`
	StartDate          *string `json:"start_date"`
	CreatedAt          *string `json:"created_at"`
	UpdatedAt          *string `json:"updated_at"`
	NameEN             string  `json:"x_name_en"`
	State              string  `json:"x_state"`
	MeasuredAt         *string `json:"x_measured_at"`
}

type apiIncident struct {
	ID             string         `json:"id"`
	Name           string         `json:"name"`
	Status         string         `json:"status"`
	Impact         string         `json:"impact"`
	Shortlink      string         `json:"shortlink"`
	PageID         string         `json:"page_id"`
	CreatedAt      *string        `json:"created_at"`
	UpdatedAt      *string        `json:"updated_at"`
	StartedAt      *string        `json:"started_at"`
	MonitoringAt   *string        `json:"monitoring_at"`
	ResolvedAt     *string        `json:"resolved_at"`
	ScheduledFor   *string        `json:"scheduled_for,omitempty"`
	ScheduledUntil *string        `json:"scheduled_until,omitempty"`
	Updates        []apiUpdate    `json:"incident_updates"`
	Components     []apiComponent `json:"components"`
	NameEN         string         `json:"x_name_en"`
}

type apiUpdate struct {
	ID                   string        `json:"id"`
	IncidentID           string        `json:"incident_id"`
	Status               string        `json:"status"`
	Body                 string        `json:"body"`
	CreatedAt            *string       `json:"created_at"`
	UpdatedAt            *string       `json:"updated_at"`
	DisplayAt            *string       `json:"display_at"`
	AffectedComponents   []apiAffected `json:"affected_components"`
	DeliverNotifications bool          `json:"deliver_notifications"`
	CustomTweet          *string       `json:"custom_tweet"`
	BodyEN               string        `json:"x_body_en"`
}

type apiAffected struct {
	Code      string `json:"code"`
	Name      string `json:"name"`
	OldStatus string `json:"old_status"`
	NewStatus string `json:"new_status"`
}

// translator turns a situation into the API's words.
type translator struct {
	id, en     *speaker
	components []apiComponent
	at         time.Time
}

// renderAPI adds every document of the API.
func (s *Site) renderAPI(sit incident.Situation, documents map[string]*document) error {
	t := &translator{id: s.speaker(words.Indonesian), en: s.speaker(words.English), at: sit.At}
	sit.Components = t.id.arranged(sit.Components)
	t.components = t.allComponents(sit.Components)

	page, status := t.page(), t.status(sit)
	incidents := t.incidents(sit.Incidents)
	unresolved := slices.DeleteFunc(slices.Clone(incidents), func(i apiIncident) bool { return i.ResolvedAt != nil })
	all := t.maintenances(sit.Maintenances)
	upcoming := slices.DeleteFunc(slices.Clone(all), func(m apiIncident) bool { return m.Status != "scheduled" })
	active := slices.DeleteFunc(slices.Clone(all), func(m apiIncident) bool { return m.Status == "scheduled" })

	type fields map[string]any
	for name, content := range map[string]fields{
		"summary": {
			"page": page, "status": status, "components": t.components,
			"incidents": unresolved, "scheduled_maintenances": all,
		},
		"status":                          {"page": page, "status": status},
		"components":                      {"page": page, "components": t.components},
		"incidents":                       {"page": page, "incidents": incidents[:min(len(incidents), incidentLimit)]},
		"incidents/unresolved":            {"page": page, "incidents": unresolved},
		"scheduled-maintenances":          {"page": page, "scheduled_maintenances": all},
		"scheduled-maintenances/upcoming": {"page": page, "scheduled_maintenances": upcoming},
		"scheduled-maintenances/active":   {"page": page, "scheduled_maintenances": active},
	} {
		d, err := s.press.json(content)
		if err != nil {
			return fmt.Errorf("rendering %s.json: %w", name, err)
		}
		documents["/api/v2/"+name+".json"] = d
	}
	if err := cmp.Or(t.id.err, t.en.err); err != nil {
		return fmt.Errorf("rendering the API: %w", err)
	}
	return nil
}

func (t *translator) page() apiPage {
	o := t.id.options
	return apiPage{
		ID: pageID, Name: o.Title.ID, URL: cmp.Or(o.BaseURL, "/"),
		TimeZone: "Asia/Jakarta", UpdatedAt: apiTime(t.at),
	}
}

// status has the worst open impact for its indicator. What cannot be measured
// does not turn it: the description says so.
func (t *translator) status(sit incident.Situation) apiStatus {
	impact := incident.ImpactNone
	for _, i := range sit.Incidents {
		if i.Open() && i.Impact.Rank() > impact.Rank() {
			impact = i.Impact
		}
	}
	head := headlineOf(sit)
	return apiStatus{Indicator: string(impact), Description: t.id.sentence(head), DescriptionEN: t.en.sentence(head)}
}

func (t *translator) allComponents(assessments []detect.Assessment) []apiComponent {
	all := []apiComponent{}
	for n, a := range assessments {
		c := t.component(a.Component)
		c.Position = n + 1
		c.Status = apiState(a.State)
		if a.State == detect.Unknown {
			c.Status = apiState(cmp.Or(a.Measured, detect.Unknown))
		}
		c.State = string(a.State)
		// Clients want both to be times; how old a component is, we do not know.
		c.UpdatedAt = apiTime(cmp.Or(a.Since, t.at))
		c.CreatedAt, c.MeasuredAt = c.UpdatedAt, apiTime(a.MeasuredAt)
		all = append(all, c)
	}
	return all
}

func (t *translator) component(id detect.Component) apiComponent {
	return apiComponent{ID: string(id), Name: t.id.name(id), NameEN: t.en.name(id), PageID: pageID, Showcase: true}
}

// apiState is a state in the API's five words. A component that was never
// measured has no better one than "operational" there; x_state says unknown.
func apiState(state detect.State) string {
	if state == detect.Unknown {
		return string(detect.Operational)
	}
	return string(state)
}

func (t *translator) incidents(incidents []incident.Incident) []apiIncident {
	all := []apiIncident{}
	for _, i := range incidents {
		all = append(all, t.incident(i))
	}
	return all
}

func (t *translator) incident(i incident.Incident) apiIncident {
	out := apiIncident{
		ID: i.ID, Name: t.id.in(i.Title), NameEN: t.en.in(i.Title), PageID: pageID,
		Status: string(i.Status), Impact: string(i.Impact),
		Shortlink: t.id.options.BaseURL + "/incidents/" + i.ID,
		CreatedAt: apiTime(i.OpenedAt), UpdatedAt: apiTime(cmp.Or(latest(i).At, i.OpenedAt)),
		StartedAt: apiTime(i.StartedAt),
		Updates:   []apiUpdate{}, Components: t.affected(i.Components),
	}
	if !i.Open() {
		out.ResolvedAt = apiTime(i.ResolvedAt)
	}
	for _, u := range i.Updates {
		if u.Status == incident.Monitoring {
			out.MonitoringAt = apiTime(u.At)
		}
		out.Updates = append(out.Updates, t.update(i.ID, u))
	}
	slices.Reverse(out.Updates)
	return out
}

// affected gives the components as they stand now.
func (t *translator) affected(ids []detect.Component) []apiComponent {
	affected := []apiComponent{}
	for _, c := range t.components {
		if slices.Contains(ids, detect.Component(c.ID)) {
			affected = append(affected, c)
		}
	}
	return affected
}

func (t *translator) update(incidentID string, u incident.Update) apiUpdate {
	out := apiUpdate{
		ID: u.ID, IncidentID: incidentID, Status: string(u.Status),
		Body: t.id.in(u.Body), BodyEN: t.en.in(u.Body),
		CreatedAt: apiTime(u.At), UpdatedAt: apiTime(u.At), DisplayAt: apiTime(u.At),
		AffectedComponents: []apiAffected{}, DeliverNotifications: true,
	}
	for _, c := range u.Components {
		out.AffectedComponents = append(out.AffectedComponents, apiAffected{
			Code: string(c.Component), Name: t.id.name(c.Component),
			OldStatus: apiState(c.Old), NewStatus: apiState(c.New),
		})
	}
	return out
}

// maintenances are incidents with a window. One that is over is left out.
func (t *translator) maintenances(windows []incident.Maintenance) []apiIncident {
	all := []apiIncident{}
	for _, m := range windows {
		if !t.at.Before(m.Until) {
			continue
		}
		out := apiIncident{
			ID: m.ID, Name: t.id.in(m.Title), NameEN: t.en.in(m.Title), PageID: pageID,
			Status: "scheduled", Impact: "maintenance",
			Shortlink: t.id.options.BaseURL + "/#" + m.ID,
			CreatedAt: apiTime(m.From), UpdatedAt: apiTime(m.From),
			ScheduledFor: apiTime(m.From), ScheduledUntil: apiTime(m.Until),
			Updates: []apiUpdate{}, Components: t.affected(m.Components),
		}
		if isRunning(m, t.at) {
			out.Status, out.StartedAt = "in_progress", apiTime(m.From)
		}
		all = append(all, out)
	}
	return all
}

// apiTime is RFC 3339 with milliseconds in the page's zone; null for never.
func apiTime(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	said := t.In(words.WIB()).Format("2006-01-02T15:04:05.000Z07:00")
	return &said
}

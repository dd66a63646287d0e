package statuspage_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pantau/detect"
	"pantau/incident"
	"pantau/statuspage"
)

func TestUnknownKeepsItsLastMeasuredStatusForPrograms(t *testing.T) {
	site := newSite(t, statuspage.Options{})
	s := oneLate()
	late := &s.Components[3]
	late.State, late.Measured, late.Blind = detect.Unknown, late.State, detect.BlindSilent
	never := &s.Components[4]
	never.State, never.MeasuredAt, never.Blind = detect.Unknown, time.Time{}, detect.BlindYet
	never.Since = time.Time{}
	if err := site.Publish(s); err != nil { // a site that knows nothing of before, as after a restart
		t.Fatal(err)
	}
	var summary struct {
		Components []struct {
			ID         string `json:"id"`
			Status     string `json:"status"`
			State      string `json:"x_state"`
			MeasuredAt string `json:"x_measured_at"`
			CreatedAt  string `json:"created_at"`
			UpdatedAt  string `json:"updated_at"`
		} `json:"components"`
		Status struct{ Indicator, Description string } `json:"status"`
	}
	answer := get(t, site.Handler(), "/api/v2/summary.json")
	if err := json.Unmarshal(answer.Body.Bytes(), &summary); err != nil {
		t.Fatal(err)
	}
	got := summary.Components[3]
	if got.ID != "otp-sms-indosat" || got.Status != "partial_outage" || got.State != "unknown" || got.MeasuredAt != "2023-05-30T11:59:40.000+07:00" {
		t.Errorf("component is %+v", got)
	}
	// Existing clients read these two as texts that are always there.
	for _, c := range summary.Components {
		if c.CreatedAt == "" || c.UpdatedAt == "" {
			t.Errorf("%s was created at %q and updated at %q, want two times", c.ID, c.CreatedAt, c.UpdatedAt)
		}
	}
	if got := summary.Components[4]; got.Status != "operational" || got.State != "unknown" || got.MeasuredAt != "" {
		t.Errorf("a component that was never measured is %+v", got)
	}
	if summary.Status.Indicator != "major" {
		t.Errorf("indicator is %q, want the worst open impact", summary.Status.Indicator)
	}
	if answer.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Error("programs of other origins may not read it")
	}
}

func TestEveryListOfTheAPI(t *testing.T) {
	s := oneLate()
	running := window()
	running.ID, running.From, running.Until = "MNT-2023-001", before(time.Hour), noon.Add(time.Hour)
	over := window()
	over.ID, over.From, over.Until = "MNT-2023-000", before(time.Hour), noon
	s.Maintenances = []incident.Maintenance{over, running, window()}
	handler := published(t, s).Handler()
	for name, row := range map[string]struct {
		list string
		want []string
	}{
		"summary":                         {"scheduled_maintenances", []string{"MNT-2023-001", "MNT-2023-002"}},
		"components":                      {"components", []string{"portal", "captcha", "otp-sms-telkomsel", "otp-sms-indosat", "otp-sms-xl", "otp-email"}},
		"incidents":                       {"incidents", []string{"INC-2023-003", "INC-2023-002"}},
		"incidents/unresolved":            {"incidents", []string{"INC-2023-003"}},
		"scheduled-maintenances":          {"scheduled_maintenances", []string{"MNT-2023-001", "MNT-2023-002"}},
		"scheduled-maintenances/active":   {"scheduled_maintenances", []string{"MNT-2023-001"}},
		"scheduled-maintenances/upcoming": {"scheduled_maintenances", []string{"MNT-2023-002"}},
	} {
		var content map[string]json.RawMessage
		if err := json.Unmarshal(get(t, handler, "/api/v2/"+name+".json").Body.Bytes(), &content); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var list []struct{ ID string }
		if err := json.Unmarshal(content[row.list], &list); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var ids []string
		for _, item := range list {
			ids = append(ids, item.ID)
		}
		if strings.Join(ids, " ") != strings.Join(row.want, " ") || len(content["page"]) == 0 {
			t.Errorf("%s has %v, want %v and the page", name, ids, row.want)
		}
	}
}

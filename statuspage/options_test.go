package statuspage_test

import (
	"strings"
	"testing"
	"time"

	"pantau/internal/invalid"
	"pantau/internal/words"
	"pantau/statuspage"
)

func TestOptions(t *testing.T) {
	for name, row := range map[string]struct {
		options statuspage.Options
		want    []string
	}{
		"zero": {statuspage.Options{}, nil},
		"full": {statuspage.Options{
			BaseURL: "https://status.example", Publisher: statuspage.Independent, PublisherName: "Relawan",
			PortalURL:  "http://127.0.0.1:8081",
			Components: []statuspage.Component{{ID: "portal"}, {ID: "otp-email", Name: text("Surel", "Mail")}},
			Contacts:   []statuspage.Link{{Text: text("Telepon", "Phone"), URL: "tel:1500200"}, {Text: text("Kantor", "Office")}},
		}, nil},
		"half a title":      {statuspage.Options{Title: words.Text{ID: "Status"}}, []string{`title.en: is empty, want the text in "en"`}},
		"path in base":      {statuspage.Options{BaseURL: "https://status.example/"}, []string{`base_url: "https://status.example/" has more than scheme and host, want it like https://status.example`}},
		"no scheme":         {statuspage.Options{BaseURL: "status.example"}, []string{`base_url: "status.example" is not an address that begins with one of [http https]`}},
		"script":            {statuspage.Options{PortalURL: "javascript:alert(1)"}, []string{`portal_url: "javascript:alert(1)" is not an address that begins with one of [http https]`}},
		"publisher":         {statuspage.Options{Publisher: "me"}, []string{`publisher: "me" is unknown; one of official, independent`}},
		"nameless":          {statuspage.Options{Publisher: statuspage.Independent}, []string{"publisher_name: is empty; an independent publisher says who measures"}},
		"listed twice":      {statuspage.Options{Components: []statuspage.Component{{ID: "portal"}, {ID: "portal"}, {}}}, []string{`components[1].id: "portal" is listed twice`, "components[2].id: is empty"}},
		"operator":          {statuspage.Options{Unsupported: []string{"Axis", ""}}, []string{"unsupported_operators[1]: is empty, want an operator's name"}},
		"times":             {statuspage.Options{Validity: -time.Second, TrustFor: -time.Minute}, []string{"validity: -1s is negative", "trust_for: -1m0s is negative"}},
		"contact":           {statuspage.Options{Contacts: []statuspage.Link{{Text: text("Telepon", ""), URL: "1500200"}}}, []string{`contacts[0].text.en: is empty`, `contacts[0].url: "1500200" is not an address`}},
		"half a self check": {statuspage.Options{SelfChecks: []words.Text{{EN: "Try"}}}, []string{`self_checks[0].id: is empty`}},
	} {
		t.Run(name, func(t *testing.T) {
			mistakes := invalid.All(row.options.Validate())
			if len(mistakes) != len(row.want) {
				t.Fatalf("%d mistakes, want %d: %v", len(mistakes), len(row.want), mistakes)
			}
			for i, want := range row.want {
				if !strings.HasPrefix(mistakes[i].Error(), want) {
					t.Errorf("mistake is %q, want %q", mistakes[i], want)
				}
			}
		})
	}
}

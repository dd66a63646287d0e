package config_test

import (
	"testing"

	"pantau/config"
	"pantau/probes"
	"pantau/store"
)

func TestWherePicturesAreKept(t *testing.T) {
	for _, test := range []struct {
		name, store, pictures string
		journeys              []probes.Journey
		want                  string
	}{
		{"beside the file", "sqlite:/var/lib/pantau/pantau.db", "", []probes.Journey{{}, {Browser: true}}, "/var/lib/pantau/pictures"},
		{"in the working folder", "sqlite:pantau.db", "", []probes.Journey{{Browser: true}}, "pictures"},
		{"elsewhere", "pantau.db", "/srv/pictures", []probes.Journey{{Browser: true}}, "/srv/pictures"},
		{"off", "pantau.db", "off", []probes.Journey{{Browser: true}}, ""},
		{"no browser", "pantau.db", "/srv/pictures", []probes.Journey{{}}, ""},
		{"PostgreSQL", "postgres://pantau@db.example/pantau", "", []probes.Journey{{Browser: true}}, ""},
		{"PostgreSQL and a folder", "postgres://pantau@db.example/pantau", "./p", []probes.Journey{{Browser: true}}, "./p"},
	} {
		c := config.Config{Store: store.Options{URL: test.store}}
		c.Journeys, c.Browser.Pictures = test.journeys, test.pictures
		if got := c.Pictures(); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

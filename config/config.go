// Package config reads config.yaml strictly: an unknown key, a value of the
// wrong kind or one that cannot work is an error, and all of them are said at
// once, each with the place it stands at.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pantau/inbox"
	"pantau/incident"
	"pantau/internal/invalid"
	"pantau/notifier"
	"pantau/probes"
	"pantau/statuspage"
	"pantau/store"

	"github.com/goccy/go-yaml/token"
)

// Config is everything Pantau is configured with. Each part is described where
// it is used; docs/config.md lists every key.
type Config struct {
	Listen        string `yaml:"listen"`         // of the page and of /hooks/, "127.0.0.1:8080" when left out
	MetricsListen string `yaml:"metrics_listen"` // of /metrics, "127.0.0.1:8082" when left out
	// Shadow does everything but speak to the public: its channels are told
	// nothing, and listen shows that the page is not published yet. The team
	// is told, and reads the page at shadow_listen.
	Shadow       bool   `yaml:"shadow"`
	ShadowListen string `yaml:"shadow_listen"` // of the page while shadow is true, "127.0.0.1:8083" when left out

	Store          store.Options `yaml:"store"`
	probes.Options `yaml:",inline"`
	Inbox          inbox.Options          `yaml:"inbox"`
	Notify         notifier.Options       `yaml:"notify"`
	Page           statuspage.Options     `yaml:"page"`
	Maintenance    []incident.Maintenance `yaml:"maintenance"`
}

// Load reads and checks the file at path. The error joins every mistake, each
// as "path:line:column: setting: what is wrong".
func Load(path string) (Config, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("reading the configuration: %w", err)
	}
	return Parse(path, raw)
}

// Parse reads and checks raw; name stands for the file in errors.
func Parse(name string, raw []byte) (Config, error) {
	var c Config
	d, err := decode(raw, &c)
	if err != nil {
		return Config{}, notYAML(name, err)
	}
	c = c.withDefaults()
	return c, d.mistakes(name, c.Validate())
}

// LoadPermission reads and checks the file in which the owner of a portal
// allows our probes, as strictly as the configuration.
func LoadPermission(path string) (probes.Permission, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return probes.Permission{}, fmt.Errorf("reading the permission: %w", err)
	}
	var p probes.Permission
	d, err := decode(raw, &p)
	if err != nil {
		return probes.Permission{}, notYAML(path, err)
	}
	return p, d.mistakes(path, p.Validate())
}

// mistakes are all that were found in the file called name, in its order: in
// decoding and in what was decoded.
func (d *decoder) mistakes(name string, found error) error {
	problems := d.problems
	for _, mistake := range invalid.All(found) {
		// What could not be decoded is said once, not again as missing.
		if !slices.ContainsFunc(d.problems, func(p problem) bool { return covers(p.path, mistake.Path) }) {
			problems = append(problems, problem{d.place(mistake.Path), mistake.Path, mistake.Problem})
		}
	}
	slices.SortStableFunc(problems, func(a, b problem) int { return comparePlaces(a.position, b.position) })
	var mistakes []error
	for _, p := range problems {
		mistakes = append(mistakes, errors.New(p.in(name)))
	}
	return errors.Join(mistakes...)
}

func (c Config) withDefaults() Config {
	c.Listen = cmp.Or(c.Listen, "127.0.0.1:8080")
	c.MetricsListen = cmp.Or(c.MetricsListen, "127.0.0.1:8082")
	c.ShadowListen = cmp.Or(c.ShadowListen, "127.0.0.1:8083")
	return c
}

// Pictures is the folder for pictures of journeys in a browser, "" when none are
// kept or there is no such journey.
func (c Config) Pictures() string {
	switch set := c.Browser.Pictures; {
	case !c.InBrowser(), set == probes.NoPictures:
		return ""
	case set != "":
		return set
	case c.Store.Folder() == "":
		return ""
	default:
		return filepath.Join(c.Store.Folder(), "pictures")
	}
}

// InBrowser says whether any journey needs Chromium.
func (c Config) InBrowser() bool {
	return slices.ContainsFunc(c.Journeys, func(j probes.Journey) bool { return j.Browser })
}

// covers says whether a mistake at path is at problem's place or below it.
func covers(problem, path string) bool {
	rest, inside := strings.CutPrefix(path, problem)
	return inside && problem != "" && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// place is where path stands in the file or, when it was left out, where what
// it belongs to stands; nil when nothing of it was written.
func (d *decoder) place(path string) *token.Position {
	for {
		if position, ok := d.places[path]; ok {
			return position
		}
		cut := max(strings.LastIndexByte(path, '.'), strings.LastIndexByte(path, '['))
		if cut < 0 {
			return nil
		}
		path = path[:cut]
	}
}

func comparePlaces(a, b *token.Position) int {
	switch {
	case a == nil || b == nil:
		return boolInt(b == nil) - boolInt(a == nil)
	case a.Line != b.Line:
		return a.Line - b.Line
	default:
		return a.Column - b.Column
	}
}

func boolInt(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// in is the problem as it is shown.
func (p problem) in(file string) string {
	text := p.text
	if p.path != "" {
		text = p.path + ": " + text
	}
	if p.position == nil {
		return file + ": " + text
	}
	return fmt.Sprintf("%s:%d:%d: %s", file, p.position.Line, p.position.Column, text)
}

// Package statuspage is the public, read-only page: what works, what to do
// now, which way delivers an OTP, what happened and what is planned, for people
// in two languages and for programs in the words of the Statuspage API v2.
//
// Everything is rendered and compressed once per Publish; a reader is given
// bytes. There is no JavaScript, no cookie and no second request in a page.
package statuspage

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"pantau/incident"
	"pantau/internal/words"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed templates/style.css
var styleSheet string

// Site renders situations and serves what it rendered. It is safe for use by
// many goroutines.
type Site struct {
	options   Options
	catalogue *words.Catalogue
	templates map[words.Lang]*template.Template
	missing   map[words.Lang]*document
	withheld  string      // the page in place of all others while it is not published
	headers   http.Header // of every answer
	requests  *prometheus.CounterVec

	current atomic.Pointer[edition]

	publishing sync.Mutex // held while the fields below are used
	press      *press
	archive    map[string]archived
}

// archived keeps the pages of an incident until it changes.
type archived struct {
	incident []byte // as JSON
	pages    map[string]*document
}

// edition is everything that is served, as of one Publish.
type edition struct {
	documents map[string]*document // by path
	published bool                 // false for the edition that knows nothing yet
}

// New makes a site whose pages say that nothing has been measured yet. It
// proves with them that templates and texts fit together.
func New(options Options, catalogue *words.Catalogue) (*Site, error) {
	options, err := options.withDefaults(catalogue)
	if err != nil {
		return nil, fmt.Errorf("preparing the status page: %w", err)
	}
	press, err := newPress()
	if err != nil {
		return nil, fmt.Errorf("preparing the status page: %w", err)
	}
	s := &Site{
		press:     press,
		options:   options,
		catalogue: catalogue,
		templates: make(map[words.Lang]*template.Template),
		missing:   make(map[words.Lang]*document),
		headers:   commonHeaders(styleSheet),
		requests:  newRequestCounter(),
	}
	for _, lang := range words.Langs() {
		if err := s.prepare(lang); err != nil {
			return nil, fmt.Errorf("preparing the status page in %q: %w", lang, err)
		}
	}
	if err := s.writeWithheld(); err != nil {
		return nil, fmt.Errorf("preparing the status page: %w", err)
	}
	if err := s.publish(incident.Situation{}, false); err != nil {
		return nil, fmt.Errorf("preparing the status page: %w", err)
	}
	return s, nil
}

// prepare parses the templates with one language's texts bound to "say", and
// renders the page for addresses that do not exist.
func (s *Site) prepare(lang words.Lang) error {
	functions := template.FuncMap{
		// A text that cannot be said stops the rendering, not the reader.
		"say": func(key string, fills ...string) (string, error) {
			speaker := s.speaker(lang)
			said := speaker.say(key, fills...)
			return said, speaker.err
		},
		"style": func() template.CSS { return template.CSS(styleSheet) },
	}
	parsed, err := template.New("").Funcs(functions).ParseFS(templateFiles, "templates/*.html")
	if err != nil {
		return err
	}
	s.templates[lang] = parsed
	speaker := s.speaker(lang)
	view := speaker.frame("/", speaker.say("missing.title"), speaker.say("missing.body"))
	s.missing[lang], err = s.render(speaker, "missing", view)
	return err
}

func (s *Site) speaker(lang words.Lang) *speaker {
	return &speaker{lang: lang, catalogue: s.catalogue, options: s.options}
}

// Publish renders the situation in every language and form, then replaces what
// is served, all of it at once. On an error nothing is replaced.
func (s *Site) Publish(situation incident.Situation) error { return s.publish(situation, true) }

func (s *Site) publish(situation incident.Situation, known bool) error {
	s.publishing.Lock()
	defer s.publishing.Unlock()

	next := &edition{documents: make(map[string]*document), published: known}
	for _, lang := range words.Langs() {
		speaker := s.speaker(lang)
		page, err := s.render(speaker, "front", speaker.front(situation))
		if err != nil {
			return fmt.Errorf("rendering the status page in %q: %w", lang, err)
		}
		next.documents[localPath(lang, "/")] = page
	}
	archive, err := s.renderIncidents(situation.Incidents, next.documents)
	if err != nil {
		return err
	}
	if err := s.renderAPI(situation, next.documents); err != nil {
		return err
	}
	s.archive = archive
	s.current.Store(next)
	return nil
}

// renderIncidents renders the pages of incidents that changed and takes over
// those of the others.
func (s *Site) renderIncidents(incidents []incident.Incident, documents map[string]*document) (map[string]archived, error) {
	archive := make(map[string]archived, len(incidents))
	for _, i := range incidents {
		content, err := json.Marshal(i)
		if err != nil {
			return nil, fmt.Errorf("comparing incident %s: %w", i.ID, err)
		}
		kept, known := s.archive[i.ID]
		if !known || string(kept.incident) != string(content) {
			pages, err := s.renderIncident(i)
			if err != nil {
				return nil, fmt.Errorf("rendering incident %s: %w", i.ID, err)
			}
			kept = archived{incident: content, pages: pages}
		}
		archive[i.ID] = kept
		for path, page := range kept.pages {
			documents[path] = page
		}
	}
	return archive, nil
}

func (s *Site) renderIncident(i incident.Incident) (map[string]*document, error) {
	pages := make(map[string]*document, len(words.Langs()))
	for _, lang := range words.Langs() {
		speaker := s.speaker(lang)
		page, err := s.render(speaker, "incident", speaker.incidentPage(i))
		if err != nil {
			return nil, err
		}
		pages[localPath(lang, "/incidents/"+i.ID)] = page
	}
	return pages, nil
}

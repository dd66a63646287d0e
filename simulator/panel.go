package simulator

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"reflect"
	"time"

	"pantau/simulator/delivery"
	"pantau/simulator/portal"
)

//go:embed pages/*.html
var pageFiles embed.FS

func parsePages() (*template.Template, error) { return template.ParseFS(pageFiles, "pages/*.html") }

// panelView is the control page.
type panelView struct {
	Links    []link
	Groups   []card
	Standing []row
	Validity string
	Usage    portal.Usage
}

type link struct {
	Label label
	URL   string
}

type card struct {
	Title, About label
	Buttons      []button
}

type button struct {
	ID    string
	Label label
	On    bool
}

// row is one fault that is on, or will be.
type row struct {
	ID, Title, Detail, Since, Until string
	Waiting                         bool // for its beginning
}

// panel shows what is broken and one button for each way to break more.
func (s *Simulator) panel(w http.ResponseWriter, _ *http.Request) {
	now, on := time.Now(), s.faults.list()
	view := panelView{
		Links: s.links(), Validity: s.validity.String(), Usage: s.portal.Usage(),
	}
	for _, one := range on {
		view.Standing = append(view.Standing, rowOf(one, now))
	}
	for _, g := range groups(s.validity) {
		c := card{Title: g.Title, About: g.About}
		for _, p := range g.Presets {
			_, isOn := find(on, p.Fault)
			c.Buttons = append(c.Buttons, button{p.ID, p.Label, isOn})
		}
		view.Groups = append(view.Groups, c)
	}
	s.render(w, "panel.html", view)
}

func (s *Simulator) links() []link {
	links := []link{{label{"Portal", "Portal"}, s.portal.Front()}}
	if page := s.page.Load(); page != nil {
		links = append(links, link{label{"Halaman status", "Status page"}, *page})
	}
	return append(links,
		link{label{"Ponsel & email", "Phones & mail"}, "/control/phones"},
		link{label{"Linimasa X", "X feed"}, "/x/"},
		link{label{"Kanal Slack", "Slack"}, "/slack/"},
	)
}

func rowOf(s standing, now time.Time) row {
	detail, _ := json.Marshal(s.Fault) // texts and numbers always encode
	r := row{
		ID: s.ID, Title: string(s.Kind), Detail: string(detail),
		Since: clock(s.since()), Waiting: !s.Active(now),
	}
	if !s.Until.IsZero() {
		r.Until = clock(s.Until.Time)
	}
	return r
}

// clock writes a time as people in Jakarta read it.
func clock(at time.Time) string {
	return at.In(time.FixedZone("WIB", 7*60*60)).Format("15.04.05 WIB")
}

// find gives the fault that a preset switched on.
func find(on []standing, preset delivery.Fault) (standing, bool) {
	for _, one := range on {
		if reflect.DeepEqual(one.Fault, preset) {
			return one, true
		}
	}
	return standing{}, false
}

// press switches a preset on, or off when it is on.
func (s *Simulator) press(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, controlBodyAtMost)
	pressed, known := s.preset(r.PostFormValue("preset"))
	if !known {
		http.Error(w, "Tombol tidak dikenal. / Unknown button.", http.StatusBadRequest)
		return
	}
	if one, on := find(s.faults.list(), pressed.Fault); on {
		s.faults.end(one.ID)
	} else if _, err := s.faults.add(pressed.Fault); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	http.Redirect(w, r, "/control/", http.StatusSeeOther)
}

func (s *Simulator) preset(id string) (preset, bool) {
	for _, g := range groups(s.validity) {
		for _, p := range g.Presets {
			if p.ID == id {
				return p, true
			}
		}
	}
	return preset{}, false
}

// end ends one fault, or all.
func (s *Simulator) end(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, controlBodyAtMost)
	if id := r.PostFormValue("id"); id != "" {
		s.faults.end(id) // one that has just ended by itself is ended too
	} else if r.PostFormValue("all") != "" {
		_ = s.faults.replace(nil) // an empty list has nothing wrong in it
	}
	http.Redirect(w, r, "/control/", http.StatusSeeOther)
}

// render writes a page, whole or not at all.
func (s *Simulator) render(w http.ResponseWriter, page string, view any) {
	var out bytes.Buffer
	if err := s.pages.ExecuteTemplate(&out, page, view); err != nil {
		s.log.Error("rendering a control page", "page", page, "error", err)
		http.Error(w, "Internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = out.WriteTo(w)
}

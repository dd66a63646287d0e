package portal

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
)

//go:embed pages/*.html
var pageFiles embed.FS

// view is what a page shows.
type view struct {
	Step      int // of four, for the line of steps; 0 shows none
	Token     string
	Challenge string
	Image     string
	Problem   string // which sentence of refusal to show; "" is none
	Channel   channel
	Number    string // as the visitor typed it
	Mail      string
	Operator  string
	SentTo    string // masked
	Reference string
	Validity  string
	Status    int // of an error page
}

func parsePages(dress string) (*template.Template, error) {
	return template.New(dress).ParseFS(pageFiles, "pages/"+dress+".html")
}

func (p *Portal) frontPage(v *visit) {
	p.render(v.w, v.r, http.StatusOK, "front", view{Validity: span(p.validity)})
}

// complain answers with an error page.
func (p *Portal) complain(w http.ResponseWriter, r *http.Request, status int) {
	p.render(w, r, status, "trouble", view{Status: status})
}

// render writes a page, whole or not at all.
func (p *Portal) render(w http.ResponseWriter, r *http.Request, status int, page string, v view) {
	var out bytes.Buffer
	if err := p.pages.ExecuteTemplate(&out, page, v); err != nil {
		p.log.Error("rendering a page of the portal", "page", page, "path", r.URL.Path, "error", err)
		http.Error(w, "Terjadi kesalahan.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w)
}

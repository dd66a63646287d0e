package social

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"
)

//go:embed pages/*.html
var pageFiles embed.FS

// pages are parsed when the program starts, so a broken one never ships.
var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// threadsOnPage is how many threads a page shows, the newest.
const threadsOnPage = 40

// showPage renders into a buffer first, so that an error is a clean 500.
func showPage(w http.ResponseWriter, name string, view any) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, view); err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'")
	_, _ = w.Write(b.Bytes()) // the client may have gone
}

// span is a piece of text for a page.
type span struct {
	Text   string
	Href   string // "" is no link
	Bold   bool
	Code   bool
	Italic bool
}

// wib is Western Indonesian Time, which has no summer time.
var wib = time.FixedZone("WIB", 7*60*60)

// clock is a time of day as people read it: "14.05.09 WIB", with the date in
// front when that is not today.
func clock(at, now time.Time) string {
	at, now = at.In(wib), now.In(wib)
	timeOfDay := at.Format("15.04.05 WIB")
	if at.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return timeOfDay
	}
	months := [...]string{"Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"}
	return fmt.Sprintf("%d %s %d %s", at.Day(), months[at.Month()-1], at.Year(), timeOfDay)
}

// faultNotes say on the page what is switched on, so that nobody takes an
// arranged fault for a real one.
func faultNotes(list []Fault) []string {
	var notes []string
	for _, f := range list {
		note := string(f.Kind)
		if f.Times > 0 {
			note += fmt.Sprintf(" ×%d", f.Times)
		}
		if f.Share < 1 {
			note += fmt.Sprintf(" %.0f%%", 100*f.Share)
		}
		notes = append(notes, note)
	}
	return notes
}

// initials are for the round picture of an account.
func initials(name string) string {
	var b strings.Builder
	for i, word := range strings.Fields(name) {
		if i < 2 {
			b.WriteRune([]rune(word)[0])
		}
	}
	return strings.ToUpper(b.String())
}

package probes

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// page is a page of the portal as a visitor sees it.
type page struct {
	url      *url.URL
	status   int
	answered time.Time // monotonic; see answer
	doc      *goquery.Document
	shown    int    // in Chromium, see origin
	document *reply // likewise
}

func newPage(a answer) (*page, error) {
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(a.body))
	if err != nil {
		return nil, &fault{Down, ReasonUnexpected, "a page that is not HTML"}
	}
	return &page{url: a.url, status: a.status, answered: a.answered, doc: doc, shown: a.shown, document: a.document}, nil
}

// has says whether selector matches anything. An empty one never does.
func (p *page) has(selector string) bool {
	return selector != "" && p.doc.Find(selector).Length() > 0
}

// text of the first element that selector matches.
func (p *page) text(selector string) string {
	if selector == "" {
		return ""
	}
	return strings.TrimSpace(p.doc.Find(selector).First().Text())
}

// says is has, and that the words stand in the first element, in any case.
func (p *page) says(selector, words string) bool {
	return p.has(selector) && strings.Contains(strings.ToLower(p.text(selector)), strings.ToLower(words))
}

// image gives the address of an <img>.
func (p *page) image(selector string) (*url.URL, error) {
	src, found := p.doc.Find(selector).First().Attr("src")
	if !found || src == "" {
		return nil, &fault{Down, ReasonImage, fmt.Sprintf("no image at %s", selector)}
	}
	to, err := p.url.Parse(src)
	if err != nil {
		return nil, &fault{Down, ReasonImage, "the image has an address that is none"}
	}
	return to, nil
}

// wrong is the fault of a page that is none of those expected.
func (p *page) wrong(want string) error {
	if p.status != http.StatusOK {
		return &fault{Down, ReasonStatus, fmt.Sprintf("status %d, want 200 with %s", p.status, want)}
	}
	return &fault{Down, ReasonUnexpected, "the page has no " + want}
}

// form is a form ready to be sent, with everything a browser would send.
type form struct {
	method string
	from   *url.URL // the page it stands on
	to     *url.URL
	values url.Values
	origin origin
}

// form takes the form that selector matches off the page with the state its
// controls have when nothing is touched. found is false when there is none.
func (p *page) form(selector string) (f form, found bool) {
	element := p.doc.Find(selector).First()
	if element.Length() == 0 {
		return form{}, false
	}
	to, err := p.url.Parse(element.AttrOr("action", ""))
	if err != nil {
		return form{}, false
	}
	f = form{method: strings.ToUpper(element.AttrOr("method", http.MethodGet)), from: p.url, to: to, values: url.Values{}}
	pressed := false
	element.Find("input, select, textarea, button").Each(func(_ int, control *goquery.Selection) {
		name := control.AttrOr("name", "")
		isButton := submits(control)
		if isButton && pressed || name == "" || disabled(control) {
			return
		}
		pressed = pressed || isButton
		for _, value := range untouched(control) {
			f.values.Add(name, value)
		}
	})
	if p.shown != 0 {
		f.origin = origin{shown: p.shown, selector: selector, untouched: clone(f.values), document: p.document}
	}
	return f, true
}

func clone(values url.Values) url.Values {
	copied := make(url.Values, len(values))
	for field, all := range values {
		copied[field] = slices.Clone(all)
	}
	return copied
}

func disabled(control *goquery.Selection) bool {
	_, itself := control.Attr("disabled")
	return itself || control.Closest("fieldset[disabled]").Length() > 0
}

// submits says whether control is a button that sends the form. A browser
// sends the one that was pressed: the first.
func submits(control *goquery.Selection) bool {
	kind := strings.ToLower(control.AttrOr("type", ""))
	if goquery.NodeName(control) == "button" {
		return kind == "" || kind == "submit"
	}
	return goquery.NodeName(control) == "input" && kind == "submit"
}

// untouched gives the values that a control adds to the form by itself.
func untouched(control *goquery.Selection) []string {
	switch goquery.NodeName(control) {
	case "textarea":
		return []string{control.Text()}
	case "select":
		return selected(control)
	case "button":
		if !submits(control) {
			return nil
		}
		return []string{control.AttrOr("value", "")}
	}
	switch strings.ToLower(control.AttrOr("type", "text")) {
	case "checkbox", "radio":
		if _, checked := control.Attr("checked"); !checked {
			return nil
		}
		return []string{control.AttrOr("value", "on")}
	case "button", "reset", "file", "image":
		return nil
	default:
		return []string{control.AttrOr("value", "")}
	}
}

// selected gives the chosen options. A list that shows one line has its first
// option chosen when none is marked.
func selected(list *goquery.Selection) []string {
	var values []string
	value := func(option *goquery.Selection) string {
		return option.AttrOr("value", strings.TrimSpace(option.Text()))
	}
	list.Find("option[selected]:not([disabled])").Each(func(_ int, option *goquery.Selection) {
		values = append(values, value(option))
	})
	if _, multiple := list.Attr("multiple"); multiple {
		return values
	}
	if len(values) > 1 {
		values = values[len(values)-1:]
	}
	if first := list.Find("option:not([disabled])").First(); len(values) == 0 && first.Length() > 0 {
		values = []string{value(first)}
	}
	return values
}

package statuspage

import "pantau/internal/words"

// frame is what every page has around its content.
type frame struct {
	Lang        string
	Title       string // of the document
	Description string // one sentence, for previews in chats
	Canonical   string // absolute; "" without a base URL
	Alternates  []alternate
	Home        string
	Site        string // title of the site
	Notice      string // at the top of every page; "" for none
	Switch      alternate
	Portal      string
	Service     string
	About       string
	Accounts    []Linked
}

// alternate is the same page in a language.
type alternate struct {
	Lang string
	Href string
	Name string
}

// Linked is a place to turn to, in one language.
type Linked struct {
	Text string
	URL  string
}

// frame is built for a page at path, the Indonesian one.
func (s *speaker) frame(path, title, description string) frame {
	o := s.options
	f := frame{
		Lang: string(s.lang), Title: title + " · " + s.in(o.Title), Description: description,
		Home: localPath(s.lang, "/"), Site: s.in(o.Title), Notice: s.in(o.Notice), Portal: o.PortalURL, Service: o.Service,
		About: s.about(), Accounts: s.links(o.Accounts),
	}
	if o.BaseURL != "" {
		f.Canonical = o.BaseURL + localPath(s.lang, path)
	}
	for _, lang := range words.Langs() {
		a := alternate{Lang: string(lang), Href: o.BaseURL + localPath(lang, path), Name: languageName(lang)}
		f.Alternates = append(f.Alternates, a)
		if lang != s.lang {
			a.Href = localPath(lang, path)
			f.Switch = a
		}
	}
	return f
}

func (s *speaker) about() string {
	owner := s.in(s.options.Owner)
	if s.options.Publisher == Independent {
		return s.say("about.independent", "publisher", s.options.PublisherName, "owner", owner)
	}
	return s.say("about.official", "owner", owner)
}

// localPath is the address of a page in a language.
func localPath(lang words.Lang, path string) string {
	if lang == words.English {
		return "/en" + path
	}
	return path
}

// languageName is how a language calls itself.
func languageName(lang words.Lang) string {
	if lang == words.English {
		return "English"
	}
	return "Bahasa Indonesia"
}

package statuspage

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"time"

	"pantau/detect"
	"pantau/internal/invalid"
	"pantau/internal/words"
)

// Publisher is in whose name the page speaks.
type Publisher string

// The publishers. An independent one neither says "we" in the authority's
// name nor passes for it.
const (
	Official    Publisher = "official"
	Independent Publisher = "independent"
)

// Options are the settings of the public page. The zero value is a working
// page of the e-Registration profile, published officially.
type Options struct {
	Title         words.Text    `yaml:"title"`                 // of the page; default "Status Layanan e-Registration"
	Service       string        `yaml:"service"`               // the portal's name in sentences; default "e-Registration"
	Notice        words.Text    `yaml:"notice"`                // at the top of every page, such as that this is a trial; default none
	BaseURL       string        `yaml:"base_url"`              // where readers find the page, "https://status.example"; "" keeps links relative
	Publisher     Publisher     `yaml:"publisher"`             // default official
	PublisherName string        `yaml:"publisher_name"`        // who measures; required of an independent publisher
	Owner         words.Text    `yaml:"owner"`                 // whose portal it is; default Direktorat Jenderal Pajak
	PortalURL     string        `yaml:"portal_url"`            // default https://ereg.pajak.go.id
	Components    []Component   `yaml:"components"`            // in order of display; default: as measured
	Unsupported   []string      `yaml:"unsupported_operators"` // default Axis, Tri, Smartfren; [] for none
	Contacts      []Link        `yaml:"contacts"`              // default Kring Pajak, live chat, KPP; [] for none
	Accounts      []Link        `yaml:"official_accounts"`     // the only ones that carry official news
	SelfChecks    []words.Text  `yaml:"self_checks"`           // "is it me?"; default: the e-Registration list
	Validity      time.Duration `yaml:"validity"`              // of a code; default 10m
	TrustFor      time.Duration `yaml:"trust_for"`             // how long a page may be relied on after it was made; default 5m
	// LetThrough says on the page that our probes may be let past the captcha
	// another way than people. It follows from the portal's settings.
	LetThrough bool `yaml:"-"`
}

// Component is one row of the page.
type Component struct {
	ID   detect.Component `yaml:"id"`
	Name words.Text       `yaml:"name"` // default: derived from the id
}

// Link is a place to turn to. URL may be empty where there is only a text.
type Link struct {
	Text words.Text `yaml:"text"`
	URL  string     `yaml:"url"`
}

// Validate reports every setting that cannot be used.
func (o Options) Validate() error {
	var errs []error
	if !o.Title.IsZero() {
		errs = append(errs, bothLanguages("title", o.Title))
	}
	if !o.Notice.IsZero() {
		errs = append(errs, bothLanguages("notice", o.Notice))
	}
	if !o.Owner.IsZero() {
		errs = append(errs, bothLanguages("owner", o.Owner))
	}
	errs = append(errs, o.validatePublisher(), validateBase(o.BaseURL))
	if o.PortalURL != "" {
		errs = append(errs, validateURL("portal_url", o.PortalURL, "http", "https"))
	}
	errs = append(errs, validateComponents(o.Components))
	errs = append(errs, validateLinks("contacts", o.Contacts), validateLinks("official_accounts", o.Accounts))
	for i, check := range o.SelfChecks {
		errs = append(errs, bothLanguages(fmt.Sprintf("self_checks[%d]", i), check))
	}
	for i, operator := range o.Unsupported {
		if operator == "" {
			errs = append(errs, invalid.At(fmt.Sprintf("unsupported_operators[%d]", i), "is empty, want an operator's name"))
		}
	}
	if o.Validity < 0 {
		errs = append(errs, invalid.At("validity", "%s is negative, want how long a code can be used, such as 10m", o.Validity))
	}
	if o.TrustFor < 0 {
		errs = append(errs, invalid.At("trust_for", "%s is negative, want a duration such as 5m", o.TrustFor))
	}
	return errors.Join(errs...)
}

func (o Options) validatePublisher() error {
	switch o.Publisher {
	case "", Official:
		return nil
	case Independent:
		if o.PublisherName == "" {
			return invalid.At("publisher_name", "is empty; an independent publisher says who measures")
		}
		return nil
	default:
		return invalid.At("publisher", "%q is unknown; one of official, independent", o.Publisher)
	}
}

func validateBase(base string) error {
	if base == "" {
		return nil
	}
	if err := validateURL("base_url", base, "http", "https"); err != nil {
		return err
	}
	// The page's own links are absolute paths, so it must live at the root.
	if u, err := url.Parse(base); err != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return invalid.At("base_url", "%q has more than scheme and host, want it like https://status.example", base)
	}
	return nil
}

func validateURL(path, raw string, schemes ...string) error {
	u, err := url.Parse(raw)
	if err == nil {
		for _, scheme := range schemes {
			if u.Scheme == scheme && (u.Host != "" || u.Opaque != "") {
				return nil
			}
		}
	}
	return invalid.At(path, "%q is not an address that begins with one of %v", raw, schemes)
}

func validateComponents(components []Component) error {
	var errs []error
	seen := make(map[detect.Component]bool, len(components))
	for i, c := range components {
		path := fmt.Sprintf("components[%d]", i)
		switch {
		case c.ID == "":
			errs = append(errs, invalid.At(path+".id", "is empty"))
		case seen[c.ID]:
			errs = append(errs, invalid.At(path+".id", "%q is listed twice", c.ID))
		}
		seen[c.ID] = true
		if !c.Name.IsZero() {
			errs = append(errs, bothLanguages(path+".name", c.Name))
		}
	}
	return errors.Join(errs...)
}

func validateLinks(path string, links []Link) error {
	var errs []error
	for i, link := range links {
		at := fmt.Sprintf("%s[%d]", path, i)
		errs = append(errs, bothLanguages(at+".text", link.Text))
		if link.URL != "" {
			errs = append(errs, validateURL(at+".url", link.URL, "http", "https", "tel", "mailto"))
		}
	}
	return errors.Join(errs...)
}

func bothLanguages(path string, text words.Text) error {
	var errs []error
	for _, lang := range words.Langs() {
		if text.In(lang) == "" {
			errs = append(errs, invalid.At(path+"."+string(lang), "is empty, want the text in %q", lang))
		}
	}
	return errors.Join(errs...)
}

// withDefaults fills what was left out, with texts from the catalogue.
func (o Options) withDefaults(catalogue *words.Catalogue) (Options, error) {
	both := bilingual{catalogue: catalogue}
	if o.Title.IsZero() {
		o.Title = both.say("site.title")
	}
	if o.Owner.IsZero() {
		o.Owner = both.say("about.owner")
	}
	if o.Contacts == nil {
		o.Contacts = []Link{
			{Text: both.say("contact.kring"), URL: "tel:1500200"},
			{Text: both.say("contact.chat"), URL: "https://www.pajak.go.id"},
			{Text: both.say("contact.kpp"), URL: "https://www.pajak.go.id/id/unit-kerja"},
		}
	}
	if o.Unsupported == nil {
		o.Unsupported = []string{"Axis", "Tri", "Smartfren"}
	}
	o.Service = cmp.Or(o.Service, "e-Registration")
	o.Publisher = cmp.Or(o.Publisher, Official)
	o.PortalURL = cmp.Or(o.PortalURL, "https://ereg.pajak.go.id")
	o.Validity = cmp.Or(o.Validity, 10*time.Minute)
	o.TrustFor = cmp.Or(o.TrustFor, 5*time.Minute)
	return o, both.err
}

// bilingual says texts without placeholders in both languages and keeps the
// first error.
type bilingual struct {
	catalogue *words.Catalogue
	err       error
}

func (b *bilingual) say(key string) words.Text {
	id, idErr := b.catalogue.Say(words.Indonesian, key, nil)
	en, enErr := b.catalogue.Say(words.English, key, nil)
	b.err = errors.Join(b.err, idErr, enErr)
	return words.Text{ID: id, EN: en}
}

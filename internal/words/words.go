// Package words is the one catalogue of texts for people, in Indonesian and
// English, with the dates, clock times, durations and numbers in them.
package words

// Lang is a language of the page and of notices.
type Lang string

// The two languages. Indonesian comes first everywhere.
const (
	Indonesian Lang = "id"
	English    Lang = "en"
)

// Langs are all languages, in the order they are shown.
func Langs() []Lang { return []Lang{Indonesian, English} }

// Text says one thing in both languages.
type Text struct {
	ID string `json:"id" yaml:"id"`
	EN string `json:"en" yaml:"en"`
}

// In gives the text in one language.
func (t Text) In(lang Lang) string {
	if lang == English {
		return t.EN
	}
	return t.ID
}

// IsZero says whether there is nothing to say in either language.
func (t Text) IsZero() bool { return t.ID == "" && t.EN == "" }

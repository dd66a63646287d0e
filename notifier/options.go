package notifier

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"pantau/incident"
	"pantau/internal/invalid"
	"pantau/internal/secret"
	"pantau/internal/words"
)

// Options say which channels there are and how patient the dispatcher is.
type Options struct {
	Channels []ChannelOptions `yaml:"channels"`

	// Timeout of one call to a channel; 10 s when zero.
	Timeout time.Duration `yaml:"timeout"`
	// Settle is how long after a call has ended a post of it may still appear
	// at the channel; 20 s when zero. Nothing is read back before.
	Settle time.Duration `yaml:"settle"`
	// BackoffFirst is the wait after the first attempt in vain, doubled with
	// each further one up to BackoffMax; 2 s and 5 min when zero.
	BackoffFirst time.Duration `yaml:"backoff_first"`
	BackoffMax   time.Duration `yaml:"backoff_max"`
	// Poll is how often the outbox is looked at unasked, for what is due again
	// and what another process left; 2 s when zero.
	Poll time.Duration `yaml:"poll"`
}

// ChannelOptions describe one channel. Which fields apply depends on Kind.
type ChannelOptions struct {
	Name     string            `yaml:"name"`     // lower case, digits, hyphens; part of delivery ids and metrics
	Kind     Kind              `yaml:"kind"`     // x, slack or console
	Audience incident.Audience `yaml:"audience"` // public when empty
	Language words.Lang        `yaml:"language"` // id when empty

	Token secret.Value `yaml:"token"` // x: the account's access token; slack: the bot token

	Transport      Transport    `yaml:"transport"` // x: v2 when empty
	BaseURL        string       `yaml:"base_url"`  // x: the transport's real host when empty
	UserID         string       `yaml:"user_id"`   // x: the account's number, to read back its posts
	ConsumerKey    secret.Value `yaml:"consumer_key"`
	ConsumerSecret secret.Value `yaml:"consumer_secret"`
	TokenSecret    secret.Value `yaml:"token_secret"`
	IncludeLink    IncludeLink  `yaml:"include_link"` // x: never when empty
	Link           string       `yaml:"link"`         // x: the page to point at

	APIURL  string `yaml:"api_url"` // slack: Slack's own when empty
	Channel string `yaml:"channel"` // slack: the channel's id, C…
}

// Kind of a channel.
type Kind string

// The kinds.
const (
	KindX       Kind = "x"
	KindSlack   Kind = "slack"
	KindConsole Kind = "console"
)

// Transport is the version of X's interface.
type Transport string

// The transports. Self-serve plans refuse to post through v1.1 (code 453); it
// is for enterprise plans and compatible gateways.
const (
	TransportV2  Transport = "v2"
	TransportV11 Transport = "v1.1"
)

// IncludeLink says which posts of a thread carry the link. X charges more than
// ten times as much for a post with one.
type IncludeLink string

// The choices.
const (
	LinkNever  IncludeLink = "never"
	LinkRoot   IncludeLink = "root"
	LinkAlways IncludeLink = "always"
)

// Validate names every mistake with its place.
func (o Options) Validate() error {
	var mistakes []error
	for _, d := range []struct {
		path   string
		length time.Duration
	}{
		{"timeout", o.Timeout},
		{"settle", o.Settle},
		{"backoff_first", o.BackoffFirst},
		{"backoff_max", o.BackoffMax},
		{"poll", o.Poll},
	} {
		if d.length < 0 {
			mistakes = append(mistakes, invalid.At(d.path, "%s is negative", d.length))
		}
	}
	named := map[string]int{}
	for i, c := range o.Channels {
		path := fmt.Sprintf("channels[%d]", i)
		mistakes = append(mistakes, invalid.In(path, c.Validate()))
		if first, twice := named[c.Name]; twice && c.Name != "" {
			mistakes = append(mistakes, invalid.At(path+".name", "%q is the name of channels[%d] already", c.Name, first))
			continue
		}
		named[c.Name] = i
	}
	return errors.Join(mistakes...)
}

// withDefaults fills what was left out.
func (o Options) withDefaults() Options {
	for _, d := range []struct {
		field *time.Duration
		usual time.Duration
	}{
		{&o.Timeout, 10 * time.Second},
		{&o.Settle, 20 * time.Second},
		{&o.BackoffFirst, 2 * time.Second},
		{&o.BackoffMax, 5 * time.Minute},
		{&o.Poll, 2 * time.Second},
	} {
		if *d.field == 0 {
			*d.field = d.usual
		}
	}
	o.BackoffMax = max(o.BackoffMax, o.BackoffFirst)
	return o
}

// Validate names every mistake in one channel with its place.
func (c ChannelOptions) Validate() error {
	mistakes := []error{
		matching("name", c.Name, channelName, "lower-case letters, digits and hyphens"),
		oneOf("audience", c.Audience, "", incident.Public, incident.IT),
		oneOf("language", c.Language, "", words.Indonesian, words.English),
		oneOf("kind", c.Kind, KindX, KindSlack, KindConsole),
		c.misplaced(),
	}
	switch c.Kind {
	case KindX:
		mistakes = append(mistakes, c.validateX())
	case KindSlack:
		mistakes = append(mistakes,
			webAddress("api_url", c.APIURL),
			present("token", c.Token),
			// Reading back takes an id; a name would do for posting only.
			matching("channel", c.Channel, slackChannel, "the channel's id, as in C024BE91L"))
	case KindConsole:
	}
	return errors.Join(mistakes...)
}

func (c ChannelOptions) validateX() error {
	mistakes := []error{
		oneOf("transport", c.Transport, "", TransportV2, TransportV11),
		webAddress("base_url", c.BaseURL),
		matching("user_id", c.UserID, number, "the account's number, as in 2244994945"),
		present("consumer_key", c.ConsumerKey),
		present("consumer_secret", c.ConsumerSecret),
		present("token", c.Token),
		present("token_secret", c.TokenSecret),
		oneOf("include_link", c.IncludeLink, "", LinkNever, LinkRoot, LinkAlways),
		webAddress("link", c.Link),
	}
	if c.Audience == incident.IT {
		mistakes = append(mistakes, invalid.At("audience", "%q cannot be told on X, where everybody reads; write public", c.Audience))
	}
	if c.Link == "" && (c.IncludeLink == LinkRoot || c.IncludeLink == LinkAlways) {
		mistakes = append(mistakes, invalid.At("link", "is missing, and include_link is %q", c.IncludeLink))
	}
	return errors.Join(mistakes...)
}

// misplaced finds what is set but means nothing for this kind, so that nobody
// believes it to be at work.
func (c ChannelOptions) misplaced() error {
	var mistakes []error
	for _, field := range []struct {
		path  string
		set   bool
		kinds []Kind
	}{
		{"token", !c.Token.Empty(), []Kind{KindX, KindSlack}},
		{"transport", c.Transport != "", []Kind{KindX}},
		{"base_url", c.BaseURL != "", []Kind{KindX}},
		{"user_id", c.UserID != "", []Kind{KindX}},
		{"consumer_key", !c.ConsumerKey.Empty(), []Kind{KindX}},
		{"consumer_secret", !c.ConsumerSecret.Empty(), []Kind{KindX}},
		{"token_secret", !c.TokenSecret.Empty(), []Kind{KindX}},
		{"include_link", c.IncludeLink != "", []Kind{KindX}},
		{"link", c.Link != "", []Kind{KindX}},
		{"api_url", c.APIURL != "", []Kind{KindSlack}},
		{"channel", c.Channel != "", []Kind{KindSlack}},
	} {
		known := oneOf("kind", c.Kind, KindX, KindSlack, KindConsole) == nil
		if field.set && known && oneOf("", c.Kind, field.kinds...) != nil {
			mistakes = append(mistakes, invalid.At(field.path, "means nothing for kind %q", c.Kind))
		}
	}
	return errors.Join(mistakes...)
}

var (
	channelName  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
	slackChannel = regexp.MustCompile(`^[CGD][A-Z0-9]+$`)
	number       = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)
)

func matching(path, text string, form *regexp.Regexp, want string) error {
	switch {
	case text == "":
		return invalid.At(path, "is missing; want %s", want)
	case !form.MatchString(text):
		return invalid.At(path, "%q; want %s", text, want)
	default:
		return nil
	}
}

func present(path string, value secret.Value) error {
	if value.Empty() {
		return invalid.At(path, "is missing; write ${env:NAME} or ${file:PATH}")
	}
	return nil
}

// oneOf takes "" among known as "may be left out".
func oneOf[T ~string](path string, got T, known ...T) error {
	var names []string
	for _, k := range known {
		if got == k {
			return nil
		}
		if k != "" {
			names = append(names, string(k))
		}
	}
	if got == "" {
		return invalid.At(path, "is missing; one of %s", strings.Join(names, ", "))
	}
	return invalid.At(path, "%q is unknown; one of %s", got, strings.Join(names, ", "))
}

// webAddress wants https, because tokens travel along; plain http is for a
// counterpart on this machine.
func webAddress(path, text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return invalid.At(path, "is not a web address; want https://…")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return invalid.At(path, "has a user, a query or a fragment; want only host and path")
	case u.Scheme == "http" && !onThisMachine(u.Hostname()):
		return invalid.At(path, "%q is not encrypted; want https", text)
	default:
		return nil
	}
}

func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

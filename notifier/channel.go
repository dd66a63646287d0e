package notifier

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"pantau/incident"
	"pantau/internal/words"
)

// Channel is where deliveries of one audience go in one language.
type Channel struct {
	Name     string
	Audience incident.Audience
	Language words.Lang
	Sender   Sender
	// Write says a notice in the channel's manner and size. It is pure: the
	// same notice always reads the same.
	Write func(n incident.Notice, lang words.Lang) (title, text string)
}

// Open makes the channels that o describes. Console channels print to stdout.
// o must be valid.
func (o Options) Open(stdout io.Writer) ([]Channel, error) {
	var channels []Channel
	for _, options := range o.Channels {
		channel, err := options.open(stdout)
		if err != nil {
			return nil, fmt.Errorf("opening channel %q: %w", options.Name, err)
		}
		channels = append(channels, channel)
	}
	return channels, nil
}

func (c ChannelOptions) open(stdout io.Writer) (Channel, error) {
	channel := Channel{Name: c.Name, Audience: c.Audience, Language: c.Language}
	if channel.Audience == "" {
		channel.Audience = incident.Public
	}
	if channel.Language == "" {
		channel.Language = words.Indonesian
	}
	var err error
	switch {
	case c.Kind == KindX && c.Transport == TransportV11:
		channel.Write = xManner{c.IncludeLink, c.Link}.write
		channel.Sender, err = newX11(c)
	case c.Kind == KindX:
		channel.Write = xManner{c.IncludeLink, c.Link}.write
		channel.Sender = newX(c)
	case c.Kind == KindSlack:
		channel.Write = writeForSlack
		channel.Sender = newSlack(c)
	case c.Kind == KindConsole:
		channel.Write = writeForConsole
		channel.Sender = newConsole(stdout)
	default:
		err = fmt.Errorf("kind %q is unknown", c.Kind)
	}
	return channel, err
}

// Check asks the channel what was posted since a moment ago, which tries
// address, keys and the right to read without posting anything. A channel that
// cannot be asked passes.
func (c Channel) Check(ctx context.Context) error {
	finder, canFind := c.Sender.(Finder)
	if !canFind {
		return nil
	}
	_, _, err := finder.Find(ctx, Delivery{ID: "check/" + c.Name, Channel: c.Name, Began: time.Now()})
	return err
}

// render makes the delivery of n to c. ok is false when c is for another
// audience or n has nothing to say in its language. A panic of Write makes a
// delivery that has failed, so that one notice does not stop all others.
func render(c Channel, n incident.Notice) (d Delivery, ok bool) {
	if n.Audience != c.Audience {
		return Delivery{}, false
	}
	d = Delivery{
		ID:      n.ID + "/" + c.Name,
		Notice:  n.ID,
		Channel: c.Name,
		Thread:  n.About,
		Number:  n.Number,
		Event:   n.Event,
		State:   Waiting,
		Due:     n.At,
		Created: n.At,
	}
	defer func() {
		if recover() != nil {
			d, ok = failed(d, "the notice could not be put into the channel's form", n.At), true
		}
	}()
	d.Title, d.Text = c.Write(n, c.Language)
	return d, strings.TrimSpace(d.Text) != ""
}

// expand makes all deliveries of n.
func expand(channels []Channel, n incident.Notice) []Delivery {
	var all []Delivery
	for _, c := range channels {
		if d, ok := render(c, n); ok {
			all = append(all, d)
		}
	}
	return all
}

// unsayable are those that failed before the first attempt.
func unsayable(deliveries []Delivery) []Delivery {
	var unsaid []Delivery
	for _, d := range deliveries {
		if d.State == Failed {
			unsaid = append(unsaid, d)
		}
	}
	return unsaid
}

package notifier

import (
	"slices"
	"testing"
	"time"

	"pantau/internal/invalid"
	"pantau/internal/secret"
)

func TestValidate(t *testing.T) {
	key := secret.New("canary")
	good := ChannelOptions{
		Name: "x-id", Kind: KindX, UserID: "2244994945", ConsumerKey: key, ConsumerSecret: key, Token: key, TokenSecret: key,
	}
	with := func(change func(*ChannelOptions)) Options {
		c := good
		change(&c)
		return Options{Channels: []ChannelOptions{c}}
	}
	slackWith := func(change func(*ChannelOptions)) Options {
		c := ChannelOptions{Name: "siaga", Kind: KindSlack, Audience: "it", Token: key, Channel: "C024BE91L"}
		change(&c)
		return Options{Channels: []ChannelOptions{c}}
	}
	for _, test := range []struct {
		name    string
		options Options
		want    []string
	}{
		{"nothing", Options{}, nil},
		{"x", with(func(*ChannelOptions) {}), nil},
		{"slack", slackWith(func(*ChannelOptions) {}), nil},
		{"console", Options{Channels: []ChannelOptions{{Name: "layar", Kind: KindConsole}}}, nil},
		{"x through a gateway here", with(func(c *ChannelOptions) { c.BaseURL, c.Transport = "http://127.0.0.1:8081/x", TransportV11 }), nil},
		{"negative times", Options{Timeout: -time.Second, Poll: -1}, []string{"timeout: -1s is negative", "poll: -1ns is negative"}},
		{"twice", Options{Channels: []ChannelOptions{good, good}}, []string{`channels[1].name: "x-id" is the name of channels[0] already`}},
		{"empty", Options{Channels: []ChannelOptions{{}}}, []string{
			"channels[0].name: is missing; want lower-case letters, digits and hyphens",
			"channels[0].kind: is missing; one of x, slack, console",
		}},
		{"unknown kind", with(func(c *ChannelOptions) { c.Kind = "twiter" }), []string{`channels[0].kind: "twiter" is unknown; one of x, slack, console`}},
		{"bad name", with(func(c *ChannelOptions) { c.Name = "X ID" }), []string{`channels[0].name: "X ID"; want lower-case letters, digits and hyphens`}},
		{"unknown words", with(func(c *ChannelOptions) {
			c.Audience, c.Language, c.Transport, c.IncludeLink = "all", "jv", "v3", "often"
		}), []string{
			`channels[0].audience: "all" is unknown; one of public, it`,
			`channels[0].language: "jv" is unknown; one of id, en`,
			`channels[0].transport: "v3" is unknown; one of v2, v1.1`,
			`channels[0].include_link: "often" is unknown; one of never, root, always`,
		}},
		{"inside talk on X", with(func(c *ChannelOptions) { c.Audience = "it" }), []string{`channels[0].audience: "it" cannot be told on X, where everybody reads; write public`}},
		{"no link to include", with(func(c *ChannelOptions) { c.IncludeLink = LinkRoot }), []string{`channels[0].link: is missing, and include_link is "root"`}},
		{"no keys", Options{Channels: []ChannelOptions{{Name: "x", Kind: KindX, UserID: "@djp"}}}, []string{
			`channels[0].user_id: "@djp"; want the account's number, as in 2244994945`,
			"channels[0].consumer_key: is missing; write ${env:NAME} or ${file:PATH}",
			"channels[0].consumer_secret: is missing; write ${env:NAME} or ${file:PATH}",
			"channels[0].token: is missing; write ${env:NAME} or ${file:PATH}",
			"channels[0].token_secret: is missing; write ${env:NAME} or ${file:PATH}",
		}},
		{"tokens in the clear", slackWith(func(c *ChannelOptions) { c.APIURL = "http://slack.example/api" }), []string{`channels[0].api_url: "http://slack.example/api" is not encrypted; want https`}},
		{"no address", slackWith(func(c *ChannelOptions) { c.APIURL = "slack" }), []string{"channels[0].api_url: is not a web address; want https://…"}},
		{"a key in the address", slackWith(func(c *ChannelOptions) { c.APIURL = "https://a:canary@slack.example/" }), []string{"channels[0].api_url: has a user, a query or a fragment; want only host and path"}},
		{"a channel's name", slackWith(func(c *ChannelOptions) { c.Channel = "#status" }), []string{`channels[0].channel: "#status"; want the channel's id, as in C024BE91L`}},
		{"of another kind", slackWith(func(c *ChannelOptions) { c.ConsumerKey, c.Link = key, "https://a.id" }), []string{
			`channels[0].consumer_key: means nothing for kind "slack"`,
			`channels[0].link: means nothing for kind "slack"`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, mistake := range invalid.All(test.options.Validate()) {
				got = append(got, mistake.Error())
			}
			slices.Sort(got)
			slices.Sort(test.want)
			if !slices.Equal(got, test.want) {
				t.Errorf("mistakes:\n%q\nwant:\n%q", got, test.want)
			}
		})
	}
}

func TestOpenRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, c := range []ChannelOptions{{Name: "a", Kind: "fax"}, {Name: "b", Kind: KindX, Transport: TransportV11, UserID: "x"}} {
		if _, err := (Options{Channels: []ChannelOptions{c}}).Open(nil); err == nil {
			t.Errorf("%s of kind %q opens", c.Name, c.Kind)
		}
	}
}

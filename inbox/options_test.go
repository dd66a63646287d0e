package inbox

import (
	"strings"
	"testing"
	"time"

	"pantau/internal/invalid"
	"pantau/internal/secret"
	"pantau/probes"
)

func wantMistakes(t *testing.T, err error, want []string) {
	t.Helper()
	var got []string
	for _, mistake := range invalid.All(err) {
		got = append(got, mistake.Error())
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("mistakes:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestOptionsValidate(t *testing.T) {
	key := secret.New("k")
	for _, test := range []struct {
		name    string
		options Options
		want    []string
	}{
		{"nothing", Options{}, nil},
		{"everything", Options{
			Android: []Android{{"phones", key}, {"phones-2", key}},
			SMTP:    SMTP{Listen: "127.0.0.1:0", Domain: "Probe.example", MaxSize: 1000, MaxConnections: 2, Timeout: time.Second},
			Senders: []Sender{{"DJP", []string{`(?P<code>\d+) (?P<ref>\w+)`, `(?P<ref>\w+) (?P<code>\d+)`}}},
			Silence: time.Minute,
		}, nil},
		{"receivers", Options{Android: []Android{{"", key}, {"a", key}, {"a", secret.Value{}}, {"smtp", key}, {"a/b", key}}}, []string{
			`android[0].name: "" is not a name; use lower-case letters, digits and hyphens`,
			`android[2].name: "a" is taken by another receiver`,
			`android[2].secret: is missing; copy the signing key from the app's webhook settings`,
			`android[3].name: "smtp" is taken by another receiver`,
			`android[4].name: "a/b" is not a name; use lower-case letters, digits and hyphens`,
		}},
		{"mail", Options{SMTP: SMTP{Listen: "2525", MaxSize: -1, Timeout: -time.Second}}, []string{
			`smtp.max_size: -1 is negative; leave it out for the default`,
			`smtp.timeout: -1s is negative; leave it out for the default`,
			`smtp.listen: "2525" is not HOST:PORT`,
			`smtp.domain: "" is not a mail domain`,
		}},
		{"a mail domain that is more", Options{SMTP: SMTP{Listen: ":25", Domain: "a.example>, <b@c", MaxSize: 1 << 30}}, []string{
			`smtp.max_size: 1073741824 is too large; at most 4194304`,
			`smtp.domain: "a.example>, <b@c" is not a mail domain`,
		}},
		{"durations", Options{ClockTolerance: -1, StampTolerance: -1, Silence: -1}, []string{
			"clock_tolerance: -1ns is negative; leave it out for the default",
			"stamp_tolerance: -1ns is negative; leave it out for the default",
			"silence: -1ns is negative; leave it out for the default",
		}},
		{"templates", Options{Senders: []Sender{{"(", nil}, {"", []string{
			`\d+`, `(?P<code>\d+) (x)`, `(?P<code>\d+) (?P<ref>\d+) (y)`, `(?P<code>`, `(\d+)`,
		}}}}, []string{
			"senders[0].sender: is not a regular expression: error parsing regexp: missing closing ): `(`",
			"senders[0].templates: is empty; write one with a group (?P<code>…)",
			"senders[1].templates[0]: has no group (?P<code>…)",
			"senders[1].templates[1]: has groups besides code and ref; write others as (?:…)",
			"senders[1].templates[2]: has groups besides code and ref; write others as (?:…)",
			"senders[1].templates[3]: is not a regular expression: error parsing regexp: missing closing ): `(?P<code>`",
			"senders[1].templates[4]: has no group (?P<code>…)",
		}},
	} {
		t.Run(test.name, func(t *testing.T) { wantMistakes(t, test.options.Validate(), test.want) })
	}
}

func TestCheckSIMs(t *testing.T) {
	o := Options{Android: []Android{{"phones", secret.New("k")}}}
	number := secret.New("+6281234567890")
	wantMistakes(t, o.CheckSIMs([]probes.SIM{
		{ID: "a", Number: number, Receiver: "phones", Device: "d1", Slot: 1},
		{ID: "a", Number: secret.New("0812-3456-7890"), Receiver: "other", Device: "d1", Slot: 2},
		{ID: "", Receiver: "phones", Slot: -1},
		{ID: "b", Receiver: "phones", Device: "d1", Slot: 1},
		{ID: "c", Receiver: "phones", Device: "d2"},
	}), []string{
		`[1].id: "a" is taken by another SIM`,
		`[1].receiver: "other" is not a receiver of text messages`,
		`[1].number: another SIM has this number`,
		`[2].id: is missing`,
		`[2].device: is missing; it is the deviceId the app shows, Kannel's smsc-id, or the receiver's name`,
		`[2].slot: -1 is not a slot; they count from 1`,
		`[3].slot: another SIM is in this slot of "d1"`,
	})
}

func TestKeyOfNumber(t *testing.T) {
	same := keyOfNumber(secret.New("+6281234567890"))
	for _, number := range []string{"6281234567890", "081234567890", "0812-3456-7890", "+62 812 3456 7890"} {
		if keyOfNumber(secret.New(number)) != same {
			t.Errorf("%q is not the same number", number)
		}
	}
	for _, number := range []string{"", "DJP", "123", "+6281234567891", "00081234567890"} {
		if keyOfNumber(secret.New(number)) == same {
			t.Errorf("%q is the same number", number)
		}
	}
	if keyOfNumber(secret.New("DJP")) != (numberKey{}) {
		t.Error("a name is a number")
	}
}

package delivery_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"pantau/simulator/delivery"
)

func dips() delivery.Noise {
	return delivery.Noise{
		Kind: delivery.OTPDips, Streams: []string{xl}, PerDay: 2, Length: delivery.Duration(10 * time.Minute), Late: 0.15,
	}
}

func TestDipsComeAsOftenAndLastAsLongAsSaid(t *testing.T) {
	noise, inDip, begun := dips(), 0.0, 0.0
	const minutes = 200 * 24 * 60
	before := false
	for i := range minutes {
		now := noise.Dips(5, xl, noon.Add(time.Duration(i)*time.Minute))
		if now {
			inDip++
		}
		if now && !before {
			begun++
		}
		before = now
	}
	within(t, "dips a day", begun/200, 1.6, 2.4)
	within(t, "minutes of dip a day", inDip/200, 16, 24)
}

func TestADipGoesOnPastMidnight(t *testing.T) {
	noise := dips()
	noise.PerDay, noise.Length = 20, delivery.Duration(24*time.Hour)
	for i := range 48 {
		if at := noon.Add(time.Duration(i) * time.Hour); !noise.Dips(5, xl, at) {
			t.Errorf("no dip at %s, although twenty a day last a day each", at)
		}
	}
}

func TestDipsDependOnSeedAndStreamOnly(t *testing.T) {
	noise := dips()
	noise.Streams = append(noise.Streams, "sms/indosat")
	differentSeed, differentStream := false, false
	for i := range 30 * 24 * 60 {
		at := noon.Add(time.Duration(i) * time.Minute)
		one := noise.Dips(5, xl, at)
		if one != noise.Dips(5, xl, at.In(time.FixedZone("WIB", 7*3600))) {
			t.Fatalf("the zone decides about the dip at %s", at)
		}
		differentSeed = differentSeed || one != noise.Dips(6, xl, at)
		differentStream = differentStream || one != noise.Dips(5, "sms/indosat", at)
		if noise.Dips(5, "sms/telkomsel", at) {
			t.Fatal("a stream that was not named dips")
		}
	}
	if !differentSeed || !differentStream {
		t.Errorf("dips differ by seed: %t, by stream: %t; want both", differentSeed, differentStream)
	}
}

func TestMessagesInADipAreOneToThreeMinutesLate(t *testing.T) {
	noise := dips()
	noise.PerDay, noise.Length, noise.Late = 20, delivery.Duration(24*time.Hour), 0.3
	m := model(t, delivery.Options{Noise: []delivery.Noise{noise}, Scale: 0.001})
	all := draw(m, 20000, delivery.Message{Stream: xl, At: noon}, nil)
	within(t, "the share late", all.why[delivery.OTPDips], 0.28, 0.32)
	within(t, "the share above 60 s", all.above(time.Minute), 0.28, 0.32)
	within(t, "the share above 190 s", all.above(190*time.Second), 0, 0)
	control := draw(m, 1000, delivery.Message{Stream: xl, At: noon, Control: true}, nil)
	within(t, "control messages late", control.why[delivery.OTPDips], 0, 0)
}

func TestBadNoiseSaysWhichKey(t *testing.T) {
	for _, test := range []struct {
		change func(*delivery.Noise)
		want   string
	}{
		{func(n *delivery.Noise) { n.Kind = "" }, "kind: "},
		{func(n *delivery.Noise) { n.Streams = nil }, "streams: is missing"},
		{func(n *delivery.Noise) { n.PerDay = 0 }, "per_day: 0 is not"},
		{func(n *delivery.Noise) { n.PerDay = math.NaN() }, "per_day: NaN is not"},
		{func(n *delivery.Noise) { n.Length = 0 }, "length: is missing"},
		{func(n *delivery.Noise) { n.Length = delivery.Duration(25 * time.Hour) }, "length: 25h is longer than a day"},
		{func(n *delivery.Noise) { n.Late = 15 }, "late: 15 is not a share"},
	} {
		noise := dips()
		test.change(&noise)
		if err := noise.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v gives %v; want an error with %q", noise, err, test.want)
		}
	}
	if err := dips().Validate(); err != nil {
		t.Errorf("good noise is refused: %v", err)
	}
}

package social

import (
	"strings"
	"testing"
)

func TestWeightedLength(t *testing.T) {
	tests := []struct {
		text string
		want int
	}{
		{"", 0},
		{"abc", 3},
		{"e\u0301", 1}, // NFC first
		{"“kutip” — 14.05", 15},
		{"漢字", 4},
		{"😀", 2},
		{"👩‍🚀", 2},
		{"👍🏽", 2},
		{"🇮🇩", 2},
		{"1️⃣", 2},
		{"❤️", 2},
		{"https://pajak.go.id", 23},
		{"https://pajak.go.id/" + strings.Repeat("a", 300), 23},
		{"(https://pajak.go.id/a).", 26},
		{"pajak.go.id", 23},
		{"lihat pajak.go.id, ya", 6 + 23 + 4},
		{"pukul 14.05 WIB", 15},
		{"1500200", 7},
		{strings.Repeat("a", 280), 280},
	}
	for _, test := range tests {
		if got := weightedLength(test.text); got != test.want {
			t.Errorf("%q: got %d, want %d", test.text, got, test.want)
		}
	}
}

func TestShown(t *testing.T) {
	got, links := shown("a&b <https://x.example/?a=1&b=2> https://x.example/?a=1&b=2")
	short := shortLink("https://x.example/?a=1&b=2")
	if want := "a&amp;b &lt;" + short + "&gt; " + short; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(short) != linkWeight || len(links) != 2 || links[0].ExpandedURL != "https://x.example/?a=1&b=2" {
		t.Errorf("got %q with %+v, want 23 characters and both links as they were", short, links)
	}
}

func TestKeepLastIsBounded(t *testing.T) {
	var posts []int
	for i := range 3 * maxKept {
		posts = keepLast(append(posts, i))
		if len(posts) > maxKept+maxKept/10 {
			t.Fatalf("got %d kept, want at most %d", len(posts), maxKept+maxKept/10)
		}
	}
	if newest := posts[len(posts)-1]; newest != 3*maxKept-1 || len(posts) < maxKept {
		t.Errorf("got %d kept up to %d, want %d at least up to the newest", len(posts), newest, maxKept)
	}
}

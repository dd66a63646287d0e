package notifier

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pantau/incident"
	"pantau/internal/words"
)

func TestWeighted(t *testing.T) {
	for _, test := range []struct {
		text string
		want int
	}{
		{"", 0},
		{"Kode OTP", 8},
		{"Cafe\u0301", 4},       // composed before it is counted
		{"é – “ ” ’", 9},        // 8192–8223 weigh 1
		{"…", 2},                // 8230 does not
		{"(14.05 WIB · 3)", 15}, // · is 183
		{"漢字", 4},               // everything else 2
		{"กำลัง", 5},            // below 4352
		{"🙂", 2},                // one emoji
		{"👨‍👩‍👧‍👦🇮🇩👍🏽1️⃣⛄️", 10}, // five, of many code points
		{"https://ereg.pajak.go.id/a?b=1&c=2", 23},
		{"https://a.id", 23}, // also when it is shorter
		{"Lihat https://pajak.go.id.", 6 + 23 + 1},
		{"http://a.id https://b.id", 47},
		{"pajak.go.id", 23},                                 // X links a bare host too
		{"akhir.Awal", 23},                                  // counted too much rather than too little
		{"pukul 14.05 WIB, 26.5.2023", 26},                  // no hosts
		{strings.Repeat("a", 30) + ".pajak.go.id", 30 + 12}, // never less than it might be
	} {
		if got := weighted(test.text); got != test.want {
			t.Errorf("%q weighs %d, want %d", test.text, got, test.want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, test := range []struct {
		text  string
		limit int
		want  string
	}{
		{"", 5, ""},
		{"pas", 3, "pas"},
		{"Satu dua. Tiga empat.", 21, "Satu dua. Tiga empat."},
		{"Satu dua. Tiga empat.", 20, "Satu dua."},
		{"Satu dua.   Tiga", 9, "Satu dua."}, // the space at the end counts for nothing
		{"Sebelum pukul 14.05 WIB. Terima kasih.", 30, "Sebelum pukul 14.05 WIB."},
		{"Sebelum pukul 14.05 WIB tunggu kabar.", 30, "Sebelum pukul 14.05 WIB…"},
		{"Benarkah? Ya! Selesai.", 14, "Benarkah? Ya!"},
		{"panjangsekali", 6, "panja…"},
		{"👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 8, "👨‍👩‍👧‍👦…"}, // never within a character
		{"Satu.\n\nDua tiga.", 8, "Satu."},
	} {
		if got := cut(test.text, test.limit, utf8.RuneCountInString); got != test.want {
			t.Errorf("cut(%q, %d) = %q, want %q", test.text, test.limit, got, test.want)
		}
	}
}

func TestSplitLosesNothing(t *testing.T) {
	for _, text := range []string{"", "a", "Satu dua. Tiga empat lima.", "panjangsekalipanjangsekali", " Satu.\n\nDua. ", strings.Repeat("漢", 50)} {
		pieces := split(text, 10, utf8.RuneCountInString)
		for _, piece := range pieces {
			if n := utf8.RuneCountInString(piece); n == 0 || n > 10 {
				t.Errorf("split(%q) has a piece of %d: %q", text, n, piece)
			}
		}
		without := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if got := strings.Join(pieces, " "); without(got) != without(text) {
			t.Errorf("split(%q) = %q", text, pieces)
		}
	}
	if got := split("👨‍👩‍👧‍👦", 2, utf8.RuneCountInString); len(got) != 1 {
		t.Errorf("what cannot be split gives %q, want it whole", got)
	}
}

func FuzzWhatIsWrittenFits(f *testing.F) {
	f.Add("Satu. Dua tiga https://a.id/x @a b@c.id …👨‍👩‍👧‍👦", 3)
	f.Add(strings.Repeat("pajak.go.id ", 60), 1)
	f.Fuzz(func(t *testing.T, text string, number int) {
		n := incident.Notice{Number: number, At: time.Unix(1685430300, 0), Post: words.Text{ID: text}, Title: words.Text{ID: text}}
		_, post := xManner{LinkAlways, "https://status.example/"}.write(n, words.Indonesian)
		if weight := weighted(post); weight > xLimit {
			t.Errorf("a post of weight %d: %q", weight, post)
		}
		title, message := writeForSlack(n, words.Indonesian)
		if slackLength(message) > slackLimit || utf8.RuneCountInString(title) > slackTitle {
			t.Errorf("a message of %d under a title of %d", slackLength(message), utf8.RuneCountInString(title))
		}
		if !sameOnX(post, post) {
			t.Errorf("%q is not itself", post)
		}
	})
}

func TestXManner(t *testing.T) {
	const link = "https://status.example/"
	at := time.Date(2023, 5, 30, 7, 5, 0, 0, time.UTC)
	full := strings.Repeat("Kode terlambat. ", 15) + "Kabar menyusul!"
	if weighted(full) != 255 {
		t.Fatalf("the full post weighs %d, want 255", weighted(full))
	}
	for _, test := range []struct {
		name    string
		include IncludeLink
		number  int
		post    words.Text
		lang    words.Lang
		want    string
	}{
		{"first", LinkNever, 1, words.Text{ID: "Halo."}, words.Indonesian, "Halo."},
		{"later", "", 3, words.Text{ID: "Halo."}, words.Indonesian, "Halo. (14.05 WIB · 3)"},
		{"later, English", "", 3, words.Text{EN: "Hi."}, words.English, "Hi. (14:05 WIB · 3)"},
		{"root has the link", LinkRoot, 1, words.Text{ID: "Halo."}, words.Indonesian, "Halo. " + link},
		{"later ones not", LinkRoot, 2, words.Text{ID: "Halo."}, words.Indonesian, "Halo. (14.05 WIB · 2)"},
		{"unless all do", LinkAlways, 2, words.Text{ID: "Halo."}, words.Indonesian, "Halo. (14.05 WIB · 2) " + link},
		{"a full post keeps its words and the link", LinkRoot, 1, words.Text{ID: full}, words.Indonesian, full + " " + link},
		{"a full post keeps its words and the mark", LinkNever, 123, words.Text{ID: full}, words.Indonesian, full + " (14.05 WIB · 123)"},
		{"the link gives way", LinkAlways, 2, words.Text{ID: full}, words.Indonesian, full + " (14.05 WIB · 2)"},
		{"too long loses a sentence", LinkNever, 2, words.Text{ID: full + " Ini kalimat yang terlalu panjang."}, words.Indonesian, full + " (14.05 WIB · 2)"},
		{"nobody is called", LinkNever, 1, words.Text{ID: "@kring dan ＠djp.id, .@a @@b RT@c; tanya a.b@pajak.go.id."}, words.Indonesian, "kring dan djp.id, .a b RTc; tanya a.b@pajak.go.id."},
		{"nothing to say", LinkAlways, 2, words.Text{}, words.Indonesian, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, got := xManner{test.include, link}.write(incident.Notice{Number: test.number, At: at, Post: test.post}, test.lang)
			if got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestSameOnX(t *testing.T) {
	for _, test := range []struct {
		ours, posted string
		want         bool
	}{
		{"Halo.", "Halo.", true},
		{"Halo.", "Halo", false},
		{"", "", true},
		{"A & B < C > D", "A &amp; B &lt; C &gt; D", true},
		{"A &amp; B", "A &amp;amp; B", true},
		{"Cafe\u0301", "Caf\u00e9", true},
		{"Satu.\n\nDua  tiga. ", "Satu. Dua tiga.", true},
		{"Lihat https://pajak.go.id/a.", "Lihat https://t.co/AbC123.", true},
		{"Lihat pajak.go.id (ereg.pajak.go.id)", "Lihat https://t.co/a (https://t.co/b)", true},
		{"Lihat pajak.go.id lagi", "Lihat https://t.co/a sekali lagi", false},
		{"Lihat dua kata", "Lihat https://t.co/a", false}, // a link has no space
		{"Lihat https://pajak.go.id/a (14.05 WIB · 2)", "Lihat https://t.co/a (14.05 WIB · 3)", false},
		{"a.c", "abc", false}, // no pattern of its own
	} {
		if got := sameOnX(test.ours, test.posted); got != test.want {
			t.Errorf("sameOnX(%q, %q) = %v", test.ours, test.posted, got)
		}
	}
}

func TestSlackNotation(t *testing.T) {
	for text, want := range map[string]string{
		"<!channel> & <@U1>":       "&lt;!channel&gt; &amp; &lt;@U1&gt;",
		"https://a.id/?b=1&c=2.":   "<https://a.id/?b=1&amp;c=2>.",
		"(https://a.id/x|y)":       "(<https://a.id/x>|y)",
		"http://a.id http://b.id/": "<http://a.id> <http://b.id/>",
	} {
		if got := slackNotation(text); got != want {
			t.Errorf("slackNotation(%q) = %q, want %q", text, got, want)
		}
	}
}

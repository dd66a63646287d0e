package statuspage_test

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pantau/internal/words"
)

// quoted finds what may be a key: dotted words in quotes.
var quoted = regexp.MustCompile(`"([a-z]+\.[a-z-]+(?:\.[a-z]+)?)"`)

// Keys are never put together from parts, so that this test can see them.
func TestEveryTextExistsAndIsUsed(t *testing.T) {
	catalogue, err := words.Load()
	if err != nil {
		t.Fatal(err)
	}
	used := make(map[string]bool)
	var sources []string
	for _, pattern := range []string{"*.go", "templates/*.html"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no sources under %s: %v", pattern, err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				collect(t, file, used)
				sources = append(sources, file)
			}
		}
	}
	known := catalogue.Keys()
	for _, key := range known {
		if !used[key] {
			t.Errorf("text %q is used nowhere", key)
		}
	}
	said := regexp.MustCompile(`say\(?\s*"([a-z][^" ]*)"`)
	for _, file := range sources {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range said.FindAllStringSubmatch(string(source), -1) {
			if !slices.Contains(known, match[1]) {
				t.Errorf("%s says %q, which the catalogue does not have", file, match[1])
			}
		}
	}
}

func collect(t *testing.T, file string, used map[string]bool) {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range quoted.FindAllStringSubmatch(string(source), -1) {
		used[match[1]] = true
	}
}

// Every pair of ink and ground that the style sheet puts together, in light
// and dark, has the 4.5 : 1 of WCAG 2.2 AA.
func TestContrast(t *testing.T) {
	source, err := os.ReadFile("templates/style.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, found := strings.Cut(string(source), "@media (prefers-color-scheme:dark)")
	if !found {
		t.Fatal("the style sheet has no dark colours")
	}
	dark, _, _ = strings.Cut(dark, "*{box-sizing")
	for scheme, css := range map[string]string{"light": light, "dark": dark} {
		root := colours(t, css, ":root")
		for _, pair := range [][2]string{{"ink", "paper"}, {"soft", "paper"}, {"soft", "card"}, {"link", "paper"}, {"link", "card"}} {
			readable(t, scheme, root[pair[0]], root[pair[1]])
		}
		readable(t, scheme, "#fff", root["bar"])
		for _, state := range []string{".ok", ".slow", ".part", ".down", ".work", ".blind,.not"} {
			own := colours(t, css, state)
			for _, ground := range []string{root["paper"], root["card"], own["t"], root["k"]} {
				readable(t, scheme+" "+state, own["c"], ground)
			}
			for _, ink := range []string{root["ink"], root["soft"], root["link"]} {
				readable(t, scheme+" "+state, ink, own["t"])
			}
		}
	}
}

func colours(t *testing.T, css, selector string) map[string]string {
	t.Helper()
	_, rest, found := strings.Cut(css, "\n"+selector+"{")
	if !found {
		_, rest, found = strings.Cut(css, selector+"{")
	}
	if !found {
		t.Fatalf("no colours of %s", selector)
	}
	block, _, _ := strings.Cut(rest, "}")
	set := make(map[string]string)
	for _, match := range regexp.MustCompile(`--([a-z-]+):(#[0-9a-f]+)`).FindAllStringSubmatch(block, -1) {
		set[match[1]] = match[2]
	}
	return set
}

func readable(t *testing.T, where, ink, ground string) {
	t.Helper()
	a, b := luminance(t, ink), luminance(t, ground)
	if ratio := (max(a, b) + .05) / (min(a, b) + .05); ratio < 4.5 {
		t.Errorf("%s: %s on %s has %.2f : 1, want 4.5 : 1", where, ink, ground, ratio)
	}
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	digits := strings.TrimPrefix(colour, "#")
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	sum := 0.0
	for i, weight := range []float64{.2126, .7152, .0722} {
		value, err := strconv.ParseUint(digits[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatalf("colour %q: %v", colour, err)
		}
		share := float64(value) / 255
		if share <= .04045 {
			sum += weight * share / 12.92
			continue
		}
		sum += weight * math.Pow((share+.055)/1.055, 2.4)
	}
	return sum
}

package probes

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// private is a page that shows a number, a code and an address in every way a
// page can. What stands in capitals is replaced.
const private = `<!doctype html><html><head><meta charset="utf-8"><style>
	.by-style::before { content: attr(data-code) } .counted { counter-reset: code CODE } .counted::after { content: counter(code) }
	#sure#sure .hard::before { content: "CODE" !important }
	.drawn { height: 40px; background: no-repeat url("DRAWN") } .bullet { list-style-image: url("DRAWN") }
	input { transition: all 10s; border-radius: 6px } .odd { filter: none !important; background: white !important }
	.sent::after { content: url("DRAWN") }
</style></head><body id="sure">
<h1 id="judul">Kode OTP dikirim ke NUMBER</h1>
<p>kode <b>A1</b><b>B2</b>, CODE, Ref-CODE-x, orangCODE@contoh.id, <span contenteditable>CODE</span></p>
<form name="f"><input name="style" value="CODE"><input type="tel" value="NUMBER"><input type="number" value="CODE"><input type="password" value="CODE">
	<input placeholder="CODE"><input class="odd drawn" value="CODE"><textarea>CODE</textarea><select><option>CODE</select><select multiple><option selected>CODE</select>
	<input type="submit" value="Kirim ke NUMBER"><button>Kirim ke NUMBER</button></form>
<p class="by-style" data-code="CODE"></p><p class="counted"></p><p class="hard"></p><p class="sent"></p>
<ol start="CODE"><li>satu</ol><ul class="bullet"><li>dua</ul><div class="drawn"></div>
<img src="DRAWN" width="200" height="40"><img alt="CODE" src="data:," width="200" height="40"><canvas width="200" height="40"></canvas>
<svg width="200" height="40" style="overflow: visible;"><text x="-20" y="30" font-size="30">CODE</text></svg>
<iframe srcdoc="CODE" width="200" height="40"></iframe><div id="host"></div>
<script>
	const c = document.querySelector("canvas").getContext("2d"); c.font = "30px sans-serif"; c.fillText("CODE", 0, 30);
	document.querySelector("#host").attachShadow({mode: "open"}).innerHTML = "<style>p::after { content: 'CODE' }</style><p>CODE <input value=CODE></p>";
	String.prototype.replace = () => "CODE"; document.createTreeWalker = () => ({currentNode: null});
</script>`

// drawn is a picture of code with nothing behind the letters.
func drawn(code string) string {
	return "data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 width=%22200%22 height=%2240%22%3E%3Ctext y=%2230%22 font-size=%2230%22%3E" + code + "%3C/text%3E%3C/svg%3E"
}

func privatePage(number, code string) string {
	return strings.NewReplacer("NUMBER", number, "CODE", code, "DRAWN", drawn(code), "A1", code[:1], "B2", code[1:2]).Replace(private)
}

// at is a visitor in Chromium who stands on the page that a portal shows.
func at(t *testing.T, page string) (*chromium, context.Context) {
	t.Helper()
	chosen := inChromium(t)
	w := serve(t, func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", "text/html; charset=utf-8")
		out.Header().Set("Content-Security-Policy", "style-src 'self' 'unsafe-inline' 'unsafe-hashes'")
		_, _ = out.Write([]byte(page))
	}, chosen)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	v := w.prober.newVisitor(Journey{Name: "front", Browser: true})
	t.Cleanup(v.screen.rest)
	c := v.screen.(*chromium)
	if err := c.ready(ctx); err != nil {
		t.Fatal(err)
	}
	if err := v.goTo(ctx, "/"); err != nil {
		t.Fatal(err)
	}
	return c, ctx
}

// unmasked is what anybody would see.
func unmasked(t *testing.T, c *chromium) []byte {
	t.Helper()
	taken, err := cdp.Call(c.tab, c.target, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{
		Clip: &cdppage.Viewport{Width: pictureWidth, Height: pictureHeight, Scale: pictureScale},
	})
	if err != nil {
		t.Fatal(err)
	}
	return taken.Data
}

// standing is the page as its scripts see it.
func standing(t *testing.T, c *chromium) string {
	t.Helper()
	now, err := chromedp.Run(c.tab, chromedp.Evaluate[string](`document.documentElement.outerHTML + [...document.querySelectorAll("input")].map(i => i.value)`))
	if err != nil {
		t.Fatal(err)
	}
	return now
}

func pixels(t *testing.T, raw []byte) image.Image {
	t.Helper()
	taken, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return taken
}

// differ are the pixels in which two pictures are not the same.
func differ(a, b image.Image) (n int, area image.Rectangle) {
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y++ {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x++ {
			if a.At(x, y) != b.At(x, y) {
				n++
				area = area.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return n, area
}

// TestNothingPrivateIsOnAPicture: pages that differ in nothing but a number and
// a code give the same picture, in every pixel.
func TestNothingPrivateIsOnAPicture(t *testing.T) {
	t.Parallel()
	secrets := [][2]string{{"6281234567890", "482915"}, {"6285711111111", "117017"}}
	var masked, plain []image.Image
	for _, s := range secrets {
		c, ctx := at(t, privatePage(s[0], s[1]))
		plain = append(plain, pixels(t, unmasked(t, c)))
		before := standing(t, c)
		raw, err := c.picture(ctx)
		if err != nil || raw == nil {
			t.Fatalf("there is no picture: %v", err)
		}
		if dir := os.Getenv("PANTAU_TEST_PICTURES"); dir != "" {
			_ = os.WriteFile(filepath.Join(dir, s[1]+".png"), raw, 0o600)
			_ = os.WriteFile(filepath.Join(dir, s[1]+"-plain.png"), unmasked(t, c), 0o600)
		}
		masked = append(masked, pixels(t, raw))
		if after := standing(t, c); after != before {
			t.Errorf("the picture changed the page from\n%s\nto\n%s", before, after)
		}
	}
	if n, _ := differ(plain[0], plain[1]); n < 5000 {
		t.Errorf("without the mask the pages differ in %d pixels only: this test shows nothing", n)
	}
	if n, area := differ(masked[0], masked[1]); n > 0 || masked[0].Bounds().Dx() != pictureWidth*5/8 {
		t.Errorf("the pictures differ in %d pixels, within %v of %v", n, area, masked[0].Bounds())
	}
}

// TestAPictureThatCouldNotBeMaskedIsNotTaken: what a page does against the mask,
// or hides from it, costs it the picture.
func TestAPictureThatCouldNotBeMaskedIsNotTaken(t *testing.T) {
	for _, test := range []struct {
		name, page string
		taken      bool
	}{
		{"nothing to hide", `<h1>Galat</h1>`, true},
		{"a closed shadow", `<div id="d"></div><script>document.querySelector("#d").attachShadow({mode: "closed"}).innerHTML = "482915"</script>`, false},
		{"digits all the time", `<p id="p"></p><script>setInterval(() => { document.querySelector("#p").textContent = "482915 " + Math.random() }, 0)</script>`, false},
		{"digits when something changes", `<p>482915</p><script>
			new MutationObserver(() => { if (document.querySelector("p").textContent !== "482915") document.querySelector("p").textContent = "482915" }).observe(document.body, {subtree: true, characterData: true, childList: true})</script>`, false},
		{"a field that comes later", `<p>482915</p><script>
			new MutationObserver(() => document.body.append(Object.assign(document.createElement("input"), {value: "482915"}))).observe(document.body, {subtree: true, characterData: true})</script>`, false},
		{"a style that wins", `<style>#a#a#a#a#a#a#a#a p::before { content: "482915" !important }</style><body id="a"><p></p>`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, ctx := at(t, "<!doctype html><body>"+test.page)
			raw, err := c.picture(ctx)
			if taken := raw != nil; taken != test.taken || taken != (err == nil) || err != nil && !errors.Is(err, errUnmasked) {
				t.Errorf("a picture was taken: %t, %v; want %t", taken, err, test.taken)
			}
		})
	}
}

func TestThereIsNoPictureOfAPageThatDidNotCome(t *testing.T) {
	t.Parallel()
	chosen := inChromium(t)
	w := serve(t, func(out http.ResponseWriter, r *http.Request) { breakOff(out, r) }, chosen)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	v := w.prober.newVisitor(Journey{Name: "front", Browser: true})
	defer v.screen.rest()
	if err := v.screen.ready(ctx); err != nil {
		t.Fatal(err)
	}
	if err := v.goTo(ctx, "/"); err == nil {
		t.Fatal("the page came")
	}
	if raw, err := v.screen.picture(ctx); raw != nil || err != nil {
		t.Errorf("there is a picture of %d bytes, and %v", len(raw), err)
	}
}

// TestOnlyWhatIsWrongHasAPicture: one that cannot be kept changes nothing about
// the result.
func TestOnlyWhatIsWrongHasAPicture(t *testing.T) {
	for _, test := range []struct {
		name    string
		answer  http.HandlerFunc
		keeps   error
		want    string
		picture string
		asked   int
	}{
		{"up", write(front), nil, "open up", "", 0},
		{"down", write("<h1>Galat</h1>"), nil, "open down unexpected-page", "kept.png", 1},
		{"down, and the disk is full", write("<h1>Galat</h1>"), errors.New("no space left"), "open down unexpected-page", "", 1},
		{"unknown", status(403, front), nil, "open unknown stopped", "", 0},
		{"nothing came", breakOff, nil, "open down unreachable", "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			chosen := inChromium(t)
			w := serve(t, test.answer, chosen)
			asked := 0
			w.prober.deps.Picture = func(p Picture) (string, error) {
				if asked++; !pictureName.MatchString(p.Name()) || p.Journey != "front" {
					t.Errorf("a picture is called %s, of %s", p.Name(), p.Journey)
				}
				if test.keeps != nil {
					return "", test.keeps
				}
				return "kept.png", nil
			}
			results := w.once("front")
			wantLines(t, results, test.want)
			if results[0].Picture != test.picture || asked != test.asked {
				t.Errorf("the picture is %q, and %d were taken; want %q and %d", results[0].Picture, asked, test.picture, test.asked)
			}
			if test.keeps != nil && !strings.Contains(w.log.String(), "no space left") {
				t.Error("the log says nothing of it")
			}
		})
	}
}

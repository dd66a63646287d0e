package statuspage_test

import (
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"pantau/internal/words"
	"pantau/statuspage"
)

func TestAPageThatIsNotPublishedSaysNothingElse(t *testing.T) {
	site := published(t, oneLate())
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.NoRoute(site.Withheld)
	for _, path := range []string{"/", "/en/", "/incidents/INC-2023-003", "/api/v2/summary.json", "/nowhere"} {
		answer := get(t, engine, path)
		body := answer.Body.String()
		if answer.Code != 503 || answer.Header().Get("Cache-Control") != "no-store" || answer.Header().Get("X-Robots-Tag") != "noindex" {
			t.Errorf("%s: status %d, headers %v", path, answer.Code, answer.Header())
		}
		if strings.HasPrefix(path, "/api/") != strings.Contains(body, `{"error":"not published yet"}`) {
			t.Errorf("%s: got %s", path, body)
		}
		if !strings.HasPrefix(path, "/api/") && !(strings.Contains(body, "belum diterbitkan") && strings.Contains(body, "not been published yet")) {
			t.Errorf("%s does not say in both languages that it is not published: %s", path, body)
		}
		for _, told := range []string{"Indosat", "Pajak", "Registration"} {
			if strings.Contains(body, told) {
				t.Errorf("%s tells of %s", path, told)
			}
		}
	}
}

func TestThePageSaysThatProbesMayBeLetThrough(t *testing.T) {
	catalogue, err := words.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, let := range []bool{true, false} {
		site, err := statuspage.New(statuspage.Options{LetThrough: let}, catalogue)
		if err != nil {
			t.Fatal(err)
		}
		for path, said := range map[string]string{
			"/":    "captcha dapat dilaluinya dengan cara yang berbeda dari orang",
			"/en/": "let through the captcha another way than people",
		} {
			if got := strings.Contains(get(t, site.Handler(), path).Body.String(), said); got != let {
				t.Errorf("let through %t: %s says so: %t", let, path, got)
			}
		}
	}
}

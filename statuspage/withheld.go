package statuspage

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"pantau/internal/words"
)

// Withheld answers every address of a page that is made but not published yet.
// It claims nothing, in nobody's name. Clients of the API get 503 too, so that
// none of them takes the silence for a good word.
func (s *Site) Withheld(c *gin.Context) {
	s.requests.WithLabelValues("withheld", "503").Inc()
	c.Writer.Header()["X-Robots-Tag"] = []string{"noindex"}
	if strings.HasPrefix(c.Request.URL.Path, "/api/") {
		s.short(c, http.StatusServiceUnavailable, typeJSON, `{"error":"not published yet"}`+"\n")
		return
	}
	s.short(c, http.StatusServiceUnavailable, typeHTML, s.withheld)
}

// writeWithheld renders that page once.
func (s *Site) writeWithheld() error {
	both := bilingual{catalogue: s.catalogue}
	title := both.say("withheld.title")
	if both.err != nil {
		return fmt.Errorf("saying that the page is not published: %w", both.err)
	}
	var page strings.Builder
	if err := s.templates[words.Indonesian].ExecuteTemplate(&page, "withheld", title); err != nil {
		return fmt.Errorf("rendering the page that is not published: %w", err)
	}
	s.withheld = page.String()
	return nil
}

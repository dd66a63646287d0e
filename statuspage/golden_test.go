package statuspage_test

import (
	"bytes"
	"compress/gzip"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"pantau/incident"
	"pantau/internal/words"
	"pantau/statuspage"
)

var (
	update = flag.Bool("update", false, "write the golden files anew")
	out    = flag.String("out", "", "also write the pages as served into this folder, to look at them")
)

var styleBlock = regexp.MustCompile(`(?s)<style>.*?</style>`)

func newSite(t testing.TB, options statuspage.Options) *statuspage.Site {
	t.Helper()
	catalogue, err := words.Load()
	if err != nil {
		t.Fatal(err)
	}
	site, err := statuspage.New(options, catalogue)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

func published(t testing.TB, situation incident.Situation) *statuspage.Site {
	t.Helper()
	site := newSite(t, statuspage.Options{BaseURL: "https://status.example"})
	if err := site.Publish(situation); err != nil {
		t.Fatal(err)
	}
	return site
}

func get(t testing.TB, handler http.Handler, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}

// flight is what one answer may weigh to arrive with the first round trip.
const flight = 14 * 1024

func TestPagesAreAsTheyWere(t *testing.T) {
	situations := map[string]incident.Situation{
		"all-well": allWell(), "one-late": oneLate(), "major": major(), "maintenance": maintained(),
		"blind": blind(), "dark": dark(), "starting": starting(), "long-names": longNames(),
	}
	paths := map[string]string{"id": "/", "en": "/en/"}
	for name, situation := range situations {
		handler := published(t, situation).Handler()
		for lang, path := range paths {
			page := get(t, handler, path).Body.Bytes()
			compare(t, name+"."+lang+".html", page)
			packed := get(t, handler, path, "Accept-Encoding", "gzip").Body
			if packed.Len() > flight {
				t.Errorf("%s.%s weighs %d bytes packed, want at most %d", name, lang, packed.Len(), flight)
			}
			if unpacked := unpack(t, packed); !bytes.Equal(unpacked, page) {
				t.Errorf("%s.%s is not the same packed", name, lang)
			}
		}
	}
	compare(t, "empty.id.html", get(t, newSite(t, statuspage.Options{}).Handler(), "/").Body.Bytes())
	handler := published(t, oneLate()).Handler()
	compare(t, "incident.id.html", get(t, handler, "/incidents/INC-2023-003").Body.Bytes())
	compare(t, "incident.en.html", get(t, handler, "/en/incidents/INC-2023-002").Body.Bytes())
	compare(t, "missing.id.html", get(t, handler, "/incidents/INC-1999-001").Body.Bytes())
	for name, situation := range map[string]incident.Situation{"one-late": oneLate(), "blind": blind(), "maintenance": maintained()} {
		compare(t, name+".summary.json", get(t, published(t, situation).Handler(), "/api/v2/summary.json").Body.Bytes())
	}
}

func unpack(t *testing.T, packed io.Reader) []byte {
	t.Helper()
	r, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// compare holds a page against its golden file, without the style sheet, which
// has its own file and would drown every other change.
func compare(t *testing.T, name string, page []byte) {
	t.Helper()
	if *out != "" {
		if err := os.WriteFile(filepath.Join(*out, name), page, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	page = styleBlock.ReplaceAll(page, []byte("<style></style>"))
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(file, page, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(page, want) {
		t.Errorf("%s has changed near:\n%s\nwant:\n%s\nlook at it, then run with -update", name, near(page, want), near(want, page))
	}
}

// near gives the part of a that begins where it differs from b.
func near(a, b []byte) []byte {
	at := 0
	for at < len(a) && at < len(b) && a[at] == b[at] {
		at++
	}
	return a[max(0, at-60):min(len(a), at+200)]
}

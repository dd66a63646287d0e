package statuspage

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// The types of what is served.
const (
	typeHTML = "text/html; charset=utf-8"
	typeJSON = "application/json; charset=utf-8"
	typeText = "text/plain; charset=utf-8"
)

// document is one answer in both encodings, ready to be written.
type document struct {
	plain, packed variant
}

// variant is a document in one encoding, with the headers that belong to it.
// They are never changed after they are made, so answers share them.
type variant struct {
	body   []byte
	etag   string
	header http.Header
}

// press makes documents. Its compressor is used again and again, because a new
// one costs more memory than all the pages; so a press serves one at a time.
type press struct{ gzip *gzip.Writer }

func newPress() (*press, error) {
	w, err := gzip.NewWriterLevel(io.Discard, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("preparing compression: %w", err)
	}
	return &press{gzip: w}, nil
}

// document compresses body once for all its readers.
func (p *press) document(contentType string, body []byte) (*document, error) {
	packed, err := p.compress(body)
	if err != nil {
		return nil, fmt.Errorf("compressing: %w", err)
	}
	sum := sha256.Sum256(body)
	tag := base64.RawURLEncoding.EncodeToString(sum[:12])
	d := &document{
		plain:  newVariant(contentType, `"`+tag+`"`, body),
		packed: newVariant(contentType, `"`+tag+`-gz"`, packed),
	}
	d.packed.header["Content-Encoding"] = []string{"gzip"}
	return d, nil
}

func (p *press) compress(body []byte) ([]byte, error) {
	var packed bytes.Buffer
	p.gzip.Reset(&packed)
	if _, err := p.gzip.Write(body); err != nil {
		return nil, err
	}
	if err := p.gzip.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

func newVariant(contentType, etag string, body []byte) variant {
	header := http.Header{
		"Content-Type":   {contentType},
		"Content-Length": {strconv.Itoa(len(body))},
		"Etag":           {etag},
	}
	if contentType == typeJSON {
		header["Access-Control-Allow-Origin"] = []string{"*"}
		header["Cross-Origin-Resource-Policy"] = []string{"cross-origin"}
	}
	return variant{body: body, etag: etag, header: header}
}

// render runs a template into a buffer, so that a mistake in the middle of it
// never reaches a reader. What the view could not say is a mistake too.
func (s *Site) render(speaker *speaker, name string, view any) (*document, error) {
	if speaker.err != nil {
		return nil, speaker.err
	}
	var page bytes.Buffer
	if err := s.templates[speaker.lang].ExecuteTemplate(&page, name, view); err != nil {
		return nil, err
	}
	return s.press.document(typeHTML, page.Bytes())
}

func (p *press) json(value any) (*document, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return p.document(typeJSON, append(body, '\n'))
}

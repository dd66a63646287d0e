package inbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net/url"
	"strconv"
	"strings"
)

const (
	mediaJSON = "application/json"
	mediaForm = "application/x-www-form-urlencoded"
)

// fields are the values in a body, by name or path.
type fields struct {
	form url.Values // nil for JSON
	tree any
}

// parseBody reads a body of one of the two media types.
func parseBody(mediaType string, body []byte) (fields, error) {
	if mediaType == mediaForm {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return fields{}, errForm
		}
		return fields{form: form}, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber() // an id of twenty digits keeps all of them
	var tree any
	if decoder.Decode(&tree) != nil {
		return fields{}, errJSON
	}
	if _, err := decoder.Token(); err != io.EOF {
		return fields{}, errJSON
	}
	return fields{tree: tree}, nil
}

var errJSON = &refusal{400, "body is not JSON"}

// get gives the text, number or truth value at path; ok is false when nothing
// or something else is there, or path is empty.
func (f fields) get(path string) (value string, ok bool) {
	if path == "" {
		return "", false
	}
	if f.form != nil {
		return f.form.Get(path), f.form.Has(path)
	}
	at := f.tree
	for part := range strings.SplitSeq(path, ".") {
		switch inside := at.(type) {
		case map[string]any:
			at = inside[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(inside) {
				return "", false
			}
			at = inside[i]
		default:
			return "", false
		}
	}
	switch v := at.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// text is what get gives, "" for nothing.
func (f fields) text(path string) string {
	value, _ := f.get(path)
	return value
}

// slot is a SIM's place at path, 0 when it is not said.
func (f fields) slot(path string) (int, error) {
	text := f.text(path)
	if text == "" {
		return 0, nil
	}
	place, err := strconv.Atoi(text)
	if err != nil || place < 0 {
		return 0, errField
	}
	return place, nil
}

package config

import (
	"encoding"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// A decoder of its own, because a library's stops at the first mistake: a
// person who writes a configuration wants all of them, each with its place.
// Reading YAML itself, which is the hard part, is the library's.

// decoder fills a value from the nodes of a document and notes where each
// setting stands.
type decoder struct {
	places   map[string]*token.Position // by path: "journeys[2].every"
	problems []problem
}

// problem is a mistake at a place; position is nil when only the path is known.
type problem struct {
	position *token.Position
	path     string
	text     string
}

// decode reads one YAML document into target, a pointer to a struct. It gives
// an error only where the text is not YAML at all; every other mistake is in
// the decoder's problems.
func decode(raw []byte, target any) (*decoder, error) {
	file, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return nil, err
	}
	d := &decoder{places: map[string]*token.Position{}}
	for i, doc := range file.Docs {
		switch {
		case i > 0 && doc.Body != nil:
			d.complain(doc.Body, "", "a second document; one file is one configuration")
		case doc.Body != nil:
			d.node(doc.Body, reflect.ValueOf(target).Elem(), "")
		}
	}
	return d, nil
}

func (d *decoder) complain(n ast.Node, path, format string, args ...any) {
	d.problems = append(d.problems, problem{start(n), path, fmt.Sprintf(format, args...)})
}

// start is where n begins. A mapping's own token is its first colon.
func start(n ast.Node) *token.Position {
	switch m := n.(type) {
	case *ast.MappingNode:
		if len(m.Values) > 0 {
			return start(m.Values[0])
		}
	case *ast.MappingValueNode:
		return m.Key.GetToken().Position
	}
	return n.GetToken().Position
}

// node puts n into v.
func (d *decoder) node(n ast.Node, v reflect.Value, path string) {
	if _, noted := d.places[path]; !noted {
		d.places[path] = start(n)
	}
	if _, null := n.(*ast.NullNode); null {
		return // "key:" with nothing behind it is the same as leaving it out
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		d.node(n, v.Elem(), path)
		return
	}
	if d.special(n, v, path) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.mapping(n, v, path)
	case reflect.Map:
		d.table(n, v, path)
	case reflect.Slice:
		d.sequence(n, v, path)
	default:
		d.scalar(n, v, path)
	}
}

// special decodes the types that are written as one text.
func (d *decoder) special(n ast.Node, v reflect.Value, path string) bool {
	switch target := v.Addr().Interface().(type) {
	case *time.Duration:
		length, err := time.ParseDuration(textOf(n))
		if err != nil {
			d.complain(n, path, "%s is not a duration; write 5s or 5m", shown(n))
		}
		*target = length
	case *time.Time:
		moment, err := time.Parse(time.RFC3339, textOf(n))
		if err != nil {
			d.complain(n, path, "%s is not a time; write 2023-05-26T18:00:00+07:00", shown(n))
		}
		*target = moment
	case encoding.TextUnmarshaler:
		// The text itself is not shown: it may be a secret put here by mistake.
		if !isScalar(n) {
			d.complain(n, path, "is not a text")
		} else if err := target.UnmarshalText([]byte(textOf(n))); err != nil {
			d.complain(n, path, "%v", err)
		}
	default:
		return false
	}
	return true
}

// entries are a mapping's keys and values.
func (d *decoder) entries(n ast.Node, path string) []*ast.MappingValueNode {
	switch m := n.(type) {
	case *ast.MappingNode:
		return m.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{m}
	default:
		d.complain(n, path, "%s is not a mapping; write key: value below it", shown(n))
		return nil
	}
}

func (d *decoder) mapping(n ast.Node, v reflect.Value, path string) {
	known := fieldsOf(v)
	for _, entry := range d.entries(n, path) {
		key := textOf(entry.Key)
		field, ok := known[key]
		if !ok {
			names := slices.Sorted(maps.Keys(known))
			d.complain(entry.Key, below(path, key), "is unknown; one of %s", strings.Join(names, ", "))
			continue
		}
		d.places[below(path, key)] = entry.Key.GetToken().Position
		d.node(entry.Value, field, below(path, key))
	}
}

// fieldsOf are a struct's settings by name, those of inlined structs included.
func fieldsOf(v reflect.Value) map[string]reflect.Value {
	fields := map[string]reflect.Value{}
	for i := range v.NumField() {
		tag, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			maps.Copy(fields, fieldsOf(v.Field(i)))
		case tag != "" && tag != "-":
			fields[tag] = v.Field(i)
		}
	}
	return fields
}

func (d *decoder) table(n ast.Node, v reflect.Value, path string) {
	v.Set(reflect.MakeMap(v.Type()))
	for _, entry := range d.entries(n, path) {
		value := reflect.New(v.Type().Elem()).Elem()
		key := textOf(entry.Key)
		d.node(entry.Value, value, below(path, key))
		v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), value)
	}
}

func (d *decoder) sequence(n ast.Node, v reflect.Value, path string) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		d.complain(n, path, "%s is not a list; begin each entry with a hyphen", shown(n))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(list.Values), len(list.Values)))
	for i, entry := range list.Values {
		d.node(entry, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
}

func (d *decoder) scalar(n ast.Node, v reflect.Value, path string) {
	if !isScalar(n) {
		d.complain(n, path, "is not a single value")
		return
	}
	if err := setScalar(v, textOf(n)); err != nil {
		d.complain(n, path, "%s is not %v", shown(n), err)
	}
}

// setScalar puts text into v; the error completes "… is not".
func setScalar(v reflect.Value, text string) error {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		yes, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("true or false")
		}
		v.SetBool(yes)
	case reflect.Int, reflect.Int64:
		whole, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return errors.New("a whole number")
		}
		v.SetInt(whole)
	case reflect.Float64:
		real, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return errors.New("a number")
		}
		v.SetFloat(real)
	default:
		return fmt.Errorf("something a %s can hold", v.Type())
	}
	return nil
}

func isScalar(n ast.Node) bool {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
		return false
	default:
		return true
	}
}

// textOf is a scalar as it was written, without quotes.
func textOf(n ast.Node) string {
	switch s := n.(type) {
	case *ast.StringNode:
		return s.Value
	case *ast.LiteralNode:
		return s.Value.Value
	default:
		return n.GetToken().Value
	}
}

// shown is a node in an error: a scalar as it was written.
func shown(n ast.Node) string {
	if !isScalar(n) {
		return "this"
	}
	if s, ok := n.(*ast.StringNode); ok {
		return strconv.Quote(s.Value)
	}
	return n.GetToken().Value
}

func below(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

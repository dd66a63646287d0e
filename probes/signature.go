package probes

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/dunglas/httpsfv"
)

// valueOf gives the value of a component of a message.
type valueOf func(component httpsfv.Item) (string, error)

// signatureBase is the text that is signed (RFC 9421, 2.5).
func signatureBase(input httpsfv.InnerList, value valueOf) (string, error) {
	var base strings.Builder
	for _, component := range input.Items {
		identifier, err := httpsfv.Marshal(component)
		if err != nil {
			return "", err
		}
		text, err := value(component)
		if err != nil {
			return "", fmt.Errorf("component %s: %w", identifier, err)
		}
		fmt.Fprintf(&base, "%s: %s\n", identifier, text)
	}
	params, err := httpsfv.Marshal(input)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&base, `"@signature-params": %s`, params)
	return base.String(), nil
}

// ofRequest gives the components of a request that we sign (RFC 9421, 2.1 and
// 2.2): derived ones, header fields, and members of those that are
// dictionaries.
func ofRequest(request *http.Request) valueOf {
	return func(component httpsfv.Item) (string, error) {
		switch name, _ := component.Value.(string); name {
		case "@method":
			return request.Method, nil
		case "@authority":
			return authority(request.URL), nil
		case "@path":
			return pathOf(request.URL), nil
		case "@query":
			return "?" + request.URL.RawQuery, nil
		default:
			return field(request.Header.Values(name), component)
		}
	}
}

// authority is host and port in the form that is signed: small letters,
// without the scheme's own port.
func authority(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

func pathOf(u *url.URL) string {
	if path := u.EscapedPath(); path != "" {
		return path
	}
	return "/"
}

// field is a header field as it is signed: its lines in one, or one member of
// its dictionary.
func field(lines []string, component httpsfv.Item) (string, error) {
	if len(lines) == 0 {
		return "", errors.New("the message has no such field")
	}
	key, isMember := component.Params.Get("key")
	if !isMember {
		trimmed := slices.Clone(lines)
		for i := range trimmed {
			trimmed[i] = strings.TrimSpace(trimmed[i])
		}
		return strings.Join(trimmed, ", "), nil
	}
	dictionary, err := httpsfv.UnmarshalDictionary(lines)
	if err != nil {
		return "", fmt.Errorf("reading the field: %w", err)
	}
	name, _ := key.(string)
	member, there := dictionary.Get(name)
	if !there {
		return "", fmt.Errorf("the field has no member %q", name)
	}
	switch m := member.(type) {
	case httpsfv.Item:
		return httpsfv.Marshal(m)
	case httpsfv.InnerList:
		return httpsfv.Marshal(m)
	default:
		return "", fmt.Errorf("member %q is a %T", name, member)
	}
}

package probes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

const (
	// policyPath is where the portal's owner can tell probes what to do without
	// telling their operators.
	policyPath    = "/.well-known/pantau"
	policyAtMost  = 4 << 10
	policyTimeout = 5 * time.Second
)

// policy is what the portal itself says about probes. It can only take away
// from what the permission gives.
type policy struct {
	Stop  bool      `json:"stop"`
	Until time.Time `json:"until"` // of the stop; left out: as long as it stands there
	Reach Reach     `json:"reach"`
	Caps
}

// parsePolicy is strict: an owner who misspelt a key meant it all the same.
func parsePolicy(raw []byte) (policy, error) {
	var p policy
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return policy{}, fmt.Errorf("reading the portal's policy: %w", err)
	}
	if decoder.More() {
		return policy{}, errors.New("reading the portal's policy: there is more than one value")
	}
	if p.Reach != "" {
		if err := p.Reach.validate("reach"); err != nil {
			return policy{}, fmt.Errorf("reading the portal's policy: %w", err)
		}
	}
	if p.PerMinute < 0 || p.PerHour < 0 || p.OTPPerDay < 0 {
		return policy{}, errors.New("reading the portal's policy: a cap is below 0")
	}
	return p, nil
}

// stops says whether no probe is wanted at now.
func (p policy) stops(now time.Time) bool {
	return p.Stop && (p.Until.IsZero() || now.Before(p.Until))
}

// stricter of two caps, of which 0 is none.
func stricter(a, b int) int {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

func (c Caps) and(other Caps) Caps {
	return Caps{
		PerMinute: stricter(c.PerMinute, other.PerMinute),
		PerHour:   stricter(c.PerHour, other.PerHour),
		OTPPerDay: stricter(c.OTPPerDay, other.OTPPerDay),
	}
}

// fetchPolicy asks the portal for its policy. known is false when the portal
// does not answer or not to us, which takes back nothing of what its owner said
// before. No file, or a page in its place, is no policy. One that cannot be
// understood stops.
func fetchPolicy(ctx context.Context, client *http.Client, address, agent string) (p policy, known bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, policyTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return policy{}, false, err
	}
	request.Header.Set("User-Agent", agent)
	request.Header.Set("Accept", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return policy{}, false, err
	}
	defer func() { _ = response.Body.Close() }()
	switch {
	case response.StatusCode >= 500 || notForUs(response.StatusCode):
		return policy{}, false, nil
	case response.StatusCode != http.StatusOK || !plain(response.Header.Get("Content-Type")):
		return policy{}, true, nil
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, policyAtMost+1))
	if err != nil {
		return policy{}, false, err
	}
	if len(raw) > policyAtMost {
		return policy{Stop: true}, true, fmt.Errorf("the portal's policy is longer than %d bytes", policyAtMost)
	}
	if p, err = parsePolicy(raw); err != nil {
		return policy{Stop: true}, true, err
	}
	return p, true, nil
}

// plain says whether a content type is one of a policy's. Portals that answer
// every address with a page of theirs mean nothing by it.
func plain(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "text/plain" || kind == "application/json" || strings.HasSuffix(kind, "+json"))
}

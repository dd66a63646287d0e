package portal

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dunglas/httpsfv"
)

const (
	keysAtMost     = 64 << 10
	keysKept       = time.Minute
	keysWithin     = 5 * time.Second
	noncesKept     = 100_000
	clockTolerance = 30 * time.Second
)

// gatekeeper knows the bots that the portal's owner lets in, and proves that a
// request is one of theirs by its signature (RFC 9421 in the profile
// web-bot-auth). What it takes for a proof it reads by itself: nothing of the
// monitor's is used.
type gatekeeper struct {
	agents []string // addresses of the trusted bots' key directories
	client *http.Client

	mu     sync.Mutex
	keys   map[string]keyring   // by directory
	nonces map[string]time.Time // with when they may come again
}

// keyring is a directory as it was last read.
type keyring struct {
	keys map[string]ed25519.PublicKey // by key id
	read time.Time
}

func newGatekeeper(agents []string) *gatekeeper {
	return &gatekeeper{
		agents: agents, keys: map[string]keyring{}, nonces: map[string]time.Time{},
		client: &http.Client{
			Timeout:       keysWithin,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// knows says why r does not prove to come from a trusted bot, nil when it does.
func (g *gatekeeper) knows(r *http.Request, now time.Time) error {
	claim, err := readClaim(r)
	if err != nil {
		return err
	}
	if err := claim.fresh(now); err != nil {
		return err
	}
	if !slices.Contains(g.agents, claim.agent) {
		return fmt.Errorf("agent %q is not trusted here", claim.agent)
	}
	key, err := g.key(r.Context(), claim.agent, claim.keyID, now)
	if err != nil {
		return err
	}
	base, err := claim.base(r)
	if err != nil {
		return err
	}
	if !ed25519.Verify(key, []byte(base), claim.signature) {
		return errors.New("the signature is not right")
	}
	return g.once(claim, now)
}

// once refuses a signature that was shown before.
func (g *gatekeeper) once(c claim, now time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for nonce, until := range g.nonces {
		if now.After(until) {
			delete(g.nonces, nonce)
		}
	}
	if _, seen := g.nonces[c.nonce]; seen || c.nonce == "" || len(g.nonces) >= noncesKept {
		return errors.New("the signature was used before")
	}
	g.nonces[c.nonce] = c.expires.Add(clockTolerance)
	return nil
}

// claim is a signature and what it says of itself.
type claim struct {
	label            string
	input            httpsfv.InnerList
	signature        []byte
	agent            string
	keyID, nonce     string
	created, expires time.Time
}

func readClaim(r *http.Request) (claim, error) {
	inputs, err := httpsfv.UnmarshalDictionary(r.Header.Values("Signature-Input"))
	if err != nil {
		return claim{}, fmt.Errorf("reading Signature-Input: %w", err)
	}
	for _, label := range inputs.Names() {
		member, _ := inputs.Get(label)
		input, isList := member.(httpsfv.InnerList)
		if isList && param[string](input, "tag") == "web-bot-auth" {
			return claimOf(r, label, input)
		}
	}
	return claim{}, errors.New("there is no signature of a bot")
}

func claimOf(r *http.Request, label string, input httpsfv.InnerList) (claim, error) {
	c := claim{
		label: label, input: input, keyID: param[string](input, "keyid"), nonce: param[string](input, "nonce"),
		created: time.Unix(param[int64](input, "created"), 0), expires: time.Unix(param[int64](input, "expires"), 0),
	}
	if alg, given := input.Params.Get("alg"); given && alg != "ed25519" {
		return claim{}, fmt.Errorf("algorithm %v is not taken", alg)
	}
	var err error
	if c.signature, err = member[[]byte](r.Header.Values("Signature"), label); err != nil {
		return claim{}, fmt.Errorf("reading Signature: %w", err)
	}
	if c.agent, err = member[string](r.Header.Values("Signature-Agent"), label); err != nil {
		return claim{}, fmt.Errorf("reading Signature-Agent: %w", err)
	}
	return c, c.covers()
}

// covers holds that the signature is for this method, host and path, and for
// who says to have made it.
func (c claim) covers() error {
	wanted := []string{`"@method"`, `"@authority"`, `"@path"`, `"signature-agent";key="` + c.label + `"`}
	for _, component := range c.input.Items {
		identifier, err := httpsfv.Marshal(component)
		if err != nil {
			return err
		}
		wanted = slices.DeleteFunc(wanted, func(w string) bool { return w == identifier })
	}
	if len(wanted) > 0 {
		return fmt.Errorf("the signature does not cover %s", strings.Join(wanted, ", "))
	}
	return nil
}

func (c claim) fresh(now time.Time) error {
	if c.created.After(now.Add(clockTolerance)) || !c.expires.After(now.Add(-clockTolerance)) || c.expires.Sub(c.created) > time.Hour {
		return fmt.Errorf("the signature is for %s to %s", c.created.UTC().Format(time.RFC3339), c.expires.UTC().Format(time.RFC3339))
	}
	return nil
}

// base is what must have been signed (RFC 9421, 2.5).
func (c claim) base(r *http.Request) (string, error) {
	var lines []string
	for _, component := range c.input.Items {
		identifier, err := httpsfv.Marshal(component)
		if err != nil {
			return "", err
		}
		value, err := c.value(r, component)
		if err != nil {
			return "", err
		}
		lines = append(lines, identifier+": "+value)
	}
	params, err := httpsfv.Marshal(c.input)
	if err != nil {
		return "", err
	}
	return strings.Join(append(lines, `"@signature-params": `+params), "\n"), nil
}

func (c claim) value(r *http.Request, component httpsfv.Item) (string, error) {
	switch component.Value {
	case "@method":
		return r.Method, nil
	case "@authority":
		return strings.ToLower(r.Host), nil
	case "@path":
		return r.URL.EscapedPath(), nil
	case "@query":
		return "?" + r.URL.RawQuery, nil
	case "signature-agent":
		text, err := httpsfv.Marshal(httpsfv.NewItem(c.agent))
		return text, err
	default:
		return "", fmt.Errorf("component %v is not one that is verified here", component.Value)
	}
}

// key gives the agent's key, from its directory where it is not known yet.
func (g *gatekeeper) key(ctx context.Context, agent, id string, now time.Time) (ed25519.PublicKey, error) {
	g.mu.Lock()
	ring := g.keys[agent]
	g.mu.Unlock()
	if key, known := ring.keys[id]; known && now.Sub(ring.read) < keysKept {
		return key, nil
	}
	keys, err := g.fetch(ctx, agent, now)
	if err != nil {
		return nil, fmt.Errorf("reading the keys of %s: %w", agent, err)
	}
	g.mu.Lock()
	g.keys[agent] = keyring{keys, now}
	g.mu.Unlock()
	if key, known := keys[id]; known {
		return key, nil
	}
	return nil, fmt.Errorf("%s has no key %q", agent, id)
}

func (g *gatekeeper) fetch(ctx context.Context, agent string, now time.Time) (map[string]ed25519.PublicKey, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, agent, nil)
	if err != nil {
		return nil, err
	}
	response, err := g.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if kind := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || kind != "application/http-message-signatures-directory+json" {
		return nil, fmt.Errorf("status %d and type %q", response.StatusCode, kind)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, keysAtMost))
	if err != nil {
		return nil, err
	}
	keys, err := parseKeys(body)
	if err != nil {
		return nil, err
	}
	for id, key := range keys {
		if err := proven(response, body, agent, id, key, now); err != nil {
			delete(keys, id) // published, and perhaps not used yet
		}
	}
	return keys, nil
}

func parseKeys(body []byte) (map[string]ed25519.PublicKey, error) {
	var set struct {
		Keys []struct{ Kty, Crv, Kid, X string } `json:"keys"`
	}
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&set); err != nil {
		return nil, err
	}
	keys := map[string]ed25519.PublicKey{}
	for _, key := range set.Keys {
		x, err := base64.RawURLEncoding.DecodeString(key.X)
		if err != nil || key.Kty != "OKP" || key.Crv != "Ed25519" || len(x) != ed25519.PublicKeySize {
			continue
		}
		sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":"Ed25519","kty":"OKP","x":%q}`, key.X))
		if key.Kid == base64.RawURLEncoding.EncodeToString(sum[:]) {
			keys[key.Kid] = x
		}
	}
	return keys, nil
}

// proven says why the directory does not prove that whoever serves it at agent
// holds the private half of key.
func proven(response *http.Response, body []byte, agent, id string, key ed25519.PublicKey, now time.Time) error {
	sum := sha256.Sum256(body)
	digest := "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
	at, err := url.Parse(agent)
	if err != nil || response.Header.Get("Content-Digest") != digest {
		return errors.New("the digest is of something else")
	}
	inputs, err := httpsfv.UnmarshalDictionary(response.Header.Values("Signature-Input"))
	if err != nil {
		return err
	}
	for _, label := range inputs.Names() {
		found, _ := inputs.Get(label)
		input, isList := found.(httpsfv.InnerList)
		if !isList || param[string](input, "keyid") != id || param[string](input, "tag") != "http-message-signatures-directory" {
			continue
		}
		params, err := httpsfv.Marshal(input)
		if err != nil || !strings.HasPrefix(params, `("@authority";req "content-digest")`) {
			return errors.New("the proof covers something else")
		}
		signature, err := member[[]byte](response.Header.Values("Signature"), label)
		if err != nil {
			return err
		}
		base := fmt.Sprintf("\"@authority\";req: %s\n\"content-digest\": %s\n\"@signature-params\": %s", strings.ToLower(at.Host), digest, params)
		created, expires := param[int64](input, "created"), param[int64](input, "expires")
		if now.Unix() < created-int64(clockTolerance.Seconds()) || now.Unix() >= expires || !ed25519.Verify(key, []byte(base), signature) {
			return errors.New("the proof is not right")
		}
		return nil
	}
	return errors.New("there is no proof for this key")
}

// param is a parameter of a list, the zero value where it is missing or of
// another kind.
func param[T any](list httpsfv.InnerList, name string) T {
	var none T
	value, there := list.Params.Get(name)
	if !there {
		return none
	}
	typed, is := value.(T)
	if !is {
		return none
	}
	return typed
}

// member is the value of an item in a dictionary field.
func member[T any](lines []string, name string) (T, error) {
	var none T
	dictionary, err := httpsfv.UnmarshalDictionary(lines)
	if err != nil {
		return none, err
	}
	found, _ := dictionary.Get(name)
	item, isItem := found.(httpsfv.Item)
	if !isItem {
		return none, fmt.Errorf("there is no item %q", name)
	}
	value, is := item.Value.(T)
	if !is {
		return none, fmt.Errorf("item %q is a %T", name, item.Value)
	}
	return value, nil
}

package probes

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"

	"pantau/internal/invalid"
	"pantau/internal/secret"
)

const (
	tagRequest   = "web-bot-auth"
	tagDirectory = "http-message-signatures-directory"
	// signatureLife of a request is short, because whoever sees it could send
	// it again, and long enough for clocks that differ.
	signatureLife = 2 * time.Minute
	requestLabel  = "sig1"
)

// Signing has every request to the portal signed, so that its owner can tell
// our probes from anybody else who claims to be us: HTTP Message Signatures
// (RFC 9421) with Ed25519, in the profile of draft-meunier-web-bot-auth and its
// successor draft-ietf-webbotauth-httpsig-protocol.
type Signing struct {
	// Agent is where the public keys are found: the address of our own public
	// page, "https://status.example".
	Agent string `yaml:"agent"`
	// Keys may overlap. The newest that is valid signs; all that are not over
	// are published, so that a new one is known before it is used.
	Keys []SigningKey `yaml:"keys"`
}

// SigningKey is one private key and when it may be used.
type SigningKey struct {
	Key       secret.Value `yaml:"key"`        // an Ed25519 key, PKCS #8 in PEM: openssl genpkey -algorithm ed25519
	NotBefore time.Time    `yaml:"not_before"` // left out: since ever
	NotAfter  time.Time    `yaml:"not_after"`  // left out: for ever
}

// Validate gives every mistake with its place. It never says a key.
func (s Signing) Validate() error {
	var check checklist
	parsed, err := url.Parse(s.Agent)
	switch {
	case err != nil || parsed.Host == "" || strings.Trim(parsed.Path, "/") != "" || parsed.RawQuery != "":
		check.add("agent", "%q is not the address of our page; write https://status.example", s.Agent)
	case parsed.Scheme != "https" && (parsed.Scheme != "http" || !onThisMachine(parsed.Host)):
		check.add("agent", "%q is not encrypted; want https", s.Agent)
	}
	if len(s.Keys) == 0 {
		check.add("keys", "is empty; without a key nothing can be signed")
	}
	for i, key := range s.Keys {
		at := fmt.Sprintf("keys[%d]", i)
		if _, err := key.private(); err != nil {
			check = append(check, invalid.At(at+".key", "%v", err))
		}
		if !key.NotAfter.IsZero() && !key.NotAfter.After(key.NotBefore) {
			check.add(at+".not_after", "%s is not after not_before, %s", stamp(key.NotAfter), stamp(key.NotBefore))
		}
	}
	return errors.Join(check...)
}

// private reads the key. The error never quotes it.
func (k SigningKey) private() (ed25519.PrivateKey, error) {
	if k.Key.Empty() {
		return nil, errors.New("is missing; write ${file:PATH}")
	}
	block, _ := pem.Decode([]byte(k.Key.Reveal()))
	if block == nil {
		return nil, errors.New("is not a key in PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("is not a private key in PKCS #8")
	}
	private, is := parsed.(ed25519.PrivateKey)
	if !is {
		return nil, errors.New("is not an Ed25519 key")
	}
	return private, nil
}

// Signer signs requests to the portal and tells the public halves of its keys.
// It is safe for use by many goroutines.
type Signer struct {
	agent string // the origin, without a slash at its end
	keys  []signerKey
}

type signerKey struct {
	SigningKey
	private ed25519.PrivateKey
	id      string
}

// NewSigner makes a Signer of valid settings.
func NewSigner(s Signing) (*Signer, error) {
	signer := &Signer{agent: strings.TrimSuffix(s.Agent, "/")}
	for i, key := range s.Keys {
		private, err := key.private()
		if err != nil {
			return nil, fmt.Errorf("reading signing key %d: %w", i+1, err)
		}
		id := thumbprint(private.Public().(ed25519.PublicKey)) // always one, see crypto/ed25519
		signer.keys = append(signer.keys, signerKey{key, private, id})
	}
	return signer, nil
}

// valid says whether the key may sign at now.
func (k signerKey) valid(now time.Time) bool {
	return !now.Before(k.NotBefore) && (k.NotAfter.IsZero() || now.Before(k.NotAfter))
}

// current is the newest key that is valid at now.
func (s *Signer) current(now time.Time) (signerKey, error) {
	var newest *signerKey
	for i, key := range s.keys {
		if key.valid(now) && (newest == nil || key.NotBefore.After(newest.NotBefore)) {
			newest = &s.keys[i]
		}
	}
	if newest == nil {
		return signerKey{}, errors.New("none of our signing keys is valid now")
	}
	return *newest, nil
}

// Check says whether there is a key to sign with at now.
func (s *Signer) Check(now time.Time) error {
	_, err := s.current(now)
	return err
}

// Sign adds Signature-Agent, Signature-Input and Signature to request. They
// hold for its method, host, path and query, and for no other request.
func (s *Signer) Sign(request *http.Request, now time.Time) error {
	key, err := s.current(now)
	if err != nil {
		return err
	}
	agent := httpsfv.NewDictionary()
	// The address of the directory itself: the older drafts take its origin,
	// the newest fetches it as it stands.
	agent.Add(requestLabel, httpsfv.NewItem(s.agent+DirectoryPath))
	value, err := httpsfv.Marshal(agent)
	if err != nil {
		return fmt.Errorf("signing a request: %w", err)
	}
	request.Header.Set("Signature-Agent", value)
	member := httpsfv.NewItem("signature-agent")
	member.Params.Add("key", requestLabel)
	covered := []httpsfv.Item{httpsfv.NewItem("@method"), httpsfv.NewItem("@authority"), httpsfv.NewItem("@path")}
	if request.URL.RawQuery != "" {
		covered = append(covered, httpsfv.NewItem("@query"))
	}
	input := httpsfv.InnerList{Items: append(covered, member), Params: httpsfv.NewParams()}
	input.Params.Add("created", now.Unix())
	input.Params.Add("keyid", key.id)
	input.Params.Add("alg", "ed25519")
	input.Params.Add("expires", now.Add(signatureLife).Unix())
	input.Params.Add("nonce", rand.Text())
	input.Params.Add("tag", tagRequest)
	return key.sign(request.Header, requestLabel, input, ofRequest(request))
}

// sign adds a signature over what input lists to header, besides those that
// are there.
func (k signerKey) sign(header http.Header, label string, input httpsfv.InnerList, value valueOf) error {
	base, err := signatureBase(input, value)
	if err != nil {
		return fmt.Errorf("signing: %w", err)
	}
	for name, member := range map[string]httpsfv.Member{
		"Signature-Input": input,
		"Signature":       httpsfv.NewItem(ed25519.Sign(k.private, []byte(base))),
	} {
		dictionary := httpsfv.NewDictionary()
		dictionary.Add(label, member)
		text, err := httpsfv.Marshal(dictionary)
		if err != nil {
			return fmt.Errorf("signing: %w", err)
		}
		header.Add(name, text)
	}
	return nil
}

// thumbprint names a key by itself (RFC 7638, with RFC 8037, appendix A.3).
func thumbprint(key ed25519.PublicKey) string {
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + base64.RawURLEncoding.EncodeToString(key) + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

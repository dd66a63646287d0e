package probes

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/dunglas/httpsfv"
)

// DirectoryPath is where the public keys of the signatures are served.
const DirectoryPath = "/.well-known/http-message-signatures-directory"

const (
	directoryType = "application/http-message-signatures-directory+json"
	// directoryLife is how long the directory may be cached, and directoryProof
	// how long its own signatures hold: longer, for whoever passes it on.
	directoryLife  = 5 * time.Minute
	directoryProof = 24 * time.Hour
)

// jwk is a public Ed25519 key (RFC 8037) as the directory tells it.
type jwk struct {
	KTY string `json:"kty"`
	CRV string `json:"crv"`
	KID string `json:"kid"`
	X   string `json:"x"`
	Use string `json:"use"`
	NBF int64  `json:"nbf,omitempty"`
	EXP int64  `json:"exp,omitempty"`
}

// Directory serves the public keys, those to come included and those that are
// over not. Each key that is valid signs the answer, which proves that we hold
// its private half. What is signed is the name we are configured with, whatever
// name the request used.
func (s *Signer) Directory() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := s.directory(w.Header(), time.Now())
		if err != nil {
			http.Error(w, "the directory cannot be made", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		if r.Method != http.MethodHead {
			_, _ = w.Write(body) // a reader who hung up is nobody's mistake
		}
	})
}

// directory makes the answer at now and sets its headers.
func (s *Signer) directory(header http.Header, now time.Time) ([]byte, error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	for _, key := range s.keys {
		if key.NotAfter.IsZero() || now.Before(key.NotAfter) {
			set.Keys = append(set.Keys, key.public())
		}
	}
	body, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("writing the key directory: %w", err)
	}
	digest := sha256.Sum256(body)
	header.Set("Content-Type", directoryType)
	header.Set("Cache-Control", "max-age="+strconv.Itoa(int(directoryLife.Seconds())))
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Content-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(digest[:])+":")
	return body, s.prove(header, now)
}

// prove signs the directory with every valid key.
func (s *Signer) prove(header http.Header, now time.Time) error {
	agent, err := url.Parse(s.agent)
	if err != nil {
		return fmt.Errorf("reading our own address: %w", err)
	}
	for i, key := range s.keys {
		if !key.valid(now) {
			continue
		}
		ours := httpsfv.NewItem("@authority")
		ours.Params.Add("req", true)
		input := httpsfv.InnerList{Items: []httpsfv.Item{ours, httpsfv.NewItem("content-digest")}, Params: httpsfv.NewParams()}
		input.Params.Add("created", now.Unix())
		input.Params.Add("expires", now.Add(directoryProof).Unix())
		input.Params.Add("keyid", key.id)
		input.Params.Add("tag", tagDirectory)
		err := key.sign(header, fmt.Sprintf("binding%d", i+1), input, func(component httpsfv.Item) (string, error) {
			if component.Value == "@authority" {
				return authority(agent), nil
			}
			return field(header.Values("Content-Digest"), component)
		})
		if err != nil {
			return fmt.Errorf("signing the key directory: %w", err)
		}
	}
	return nil
}

func (k signerKey) public() jwk {
	public := k.private.Public().(ed25519.PublicKey) // always one, see crypto/ed25519
	key := jwk{KTY: "OKP", CRV: "Ed25519", KID: k.id, X: base64.RawURLEncoding.EncodeToString(public), Use: "sig"}
	if !k.NotBefore.IsZero() {
		key.NBF = k.NotBefore.Unix()
	}
	if !k.NotAfter.IsZero() {
		key.EXP = k.NotAfter.Unix()
	}
	return key
}

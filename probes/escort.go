package probes

import (
	"net/http"
	"time"
)

// escort goes along with every request to the portal: it asks the warden
// before, signs the request where that is configured, and has the warden look
// at the answer.
type escort struct {
	warden  *warden
	signer  *Signer // nil: not signed
	journey string
	policy  bool // the request is for the portal's policy
	next    http.RoundTripper
}

// RoundTrip implements http.RoundTripper. A request that may not be sent gives
// a fault.
func (e *escort) RoundTrip(request *http.Request) (*http.Response, error) {
	now := time.Now()
	if no := e.warden.admit(e.journey, e.policy, request.Method, authority(request.URL), now); no != nil {
		return refuse(request, no)
	}
	if e.signer != nil {
		request = request.Clone(request.Context())
		if err := e.signer.Sign(request, now); err != nil {
			return refuse(request, stopped("%s", err))
		}
	}
	response, err := e.next.RoundTrip(request)
	if err == nil {
		e.warden.heed(e.journey, e.policy, response, time.Now())
	}
	return response, err
}

// refuse closes the body, as a RoundTripper must.
func refuse(request *http.Request, no *fault) (*http.Response, error) {
	if request.Body != nil {
		_ = request.Body.Close()
	}
	return nil, no
}

package simulator

import (
	"net/http"

	"pantau/simulator/portal"
)

// gateways are the local servers of the handsets' apps, at /phones/DEVICE/. A
// phone without a network answers nothing.
func (s *Simulator) gateways() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		device, network := r.PathValue("device"), s.post.now()
		gateway := network.Gateway(device)
		switch {
		case gateway == nil:
			http.NotFound(w, r)
		case network.Away(device):
			portal.HangUp(w)
		default:
			http.StripPrefix("/phones/"+device, gateway).ServeHTTP(w, r)
		}
	})
}

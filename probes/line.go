package probes

import (
	"context"
	"net/http"
	"time"
)

// lineTimeout for each reference host.
const lineTimeout = 5 * time.Second

// ownLineDown says whether none of the reference hosts gives any HTTP answer,
// so that the portal's silence says nothing about the portal.
func ownLineDown(ctx context.Context, references []string) bool {
	if len(references) == 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, lineTimeout)
	defer cancel()
	answers := make(chan bool, len(references))
	for _, reference := range references {
		go func() { answers <- reachable(ctx, reference) }()
	}
	for range references {
		if <-answers {
			return false
		}
	}
	return true
}

// reachable says whether anything speaks HTTP at address, whatever it says.
func reachable(ctx context.Context, address string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
	if err != nil {
		return false
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return true
}

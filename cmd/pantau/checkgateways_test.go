package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pantau/config"
	"pantau/internal/secret"
	"pantau/probes"
)

func TestCheckTriesEachGateway(t *testing.T) {
	phone := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "right" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer phone.Close()
	android := func(name, password string) probes.Gateway {
		return probes.Gateway{Name: name, Kind: probes.GatewayAndroid, URL: phone.URL, Password: secret.New(password)}
	}
	var c config.Config
	c.Gateways = []probes.Gateway{android("hp-1", "right"), android("hp-2", "canary-wrong")}
	var out bytes.Buffer
	report := &checkReport{out: &out}
	checkGateways(t.Context(), c, report)
	if report.all != 2 || report.wrong != 1 || !strings.Contains(out.String(), "hp-2: status 401: the username or password is wrong") ||
		strings.Contains(out.String(), "canary") {
		t.Errorf("check says\n%s", out.String())
	}
}

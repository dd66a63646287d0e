package main

import (
	"net/http/httptest"
	"testing"
	"time"

	"pantau/config"
	"pantau/internal/secret"
	"pantau/probes"
)

func TestCheckOfWhatProvesThatItIsUs(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	signing := probes.Signing{Keys: []probes.SigningKey{{Key: secret.New(testSigningKey), NotAfter: now.Add(48 * time.Hour)}}}
	signer, err := probes.NewSigner(signing)
	if err != nil {
		t.Fatal(err)
	}
	page := httptest.NewServer(signer.Directory())
	defer page.Close()
	signing.Agent = page.URL
	end := now.Add(48 * time.Hour).Format(time.RFC3339)

	var c config.Config
	check := func(r *checkReport) { checkProofs(t.Context(), c, now, r) }
	says(t, check)
	c.Portal.Signing = &signing
	c.Portal.Oracle = probes.Oracle{URL: "/oracle", Secret: secret.New("canary"), Expires: now.Add(48 * time.Hour)}
	says(t, check,
		"ok     signing       "+page.URL+probes.DirectoryPath+": our public keys are served",
		"note   signing       the last key that follows without a gap ends at "+end+"; add a key to portal.signing.keys",
		"ok     oracle        /oracle: it knows us by a secret",
		"note   oracle        our leave to ask it, or our certificate, ends at "+end+"; ask the portal's owner")

	signing.Keys[0].NotAfter = now.Add(60 * 24 * time.Hour)
	c.Portal.Oracle.Expires = now.Add(60 * 24 * time.Hour)
	page.Config.Handler = nil // Go's own, which knows no path
	says(t, check,
		"WRONG  signing       "+page.URL+probes.DirectoryPath+": our public keys are not there: status 404, want 200; does the server in front pass the path on?",
		"ok     oracle        /oracle: it knows us by a secret")

	signing.Keys[0].NotAfter, c.Portal.Oracle.Expires = now.Add(-time.Hour), now.Add(-time.Hour)
	ended := now.Add(-time.Hour).Format(time.RFC3339)
	says(t, check,
		"WRONG  signing       "+page.URL+probes.DirectoryPath+": none of our signing keys is valid now",
		"WRONG  oracle        /oracle: our leave to ask it ended at "+ended+"; ask the portal's owner for more")
}

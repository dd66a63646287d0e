package incident_test

import (
	"strings"
	"testing"
	"time"

	"pantau/detect"
	"pantau/incident"
)

func TestTheTeamIsToldWhichPictureThereIs(t *testing.T) {
	const name = "20260526T110000.000Z-abc234-open.png"
	d := newDesk(t, false)
	d.set(detect.Major, detect.CausePortalDown, detect.ComponentPortal)
	for i := range d.assessed {
		if d.assessed[i].Component == detect.ComponentPortal {
			d.assessed[i].Picture = name
		}
	}
	d.pass(time.Minute)
	d.wantEvents(incident.IT, "opened")
	for _, n := range d.said {
		for _, said := range []string{n.Body.ID, n.Body.EN} {
			if told := strings.Contains(said, name); told != (n.Audience == incident.IT) {
				t.Errorf("the picture is told to %s: %t\n%s", n.Audience, told, said)
			}
		}
		if strings.Contains(n.Post.ID+n.Post.EN+n.Title.ID+n.Title.EN, name) {
			t.Errorf("the picture is told to %s in a post or title", n.Audience)
		}
	}
}

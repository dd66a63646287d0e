package detect

import (
	"time"

	"pantau/probes"
)

// picture is the last one of a page that was not as it should be.
type picture struct {
	name string
	at   time.Time
}

// foldPicture notes what a component's last bad page looked like.
func (d *Detector) foldPicture(r probes.Result) {
	if r.Picture != "" {
		d.pictures[troubled(r)] = picture{r.Picture, r.At}
	}
}

// troubled is the component whose trouble a bad result is, see Fold.
func troubled(r probes.Result) Component {
	switch {
	case r.Reason == probes.ReasonChallenge:
		return ComponentCaptcha
	case r.Step == probes.StepCaptcha && portalTrouble(r.Reason):
		return ComponentPortal
	default:
		return Measures(r)
	}
}

// pictureOf is the picture of the trouble that a component is in now.
func (d *Detector) pictureOf(a Assessment) string {
	if last := d.pictures[a.Component]; a.State.Trouble() && !last.at.Before(a.Since) {
		return last.name
	}
	return ""
}

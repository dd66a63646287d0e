package inbox

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"pantau/internal/invalid"
	"pantau/probes"
)

// receiver is one configured way for text messages to come in.
type receiver struct {
	kind  kind
	name  string
	sim   string  // the SIM that everything is for, "" when messages say whom they are for
	hook  webhook // nil when it is not called over HTTP
	beats bool    // it gives signs of life besides messages, so that its silence says something
}

func (r receiver) path() string { return hooksPath + string(r.kind) + "/" + r.name }

// receivers are all of o. This is the one place that knows every kind.
func (o Options) receivers(key idKey) []receiver {
	var all []receiver
	for _, a := range o.Android {
		all = append(all, receiver{kind: kindAndroid, name: a.Name, hook: a, beats: true})
	}
	for _, k := range o.Kannel {
		all = append(all, receiver{kind: kindKannel, name: k.Name, sim: k.SIM, hook: newKannelHook(k)})
	}
	for _, t := range o.Twilio {
		all = append(all, receiver{kind: kindTwilio, name: t.Name, sim: t.SIM, hook: t})
	}
	for _, g := range o.Generic {
		all = append(all, receiver{kind: kindGeneric, name: g.Name, sim: g.SIM, hook: newGenericHook(g, key), beats: g.Heartbeat.Field != ""})
	}
	for _, g := range o.Gammu {
		all = append(all, receiver{kind: kindGammu, name: g.Name, sim: g.SIM, hook: g.hook()})
	}
	return all
}

// hooks are the receivers that are called over HTTP, by path.
func hooks(all []receiver) map[string]receiver {
	byPath := map[string]receiver{}
	for _, r := range all {
		if r.hook != nil {
			byPath[r.path()] = r
		}
	}
	return byPath
}

// Webhook is what must be entered at the other side of a receiver.
type Webhook struct {
	Kind, Name string
	URL        string // for Kannel the whole get-url, with SECRET where the secret goes
}

// Webhooks are all receivers that are called over HTTP, at a base like
// "https://status.example".
func (o Options) Webhooks(base string) []Webhook {
	var all []Webhook
	for _, r := range o.receivers(idKey{}) {
		if r.hook == nil {
			continue
		}
		w := Webhook{string(r.kind), r.name, strings.TrimRight(base, "/") + r.path()}
		switch hook := r.hook.(type) {
		case kannelHook:
			w.URL = hook.getURL(w.URL)
		case Twilio:
			w.URL = hook.URL // it is signed as it stands
		}
		all = append(all, w)
	}
	return all
}

// ReceivesSMS says whether a receiver of text messages has this name.
func (o Options) ReceivesSMS(name string) bool {
	for _, r := range o.receivers(idKey{}) {
		if r.name == name {
			return true
		}
	}
	return false
}

// validateReceivers gives every mistake in the receivers that have names.
func (o Options) validateReceivers() error {
	names := map[string]bool{mailReceiver: true}
	return errors.Join(
		validateEach("android", o.Android, names),
		validateEach("kannel", o.Kannel, names),
		validateEach("twilio", o.Twilio, names),
		validateEach("generic", o.Generic, names),
		validateEach("imap", o.IMAP, names),
		validateEach("gammu", o.Gammu, names),
	)
}

func validateEach[T interface{ validate(map[string]bool) error }](path string, all []T, names map[string]bool) error {
	var errs []error
	for i, each := range all {
		errs = append(errs, invalid.In(fmt.Sprintf("%s[%d]", path, i), each.validate(names)))
	}
	return errors.Join(errs...)
}

// receiverName is a name that can stand in a path and in a log as it is.
var receiverName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// checkName takes a receiver's name; SIMs know receivers by it alone, so that
// no two have the same.
func checkName(name string, taken map[string]bool) error {
	switch {
	case !receiverName.MatchString(name):
		return invalid.At("name", "%q is not a name; use lower-case letters, digits and hyphens", name)
	case taken[name]:
		return invalid.At("name", "%q is taken by another receiver", name)
	}
	taken[name] = true
	return nil
}

// CheckFixed gives every receiver, at "kannel[i].sim", that is fixed to a SIM
// that is not one of sims.
func (o Options) CheckFixed(sims []probes.SIM) error {
	known := map[string]bool{"": true}
	for _, sim := range sims {
		known[sim.ID] = true
	}
	var errs []error
	count := map[kind]int{}
	for _, r := range o.receivers(idKey{}) {
		if !known[r.sim] {
			errs = append(errs, invalid.At(fmt.Sprintf("%s[%d].sim", r.kind, count[r.kind]), "%q is not the id of a SIM", r.sim))
		}
		count[r.kind]++
	}
	return errors.Join(errs...)
}

// Unheard are the receivers of text messages, as "KIND NAME", by which none of
// sims is heard and which are not fixed to one, so that what they bring is for
// nobody.
func (o Options) Unheard(sims []probes.SIM) []string {
	var unheard []string
	for _, r := range o.receivers(idKey{}) {
		hears := func(sim probes.SIM) bool { return sim.Receiver == r.name }
		if r.sim == "" && !slices.ContainsFunc(sims, hears) {
			unheard = append(unheard, string(r.kind)+" "+r.name)
		}
	}
	return unheard
}

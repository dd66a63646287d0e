package probes

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	defaultStopHeader = "Pantau-Stop"
	// haltAtMost bounds what a Retry-After can ask for, so that a mistake in
	// one answer does not end all measuring.
	haltAtMost = 24 * time.Hour
	otpDay     = 24 * time.Hour
	// rereadEvery is how often the permission's file is read while it holds.
	rereadEvery = 10 * time.Minute
	everybody   = "" // in halts: all journeys
)

// warden holds whatever is sent to the portal to what its owner allows: the
// permission in its file, the policy that the portal serves, and what its
// answers say. Every visitor's exchanges pass through it; see escort.
type warden struct {
	portal  *Portal
	policy  string                     // its address
	foreign []string                   // hosts that take a permission
	read    func() (Permission, error) // nil when none is needed
	log     *slog.Logger
	metrics *Metrics

	mu      sync.Mutex
	granted Permission // in force, or the last that was
	ended   error      // why there is none in force
	readAt  time.Time  // when it was read last
	told    policy     // by the portal
	due     time.Time  // when the portal is asked for its policy again; zero before the first time
	halts   map[string]halt
	hosts   map[string]*limiter
	codes   window
}

// stop is what keeps probes from being sent. The set is closed: it labels a
// metric.
type stop string

const (
	stop403    stop = "403"
	stop429    stop = "429"
	stopHeader stop = "header"
	stopPolicy stop = "policy" // counted each time that the portal is asked for it
	stopCaps   stop = "caps"   // the schedule wants more than the owner allows
)

func stops() []stop { return []stop{stop403, stop429, stopHeader, stopPolicy, stopCaps} }

// halt is a pause that the portal asked for.
type halt struct {
	until time.Time
	why   string
}

// newWarden reads the permission, where one is needed.
func newWarden(portal *Portal, policyAddress string, deps Deps) (*warden, error) {
	w := &warden{
		portal: portal, foreign: portal.ForeignHosts(), read: deps.Permission, log: deps.Log, metrics: deps.Metrics, policy: policyAddress,
		halts: map[string]halt{}, hosts: map[string]*limiter{}, codes: window{length: otpDay},
	}
	switch {
	case w.read == nil && len(w.foreign) == 0:
		return w, nil
	case w.read == nil:
		return nil, fmt.Errorf("%s is not on this machine, and there is no permission of its owner", w.foreign[0])
	}
	w.renew(time.Now())
	if w.ended != nil {
		return nil, w.ended
	}
	return w, nil
}

// renew reads the permission. w.mu is held, or w not shared yet.
func (w *warden) renew(now time.Time) {
	before := w.ended
	w.readAt = now
	read, err := w.read()
	if err == nil {
		err = errors.Join(read.Validate(), read.Holds(w.foreign, now))
	}
	w.ended = err
	if err == nil {
		w.granted = read
		w.metrics.permitted(read.Expires)
		return
	}
	if before == nil {
		w.log.Error("probing has stopped: there is no permission", "error", err)
		if w.granted.Expires.After(now) {
			w.granted.Expires = now // withdrawn: walks under way end as well
		}
		w.metrics.permitted(w.granted.Expires)
	}
}

// may says why step cannot be walked now, nil when it can. A code that is
// asked for is counted.
func (w *warden) may(journey string, step Step, now time.Time) *fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	if no := w.inForce(now); no != nil {
		return no
	}
	if no := w.halted(journey, now); no != nil {
		return no
	}
	switch reach, caps := w.bounds(); {
	case !reach.Allows(step):
		return stopped("the portal's owner allows probes to go as far as %s and no further", reach)
	case step != StepRequestOTP:
		return nil
	case !w.codes.room(caps.OTPPerDay, now):
		w.metrics.stopped(stopCaps)
		return stopped("as many codes were asked for in 24 hours as the portal's owner allows: %d", caps.OTPPerDay)
	}
	w.codes.add(now)
	return nil
}

// allows says whether step is within reach.
func (w *warden) allows(step Step) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	reach, _ := w.bounds()
	return reach.Allows(step)
}

// asked counts a code that was asked for before this process began.
func (w *warden) asked(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.codes.add(at)
	slices.SortFunc(w.codes.events, time.Time.Compare)
}

// admit says why a request may not be sent now, nil when it may; then it is
// counted. The policy itself can be asked for while journeys are halted.
func (w *warden) admit(journey string, isPolicy bool, method, host string, now time.Time) *fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.read != nil && (w.ended != nil || !now.Before(w.granted.Expires)) {
		return stopped("the permission of the portal's owner has ended")
	}
	if no := w.halted(journey, now); no != nil && !isPolicy {
		return no
	}
	reach, caps := w.bounds()
	if reach == ReachGet && method != http.MethodGet && method != http.MethodHead {
		return stopped("the portal's owner allows probes to look at pages and nothing more")
	}
	counted := w.hosts[host]
	if counted == nil {
		counted = newLimiter()
		w.hosts[host] = counted
	}
	if !counted.take(caps, now) {
		w.metrics.stopped(stopCaps)
		return stopped("the portal's owner allows %d requests a minute and %d an hour to one host", caps.PerMinute, caps.PerHour)
	}
	return nil
}

// inForce is nil while the permission holds. It is read again now and then, for
// it may have been prolonged or withdrawn, and each time once it has ended.
// w.mu is held.
func (w *warden) inForce(now time.Time) *fault {
	if w.read == nil {
		return nil
	}
	if w.ended != nil || !now.Before(w.granted.Expires) || now.Sub(w.readAt) >= rereadEvery {
		w.renew(now)
	}
	if w.ended != nil {
		return stopped("there is no permission of the portal's owner any more")
	}
	return nil
}

// halted is the fault of a journey that the portal does not want now. w.mu is
// held.
func (w *warden) halted(journey string, now time.Time) *fault {
	if w.told.stops(now) {
		return stopped("the portal's %s says stop", policyPath)
	}
	for _, name := range []string{everybody, journey} {
		if h := w.halts[name]; now.Before(h.until) {
			return stopped("%s; until %s nothing is sent", h.why, h.until.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// bounds are how far probes may go now and how often they may ask: the
// permission's, and of the policy's what is stricter. w.mu is held.
func (w *warden) bounds() (Reach, Caps) {
	reach, caps := ReachSubmit, Caps{}
	if w.read != nil {
		reach, caps = w.granted.Reach, w.granted.Caps
	}
	if w.told.Reach != "" && !w.told.Reach.atLeast(reach) {
		reach = w.told.Reach
	}
	return reach, caps.and(w.told.Caps)
}

// policyDue says whether the portal is to be asked for its policy: at the start
// and once a validity. Whoever is told so does it; the others go on with what is
// known.
func (w *warden) policyDue(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Before(w.due) {
		return false
	}
	w.due = now.Add(w.portal.CodeValidity())
	return true
}

// hear asks the portal for its policy.
func (w *warden) hear(ctx context.Context, client *http.Client) {
	told, known, err := fetchPolicy(ctx, client, w.policy, w.portal.UserAgent)
	if !known {
		return // the portal's silence is for the journeys to tell
	}
	if err != nil {
		w.log.Error("the portal's policy cannot be understood; probing stops", "error", err)
	}
	if told.stops(time.Now()) {
		w.metrics.stopped(stopPolicy)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = told
}

func stopped(format string, args ...any) *fault {
	return &fault{Unknown, ReasonStopped, fmt.Sprintf(format, args...)}
}

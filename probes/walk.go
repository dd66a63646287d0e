package probes

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"pantau/internal/secret"
)

// recordTimeout ends a Record that hangs. Recording is finished even while we
// are stopping: what was seen is worth keeping.
const recordTimeout = 10 * time.Second

// walk takes the run through the steps it reaches. It ends when a step cannot
// be walked past, or when the code is waited for. ctx ends when we are
// stopping.
func (p *Prober) walk(ctx context.Context, r *run) {
	r.deadline = time.Now().Add(r.journey.timeout())
	if r.journey.Control() {
		p.sendControl(ctx, r)
		return
	}
	p.hear(ctx)
	for _, step := range r.journey.Steps {
		if ctx.Err() != nil || !time.Now().Before(r.deadline) {
			return // not reached: no result
		}
		if !p.walkStep(ctx, r, step) {
			return
		}
	}
}

// walkStep says whether the run can go on with the next step.
func (p *Prober) walkStep(ctx context.Context, r *run, step Step) bool {
	if no := p.gear.warden.may(r.journey.Name, step, time.Now()); no != nil {
		return p.look(ctx, r, step, func(context.Context) finding { return found(no) })
	}
	switch step {
	case StepOpen:
		return p.look(ctx, r, step, r.visit.open)
	case StepCaptcha:
		if r.journey.variant() == VariantCaptcha {
			return p.look(ctx, r, step, r.visit.wrongCaptcha)
		}
		return p.look(ctx, r, step, r.visit.captcha)
	case StepRequestOTP:
		return p.ask(ctx, r)
	default:
		return false // parked: the watch goes on with it, see watch.go
	}
}

// hear has the portal's policy asked for when that is due.
func (p *Prober) hear(ctx context.Context) {
	if !p.gear.warden.policyDue(time.Now()) {
		return
	}
	transport := newTransport(p.gear.portal, p.roots)
	defer transport.CloseIdleConnections()
	p.gear.warden.hear(ctx, &http.Client{
		Transport:     &escort{warden: p.gear.warden, signer: p.gear.signer, policy: true, next: transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
}

// look performs a step that changes nothing and records what it gave.
func (p *Prober) look(ctx context.Context, r *run, step Step, do func(context.Context) finding) bool {
	result, goOn := p.perform(ctx, r, step, do)
	if err := p.record(ctx, result); err != nil {
		p.deps.Log.Error("recording a step", "run", r.id, "journey", r.journey.Name, "step", step, "error", err)
		return false
	}
	r.watcher.told(result)
	return goOn
}

// perform does one step within its deadline and makes a Result of what it
// found.
func (p *Prober) perform(ctx context.Context, r *run, step Step, do func(context.Context) finding) (Result, bool) {
	waited := time.Now()
	notReady := r.visit.screen.ready(ctx)
	r.deadline = r.deadline.Add(time.Since(waited))
	limit := time.Now().Add(or(p.options.Portal.Timeouts.Step, defaultStep))
	if r.deadline.Before(limit) {
		limit = r.deadline
	}
	within, cancel := context.WithDeadline(ctx, limit)
	defer cancel()
	r.visit.browser.begin()
	began := time.Now()
	f := found(notReady)
	if notReady == nil {
		f = p.guarded(within, step, do)
	}
	length := time.Since(began)
	f = p.judge(ctx, f)
	if f.reason.tellsSession() {
		f.said += " (" + r.visit.browser.session.String() + ")"
	}
	if refused := r.visit.browser.refused; f.verdict != Up && len(refused) > 0 {
		f.said += "; it also asked for hosts that are not in portal.hosts: " + strings.Join(refused, ", ")
	}
	picture := p.illustrate(ctx, r, step, f)
	phases, _ := r.visit.browser.meter.read()
	return Result{
		ID: r.stepID(step), Variant: r.journey.variant(), Run: r.id, Journey: r.journey.Name, Stream: r.journey.Stream, Step: step,
		At: wall(time.Now()), Took: length, Verdict: f.verdict, Reason: f.reason, Phases: phases,
		Evidence: evidence(r.visit.browser.trail, f.said), Picture: picture,
	}, f.goOn
}

// illustrate has a picture taken of a page that is not as it should be, and
// gives its name, "" for none: a page that cannot be shown is told all the same.
func (p *Prober) illustrate(ctx context.Context, r *run, step Step, f finding) (name string) {
	if p.deps.Picture == nil || f.verdict != Down {
		return ""
	}
	png, err := r.visit.screen.picture(ctx)
	if err == nil && png != nil {
		name, err = p.deps.Picture(Picture{Run: r.id, Journey: r.journey.Name, Step: step, At: wall(time.Now()), PNG: png})
	}
	if err != nil {
		p.deps.Log.Warn("there is no picture of the page", "run", r.id, "journey", r.journey.Name, "step", step, "error", err)
	}
	return name
}

func (p *Prober) guarded(ctx context.Context, step Step, do func(context.Context) finding) (f finding) {
	defer func() {
		if cause := recover(); cause != nil {
			p.panicked(string(step), cause)
			f = finding{verdict: Unknown, reason: ReasonPanic, said: "a mistake of ours; the log has the stack"}
		}
	}()
	return do(ctx)
}

// judge takes from the portal what is not its fault: that we are stopping, or
// that our own line is down.
func (p *Prober) judge(ctx context.Context, f finding) finding {
	if f.verdict == Up || f.reason == ReasonPanic {
		return f
	}
	silent := f.reason == ReasonUnreachable || f.reason == ReasonTimeout
	ownLine := silent && ownLineDown(ctx, p.options.References)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return finding{verdict: Unknown, reason: ReasonShutdown, said: "stopped on our side"}
	case ownLine:
		return finding{verdict: Unknown, reason: ReasonOwnLine, said: f.said + "; no reference host answers either"}
	}
	return f
}

func evidence(trail []string, said string) string {
	if len(trail) == 0 {
		return said
	}
	return strings.Join(trail, ", ") + ": " + said
}

// wall strips the monotonic reading: what is stored is UTC wall time.
func wall(t time.Time) time.Time { return t.UTC().Round(0) }

func (p *Prober) record(ctx context.Context, results ...Result) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err := p.deps.Record(ctx, results); err != nil {
		return err
	}
	for _, result := range results {
		p.deps.Metrics.recorded(result)
	}
	return nil
}

// ask asks for a code, at most once: that it is about to is recorded first, so
// that after a crash the SIM is known to be waiting. The wait's gate is held
// until the portal's answer is recorded, so that a code that is faster than
// the answer waits for it.
func (p *Prober) ask(ctx context.Context, r *run) bool {
	if !p.asking(r) {
		p.deps.Log.Warn("no code is asked for: the day's budget is used up", "run", r.id, "journey", r.journey.Name)
		p.deps.Metrics.skipped(r.journey.Name, WhyBudget, 1)
		return false
	}
	address, key := p.addressee(r)
	w := newParked(p.waitOf(r, key), r)
	w.gate <- struct{}{}
	defer p.letGo(w)
	intent := Result{
		ID: r.stepID(StepRequestOTP) + "/intent", Variant: r.journey.variant(), Run: r.id, Journey: r.journey.Name,
		Stream: r.journey.Stream, Step: StepRequestOTP, At: wall(time.Now()),
		Verdict: Unknown, Reason: ReasonRequesting, Evidence: "about to ask for a code", Opened: w.opened(),
	}
	if err := p.record(ctx, intent); err != nil {
		p.deps.Log.Error("recording that a code will be asked for; it is not asked for", "run", r.id, "error", err)
		return false
	}
	p.park(w)
	p.deps.Mailbox.Expect(w.wait)
	r.watcher.told(intent)

	var reference string
	result, _ := p.perform(ctx, r, StepRequestOTP, func(ctx context.Context) (f finding) {
		reference, f = r.visit.request(ctx, *p.options.Portal.channel(r.journey.Stream), address)
		return f
	})
	if result.Verdict != Up {
		p.notAccepted(ctx, w, r, result)
		return false
	}
	p.accepted(ctx, w, r, result, reference)
	return true
}

// addressee is what is typed into the portal's form, and the key under which
// the message is expected.
func (p *Prober) addressee(r *run) (typed secret.Value, key string) {
	if r.journey.Stream == StreamEmail {
		to := p.deps.AddressFor(r.journey.Mail, r.id).Address
		return to, AddressKey(to.Reveal())
	}
	return secret.New(p.options.Portal.RequestOTP.SMS.typed(r.sim.Number.Reveal())), r.sim.ID
}

func (p *Prober) waitOf(r *run, key string) Wait {
	validity := p.options.Portal.CodeValidity()
	return Wait{
		ID: r.numbered(r.id), Run: r.id, Journey: r.journey.Name, Stream: r.journey.Stream, Key: key, Variant: r.journey.variant(),
		Requested: wall(time.Now()), Validity: validity, GiveUp: GiveUp(validity), Unsure: true, Extra: r.extra,
	}
}

// accepted parks the run with its wait.
func (p *Prober) accepted(ctx context.Context, w *parked, r *run, result Result, reference string) {
	if at := r.visit.page.answered; !at.IsZero() {
		w.since = at
	}
	w.wait.Requested, w.wait.Reference, w.wait.Unsure = wall(w.since), reference, false
	p.deps.Mailbox.Expect(w.wait)
	result.Opened = w.opened()
	if err := p.record(ctx, result); err != nil {
		p.deps.Log.Error("recording that a code is on its way; it is listened for all the same", "run", r.id, "error", err)
	}
	r.watcher.told(result)
	r.visit.leave()
	w.visit, r.visit = r.visit, nil
	w.run = r
	r.stays.Store(!r.journey.Usual())
}

// notAccepted ends the wait when it is known that no code was asked for.
// Otherwise it goes on to the end, and after a restart: a code that comes all
// the same must not be taken for the answer to a later request. Its SIM may be
// asked again after the code's validity.
func (p *Prober) notAccepted(ctx context.Context, w *parked, r *run, result Result) {
	w.wait.Unsure = r.visit.asked && result.Reason != ReasonRequest
	result.Opened = w.opened()
	results := []Result{result}
	if result.Verdict == Unknown && !w.wait.Unsure {
		results = append(results, w.result(0, false, Unknown, result.Reason, "no code was asked for"))
	}
	if err := p.record(ctx, results...); err != nil {
		p.deps.Log.Error("recording that no code is on its way", "run", r.id, "error", err)
	}
	r.watcher.told(results...)
	switch {
	case !w.wait.Unsure:
		p.drop(w)
	case result.Reason != ReasonShutdown:
		p.release(w)
	}
}

// stepID is the id of the result of a step, another one in each round.
func (r *run) stepID(step Step) string { return r.numbered(r.id + "/" + string(step)) }

func (r *run) numbered(id string) string {
	if r.round == 0 {
		return id
	}
	return fmt.Sprintf("%s-%d", id, r.round+1)
}

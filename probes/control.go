package probes

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A control message is a text that we send from one of our own SIMs to another.
// It takes the operator's network and our handset, and neither the portal nor
// its supplier: when codes are late and control messages are not, the delay is
// before the operator.

// Control says whether the journey sends control messages and nothing else.
func (j Journey) Control() bool { return slices.Contains(j.Steps, StepSendControl) }

// sender is the operator from whose SIMs a control journey sends.
func (j Journey) sender() string { return cmp.Or(j.From, j.Stream.Operator()) }

// controlKeys begin with what no SIM's id and no mail address can begin with,
// so that a control message holds no SIM and answers nothing but its own token.
const controlKeys = "control/"

// ControlKey is the key of the wait for a control message.
func ControlKey(fromOperator, fromSIM, toSIM string) string {
	return controlKeys + fromOperator + "/" + fromSIM + "/" + toSIM
}

// Control says whether w waits for a control message, and of which operator and
// SIM it comes.
func (w Wait) Control() (fromOperator, fromSIM string, is bool) {
	rest, is := strings.CutPrefix(w.Key, controlKeys)
	if !is {
		return "", "", false
	}
	fromOperator, rest, _ = strings.Cut(rest, "/")
	fromSIM, _, _ = strings.Cut(rest, "/")
	return fromOperator, fromSIM, true
}

// ears are the keys of whose handsets must be heard for w to be evidence: the
// recipient's, and of a control message the sender's too.
func (w Wait) ears() []string {
	if _, from, is := w.Control(); is {
		return []string{from, w.Key[strings.LastIndex(w.Key, "/")+1:]}
	}
	return []string{w.Key}
}

// awaits is the step whose results tell how w stands.
func (w Wait) awaits() Step {
	if _, _, is := w.Control(); is {
		return StepAwaitControl
	}
	return StepAwaitOTP
}

// Awaits says whether the step is a wait for a message.
func (s Step) Awaits() bool { return s == StepAwaitOTP || s == StepAwaitControl }

// controlToken is what a control message is known by: 55 bits, so that nobody
// guesses it.
func controlToken() string { return rand.Text()[:11] }

// ControlText is the whole message with this token. It is one text message in
// every alphabet.
func ControlText(token string) string { return "Pantau K-" + token }

// ControlReference stands for a token in a Wait. The token itself is never
// stored.
func ControlReference(token string) string {
	sum := sha256.Sum256([]byte("control " + strings.ToUpper(token)))
	return hex.EncodeToString(sum[:12])
}

// pair takes the SIMs of the next control message of j, the money for which is
// then spent. Recipients take turns, so that every handset is tried; one without
// credit receives all the same, and one that has expired does not.
func (p *Prober) pair(j Journey) (from, to SIM, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.moment(time.Now())
	recipients := slices.DeleteFunc(p.options.simsOf(j.Stream.Operator()), func(s SIM) bool { return s.expired(now.Wall) })
	if len(recipients) == 0 {
		return SIM{}, SIM{}, false
	}
	turn := p.controls[j.Name]
	p.controls[j.Name]++
	to = recipients[turn%len(recipients)]
	senders := p.options.sendersTo(to, j.sender())
	for i := range senders {
		from = senders[(turn+i)%len(senders)]
		if p.planner.Control(now, from.ID) {
			return from, to, true
		}
	}
	return SIM{}, SIM{}, false
}

func (o Options) simsOf(operator string) []SIM {
	var all []SIM
	for _, sim := range o.SIMs {
		if sim.Operator == operator {
			all = append(all, sim)
		}
	}
	return all
}

// sendersTo are the SIMs of an operator that can send to another, those in
// other handsets first: what a handset sends to itself tells less.
func (o Options) sendersTo(to SIM, operator string) []SIM {
	var apart, same []SIM
	for _, sim := range o.simsOf(operator) {
		switch {
		case sim.ID == to.ID || o.gatewayOf(sim) == nil:
		case sim.Device == to.Device && sim.Receiver == to.Receiver:
			same = append(same, sim)
		default:
			apart = append(apart, sim)
		}
	}
	if len(apart) > 0 {
		return apart
	}
	return same
}

// sendControl sends a control message, at most once: that it is about to is
// recorded first, as with codes, so that the money is counted after a crash.
func (p *Prober) sendControl(ctx context.Context, r *run) bool {
	from, to, ok := p.pair(r.journey)
	if !ok {
		p.deps.Log.Warn("no control message is sent: no SIM can send or receive it, or the day's budget is used up", "run", r.id, "journey", r.journey.Name)
		p.deps.Metrics.skipped(r.journey.Name, WhyBudget, 1)
		return false
	}
	token := controlToken()
	w := newParked(p.waitOf(r, ControlKey(from.Operator, from.ID, to.ID)), r)
	w.wait.Reference = ControlReference(token)
	w.gate <- struct{}{}
	defer p.letGo(w)
	intent := Result{
		ID: r.id + "/" + string(StepSendControl) + "/intent", Run: r.id, Journey: r.journey.Name,
		Stream: r.journey.Stream, Step: StepSendControl, At: wall(time.Now()),
		Verdict: Unknown, Reason: ReasonRequesting, Evidence: "about to send from " + from.ID + " to " + to.ID, Opened: w.opened(),
	}
	if err := p.record(ctx, intent); err != nil {
		p.deps.Log.Error("recording that a control message will be sent; it is not sent", "run", r.id, "error", err)
		return false
	}
	p.park(w)
	p.deps.Mailbox.Expect(w.wait)
	r.watcher.told(intent)
	result, _ := p.perform(ctx, r, StepSendControl, func(ctx context.Context) finding {
		if err := p.options.gatewayOf(from).send(ctx, from, to, ControlText(token)); err != nil {
			return finding{verdict: Unknown, reason: ReasonGateway, said: err.Error()}
		}
		return up("sent from " + from.ID + " to " + to.ID)
	})
	p.controlSent(ctx, w, r, result)
	return result.Verdict == Up
}

// controlSent records what the gateway said. A message that it did not take is
// not waited for: should it come all the same, its token answers nobody.
func (p *Prober) controlSent(ctx context.Context, w *parked, r *run, result Result) {
	sent := result.Verdict == Up
	w.wait.Unsure = !sent
	if sent {
		w.since = time.Now()
		w.wait.Requested = wall(w.since)
		p.deps.Mailbox.Expect(w.wait)
	}
	result.Opened = w.opened()
	results := []Result{result}
	if !sent {
		results = append(results, w.result(0, false, Unknown, result.Reason, "no control message was sent as far as we know"))
	}
	if err := p.record(ctx, results...); err != nil {
		p.deps.Log.Error("recording what became of a control message", "run", r.id, "error", err)
	}
	r.watcher.told(results...)
	if !sent {
		p.drop(w)
		return
	}
	w.visit, r.visit = nil, nil
}

// rebuildControl takes in a stored control message.
func (p *Planner) rebuildControl(now Moment, r Result) {
	if _, from, is := r.Opened.Control(); is {
		p.RebuildControl(r.At, from)
		p.rebuildJourney(r, now.ago(r.At))
	}
}

// fitsControl holds a control journey against our SIMs and gateways.
func (o Options) fitsControl(j Journey) (field, problem string) {
	to := j.Stream.Operator()
	recipients := o.simsOf(to)
	canSend := func(recipient SIM) bool { return len(o.sendersTo(recipient, j.sender())) > 0 }
	switch {
	case to == "":
		return "stream", fmt.Sprintf("is %q, but control messages are texts: write sms/OPERATOR", j.Stream)
	case len(recipients) == 0:
		return "stream", fmt.Sprintf("there is no SIM of %q", to)
	case !slices.ContainsFunc(o.simsOf(j.sender()), func(s SIM) bool { return o.gatewayOf(s) != nil }):
		return "from", fmt.Sprintf("no SIM of %q is in a handset that gateways name, so that none can send", j.sender())
	case slices.ContainsFunc(recipients, func(s SIM) bool { return !canSend(s) }):
		return "from", fmt.Sprintf("there is only one SIM of %q, and it cannot send to itself", j.sender())
	}
	return "", ""
}

package notifier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"
)

// patience says how long calls take and what is waited for.
type patience struct {
	timeout time.Duration // of one call
	settle  time.Duration // after a call has ended a post of it may still appear
	first   time.Duration // wait after the first attempt in vain
	max     time.Duration // longest wait of our own
}

// lease covers reading back, sending, and the time until what was sent has
// certainly appeared or never will. So when a lease has run out, because the
// process died or stalled, the answer to "does it stand there?" no longer
// changes, and only then is the question asked.
func (p patience) lease() time.Duration { return 2*p.timeout + p.settle }

// attempt carries one claimed delivery to its channel.
//
// The outbox committed it as Sending before, with the very text that is
// posted. So after a crash there is something to look for at the channel, and
// a hash of the text beside it would say nothing more.
type attempt struct {
	sender Sender
	patience
	log *slog.Logger
}

// run makes the attempt and gives job as it is to be settled. before is the
// state in which job was claimed.
func (a attempt) run(ctx context.Context, job Delivery, before State) Delivery {
	if before != Waiting {
		if ended, over := a.readBack(ctx, job); over {
			return ended
		}
	}
	receipt, err := a.send(ctx, job)
	if refusal := refusalOf(err); refusal != nil && refusal.Duplicate {
		return a.duplicate(ctx, job, refusal)
	}
	return a.ended(job, receipt, err, time.Now())
}

// readBack asks whether an earlier attempt worked. over is false when it
// certainly did not, so that job may be sent.
func (a attempt) readBack(ctx context.Context, job Delivery) (ended Delivery, over bool) {
	receipt, found, err := a.find(ctx, job)
	switch {
	case err != nil:
		return a.unread(job, err, time.Now()), true
	case found:
		return sent(job, receipt, time.Now()), true
	default:
		return job, false
	}
}

// duplicate asks which post the channel means that says the same already: one
// of ours, or another, which is for a person to look at.
func (a attempt) duplicate(ctx context.Context, job Delivery, refusal *Refusal) Delivery {
	if ended, over := a.readBack(ctx, job); over {
		return ended
	}
	return failed(job, refusal.Error(), time.Now())
}

// ended is job after a call that gave receipt or err.
func (a attempt) ended(job Delivery, receipt string, err error, now time.Time) Delivery {
	refusal := refusalOf(err)
	_, canFind := a.sender.(Finder)
	switch {
	case err == nil:
		return sent(job, receipt, now)
	case refusal != nil && refusal.Retry:
		return later(job, Waiting, err, now.Add(a.wait(job.Attempt, refusal.After)))
	case refusal != nil:
		return failed(job, err.Error(), now)
	case canFind:
		return later(job, Unsure, err, now.Add(max(a.settle, a.wait(job.Attempt, 0))))
	default:
		return failed(job, "it may have been posted, look at the channel: "+err.Error(), now)
	}
}

// unread is job when it could not be found out whether it was posted. What
// the channel will never answer is for a person.
func (a attempt) unread(job Delivery, err error, now time.Time) Delivery {
	var after time.Duration
	if refusal := refusalOf(err); refusal != nil {
		if !refusal.Retry {
			return failed(job, "it may have been posted, look at the channel: "+err.Error(), now)
		}
		after = refusal.After
	}
	return later(job, Unsure, err, now.Add(a.wait(job.Attempt, after)))
}

// wait doubles with each attempt up to max, is never shorter than what the
// channel asks for, and varies, so that not everything comes back at once.
func (a attempt) wait(attempts int, asked time.Duration) time.Duration {
	own := a.first
	for range min(attempts, 32) - 1 {
		own = min(2*own, a.max)
	}
	return max(own, asked) + time.Duration(rand.Float64()*float64(a.first))
}

func sent(job Delivery, receipt string, now time.Time) Delivery {
	job.State, job.Receipt, job.Problem, job.Finished = Sent, receipt, "", now
	return job
}

func failed(job Delivery, problem string, now time.Time) Delivery {
	job.State, job.Problem, job.Finished = Failed, problem, now
	return job
}

func later(job Delivery, state State, err error, due time.Time) Delivery {
	job.State, job.Problem, job.Due = state, err.Error(), due
	return job
}

// send calls the sender, as long as its post would appear within the lease. A
// process that was stopped after the claim must not post what another one has
// meanwhile taken over.
func (a attempt) send(ctx context.Context, job Delivery) (receipt string, err error) {
	left := time.Until(job.Due) - a.settle
	if left <= 0 {
		return "", &Refusal{Problem: "its turn came too late", Retry: true}
	}
	ctx, cancel := context.WithTimeout(ctx, min(a.timeout, left))
	defer cancel()
	defer a.recovered("sending", job, &err)
	return a.sender.Send(ctx, job)
}

// find calls the sender, if its channel can be asked.
func (a attempt) find(ctx context.Context, job Delivery) (receipt string, found bool, err error) {
	finder, can := a.sender.(Finder)
	if !can {
		return "", false, &Refusal{Problem: "an earlier attempt was cut off, and this channel cannot be asked"}
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	defer a.recovered("reading back", job, &err)
	return finder.Find(ctx, job)
}

// recovered makes a panic of a sender the error of this one attempt. Its value
// goes into the log only when it is the runtime's: others may carry anything.
func (a attempt) recovered(doing string, job Delivery, err *error) {
	p := recover()
	if p == nil {
		return
	}
	said := fmt.Sprintf("%T", p)
	var ofRuntime interface{ RuntimeError() }
	if asError, is := p.(error); is && errors.As(asError, &ofRuntime) {
		said = asError.Error()
	}
	a.log.Error("a sender panicked", "delivery", job.ID, "doing", doing, "panic", said, "stack", string(debug.Stack()))
	*err = fmt.Errorf("%s: the sender panicked", doing)
}

// Package probes walks the registration path of a portal on a schedule, the
// way a taxpayer does, and says what each step gave.
//
// A journey is configured as ordered steps. A run of it occupies a slot of a
// bounded pool while it talks to the portal. When it has asked for a code it
// parks: its cookies wait with a Wait, the slot is free, and an Arrival from
// the inbox takes the run up again.
package probes

import (
	"math"
	"strings"
	"time"
)

// Verdict is the outcome of one step.
type Verdict string

// Unknown says nothing about the portal: our own line was down, our receiver
// silent, our own code panicked, or a wait has not been decided yet.
const (
	Up      Verdict = "up"
	Down    Verdict = "down"
	Unknown Verdict = "unknown"
)

// Step is one step of a journey.
type Step string

// StepListen is not walked on the portal: it says whether anything sent on the
// stream could be heard at all (the heartbeat of its receivers).
const (
	StepOpen       Step = "open"
	StepCaptcha    Step = "captcha"
	StepRequestOTP Step = "request-otp"
	StepAwaitOTP   Step = "await-otp"
	StepSubmitOTP  Step = "submit-otp"
	StepListen     Step = "listen"

	// The steps of a control message, which goes from one of our SIMs to
	// another and never near the portal.
	StepSendControl  Step = "send-control"
	StepAwaitControl Step = "await-control"
)

// Stream is what a journey measures: "portal", "captcha", "email", or one
// operator's text messages, "sms/telkomsel".
type Stream string

// The streams that exist whatever operators are configured.
const (
	StreamPortal  Stream = "portal"
	StreamCaptcha Stream = "captcha"
	StreamEmail   Stream = "email"
)

// SMS is the stream of one operator's text messages.
func SMS(operator string) Stream { return Stream("sms/" + operator) }

// Operator is the operator of a text message stream, "" for any other.
func (s Stream) Operator() string {
	operator, isSMS := strings.CutPrefix(string(s), "sms/")
	if !isSMS {
		return ""
	}
	return operator
}

// CarriesOTP says whether codes travel on s.
func (s Stream) CarriesOTP() bool { return s == StreamEmail || s.Operator() != "" }

// Reason says in one fixed word why a step is not Up.
type Reason string

// The reasons. They are labels of metrics and decide the cause of an incident,
// so the set is closed.
const (
	ReasonNone          Reason = ""
	ReasonUnreachable   Reason = "unreachable"       // no HTTP answer: refused, reset, DNS, TLS
	ReasonTimeout       Reason = "timeout"           // no complete answer before the deadline
	ReasonStatus        Reason = "status"            // an HTTP status that is not the expected one
	ReasonUnexpected    Reason = "unexpected-page"   // the page is not the one the profile describes
	ReasonSlow          Reason = "slow"              // complete, but slower than the profile allows
	ReasonImage         Reason = "image-broken"      // the captcha does not render
	ReasonAnswerRefused Reason = "answer-refused"    // the right captcha answer was refused
	ReasonChallenge     Reason = "challenged-again"  // a right answer was accepted, then asked for again
	ReasonRequest       Reason = "request-refused"   // the portal would not send a code
	ReasonRequesting    Reason = "requesting"        // written before a code is asked for, see Result.Opened
	ReasonWaiting       Reason = "waiting"           // the code is on its way and still valid
	ReasonLate          Reason = "late"              // the code is not there, or came, after its validity
	ReasonLost          Reason = "lost"              // given up waiting
	ReasonJunk          Reason = "junk"              // the code came in time, into the junk folder; Up or Down, see Journey
	ReasonAmbiguous     Reason = "ambiguous"         // a message came that may be this request's or another's, see WaitAge
	ReasonCodeRefused   Reason = "code-refused"      // the portal refused a right and valid code
	ReasonOlderAccepted Reason = "older-accepted"    // the portal accepted a code that a later one had replaced
	ReasonExpiredTaken  Reason = "expired-accepted"  // the portal accepted a code after its validity
	ReasonWording       Reason = "refused-otherwise" // the portal refused an older or expired code as something else
	ReasonWrongAccepted Reason = "wrong-accepted"    // a wrong captcha answer was accepted
	ReasonOracle        Reason = "oracle"            // the portal's owner gave no captcha answer
	ReasonLetThrough    Reason = "let-through"       // no captcha was shown to our probes: it is not measured
	ReasonStopped       Reason = "stopped"           // the portal's owner asked probes to stop, or does not allow them (any more)
	ReasonOwnLine       Reason = "own-line"          // neither the portal nor any reference host answered
	ReasonSilent        Reason = "receiver-silent"   // no heartbeat from any receiver of the stream
	ReasonOverdue       Reason = "receiver-degraded" // the message was on time at the handset, late from it
	ReasonGateway       Reason = "gateway"           // our gateway did not take a control message
	ReasonShutdown      Reason = "shutdown"          // we are stopping
	ReasonBrowser       Reason = "browser"           // our own Chromium does not start or failed
	ReasonPanic         Reason = "panic"             // a mistake of ours
)

// Phases is where the time of a step's HTTP exchanges went, summed over the
// step. A phase that did not happen (a reused connection, plain HTTP) is 0.
type Phases struct {
	DNS       time.Duration `json:"dns"`
	Connect   time.Duration `json:"connect"`
	TLS       time.Duration `json:"tls"`
	FirstByte time.Duration `json:"first_byte"`
	Body      time.Duration `json:"body"`
}

// Result is what one step of one run gave. A wait that goes on gives several,
// one at each edge its age passes (see Edges), then a last one.
type Result struct {
	ID       string        // unique
	Run      string        // the run it belongs to
	Journey  string        // its journey's name
	Stream   Stream        // what the journey measures
	Step     Step          //
	At       time.Time     // when it was known, our wall clock, UTC
	Took     time.Duration // monotonic; 0 for a wait's edges and StepListen
	Verdict  Verdict       //
	Reason   Reason        // "" when Up, but for ReasonJunk
	Phases   Phases        //
	Evidence string        // what came back, one line for an engineer: no code, number, token or address
	Picture  string        // of the page, the name of its file; "" for none
	Variant  Variant       // what the run did on purpose, "" for the usual way
	Wait     *WaitAge      // of StepAwaitOTP, StepAwaitControl and StepSubmitOTP only
	Opened   *Wait         // of StepRequestOTP: the wait that the request opens; stored with the result
	Arrival  *Arrival      // of the step that ends a wait: the message; stored without its code
}

// AsStored is the result at the precision it is stored with, so that a detector
// rebuilt from the store has seen the very same: instants to the millisecond.
func (r Result) AsStored() Result {
	r.At = r.At.Truncate(time.Millisecond)
	if r.Wait != nil {
		wait := *r.Wait
		wait.Requested = wait.Requested.Truncate(time.Millisecond)
		r.Wait = &wait
	}
	return r
}

// WaitAge is how a wait for a code stands.
type WaitAge struct {
	ID        string        // the Wait's
	Requested time.Time     // when the portal accepted the request, our wall clock, UTC
	Age       time.Duration // since then, monotonic where the process lived through it
	Open      bool          // the code has not arrived and we still listen
	Validity  time.Duration // how long the code can be used
	// AgeMin and AgeMax hold the age at which the code came when the messages do
	// not say which of several requests they answer: it came at AgeMin or
	// later, and at AgeMax or before, Never when it need not have come at all.
	// Both are 0 when nothing is uncertain.
	AgeMin, AgeMax time.Duration
}

// Never is an age that is never reached.
const Never time.Duration = math.MaxInt64

// Exact says whether it is known if, and at what age, the code came.
func (w WaitAge) Exact() bool { return w.AgeMin == 0 && w.AgeMax == 0 }

// Came is the earliest and the latest age at which the code can have come; the
// latest is Never while it need not have come at all.
func (w WaitAge) Came() (earliest, latest time.Duration) {
	switch {
	case !w.Exact():
		return w.AgeMin, w.AgeMax
	case w.Open:
		return w.Age, Never
	default:
		return w.Age, w.Age
	}
}

// Wait is a code that was asked for and is listened for. It is stored before
// the portal is asked (a request-otp Result, Unknown, ReasonRequesting) and
// again when the portal accepted, so that a restart goes on listening and
// never asks twice for one SIM. A request-otp Result that is Down closes it
// unless it is still Unsure, and so does an awaiting Result whose Wait is not
// Open.
type Wait struct {
	ID        string
	Run       string
	Journey   string
	Stream    Stream
	Key       string        // who the message must reach: a SIM's id, or AddressKey of a mail address
	Requested time.Time     // our wall clock, UTC
	Validity  time.Duration // the code's
	GiveUp    time.Duration // after Requested we stop listening
	Reference string        // the portal's reference id that the message repeats, "" when it has none
	// Unsure says that the portal's answer to the request is not known (yet):
	// a code that does not come may never have been asked for, so its absence
	// is no evidence.
	Unsure bool
	Extra  bool // asked for beyond the usual cadence, see Start
	// Perhaps is when the first message came that is this request's or
	// another's, UTC; zero for none.
	Perhaps time.Time
	Variant Variant // of the run's results
}

// Edges are the ages at which an open wait is news, smallest first, for a code
// of the given validity: 15, 30, 60, 120, 300 and 600 s for the usual ten
// minutes, and in proportion for any other.
func Edges(validity time.Duration) []time.Duration {
	return []time.Duration{
		validity / 40, validity / 20, validity / 10, validity / 5, validity / 2, validity,
	}
}

// GiveUp is how long a code of the given validity is listened for: 120 minutes
// for the usual ten, because the late ones are the story.
func GiveUp(validity time.Duration) time.Duration { return 12 * validity }

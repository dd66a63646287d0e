package delivery_test

import (
	"slices"
	"testing"
	"time"

	"pantau/simulator/delivery"
)

// may2023 is the queue of the sample scenario: 36 hours.
func may2023() delivery.Fault {
	return delivery.Fault{
		Kind: delivery.OTPQueue, Streams: []string{xl, "sms/indosat"},
		From: delivery.At(noon), Until: delivery.At(noon.Add(36 * time.Hour)),
		ArrivalsPerMinute: 150, ServedPerMinute: 110,
		ReRequestAfter: delivery.Duration(time.Minute), ReRequestsAtMost: 2,
		ExpireAfter: delivery.Duration(time.Hour),
	}
}

// stay is how long one of our own messages stood in the line.
type stay struct {
	pushed  time.Duration // since the start
	waited  time.Duration
	expired bool
}

// stays pushes a message a minute for so long, in steps, and gives how each left.
func stays(fault delivery.Fault, long, step time.Duration) []stay {
	queue := delivery.NewQueue(fault, 1, noon)
	var all []stay
	collect := func(at time.Time) {
		for _, exit := range queue.Advance(at) {
			pushed := time.Duration(exit.ID-1) * time.Minute
			all = append(all, stay{pushed, exit.At.Sub(noon.Add(pushed)), exit.Expired})
		}
	}
	for passed := time.Duration(0); passed < long; passed += time.Minute {
		for part := time.Duration(0); part < time.Minute; part += step {
			collect(noon.Add(passed - time.Minute + part))
		}
		queue.Push(uint64(passed/time.Minute)+1, noon.Add(passed))
	}
	collect(noon.Add(long + 24*time.Hour))
	return all
}

func TestTheQueueOfMay2023(t *testing.T) {
	all := stays(may2023(), 42*time.Hour, time.Minute)
	if len(all) != 42*60 {
		t.Fatalf("%d of %d messages left the queue", len(all), 42*60)
	}
	expired := func(from, until time.Duration) float64 {
		gone, count := 0.0, 0.0
		for _, s := range all {
			if s.pushed >= from && s.pushed < until {
				count++
				if s.expired {
					gone++
				}
			}
		}
		return gone / count
	}
	for _, s := range all {
		switch {
		case s.waited < 0 || s.waited > time.Hour:
			t.Fatalf("%+v waited outside of 0 to 60 min", s)
		case s.expired != (s.waited == time.Hour):
			t.Fatalf("%+v: what is an hour old is thrown away, and nothing else", s)
		case s.pushed > 20*time.Minute && s.pushed < 36*time.Hour && s.waited < 5*time.Minute:
			t.Fatalf("%+v waited less than minutes in the middle of the fault", s)
		case s.pushed > 39*time.Hour && s.waited > time.Minute:
			t.Fatalf("%+v waited three hours after the end", s)
		}
	}
	within(t, "min the message ten minutes in waited", all[10].waited.Minutes(), 5, 40)
	within(t, "share thrown away in the first ten minutes", expired(0, 10*time.Minute), 0, 0)
	within(t, "share thrown away in the middle", expired(4*time.Hour, 30*time.Hour), 0.6, 0.9)
}

func TestAQueueServedFastEnoughMakesNobodyWait(t *testing.T) {
	fault := may2023()
	fault.ServedPerMinute = 1000
	for _, s := range stays(fault, 6*time.Hour, time.Minute) {
		if s.expired || s.waited > 5*time.Second {
			t.Fatalf("%+v waited although the queue is served fast", s)
		}
	}
}

func TestReRequestsAreWhatTurnsASlowQueueIntoALongOne(t *testing.T) {
	// 100 first requests at 110 served: 100 keep up, 300 would not.
	fault := may2023()
	fault.ArrivalsPerMinute, fault.ReRequestAfter = 100, delivery.Duration(2*time.Second)
	longest := func(atMost int) (most time.Duration) {
		fault.ReRequestsAtMost = atMost
		for _, s := range stays(fault, 10*time.Hour, time.Minute) {
			most = max(most, s.waited)
		}
		return most
	}
	if calm := longest(0); calm > 5*time.Minute {
		t.Errorf("without re-requests somebody waited %s", calm)
	}
	if impatient := longest(2); impatient < 30*time.Minute {
		t.Errorf("with re-requests nobody waited longer than %s", impatient)
	}
}

func TestStepsMakeNoDifference(t *testing.T) {
	if !slices.Equal(stays(may2023(), 3*time.Hour, time.Minute), stays(may2023(), 3*time.Hour, 250*time.Millisecond)) {
		t.Error("the same queue gives other waits when time passes in smaller steps")
	}
}

func TestAQueueIsOverWhenItHasDrained(t *testing.T) {
	queue := delivery.NewQueue(may2023(), 1, noon)
	end := noon.Add(36 * time.Hour)
	if !queue.Open(end) || queue.Waiting() < 10000 || queue.Oldest() < 55*time.Minute {
		t.Fatalf("at its end the queue is open: %t, with %d waiting since %s", queue.Open(end), queue.Waiting(), queue.Oldest())
	}
	if !queue.Open(end.Add(time.Hour)) {
		t.Error("the backlog drained within an hour")
	}
	if queue.Open(end.Add(4 * time.Hour)) {
		t.Errorf("four hours after the end %d wait", queue.Waiting())
	}
	queue.Push(9, end.Add(4*time.Hour))
	if exits := queue.Advance(end.Add(4 * time.Hour)); len(exits) != 1 || exits[0].ID != 9 || exits[0].Expired {
		t.Errorf("a message pushed when it was over left as %+v", exits)
	}
}

func TestAnOpenQueueEndsWhenItIsTold(t *testing.T) {
	fault := may2023()
	fault.Until = delivery.Time{}
	queue := delivery.NewQueue(fault, 1, noon)
	if !queue.Open(noon.Add(100 * time.Hour)) {
		t.Fatal("it ended by itself")
	}
	queue.End(noon.Add(100 * time.Hour))
	if !queue.Open(noon.Add(100*time.Hour + time.Minute)) {
		t.Error("the backlog was gone at once")
	}
	if queue.Open(noon.Add(104 * time.Hour)) {
		t.Error("it did not drain")
	}
}

func TestTimeThatGoesBackIsTakenForNow(t *testing.T) {
	queue := delivery.NewQueue(may2023(), 1, noon)
	queue.Advance(noon.Add(time.Hour))
	queue.Push(1, noon)
	exits := queue.Advance(noon.Add(3 * time.Hour))
	if len(exits) != 1 || exits[0].At.Before(noon.Add(time.Hour)) {
		t.Errorf("the message left as %+v, want once and after the latest instant seen", exits)
	}
}

// An eleven-day replay holds this queue once.
func BenchmarkQueueOfMay2023(b *testing.B) {
	for b.Loop() {
		queue := delivery.NewQueue(may2023(), 1, noon)
		if queue.Open(noon.Add(48 * time.Hour)) {
			b.Fatal("it did not drain")
		}
	}
}

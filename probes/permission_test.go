package probes

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// permission allows everything for an hour from now.
func permission(now time.Time) Permission {
	return Permission{
		Owner: "Direktorat Contoh", Contact: "ti@portal.example", Hosts: []string{"portal.example"}, Reach: ReachSubmit,
		Caps: Caps{PerMinute: 60, PerHour: 600, OTPPerDay: 20}, Issued: now.Add(-time.Hour), Expires: now.Add(time.Hour),
	}
}

func TestWhatIsWrongWithAPermissionIsSaid(t *testing.T) {
	now := time.Now()
	if err := permission(now).Validate(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		spoil func(*Permission)
		want  string
	}{
		{"owner", func(p *Permission) { p.Owner = "" }, "owner: is missing"},
		{"contact", func(p *Permission) { p.Contact = "" }, "contact: is missing"},
		{"no hosts", func(p *Permission) { p.Hosts = nil }, "hosts: is empty"},
		{"a host with scheme", func(p *Permission) { p.Hosts = []string{"https://portal.example"} }, "hosts[0]: "},
		{"a host with path", func(p *Permission) { p.Hosts = []string{"portal.example/daftar"} }, "hosts[0]: "},
		{"a host in other letters", func(p *Permission) { p.Hosts = []string{"pörtal.example"} }, "hosts[0]: "},
		{"a host that is none", func(p *Permission) { p.Hosts = []string{""} }, "hosts[0]: "},
		{"reach", func(p *Permission) { p.Reach = "all" }, `reach: "all" is unknown`},
		{"no reach", func(p *Permission) { p.Reach = "" }, `reach: "" is unknown`},
		{"for ever", func(p *Permission) { p.Expires = time.Time{} }, "expires: is missing"},
		{"since when", func(p *Permission) { p.Issued = time.Time{} }, "issued: is missing"},
		{"over before it begins", func(p *Permission) { p.Expires = p.Issued }, "expires: "},
		{"no cap a minute", func(p *Permission) { p.Caps.PerMinute = 0 }, "caps.requests_per_minute: is 0"},
		{"no cap an hour", func(p *Permission) { p.Caps.PerHour = -1 }, "caps.requests_per_hour: is -1"},
		{"no cap of codes", func(p *Permission) { p.Caps.OTPPerDay = 0 }, "caps.otp_requests_per_day: is 0"},
	} {
		p := permission(now)
		test.spoil(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
	looking := permission(now)
	looking.Reach, looking.Caps.OTPPerDay = ReachCaptcha, 0
	if err := looking.Validate(); err != nil {
		t.Errorf("a permission that has no codes sent needs no cap of them: %v", err)
	}
}

func TestWhetherAPermissionHolds(t *testing.T) {
	now := time.Now()
	for _, test := range []struct {
		name  string
		at    time.Time
		hosts []string
		want  string
	}{
		{"now, for its host", now, []string{"portal.example"}, ""},
		{"in other letters", now, []string{"Portal.Example"}, ""},
		{"for another host", now, []string{"portal.example", "other.example"}, "not for other.example"},
		{"for another port", now, []string{"portal.example:8443"}, "not for portal.example:8443"},
		{"for a host below", now, []string{"a.portal.example"}, "not for a.portal.example"},
		{"too early", now.Add(-2 * time.Hour), nil, "begins at"},
		{"at its first moment", now.Add(-time.Hour), nil, ""},
		{"at its end", now.Add(time.Hour), nil, "ended at"},
		{"after its end", now.Add(2 * time.Hour), nil, "ask ti@portal.example for a new one"},
	} {
		err := permission(now).Holds(test.hosts, test.at)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

func TestWhichHostsTakeAPermission(t *testing.T) {
	for _, test := range []struct {
		base, oracle string
		hosts        []string
		want         string
	}{
		{"http://127.0.0.1:8081", "/oracle", nil, ""},
		{"http://localhost", "http://[::1]:9000/oracle", []string{"LOCALHOST:80"}, ""},
		{"https://ereg.pajak.go.id", "/oracle", nil, "ereg.pajak.go.id"},
		{"http://127.0.0.1:8081", "https://oracle.example/x", nil, "oracle.example"},
		{"http://127.0.0.1:8081", "", []string{"login.example"}, "login.example"},
		{"https://portal.example:8443", "https://portal.example:8443/o", nil, "portal.example:8443"},
		{"http://localhost.example", "", nil, "localhost.example"}, // a name like any other
		{"http://127.0.0.1.example", "", nil, "127.0.0.1.example"},
		{"http://0.0.0.0", "", nil, "0.0.0.0"},
	} {
		p := Portal{BaseURL: test.base, Hosts: test.hosts, Oracle: Oracle{URL: test.oracle}}
		if got := strings.Join(p.ForeignHosts(), " "); got != test.want {
			t.Errorf("%s, %s, %v: got %q, want %q", test.base, test.oracle, test.hosts, got, test.want)
		}
	}
}

func TestHowFarEachReachGoes(t *testing.T) {
	walkedBy := map[Reach][]Step{
		ReachGet:     {StepOpen},
		ReachCaptcha: {StepOpen, StepCaptcha},
		ReachOTP:     {StepOpen, StepCaptcha, StepRequestOTP, StepAwaitOTP},
		ReachSubmit:  {StepOpen, StepCaptcha, StepRequestOTP, StepAwaitOTP, StepSubmitOTP},
		"":           nil,
		"all":        nil,
	}
	for reach, want := range walkedBy {
		var got []Step
		for _, step := range append(wholeWay(), "dance") {
			if reach.Allows(step) && step != "dance" || reach.Allows(step) && reach != ReachSubmit {
				got = append(got, step)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q allows %v, want %v", reach, got, want)
		}
	}
}

func TestWhatAReachCutsOff(t *testing.T) {
	options := testOptions(t, "ereg", "http://localhost")
	cuts := options.Cuts(ReachGet)
	if len(cuts) != 3 || cuts[0].Journey != "captcha" || len(cuts[0].Left) != 0 || len(cuts[1].Left) != 1 || len(cuts[1].Lost) != 4 {
		t.Errorf("cuts are %+v", cuts)
	}
	if cuts := options.Cuts(ReachSubmit); len(cuts) != 0 {
		t.Errorf("all is allowed, and %+v is cut", cuts)
	}
}

// TestNoSpanHasMoreThanItsCap: however requests come, in no span of a minute or
// an hour are there more than allowed, and none is refused for nothing.
func TestNoSpanHasMoreThanItsCap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		caps := Caps{PerMinute: rapid.IntRange(1, 5).Draw(t, "a minute"), PerHour: rapid.IntRange(1, 20).Draw(t, "an hour")}
		limiter, now := newLimiter(), time.Now()
		var taken []time.Time
		within := func(span time.Duration) (n int) {
			for _, at := range taken {
				if now.Sub(at) < span {
					n++
				}
			}
			return n
		}
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second)
			room := within(time.Minute) < caps.PerMinute && within(time.Hour) < caps.PerHour
			if got := limiter.take(caps, now); got != room {
				t.Fatalf("taken %t with %d in a minute and %d in an hour, caps %+v", got, within(time.Minute), within(time.Hour), caps)
			}
			if room {
				taken = append(taken, now)
			}
		}
	})
}

func TestHowMuchTheJourneysAsk(t *testing.T) {
	options := testOptions(t, "ereg", "http://localhost")
	// Each every minute: front, captcha, and twice the whole way.
	for reach, want := range map[Reach][2]int{
		ReachGet:     {6 + 3*60, 0},
		ReachCaptcha: {6 + 3*60 + 3*300, 0},
		ReachOTP:     {6 + 3*60 + 3*300 + 2*120, 2 * 1440},
		ReachSubmit:  {6 + 3*60 + 3*300 + 4*120, 2 * 1440},
	} {
		if requests, codes := options.Appetite(reach); requests != want[0] || codes != want[1] {
			t.Errorf("%s: %d requests and %d codes, want %v", reach, requests, codes, want)
		}
	}
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// Where the demo posts. X has one feed, Slack one with a channel on each entry.
const (
	onX           = "x"
	onSlackPublic = "C0STATUS001"
	onSlackIT     = "C0ITTEAM001"
)

// calmSeed is one with which the simulated operators deliver the first 60
// messages of every stream in time: no story hangs on the one in a hundred that
// is lost without any fault.
const calmSeed = 85

// demo is `pantau demo` running as a process of its own. Its methods are the
// words of the stories: what is done to the world, and what must follow.
type demo struct {
	*process
	page, control, metrics, x, slack string
	seen                             map[string]map[string]bool // states by component, in all summaries read
}

// startDemo starts a demo on free ports and waits until every stream has given
// a first measured code.
func startDemo(t *testing.T) *demo {
	t.Helper()
	p := launch(t, nil, "demo", "--listen", "127.0.0.1:0", "--portal-listen", "127.0.0.1:0",
		"--metrics-listen", "127.0.0.1:0", "--validity", "16s", "--seed", fmt.Sprint(calmSeed))
	d := &demo{
		process: p, page: p.line("page: ", 20*time.Second), control: p.line("control: ", time.Second),
		metrics: p.line("metrics: ", time.Second), x: p.line("x: ", time.Second), slack: p.line("slack: ", time.Second),
		seen: map[string]map[string]bool{},
	}
	printed := time.Now()
	d.wants("a first measurement of everything", 60*time.Second, allWell)
	t.Logf("every stream measured %s after the first lines", time.Since(printed).Round(100*time.Millisecond))
	return d
}

// summary is what the stories read of /api/v2/summary.json.
type summary struct {
	Components []struct {
		ID         string  `json:"id"`
		Status     string  `json:"status"`
		State      string  `json:"x_state"`
		MeasuredAt *string `json:"x_measured_at"`
	} `json:"components"`
	Incidents []struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	} `json:"incidents"`
}

func (s summary) state(component string) string {
	for _, c := range s.Components {
		if c.ID == component {
			return c.State
		}
	}
	return "no such component"
}

// inTrouble says whether a state is one that people notice.
func inTrouble(state string) bool {
	return state == "degraded_performance" || state == "partial_outage" || state == "major_outage"
}

// allWell wants all six components measured and working, and no incident.
func allWell(s summary) error {
	if len(s.Components) != 6 {
		return fmt.Errorf("%d components, want 6", len(s.Components))
	}
	for _, c := range s.Components {
		if c.State != "operational" || c.MeasuredAt == nil {
			return fmt.Errorf("%s is %s", c.ID, c.State)
		}
	}
	if len(s.Incidents) > 0 {
		return fmt.Errorf("incident %s is %s", s.Incidents[0].ID, s.Incidents[0].Status)
	}
	return nil
}

// wants waits until the summary is as check wants it.
func (d *demo) wants(what string, within time.Duration, check func(summary) error) {
	d.t.Helper()
	eventually(d.t, what, within, func() error {
		s, err := d.summary()
		if err != nil {
			return err
		}
		return check(s)
	})
}

func (d *demo) summary() (summary, error) {
	var s summary
	err := getJSON(d.page+"api/v2/summary.json", &s)
	for _, c := range s.Components {
		if d.seen[c.ID] == nil {
			d.seen[c.ID] = map[string]bool{}
		}
		d.seen[c.ID][c.State] = true
	}
	return s, err
}

// wantOnlyTrouble wants that of all summaries read none showed trouble of any
// other component.
func (d *demo) wantOnlyTrouble(components ...string) {
	d.t.Helper()
	for component, states := range d.seen {
		for state := range states {
			if inTrouble(state) && !slices.Contains(components, component) {
				d.t.Errorf("%s was %s meanwhile", component, state)
			}
		}
	}
}

// breaks switches a fault on.
func (d *demo) breaks(fault string) {
	d.t.Helper()
	response, err := http.Post(d.control+"faults", "application/json", strings.NewReader(fault))
	if err != nil {
		d.t.Fatal(err)
	}
	defer response.Body.Close()
	if said, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusCreated {
		d.t.Fatalf("switching on %s: status %d, want 201: %s", fault, response.StatusCode, said)
	}
}

// mends ends all faults.
func (d *demo) mends() {
	d.t.Helper()
	request, err := http.NewRequest(http.MethodDelete, d.control+"faults", http.NoBody)
	if err != nil {
		d.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		d.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		d.t.Fatalf("ending all faults: status %d, want 204", response.StatusCode)
	}
}

// says wants a page to hold every text, within a few seconds.
func (d *demo) says(path string, texts ...string) {
	d.t.Helper()
	eventually(d.t, "the words on "+path, 5*time.Second, func() error {
		page, err := get(d.page + path)
		if err != nil {
			return err
		}
		for _, text := range texts {
			if !strings.Contains(page, text) {
				return fmt.Errorf("it does not say %q", text)
			}
		}
		return nil
	})
}

// said is one post on X or one message on Slack.
type said struct {
	id, text string
	answers  string // the id of the thread's first post; "" for that itself
}

// posts are all posts by channel, oldest first.
func (d *demo) posts() (map[string][]said, error) {
	var x []struct {
		ID      string `json:"id"`
		Text    string `json:"text"`
		ReplyTo string `json:"in_reply_to"`
		Thread  string `json:"conversation_id"`
	}
	var slack []struct {
		TS      string          `json:"ts"`
		Channel string          `json:"channel"`
		Text    string          `json:"text"`
		Thread  string          `json:"thread_ts"`
		Blocks  json.RawMessage `json:"blocks"`
	}
	if err := errors.Join(getJSON(d.x+"feed.json", &x), getJSON(d.slack+"feed.json", &slack)); err != nil {
		return nil, err
	}
	posts := map[string][]said{}
	for _, post := range x {
		one := said{id: post.ID, text: post.Text}
		if post.ReplyTo != "" {
			one.answers = post.Thread
		}
		posts[onX] = append(posts[onX], one)
	}
	for _, m := range slack {
		posts[m.Channel] = append(posts[m.Channel], said{m.TS, m.Text + " " + string(m.Blocks), m.Thread})
	}
	return posts, nil
}

// wantsPosts waits until a channel holds posts with these texts and nothing
// else: the first begins a thread, the others answer it.
func (d *demo) wantsPosts(channel string, texts ...string) {
	d.t.Helper()
	eventually(d.t, fmt.Sprintf("%d posts on %s", len(texts), channel), 20*time.Second, func() error {
		posts, err := d.posts()
		if err != nil {
			return err
		}
		return isThread(posts[channel], texts)
	})
}

func isThread(posts []said, texts []string) error {
	if len(posts) != len(texts) {
		return fmt.Errorf("%d posts, want %d: %q", len(posts), len(texts), posts)
	}
	for i, post := range posts {
		answers := ""
		if i > 0 {
			answers = posts[0].id
		}
		if post.answers != answers || !strings.Contains(post.text, texts[i]) {
			return fmt.Errorf("post %d is %q in answer to %q, want %q in answer to %q", i+1, post.text, post.answers, texts[i], answers)
		}
	}
	return nil
}

// wantsThread waits until a channel's only thread begins with one text and
// ends with another. The IT team may be told more in between.
func (d *demo) wantsThread(channel, first, last string) {
	d.t.Helper()
	eventually(d.t, "a whole thread on "+channel, 20*time.Second, func() error {
		posts, err := d.posts()
		if err != nil {
			return err
		}
		thread := posts[channel]
		if len(thread) < 2 {
			return fmt.Errorf("%d posts, want 2 or more", len(thread))
		}
		texts := slices.Repeat([]string{""}, len(thread))
		texts[0], texts[len(texts)-1] = first, last
		return isThread(thread, texts)
	})
}

// wantsNoPublicWord wants that the public was told nothing so far.
func (d *demo) wantsNoPublicWord() {
	d.t.Helper()
	posts, err := d.posts()
	if err != nil {
		d.t.Fatal(err)
	}
	if told := slices.Concat(posts[onX], posts[onSlackPublic]); len(told) > 0 {
		d.t.Errorf("the public was told %q, want nothing", told)
	}
	if strings.Contains(d.stdout.String(), "\nterminal ") {
		d.t.Errorf("the terminal was told: %s", d.stdout)
	}
}

// wantsNoIncident wants that none was ever opened.
func (d *demo) wantsNoIncident() {
	d.t.Helper()
	var all struct{ Incidents []struct{ ID string } }
	if err := getJSON(d.page+"api/v2/incidents.json", &all); err != nil {
		d.t.Fatal(err)
	}
	if len(all.Incidents) > 0 {
		d.t.Errorf("incidents %v, want none", all.Incidents)
	}
}

// ends interrupts the demo, which must leave with code 0, in time, without a
// trace, and must not have taken more memory than promised.
func (d *demo) ends() {
	d.t.Helper()
	const mostMemory = 100 << 20
	peak, err := d.peakMemory()
	switch {
	case err != nil:
		d.t.Errorf("reading the memory: %v", err)
	case peak > mostMemory && !raceDetected():
		d.t.Errorf("it has had %d MiB resident, want at most %d", peak>>20, mostMemory>>20)
	}
	began := time.Now()
	if code := d.interrupt(10 * time.Second); code != exitDone {
		d.t.Errorf("exit code %d, want %d", code, exitDone)
	}
	d.t.Logf("%d MiB resident at most; ended within %s", peak>>20, time.Since(began).Round(time.Millisecond))
	left, err := os.ReadDir(d.temp)
	if err != nil || len(left) > 0 {
		d.t.Errorf("left behind: %v %v", left, err)
	}
	if wrong := d.stderr.String(); wrong != "" {
		d.t.Errorf("standard error: %s", wrong)
	}
}

func get(address string) (string, error) {
	response, err := http.Get(address)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: status %d, want 200", address, response.StatusCode)
	}
	return string(body), err
}

func getJSON(address string, into any) error {
	body, err := get(address)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(body), into)
}

package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The flood: signed webhooks at a steady rate, while the page is read. The one
// who sends them has to share the machine with the one who takes them.
const (
	floodSample  = 3 * time.Second // without PANTAU_FLOOD
	floodRate    = 2000            // a second, without PANTAU_FLOOD_RATE
	floodSenders = 64
	floodReads   = 20 * time.Millisecond // between two reads of the page
	mostMemory   = 256 << 20
	slowestPage  = 50 * time.Millisecond // for 99 of 100 reads
)

// floodFigures are what one flood gave.
type floodFigures struct {
	sent, missed int // missed: not sent because all senders waited for an answer
	statuses     map[int]int
	hooks, pages []time.Duration // sorted
	pageFailures int
	memory       int // the most the process held, in bytes
	failures     int // requests without an answer
	lasted       time.Duration
}

// TestFlood takes a short sample of the flood and looks at everything but the
// time it takes: a busy machine makes that as long as it likes.
func TestFlood(t *testing.T) {
	f := flood(t, floodSample, floodRate)
	if f.statuses[http.StatusOK]+f.statuses[http.StatusServiceUnavailable] != f.sent || f.failures > 0 {
		t.Errorf("answers %v to %d requests, %d without any; want 200, or 503 for what is too much", f.statuses, f.sent, f.failures)
	}
	if f.statuses[http.StatusOK] == 0 || len(f.pages) == 0 || f.pageFailures > 0 {
		t.Errorf("answers %v, %d pages read and %d not", f.statuses, len(f.pages), f.pageFailures)
	}
	if f.memory > mostMemory && !raceDetected() {
		t.Errorf("%d MB of memory, want %d at most", f.memory>>20, mostMemory>>20)
	}
	t.Log(f)
}

// BenchmarkFlood measures the flood for PANTAU_FLOOD ("60s"), at
// PANTAU_FLOOD_RATE a second, and holds it to its limits when it is asked for.
func BenchmarkFlood(b *testing.B) {
	duration, rate := floodSample, floodRate
	asked := os.Getenv("PANTAU_FLOOD")
	if asked != "" {
		var err error
		if duration, err = time.ParseDuration(asked); err != nil {
			b.Fatalf("PANTAU_FLOOD is %q, want 60s: %v", asked, err)
		}
	}
	if text := os.Getenv("PANTAU_FLOOD_RATE"); text != "" {
		var err error
		if rate, err = strconv.Atoi(text); err != nil || rate < 100 {
			b.Fatalf("PANTAU_FLOOD_RATE is %q, want 100 or more", text)
		}
	}
	for b.Loop() {
		f := flood(b, duration, rate)
		b.ReportMetric(f.rate(), "hooks/s")
		b.ReportMetric(milliseconds(quantile(f.hooks, .99)), "hook-p99-ms")
		b.ReportMetric(milliseconds(quantile(f.pages, .5)), "page-p50-ms")
		b.ReportMetric(milliseconds(quantile(f.pages, .99)), "page-p99-ms")
		b.ReportMetric(float64(f.memory)/(1<<20), "peak-MB")
		b.ReportMetric(float64(f.statuses[http.StatusServiceUnavailable]), "shed")
		b.Log(f)
		if asked == "" {
			continue
		}
		if p99 := quantile(f.pages, .99); p99 >= slowestPage {
			b.Errorf("99 of 100 reads of the page within %s, want %s", p99, slowestPage)
		}
		if f.memory >= mostMemory {
			b.Errorf("%d MB of memory, want less than %d", f.memory>>20, mostMemory>>20)
		}
	}
}

func (f floodFigures) rate() float64 { return float64(f.sent) / f.lasted.Seconds() }

func (f floodFigures) String() string {
	return fmt.Sprintf("%d webhooks in %s (%.0f a second, %d not sent in time), answers %v; webhook p50 %s p99 %s; "+
		"%d pages: p50 %s p99 %s longest %s; %d MB of memory at most",
		f.sent, f.lasted.Round(time.Millisecond), f.rate(), f.missed, f.statuses,
		quantile(f.hooks, .5).Round(10*time.Microsecond), quantile(f.hooks, .99).Round(10*time.Microsecond), len(f.pages),
		quantile(f.pages, .5).Round(10*time.Microsecond), quantile(f.pages, .99).Round(10*time.Microsecond),
		quantile(f.pages, 1).Round(10*time.Microsecond), f.memory>>20)
}

// quantile of sorted durations.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// flood runs `pantau serve` and floods it.
func flood(t testing.TB, duration time.Duration, rate int) floodFigures {
	t.Helper()
	p := launch(t, floodSecrets(), "serve", "--config", floodConfig(t))
	page := p.line("page: ", 20*time.Second)
	eventually(t, "the page", 20*time.Second, func() error {
		_, err := readPage(t.Context(), page)
		return err
	})
	// The process is told how long, so that no request outlives the test.
	ctx, stop := context.WithTimeout(t.Context(), duration)
	defer stop()
	f := floodFigures{statuses: map[int]int{}}
	var readers sync.WaitGroup
	readers.Go(func() { f.pages, f.pageFailures = readPages(ctx, page) })
	f.send(ctx, strings.TrimRight(page, "/"), rate)
	readers.Wait()
	memory, err := p.peakMemory()
	if err != nil {
		t.Fatal(err)
	}
	f.memory = memory
	if code := p.interrupt(20 * time.Second); code != exitDone {
		t.Errorf("exit code %d after the flood, want %d", code, exitDone)
	}
	slices.Sort(f.hooks)
	slices.Sort(f.pages)
	return f
}

const floodKey = "flood-key"

func floodSecrets() []string {
	return []string{"PANTAU_FLOOD_KEY=" + floodKey, "PANTAU_FLOOD_SIM=+6281200000001"}
}

// floodConfig is a configuration with one receiver of each kind that signs and
// a portal that only has a front page.
func floodConfig(t testing.TB) string {
	portal := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<h1>portal</h1>")
	}))
	t.Cleanup(portal.Close)
	folder := t.TempDir()
	path := filepath.Join(folder, "config.yaml")
	text := fmt.Sprintf(`
listen: 127.0.0.1:0
metrics_listen: 127.0.0.1:0
store: {url: %s}
portal:
  name: Portal
  base_url: %s
  open: {page: /, expect: h1}
  operators: [{id: telkomsel, name: Telkomsel, supported: true}]
references: [%s/reference]
journeys: [{name: portal, stream: portal, steps: [open], every: 1s}]
sims: [{id: sim, operator: telkomsel, number: "${env:PANTAU_FLOOD_SIM}", receiver: phones, device: hp, slot: 1}]
inbox:
  android: [{name: phones, secret: "${env:PANTAU_FLOOD_KEY}"}]
  twilio: [{name: numbers, token: "${env:PANTAU_FLOOD_KEY}", url: "https://flood.example/hooks/twilio/numbers"}]
  generic:
    - {name: supplier, hmac: {secret: "${env:PANTAU_FLOOD_KEY}", header: X-Sign}, fields: {id: id, recipient: to, text: text}}
`, filepath.Join(folder, "pantau.db"), portal.URL, portal.URL)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// send makes rate requests a second until ctx ends. It does not slow down with
// the answers: how long one takes is counted from when it was due, and what is
// more than a second late is not sent but counted as missed.
func (f *floodFigures) send(ctx context.Context, base string, rate int) {
	client := &http.Client{
		Transport: &http.Transport{MaxIdleConns: floodSenders, MaxIdleConnsPerHost: floodSenders},
		Timeout:   10 * time.Second,
	}
	defer client.CloseIdleConnections()
	type turn struct {
		n   int
		due time.Time
	}
	turns := make(chan turn, rate) // a second's worth, when the machine is busy elsewhere
	var mu sync.Mutex
	var senders sync.WaitGroup
	for range floodSenders {
		senders.Go(func() {
			for turn := range turns {
				status := post(client, floodRequest(base, turn.n))
				mu.Lock()
				f.hooks = append(f.hooks, time.Since(turn.due))
				if status == 0 {
					f.failures++
				} else {
					f.statuses[status]++
				}
				mu.Unlock()
			}
		})
	}
	begun := time.Now()
	for n := 0; ctx.Err() == nil; {
		due := int(time.Since(begun).Seconds() * float64(rate))
		for ; n < due; n++ {
			select {
			case turns <- turn{n, begun.Add(time.Duration(float64(n) / float64(rate) * float64(time.Second)))}:
				f.sent++
			default:
				f.missed++
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	close(turns)
	senders.Wait()
	f.lasted = time.Since(begun)
}

// post gives the status of the answer, 0 when there is none.
func post(client *http.Client, r *http.Request) int {
	response, err := client.Do(r)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// floodRequest is the n-th: half of them from phones, the others from Twilio
// and a supplier, each with a code of its own that nobody waits for.
func floodRequest(base string, n int) *http.Request {
	id, text := fmt.Sprintf("flood-%d", n), fmt.Sprintf("Kode OTP e-Registration Anda: %06d. Berlaku 10 menit.", n%1e6)
	switch n % 4 {
	case 0:
		form := url.Values{"MessageSid": {id}, "From": {"DJP"}, "To": {"+6281200000001"}, "Body": {text}}
		signed := "https://flood.example/hooks/twilio/numbersBody" + text + "FromDJPMessageSid" + id + "To+6281200000001"
		mac := hmac.New(sha1.New, []byte(floodKey))
		mac.Write([]byte(signed))
		return floodPost(base+"/hooks/twilio/numbers", form.Encode(), "application/x-www-form-urlencoded",
			"X-Twilio-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	case 1:
		body := fmt.Sprintf(`{"id":%q,"to":"+6281200000001","text":%q}`, id, text)
		return floodPost(base+"/hooks/generic/supplier", body, "application/json", "X-Sign", floodMAC(body))
	default:
		body := fmt.Sprintf(`{"deviceId":"hp","event":"sms:received","id":%q,"payload":{"message":%q,"sender":"DJP","simNumber":1}}`, id, text)
		now := strconv.FormatInt(time.Now().Unix(), 10)
		r := floodPost(base+"/hooks/android/phones", body, "application/json", "X-Signature", floodMAC(body+now))
		r.Header.Set("X-Timestamp", now)
		return r
	}
}

func floodMAC(signed string) string {
	mac := hmac.New(sha256.New, []byte(floodKey))
	mac.Write([]byte(signed))
	return hex.EncodeToString(mac.Sum(nil))
}

func floodPost(address, body, media, header, value string) *http.Request {
	r, err := http.NewRequest(http.MethodPost, address, bytes.NewReader([]byte(body)))
	if err != nil {
		panic(err) // the address is ours
	}
	r.Header.Set("Content-Type", media)
	r.Header.Set(header, value)
	return r
}

// readPages reads the page again and again until ctx ends.
func readPages(ctx context.Context, page string) (took []time.Duration, failures int) {
	for ctx.Err() == nil {
		once, err := readPage(context.WithoutCancel(ctx), page)
		if err != nil {
			failures++
		} else {
			took = append(took, once)
		}
		time.Sleep(floodReads)
	}
	return took, failures
}

func readPage(ctx context.Context, page string) (took time.Duration, err error) {
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	begun := time.Now()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0, err
	}
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("status %d, want 200", response.StatusCode)
	}
	return time.Since(begun), nil
}

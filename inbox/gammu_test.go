package inbox

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"pantau/internal/secret"
	"pantau/probes"
)

const modemText = "Kode OTP e-Registration Anda: 482915. Berlaku 10 menit. JANGAN BERIKAN kode ini kepada siapa pun. - DJP"

// modem is an inbox with one gammu receiver and one SIM that waits for a code.
type modem struct {
	t       *testing.T
	inbox   *Inbox
	folder  string
	queue   string
	arrived chan probes.Arrival
	fail    error
}

func newModem(t *testing.T) *modem {
	t.Helper()
	m := &modem{t: t, folder: t.TempDir(), queue: t.TempDir(), arrived: make(chan probes.Arrival, 10)}
	var err error
	m.inbox, err = New(Options{Gammu: []Gammu{{
		Name: "modem", Device: "modem-1", Folder: m.folder, Queue: m.queue, Secret: secret.New("gammu-key"),
	}}}, []probes.SIM{{
		ID: "xl-1", Operator: "xl", Number: secret.New("+62817000001"), Receiver: "modem", Device: "modem-1", Slot: 1,
	}}, Deps{Deliver: func(_ context.Context, a probes.Arrival) error {
		if m.fail != nil {
			return m.fail
		}
		m.arrived <- a
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *modem) expect() {
	now := time.Now()
	m.inbox.Expect(probes.Wait{
		ID: "wait", Run: "wait", Stream: probes.SMS("xl"), Key: "xl-1", Requested: now,
		Validity: 10 * time.Minute, GiveUp: 2 * time.Hour,
	})
}

// look has the folders looked at once, as they will stand in a second.
func (m *modem) look() {
	for _, s := range m.inbox.spools() {
		s.look(m.t.Context(), time.Now().Add(time.Second))
	}
}

func (m *modem) wantArrival(want bool) {
	m.t.Helper()
	select {
	case a := <-m.arrived:
		if !want || a.Code.Reveal() != "482915" || a.Wait != "wait" {
			m.t.Errorf("a code for %q arrived (right code: %v), want an arrival: %v", a.Wait, a.Code.Reveal() == "482915", want)
		}
	default:
		if want {
			m.t.Error("nothing arrived")
		}
	}
}

func (m *modem) files(folder string) int {
	m.t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		m.t.Fatal(err)
	}
	return len(entries)
}

// smsdName is how smsd would call a part received now.
func smsdName(part int) string {
	return fmt.Sprintf("IN%s_00_DJP_%02d.txt", time.Now().Format("20060102_150405"), part)
}

func TestSMSDFiles(t *testing.T) {
	big := append([]byte{0xFE, 0xFF}, utf16Bytes(modemText)...)
	for name, parts := range map[string][]string{
		"standard": {modemText},
		"unicode":  {string(big)},
		"detail":   {backup(modemText)},
		"in parts": {modemText[:40], modemText[40:]},
		// smsd counts the bytes of UTF-8 when it writes UTF-16.
		"unicode, longer than its text": {
			"\xfe\xff" + string(utf16Bytes("Kode OTP – Anda: 48\x00\x00 9999")), "\xfe\xff" + string(utf16Bytes("2915.\x00")),
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newModem(t)
			m.expect()
			for i, part := range parts {
				m.write(smsdName(i), part)
			}
			m.write("something-else.txt", "not smsd's")
			m.look()
			m.wantArrival(true)
			if n := m.files(m.folder); n != 1 {
				t.Errorf("%d files are left, want only the one that is not smsd's", n)
			}
		})
	}
}

func (m *modem) write(name, text string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.folder, name), []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

func utf16Bytes(text string) []byte {
	var raw []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		raw = append(raw, byte(unit>>8), byte(unit))
	}
	return raw
}

func backup(text string) string {
	asHex := strings.ToUpper(hex.EncodeToString(utf16Bytes(text)))
	out := "[SMSBackup000]\nPDU = Deliver\nNumber = \"DJP\"\nLength = 103\n"
	for i := 0; i*200 < len(asHex); i++ {
		out += fmt.Sprintf("Text%02d = %s\n", i, asHex[i*200:min(len(asHex), (i+1)*200)])
	}
	return out
}

// TestPartsWithStampsOfTheirOwn: smsd names each part by its own stamp, and a
// message centre may stamp the parts of one message in different seconds.
func TestPartsWithStampsOfTheirOwn(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	part := func(at time.Time, serial, part int) string {
		return fmt.Sprintf("IN%s_%02d_DJP_%02d.txt", at.Format("20060102_150405"), serial, part)
	}
	cut := strings.Index(modemText, "482915") + 4 // what is left looks like a code of four digits
	for name, second := range map[string]time.Time{
		"the second a second later": now.Add(time.Second), "the second first": now.Add(-3 * time.Second),
	} {
		t.Run(name, func(t *testing.T) {
			m := newModem(t)
			m.expect()
			m.write(part(now, 0, 0), modemText[:cut])
			m.write(part(second, 0, 1), modemText[cut:cut+20])
			m.write(part(now.Add(2*time.Second), 0, 2), modemText[cut+20:])
			m.look()
			m.wantArrival(true)
			if n := m.files(m.folder); n != 0 {
				t.Errorf("%d files are left, want none", n)
			}
		})
	}
	for name, stray := range map[string]string{
		"of another serial":       part(now.Add(time.Second), 1, 1),
		"that does not follow":    part(now.Add(time.Second), 0, 2),
		"of another hour":         part(now.Add(-time.Hour), 0, 1),
		"of a sender that is not": strings.Replace(part(now.Add(time.Second), 0, 1), "DJP", "BANK", 1),
	} {
		t.Run("not a part "+name, func(t *testing.T) {
			m := newModem(t)
			m.expect()
			m.write(part(now, 0, 0), modemText)
			m.write(stray, "Kode OTP: 111111")
			m.look()
			m.wantArrival(true)
		})
	}
}

func TestAFileThatCannotBeRecordedStaysAndHasOneEffect(t *testing.T) {
	m := newModem(t)
	m.expect()
	m.write(smsdName(0), modemText)
	m.fail = errors.New("disk full")
	m.look()
	m.wantArrival(false)
	if n := m.files(m.folder); n != 1 {
		t.Fatalf("%d files after a failed recording, want the one that came", n)
	}
	m.fail = nil
	m.look()
	m.look()
	m.wantArrival(true)
	m.wantArrival(false)
	if n := m.files(m.folder); n != 0 {
		t.Errorf("%d files are left, want none", n)
	}
}

func TestAFileThatIsStillWrittenIsLeftAlone(t *testing.T) {
	m := newModem(t)
	m.expect()
	m.write(smsdName(0), modemText[:20])
	for _, s := range m.inbox.spools() {
		s.look(t.Context(), time.Now())
	}
	if n := m.files(m.folder); n != 1 {
		t.Errorf("%d files, want the unfinished one to stay", n)
	}
	m.wantArrival(false)
}

func TestSMSDNames(t *testing.T) {
	for name, want := range map[string]smsdFile{
		"IN20240320_110003_00_DJP_00.txt":          {from: "00_DJP", sender: "DJP"},
		"IN20240320_110003_01_+62811_0_0_02.txt":   {from: "01_+62811_0_0", sender: "+62811_0_0", part: 2},
		"IN20240320_110003_00__00.txt":             {from: "00_"},
		"OUT20240320_110003_00_DJP_00.txt":         {},
		"IN20240320_110003_00_DJP_00.txt.tmp":      {},
		"IN20241320_110003_00_DJP_00.txt":          {},
		"IN.txt":                                   {},
		"IN20240320_110003_00_DJP_x.txt":           {},
		"IN20240320_110003.txt":                    {},
		"../IN20240320_110003_00_DJP_00.txt/x.txt": {},
	} {
		got, ok := parseSMSDName(name, time.UTC)
		if ok != (want.from != "") {
			t.Errorf("%s is taken for smsd's: %v", name, ok)
			continue
		}
		if ok {
			want.name = name
			want.stamped = time.Date(2024, 3, 20, 11, 0, 3, 0, time.UTC)
		}
		if got != want {
			t.Errorf("%s is read as %+v, want %+v", name, got, want)
		}
	}
}

// environment is what smsd gives RunOnReceive.
func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func TestRunOnReceive(t *testing.T) {
	m := newModem(t)
	m.expect()
	server := httptest.NewServer(m.inbox.Routes())
	defer server.Close()
	run := GammuRun{
		URL: server.URL + "/hooks/gammu/modem", Secret: secret.New("gammu-key"), Queue: t.TempDir(), Within: time.Second,
	}
	for i, values := range []map[string]string{
		{"SMS_MESSAGES": "1", "DECODED_PARTS": "0", "SMS_1_NUMBER": "DJP", "SMS_1_TEXT": modemText, "PHONE_ID": "modem-1"},
		{
			"SMS_MESSAGES": "2", "DECODED_PARTS": "2", "SMS_1_NUMBER": "DJP", "SMS_1_TEXT": "?", "SMS_2_TEXT": "?",
			"DECODED_1_TEXT": modemText[:50], "DECODED_2_TEXT": modemText[50:], "PHONE_ID": "modem-1",
		},
	} {
		h, found, err := ParseSMSD(environment(values), time.Now())
		if err != nil || !found || h.Text != modemText || h.Sender != "DJP" {
			t.Fatalf("environment %d: found %v, right text %v, error %v", i, found, h.Text == modemText, err)
		}
		if err := run.Keep(h); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := run.HandOver(t.Context()); left != 0 || err != nil {
		t.Fatalf("%d messages left, error %v; want none", left, err)
	}
	m.wantArrival(true)
	m.wantArrival(false) // the second one finds no wait any more
	if n := m.files(run.Queue); n != 0 {
		t.Errorf("%d files in the queue, want none", n)
	}
}

func TestAServerThatIsAwayGetsTheQueueLater(t *testing.T) {
	m := newModem(t)
	m.expect()
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	run := GammuRun{URL: away.URL + "/hooks/gammu/modem", Secret: secret.New("gammu-key"), Queue: m.queue, Within: time.Second}
	h, _, err := ParseSMSD(environment(map[string]string{
		"SMS_MESSAGES": "1", "SMS_1_NUMBER": "DJP", "SMS_1_TEXT": modemText, "PHONE_ID": "modem-1",
	}), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Keep(h); err != nil {
		t.Fatal(err)
	}
	if left, err := run.HandOver(t.Context()); left != 1 || err == nil {
		t.Fatalf("%d messages left, error %v; want 1 and why", left, err)
	}
	if strings.Contains(fmt.Sprint(err), "482915") {
		t.Errorf("the error holds the code: %v", err)
	}
	m.look() // the server is back and watches the queue
	m.wantArrival(true)

	// Both ways at once have one effect.
	if err := run.Keep(h); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(m.inbox.Routes())
	defer server.Close()
	run.URL = server.URL + "/hooks/gammu/modem"
	if left, err := run.HandOver(t.Context()); left != 0 || err != nil {
		t.Errorf("%d messages left, error %v; want none", left, err)
	}
	m.wantArrival(false)
}

// keepOne queues a message and gives its file's name.
func keepOne(t *testing.T, run GammuRun, id string, at time.Time) string {
	t.Helper()
	if err := run.Keep(HandedOver{ID: id, Phone: "modem-1", Sender: "DJP", Text: modemText, Received: at}); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d-%s%s", at.UnixMilli(), id, queuedSuffix)
}

// TestARefusedMessageHoldsUpNoOther: what the server will never take is put
// aside, so that what came after it is handed over.
func TestARefusedMessageHoldsUpNoOther(t *testing.T) {
	m := newModem(t)
	m.expect()
	server := httptest.NewServer(m.inbox.Routes())
	defer server.Close()
	run := GammuRun{URL: server.URL + "/hooks/gammu/modem", Secret: secret.New("gammu-key"), Queue: t.TempDir(), Within: time.Second}
	broken := keepOne(t, run, "first", time.Now().Add(-time.Second))
	if err := os.WriteFile(filepath.Join(run.Queue, broken), []byte(`{"id":"fi`), 0o600); err != nil {
		t.Fatal(err)
	}
	keepOne(t, run, "second", time.Now())
	left, err := run.HandOver(t.Context())
	if left != 0 || err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("%d messages left, error %v; want none, and that one was refused", left, err)
	}
	m.wantArrival(true)
	if _, err := os.Stat(filepath.Join(run.Queue, broken+refusedSuffix)); err != nil {
		t.Errorf("the refused message is not put aside: %v", err)
	}

	run.Secret = secret.New("another-key") // who is not known may be known later
	keepOne(t, run, "third", time.Now())
	if left, err := run.HandOver(t.Context()); left != 1 || err == nil {
		t.Errorf("%d messages left, error %v; want the one that could not be signed", left, err)
	}
}

// TestASlowServerKeepsSMSDNoLonger: however much is queued, smsd waits once.
func TestASlowServerKeepsSMSDNoLonger(t *testing.T) {
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		time.Sleep(30 * time.Millisecond)
	}))
	defer slow.Close()
	run := GammuRun{URL: slow.URL, Secret: secret.New("gammu-key"), Queue: t.TempDir(), Within: 50 * time.Millisecond}
	for n := range 20 {
		keepOne(t, run, fmt.Sprint("m", n), time.Now())
	}
	left, err := run.HandOver(t.Context())
	if left < 15 || err == nil {
		t.Errorf("%d of 20 messages left, error %v; want most of them for the next run", left, err)
	}
}

// TestAMessageThatCannotBeQueuedIsHandedOverAllTheSame: smsd keeps no copy of
// what a full disk refuses.
func TestAMessageThatCannotBeQueuedIsHandedOverAllTheSame(t *testing.T) {
	m := newModem(t)
	m.expect()
	server := httptest.NewServer(m.inbox.Routes())
	defer server.Close()
	run := GammuRun{
		URL: server.URL + "/hooks/gammu/modem", Secret: secret.New("gammu-key"),
		Queue: filepath.Join(t.TempDir(), "missing"), Within: time.Second,
	}
	h := HandedOver{ID: "only", Phone: "modem-1", Sender: "DJP", Text: modemText, Received: time.Now()}
	if err := run.Keep(h); err == nil {
		t.Fatal("a message was queued nowhere")
	}
	if err := run.HandOverUnqueued(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	m.wantArrival(true)
	run.URL = ""
	if err := run.HandOverUnqueued(t.Context(), h); err == nil {
		t.Error("a message was handed over to nobody")
	}
}

// TestAnOldMessageInTheQueueIsNoAnswer: after an outage the queue goes first, and
// what was in it was asked for by a request that was given up meanwhile.
func TestAnOldMessageInTheQueueIsNoAnswer(t *testing.T) {
	m := newModem(t)
	m.expect()
	server := httptest.NewServer(m.inbox.Routes())
	defer server.Close()
	run := GammuRun{URL: server.URL + "/hooks/gammu/modem", Secret: secret.New("gammu-key"), Queue: t.TempDir(), Within: 5 * time.Second}
	old := HandedOver{ID: "old", Phone: "modem-1", Sender: "DJP", Text: "Kode OTP Anda: 111111.", Received: time.Now().Add(-3 * time.Hour)}
	if err := run.Keep(old); err != nil {
		t.Fatal(err)
	}
	keepOne(t, run, "new", time.Now())
	if left, err := run.HandOver(t.Context()); left != 0 || err != nil {
		t.Fatalf("%d messages left, error %v; want none", left, err)
	}
	m.wantArrival(true)
}

func TestWhatSMSDDoesNotSay(t *testing.T) {
	if _, found, err := ParseSMSD(environment(nil), time.Now()); found || err != nil {
		t.Errorf("an empty environment holds a message: %v, error %v", found, err)
	}
	for _, bad := range []string{"many", "-1", "100000"} {
		if _, _, err := ParseSMSD(environment(map[string]string{"SMS_MESSAGES": bad}), time.Now()); err == nil {
			t.Errorf("SMS_MESSAGES=%s is believed", bad)
		}
	}
	if err := (GammuRun{Queue: t.TempDir()}).Keep(HandedOver{ID: "x"}); err == nil {
		t.Error("a message without PHONE_ID is kept")
	}
}

// TestRealSMSD: Debian's gammu-smsd with its dummy phone, first into its
// folder, then through RunOnReceive.
func TestRealSMSD(t *testing.T) {
	program, err := exec.LookPath("gammu-smsd")
	if err != nil {
		t.Skip("gammu-smsd is not installed (Debian: gammu-smsd)")
	}
	for _, test := range []struct {
		name string
		way  func(m *modem, server *httptest.Server) string
	}{
		{"folder", func(m *modem, _ *httptest.Server) string { return "inboxpath = " + m.folder + "/\n" }},
		{"RunOnReceive", func(m *modem, server *httptest.Server) string {
			spare := m.t.TempDir()
			script := filepath.Join(spare, "receive")
			m.script(script, server.URL+"/hooks/gammu/modem")
			return "inboxpath = " + spare + "/\nrunonreceive = " + script + "\n"
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newModem(t)
			m.expect()
			server := httptest.NewServer(m.inbox.Routes())
			defer server.Close()
			ctx, stop := context.WithCancel(t.Context())
			watching := make(chan error, 1)
			go func() { watching <- m.inbox.Run(ctx) }()
			m.runSMSD(program, test.way(m, server))
			select {
			case a := <-m.arrived:
				if a.Code.Reveal() != "482915" {
					t.Error("another code arrived")
				}
			case <-time.After(20 * time.Second):
				t.Error("nothing arrived in 20 s")
			}
			stop()
			if err := <-watching; err != nil {
				t.Errorf("Run gave %v", err)
			}
		})
	}
}

// script hands over by this test's own program, which plays pantau inbox gammu.
func (m *modem) script(path, url string) {
	m.t.Helper()
	text := fmt.Sprintf("#!/bin/sh\nPANTAU_TEST_HAND_OVER=%s PANTAU_TEST_QUEUE=%s exec %s -test.run '^TestHandOver$'\n", url, m.queue, os.Args[0])
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		m.t.Fatal(err)
	}
}

// TestHandOver is not a test by itself: gammu-smsd starts it as RunOnReceive.
func TestHandOver(t *testing.T) {
	url := os.Getenv("PANTAU_TEST_HAND_OVER")
	if url == "" {
		return
	}
	run := GammuRun{URL: url, Secret: secret.New("gammu-key"), Queue: os.Getenv("PANTAU_TEST_QUEUE"), Within: time.Second}
	h, found, err := ParseSMSD(os.Getenv, time.Now())
	if err != nil || !found {
		t.Fatalf("found %v, error %v", found, err)
	}
	if err := run.Keep(h); err != nil {
		t.Fatal(err)
	}
	if _, err := run.HandOver(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// runSMSD starts gammu-smsd with a phone that holds one message; it ends with
// the test.
func (m *modem) runSMSD(program, way string) {
	m.t.Helper()
	home := m.t.TempDir()
	phone := filepath.Join(home, "phone", "sms", "1")
	if err := os.MkdirAll(phone, 0o700); err != nil {
		m.t.Fatal(err)
	}
	now := time.Now().Format("20060102T150405")
	message := strings.Replace(backup(modemText), "PDU = Deliver\n",
		"PDU = Deliver\nSMSC = \"+628110000000\"\nSent = "+now+"\nDateTime = "+now+"\nState = UnRead\nCoding = Default_No_Compression\nFolder = 1\n", 1)
	settings := "[gammu]\nmodel = dummy\nconnection = none\ndevice = " + filepath.Join(home, "phone") + "\n" +
		"[smsd]\nservice = files\nlogfile = " + filepath.Join(home, "log") + "\nphoneid = modem-1\n" +
		"commtimeout = 1\nreceivefrequency = 1\nloopsleep = 1\nchecksecurity = 0\nchecksignal = 0\ncheckbattery = 0\n" +
		"outboxpath = " + home + "/\nsentsmspath = " + home + "/\nerrorsmspath = " + home + "/\n" + way
	for path, text := range map[string]string{filepath.Join(phone, "1"): message, filepath.Join(home, "smsdrc"): settings} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			m.t.Fatal(err)
		}
	}
	daemon := exec.CommandContext(m.t.Context(), program, "-c", filepath.Join(home, "smsdrc"))
	daemon.Cancel = func() error { return daemon.Process.Signal(os.Interrupt) }
	daemon.WaitDelay = 5 * time.Second
	if err := daemon.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() {
		_ = daemon.Process.Signal(os.Interrupt)
		_ = daemon.Wait()
	})
}

func FuzzSMSDText(f *testing.F) {
	for _, seed := range []string{modemText, backup(modemText), "\xfe\xff\x00K", "\xff\xfeK\x00", "[SMSBackup000]\nText00 = zz"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		text, err := smsdText(raw)
		if err != nil && text != "" {
			t.Errorf("an error and a text of %d bytes", len(text))
		}
		if strings.ToValidUTF8(text, "") != text {
			t.Error("the text is not UTF-8")
		}
	})
}

func FuzzGammu(f *testing.F) {
	f.Add(`{"id":"1","phone":"modem-1","sender":"DJP","text":"Kode OTP: 482915","received":"2026-01-01T00:00:00Z"}`, mediaJSON, "", true)
	f.Add(`{"id":"1","phone":"modem-1","text":"Kode OTP: 482915","received":"0001-01-01T00:00:00Z"}`, mediaJSON, "", true)
	f.Add(`{"id":"","phone":null,"received":7}`, "", "", true)
	f.Add(`{}`, mediaForm, "zz", false)
	f.Fuzz(func(t *testing.T, body, media, signed string, known bool) {
		r := fuzzRequest(t, http.MethodPost, "/hooks/gammu/r", body, media)
		now := strconv.FormatInt(time.Now().Unix(), 10)
		right := sign(signingKey, body, now)
		if known {
			signed = right
		}
		r.Header[headerTimestamp], r.Header[headerSignature] = []string{now}, []string{signed}
		fuzzed(t, gammuCaller(), r, signed == right)
	})
}

func FuzzSMSDNames(f *testing.F) {
	f.Add("IN20240320_110003_00_DJP_00.txt", "IN20240320_110004_00_DJP_01.txt")
	f.Add("IN20240320_110003_01_+62811_0_0_02.txt", "IN20240320_110003_00__00.txt")
	f.Fuzz(func(t *testing.T, one, other string) {
		var entries []fs.DirEntry
		for _, name := range []string{one, other} {
			if len(entries) == 0 || name != one {
				entries = append(entries, smsdEntry(name))
			}
		}
		files, named := map[string]bool{}, 0
		for _, message := range messagesIn(entries) {
			for n, name := range message {
				file, ok := parseSMSDName(name, time.UTC)
				first, _ := parseSMSDName(message[0], time.UTC)
				if !ok || files[name] || file.part != first.part+n || file.sender != first.sender {
					t.Errorf("%q stands in the message %q", name, message)
				}
				files[name] = true
			}
		}
		for _, entry := range entries {
			if _, ok := parseSMSDName(entry.Name(), time.UTC); ok {
				named++
			}
		}
		if len(files) != named {
			t.Errorf("%d of %d files are in a message", len(files), named)
		}
	})
}

// smsdEntry is a plain file of that name.
type smsdEntry string

func (e smsdEntry) Name() string             { return string(e) }
func (smsdEntry) IsDir() bool                { return false }
func (smsdEntry) Type() fs.FileMode          { return 0 }
func (smsdEntry) Info() (fs.FileInfo, error) { return nil, fs.ErrNotExist }

package store

import (
	"fmt"
	"time"

	"pantau/detect"
	"pantau/incident"
	"pantau/internal/secret"
	"pantau/internal/words"
	"pantau/notifier"
	"pantau/probes"
)

// codeCanary must not be found in any row.
const codeCanary = "917364"

// sampleCommit has a value in every field: a run that asked, waited and got
// its code late, and what followed.
func sampleCommit() incident.Commit {
	return incident.Commit{
		Results:    sampleResults(),
		Components: []detect.Assessment{sampleState()},
		Incidents:  []incident.Incident{sampleIncident()},
		Notices: []incident.Notice{
			sampleNotice(1, incident.Public, start.Add(3*time.Minute)),
			sampleNotice(1, incident.IT, start.Add(3*time.Minute)),
		},
	}
}

func sampleWait(id string) probes.Wait {
	return probes.Wait{
		ID: id, Run: "run-" + id, Journey: "sms", Stream: probes.SMS("indosat"), Key: "sim-2",
		Requested: start, Validity: 10 * time.Minute, GiveUp: 2 * time.Hour, Reference: "Z9", Unsure: true,
		Perhaps: start.Add(time.Minute), Variant: probes.VariantOlder,
	}
}

// asked is the result that is written before a code is asked for.
func asked(w probes.Wait, at time.Time) probes.Result {
	return probes.Result{
		ID: w.ID + "-asked", Run: w.Run, Journey: w.Journey, Stream: w.Stream, Step: probes.StepRequestOTP, At: at,
		Verdict: probes.Unknown, Reason: probes.ReasonRequesting, Opened: &w,
	}
}

// answered is what the portal said to it.
func answered(w probes.Wait, at time.Time, verdict probes.Verdict, reason probes.Reason) probes.Result {
	r := asked(w, at)
	r.ID, r.Verdict, r.Reason = w.ID+"-answered", verdict, reason
	return r
}

// waited is a wait that goes on, or ends when open is false.
func waited(w probes.Wait, age time.Duration, open bool) probes.Result {
	return probes.Result{
		ID: fmt.Sprintf("%s-%s", w.ID, age), Run: w.Run, Journey: w.Journey, Stream: w.Stream, Step: probes.StepAwaitOTP,
		At: w.Requested.Add(age), Verdict: probes.Down, Reason: probes.ReasonLate,
		Wait: &probes.WaitAge{ID: w.ID, Requested: w.Requested, Age: age, Open: open, Validity: w.Validity},
	}
}

func sampleResults() []probes.Result {
	w := sampleWait("w1")
	late := waited(w, 11*time.Minute+123456789, false)
	late.Took = 1234567891
	late.Variant, late.Wait.AgeMin, late.Wait.AgeMax = probes.VariantOlder, 30*time.Second, probes.Never
	late.Phases = probes.Phases{DNS: 1, Connect: 2, TLS: 3, FirstByte: 4, Body: 5}
	late.Picture = "20230526T110000.000Z-w1-submit-otp.png"
	late.Evidence = "the code came after 11m0s, want within 10m0s"
	late.Arrival = &probes.Arrival{
		ID: "sms-1", Receiver: "rak", Wait: w.ID, Stamped: start.Add(time.Second), Device: start.Add(2 * time.Second),
		Received: start.Add(3 * time.Second), Reference: "Z9", Code: secret.New(codeCanary), Offset: 1500 * time.Millisecond,
	}
	return []probes.Result{asked(w, start), waited(w, 15*time.Second, true), late}
}

func sampleState() detect.Assessment {
	return detect.Assessment{
		Component: "otp-sms-indosat", State: detect.Major, Cause: detect.CauseOTPLate, Since: start,
		MeasuredAt: start.Add(time.Minute),
		Figures: detect.Figures{
			Window: time.Hour, Probes: 9, Good: 1, Typical: 40 * time.Minute, Median: 11 * time.Minute, Waiting: 3,
			Oldest: 50 * time.Minute,
		},
	}
}

func sampleIncident() incident.Incident {
	return incident.Incident{
		ID: "INC-2023-001", Cause: detect.CauseOTPLate, Status: incident.Investigating, Impact: incident.ImpactCritical,
		Components: []detect.Component{"otp-sms-indosat"}, Title: words.Text{ID: "OTP terlambat", EN: "OTPs are late"},
		StartedAt: start, OpenedAt: start.Add(time.Minute),
		Updates: []incident.Update{sampleUpdate(1)},
	}
}

func sampleUpdate(number int) incident.Update {
	return incident.Update{
		ID: fmt.Sprintf("INC-2023-001/%d", number), Number: number, Status: incident.Investigating,
		At: start.Add(time.Duration(number) * time.Minute), Body: words.Text{ID: "Kode \"terlambat\" <1>", EN: "Late"},
		Advice: []words.Text{{ID: "Gunakan e-mail", EN: "Use e-mail"}}, NextBy: start.Add(time.Hour),
		Components: []incident.Affected{{Component: "otp-sms-indosat", Old: detect.Operational, New: detect.Major}},
		Told:       []incident.Audience{incident.Public, incident.IT},
	}
}

func sampleNotice(number int, audience incident.Audience, at time.Time) incident.Notice {
	return noticeAbout("INC-2023-001", number, audience, at)
}

func noticeAbout(about string, number int, audience incident.Audience, at time.Time) incident.Notice {
	return incident.Notice{
		ID: fmt.Sprintf("%s/%d/%s", about, number, audience), About: about, Number: number, Event: incident.EventUpdated,
		Audience: audience, At: at, Title: words.Text{ID: "Judul", EN: "Title"}, Post: words.Text{ID: "Kiriman", EN: "Post"},
		Body: words.Text{ID: "Isi", EN: "Body"},
	}
}

// toChannels makes a waiting delivery to each channel.
func toChannels(channels ...string) func(incident.Notice) []notifier.Delivery {
	return func(n incident.Notice) []notifier.Delivery {
		var all []notifier.Delivery
		for _, channel := range channels {
			all = append(all, notifier.Delivery{
				ID: n.ID + "/" + channel, Notice: n.ID, Channel: channel, Thread: n.About, Number: n.Number, Event: n.Event,
				Title: n.Title.ID, Text: n.Post.ID, State: notifier.Waiting, Due: n.At, Created: n.At,
			})
		}
		return all
	}
}

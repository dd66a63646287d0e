package statuspage_test

import (
	"strings"
	"time"

	"pantau/detect"
	"pantau/incident"
	"pantau/internal/words"
)

// noon is when the samples happen: Tuesday 30 May 2023, 12.00 WIB.
var noon = time.Date(2023, 5, 30, 12, 0, 0, 0, words.WIB())

func before(d time.Duration) time.Time { return noon.Add(-d) }

func text(id, en string) words.Text { return words.Text{ID: id, EN: en} }

// checked is a component that carries no code.
func checked(id detect.Component, state detect.State) detect.Assessment {
	return detect.Assessment{
		Component: id, State: state, Since: before(26 * time.Hour), MeasuredAt: before(20 * time.Second),
		Figures: detect.Figures{Window: 2 * time.Hour, Probes: 120, Good: 120},
	}
}

// carried is a component that carries codes and works.
func carried(id detect.Component, typical, median time.Duration, probes int) detect.Assessment {
	a := checked(id, detect.Operational)
	a.Figures = detect.Figures{
		Window: 2 * time.Hour, Probes: probes, Good: probes, Typical: typical, Median: median,
	}
	return a
}

// starting is the situation before anything was measured.
func starting() incident.Situation {
	s := incident.Situation{At: noon}
	for _, a := range allWell().Components {
		s.Components = append(s.Components, detect.Assessment{
			Component: a.Component, State: detect.Unknown, Blind: detect.BlindYet,
		})
	}
	return s
}

func allWell() incident.Situation {
	return incident.Situation{
		At: noon, LastResult: before(20 * time.Second),
		Components: []detect.Assessment{
			checked(detect.ComponentPortal, detect.Operational),
			checked(detect.ComponentCaptcha, detect.Operational),
			carried("otp-sms-telkomsel", 19*time.Second, 6*time.Second, 48),
			carried("otp-sms-indosat", 24*time.Second, 7*time.Second, 47),
			carried("otp-sms-xl", 40*time.Second, 9*time.Second, 8),
			carried(detect.ComponentEmail, 11*time.Second, 4*time.Second, 120),
		},
	}
}

// late gives the second assessment the queue of May 2023.
func late(a *detect.Assessment) {
	a.State, a.Cause, a.Since = detect.Partial, detect.CauseOTPLate, before(95*time.Minute)
	a.Figures = detect.Figures{
		Window: 2 * time.Hour, Probes: 31, Good: 12, Typical: 0, Median: 12 * time.Minute,
		Waiting: 4, Oldest: 38 * time.Minute,
	}
}

func lateIncident() incident.Incident {
	lateNow := []incident.Affected{{Component: "otp-sms-indosat", Old: detect.Operational, New: detect.Partial}}
	return incident.Incident{
		ID: "INC-2023-003", Cause: detect.CauseOTPLate, Status: incident.Identified, Impact: incident.ImpactMajor,
		Components: []detect.Component{"otp-sms-indosat"},
		Title:      text("Kode SMS ke nomor Indosat terlambat", "SMS codes to Indosat numbers are late"),
		StartedAt:  before(95 * time.Minute), OpenedAt: before(88 * time.Minute),
		Updates: []incident.Update{
			{
				ID: "INC-2023-003/1", Number: 1, Status: incident.Investigating, At: before(88 * time.Minute),
				Body:   text("Sejak pukul 10.25 WIB, kode SMS ke nomor Indosat sering tiba setelah masa berlakunya habis.", "Since 10:25 WIB, SMS codes to Indosat numbers often arrive expired."),
				Advice: []words.Text{text("Gunakan email untuk menerima kode OTP.", "Use e-mail to receive the OTP code.")},
				NextBy: before(28 * time.Minute), Components: lateNow,
			},
			{
				ID: "INC-2023-003/2", Number: 2, Status: incident.Identified, At: before(25 * time.Minute),
				Body: text("Sejak pukul 10.25 WIB, kode SMS ke nomor Indosat sering tiba setelah masa berlakunya habis.", "Since 10:25 WIB, SMS codes to Indosat numbers often arrive expired."),
				Advice: []words.Text{
					text("Gunakan email untuk menerima kode OTP.", "Use e-mail to receive the OTP code."),
					text("Jangan meminta kode SMS sebelum pukul 12.35 WIB.", "Request no SMS code before 12:35 WIB."),
				},
				NextBy: noon.Add(35 * time.Minute),
			},
		},
	}
}

func resolvedIncident() incident.Incident {
	return incident.Incident{
		ID: "INC-2023-002", Cause: detect.CauseCaptchaLoop, Status: incident.Resolved, Impact: incident.ImpactMajor,
		Components: []detect.Component{detect.ComponentCaptcha},
		Title:      text("Captcha muncul berulang", "The captcha repeats"),
		StartedAt:  before(75 * time.Hour), OpenedAt: before(74 * time.Hour), ResolvedAt: before(72 * time.Hour),
		Updates: []incident.Update{
			{
				ID: "INC-2023-002/1", Number: 1, Status: incident.Investigating, At: before(74 * time.Hour),
				Body: text("Captcha muncul berulang sejak pukul 09.00 WIB. Ini bukan kesalahan Anda.", "The captcha has been repeating since 09:00 WIB. It is not your mistake."),
			},
			{
				ID: "INC-2023-002/2", Number: 2, Status: incident.Monitoring, At: before(73 * time.Hour),
				Body: text("Captcha pulih sejak pukul 11.00 WIB; masih kami pantau.", "The captcha recovered at 11:00 WIB; still watching."),
			},
			{
				ID: "INC-2023-002/3", Number: 3, Status: incident.Resolved, At: before(72 * time.Hour),
				Body: text("Captcha berfungsi normal.", "The captcha is working."),
			},
		},
	}
}

func window() incident.Maintenance {
	return incident.Maintenance{
		ID: "MNT-2023-002", Title: text("Pemeliharaan infrastruktur teknologi, informasi, dan komunikasi (TIK)", "Maintenance of ICT infrastructure"),
		Components: []detect.Component{detect.ComponentPortal, detect.ComponentCaptcha, "otp-sms-telkomsel", "otp-sms-indosat", "otp-sms-xl", detect.ComponentEmail},
		From:       time.Date(2023, 6, 2, 18, 0, 0, 0, words.WIB()),
		Until:      time.Date(2023, 6, 5, 0, 0, 0, 0, words.WIB()),
	}
}

// oneLate is one operator late, with a past incident and a planned window.
func oneLate() incident.Situation {
	s := allWell()
	late(&s.Components[3])
	s.Incidents = []incident.Incident{lateIncident(), resolvedIncident()}
	s.Maintenances = []incident.Maintenance{window()}
	return s
}

// major is the portal gone: nothing behind it can be measured.
func major() incident.Situation {
	s := allWell()
	s.Components[0] = detect.Assessment{
		Component: detect.ComponentPortal, State: detect.Major, Cause: detect.CausePortalDown,
		Since: before(70 * time.Minute), MeasuredAt: before(20 * time.Second),
		Figures: detect.Figures{Window: 2 * time.Hour, Probes: 120, Good: 50},
	}
	for i := range s.Components[1:] {
		s.Components[i+1].State, s.Components[i+1].Blind = detect.Unknown, detect.BlindPortal
		s.Components[i+1].Since, s.Components[i+1].MeasuredAt = before(10*time.Minute), before(70*time.Minute)
	}
	s.Incidents = []incident.Incident{{
		ID: "INC-2023-004", Cause: detect.CausePortalDown, Status: incident.Investigating, Impact: incident.ImpactCritical,
		Components: []detect.Component{detect.ComponentPortal},
		Title:      text("e-Reg tidak dapat diakses", "e-Reg is unavailable"),
		StartedAt:  before(70 * time.Minute), OpenedAt: before(68 * time.Minute),
		Updates: []incident.Update{{
			ID: "INC-2023-004/1", Number: 1, Status: incident.Investigating, At: before(68 * time.Minute),
			Body:   text("e-Reg tidak dapat diakses sejak pukul 10.50 WIB, di luar jadwal pemeliharaan.", "e-Reg has been unavailable since 10:50 WIB, outside planned maintenance."),
			Advice: []words.Text{text("Tidak perlu mencoba terus.", "No need to keep trying.")},
			NextBy: noon.Add(10 * time.Minute),
		}},
	}, resolvedIncident()}
	return s
}

func maintained() incident.Situation {
	s := allWell()
	s.At = time.Date(2023, 6, 3, 9, 30, 0, 0, words.WIB())
	s.LastResult = s.At.Add(-30 * time.Second)
	for i := range s.Components {
		s.Components[i].State = detect.Maintained
		s.Components[i].Since = window().From
	}
	s.Maintenances = []incident.Maintenance{window()}
	return s
}

// blind is a monitor that hears none of its handsets.
func blind() incident.Situation {
	s := allWell()
	for i := 2; i < 5; i++ {
		s.Components[i].State, s.Components[i].Blind = detect.Unknown, detect.BlindSilent
		s.Components[i].Since, s.Components[i].MeasuredAt = before(15*time.Minute), before(40*time.Minute)
	}
	return s
}

// dark is a monitor that sees nothing at all.
func dark() incident.Situation {
	s := allWell()
	s.LastResult = before(31 * time.Minute)
	for i := range s.Components {
		s.Components[i].State, s.Components[i].Blind = detect.Unknown, detect.BlindLine
		s.Components[i].Since, s.Components[i].MeasuredAt = before(30*time.Minute), before(31*time.Minute)
	}
	return s
}

// longNames has texts that find no place to break, and many of everything.
func longNames() incident.Situation {
	s := oneLate()
	s.Components = append(s.Components, checked("pengukuhan-pengusaha-kena-pajak-"+detect.Component(strings.Repeat("x", 60)), detect.Degraded))
	s.Components = append(s.Components, carried("otp-sms-penyelenggaratelekomunikasibergerak", 61*time.Minute, 9*time.Minute, 12345))
	s.Components[7].State = detect.Major
	long := lateIncident()
	long.ID, long.Impact = "INC-2023-005", incident.ImpactCritical
	long.Title = text("Kode SMS terlambat: "+strings.Repeat("Telkomsel, Indosat, dan XL; ", 8), "SMS codes are late: "+strings.Repeat("Telkomsel, Indosat and XL; ", 8))
	for n := range 9 {
		u := long.Updates[1]
		u.At = u.At.Add(time.Duration(n) * time.Minute)
		u.Body = text(strings.Repeat("Sangat panjang ", 20)+strings.Repeat("tanpajeda", 12), strings.Repeat("Very long ", 20)+strings.Repeat("unbroken", 12))
		long.Updates = append(long.Updates, u)
	}
	s.Incidents = append([]incident.Incident{long}, s.Incidents...)
	return s
}

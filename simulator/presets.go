package simulator

import (
	"fmt"
	"time"

	"pantau/simulator/delivery"
)

// group is one card of the control panel: a kind of trouble and its buttons.
type group struct {
	Title, About label
	Presets      []preset
}

// preset is one button.
type preset struct {
	ID    string
	Label label
	Fault delivery.Fault
}

// label is a text in Indonesian and English.
type label struct{ ID, EN string }

// way is a choice of streams that a button stands for.
type way struct {
	id string
	label
	streams []string
}

func textWays() []way {
	return []way{
		{"telkomsel", label{"Telkomsel", "Telkomsel"}, []string{"sms/telkomsel"}},
		{"indosat", label{"Indosat", "Indosat"}, []string{"sms/indosat"}},
		{"xl", label{"XL", "XL"}, []string{"sms/xl"}},
		{"sms", label{"Semua SMS", "All SMS"}, []string{"sms/telkomsel", "sms/indosat", "sms/xl"}},
	}
}

func allWays() []way {
	return append(textWays(), way{"email", label{"Email", "E-mail"}, []string{"email"}})
}

// groups are the cards of the panel. What takes time is in proportion to the
// validity of a code, because that decides what late means.
func groups(validity time.Duration) []group {
	times := func(factor float64) delivery.Duration {
		d := time.Duration(factor * float64(validity)).Round(time.Second)
		return delivery.Duration(max(d, time.Second))
	}
	return []group{
		portalDown(), portalSlow(max(times(1.0/75), delivery.Duration(2*time.Second))), captcha(),
		spread("otp-delay", label{"OTP terlambat", "OTP late"},
			label{"Sembilan dari sepuluh kode tiba setelah masa berlakunya habis.", "Nine in ten codes arrive expired."},
			allWays(), delivery.Fault{Kind: delivery.OTPDelay, Late: .9, Median: times(1.4), P95: times(5.5)}),
		spread("otp-lost", label{"OTP hilang", "OTP lost"},
			label{"Delapan dari sepuluh kode tidak pernah tiba.", "Eight in ten codes never arrive."},
			allWays(), delivery.Fault{Kind: delivery.OTPDelay, Lost: .8}),
		queue(times),
		spread("otp-rejected", label{"OTP ditolak", "OTP refused"},
			label{"Kode yang benar ditolak portal.", "The portal refuses right codes."},
			allWays(), delivery.Fault{Kind: delivery.OTPRejected, Probability: .9}),
		spread("handset-offline", label{"Ponsel uji mati", "Handset offline"},
			label{"Pemantau tidak menerima pesan dan detak dari ponsel ini.", "The monitor hears nothing from these handsets."},
			textWays(), delivery.Fault{Kind: delivery.HandsetOffline}),
		spread("receiver-late", label{"Penerus terlambat", "Forwarder late"},
			label{"Ponsel menerima tepat waktu, tetapi meneruskannya terlambat.", "Handsets receive in time and pass on late."},
			textWays(), delivery.Fault{Kind: delivery.ReceiverLate, Delay: times(2)}),
		spread("sim-empty", label{"Pulsa habis", "SIM out of credit"},
			label{"Sepertiga kartu uji kehabisan pulsa.", "A third of the test SIMs have no credit."},
			textWays(), delivery.Fault{Kind: delivery.SIMEmpty, SIMs: .34}),
		monitor(times(1)),
	}
}

// spread gives one button for each way a fault can hit.
func spread(id string, title, about label, ways []way, fault delivery.Fault) group {
	g := group{Title: title, About: about}
	for _, w := range ways {
		fault.Streams = w.streams
		g.Presets = append(g.Presets, preset{id + "-" + w.id, w.label, fault})
	}
	return g
}

func portalDown() group {
	down := func(how string) delivery.Fault { return delivery.Fault{Kind: delivery.PortalDown, How: how} }
	return group{
		label{"Portal mati", "Portal down"},
		label{"Setiap langkah gagal.", "Every step fails."},
		[]preset{
			{"portal-503", label{"Menjawab 503", "Answers 503"}, down(delivery.HowHTTP503)},
			{"portal-refuse", label{"Menolak koneksi", "Refuses"}, down(delivery.HowRefuse)},
			{"portal-hang", label{"Diam saja", "Hangs"}, down(delivery.HowHang)},
		},
	}
}

func portalSlow(median delivery.Duration) group {
	seconds := int(time.Duration(median).Seconds())
	return group{
		label{"Portal lambat", "Portal slow"},
		label{fmt.Sprintf("Setiap halaman memerlukan sekitar %d detik.", seconds), fmt.Sprintf("Every page takes about %d seconds.", seconds)},
		[]preset{{"portal-slow", label{"Lambat", "Slow"}, delivery.Fault{Kind: delivery.PortalSlow, Median: median}}},
	}
}

func captcha() group {
	return group{
		label{"Captcha", "Captcha"},
		label{"Berulang karena dua server tidak berbagi sesi, atau rusak.", "Repeats because two servers share no sessions, or is broken."},
		[]preset{
			{"captcha-loop", label{"Berulang (90%)", "Loops (90%)"}, delivery.Fault{Kind: delivery.CaptchaLoop, Probability: .9}},
			{"captcha-loop-some", label{"Berulang (30%)", "Loops (30%)"}, delivery.Fault{Kind: delivery.CaptchaLoop, Probability: .3}},
			{"captcha-broken", label{"Rusak", "Broken"}, delivery.Fault{Kind: delivery.CaptchaBroken}},
		},
	}
}

func queue(times func(float64) delivery.Duration) group {
	return spread("otp-queue", label{"Antrean menumpuk", "Queue piling up"},
		label{"Pesan datang dua kali lebih cepat daripada terkirim, dan orang meminta ulang.", "Messages come twice as fast as they go out, and people ask again."},
		[]way{textWays()[1], textWays()[3]},
		delivery.Fault{
			Kind: delivery.OTPQueue, ArrivalsPerMinute: 120, ServedPerMinute: 60,
			ReRequestAfter: times(.5), ReRequestsAtMost: 3, ExpireAfter: times(6),
		})
}

func monitor(jump delivery.Duration) group {
	return group{
		label{"Pemantau sendiri", "The monitor itself"},
		label{"Jaringan pemantau putus, atau jamnya melompat.", "The monitor's own line is cut, or its clock jumps."},
		[]preset{
			{"monitor-offline", label{"Jaringan putus", "Offline"}, delivery.Fault{Kind: delivery.MonitorOffline}},
			{"clock-jump", label{"Jam maju", "Clock jumps ahead"}, delivery.Fault{Kind: delivery.ClockJump, By: jump}},
		},
	}
}

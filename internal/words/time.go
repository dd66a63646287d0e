package words

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// WIB is Western Indonesian Time, UTC+7. The three zones know no daylight
// saving time, so that fixed offsets are exact and need no zone database.
func WIB() *time.Location { return time.FixedZone("WIB", 7*3600) }

// WITA is Central Indonesian Time, UTC+8.
func WITA() *time.Location { return time.FixedZone("WITA", 8*3600) }

// WIT is Eastern Indonesian Time, UTC+9.
func WIT() *time.Location { return time.FixedZone("WIT", 9*3600) }

var monthsID = [...]string{
	"Januari", "Februari", "Maret", "April", "Mei", "Juni",
	"Juli", "Agustus", "September", "Oktober", "November", "Desember",
}

var daysID = [...]string{"Minggu", "Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu"}

// Clock gives the time of day in WIB without the zone's name: "14.05" in
// Indonesian, "14:05" in English. The day's end is 23.59, never midnight's
// "24.00"; callers that announce ends choose 23.59 themselves.
func Clock(lang Lang, t time.Time) string {
	t = t.In(WIB())
	if lang == English {
		return t.Format("15:04")
	}
	return t.Format("15.04")
}

// Date gives the day in WIB: "26 Mei 2023", "26 May 2023".
func Date(lang Lang, t time.Time) string {
	t = t.In(WIB())
	if lang == English {
		return t.Format("2 January 2006")
	}
	return fmt.Sprintf("%d %s %d", t.Day(), monthsID[t.Month()-1], t.Year())
}

// Weekday gives the day's name in WIB: "Jumat", "Friday".
func Weekday(lang Lang, t time.Time) string {
	t = t.In(WIB())
	if lang == English {
		return t.Weekday().String()
	}
	return daysID[t.Weekday()]
}

// Moment gives date and time in WIB: "26 Mei 2023 pukul 18.00 WIB",
// "26 May 2023, 18:00 WIB".
func Moment(lang Lang, t time.Time) string {
	if lang == English {
		return Date(lang, t) + ", " + Clock(lang, t) + " WIB"
	}
	return Date(lang, t) + " pukul " + Clock(lang, t) + " WIB"
}

// Duration gives a length as a person says it, rounded to what matters:
// "40 detik", "12 menit", "1 jam 5 menit", "2 hari 6 jam". Anything below a
// second is "1 detik": no one is told that a code takes no time.
func Duration(lang Lang, d time.Duration) string {
	d = max(d.Round(time.Second), time.Second)
	if d >= 2*time.Minute {
		d = d.Round(time.Minute)
	}
	if d >= 48*time.Hour {
		d = d.Round(time.Hour)
	}
	units := []struct {
		length         time.Duration
		id, one, other string
	}{
		{24 * time.Hour, "hari", "day", "days"},
		{time.Hour, "jam", "hour", "hours"},
		{time.Minute, "menit", "minute", "minutes"},
		{time.Second, "detik", "second", "seconds"},
	}
	var said []string
	for _, unit := range units {
		n := int(d / unit.length)
		if n == 0 {
			continue
		}
		d -= time.Duration(n) * unit.length
		name := unit.id
		switch {
		case lang == English && n == 1:
			name = unit.one
		case lang == English:
			name = unit.other
		}
		said = append(said, strconv.Itoa(n)+" "+name)
		if len(said) == 2 {
			break
		}
	}
	return strings.Join(said, " ")
}

// And joins names as a sentence does: "Telkomsel, Indosat, dan XL",
// "Telkomsel, Indosat and XL".
func And(lang Lang, names []string) string {
	last := len(names) - 1
	switch {
	case last < 0:
		return ""
	case last == 0:
		return names[0]
	case lang == English:
		return strings.Join(names[:last], ", ") + " and " + names[last]
	case last == 1:
		return names[0] + " dan " + names[1]
	default:
		return strings.Join(names[:last], ", ") + ", dan " + names[last]
	}
}

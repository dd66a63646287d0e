package words

import (
	"strconv"
	"strings"
	"time"
)

// Zones are the zones of Indonesian readers from west to east, in which
// windows are announced.
func Zones() []*time.Location { return []*time.Location{WIB(), WITA(), WIT()} }

// MomentIn gives weekday, date and time in one zone, for windows that are
// announced beside each other: "Jumat, 26 Mei 2023 pukul 19.00 WITA",
// "Friday, 26 May 2023, 19:00 WITA".
func MomentIn(lang Lang, t time.Time, zone *time.Location) string {
	// Clock and Date speak WIB, so the moment is moved to where WIB shows what
	// the zone shows at t.
	_, offset := t.In(zone).Zone()
	_, wib := t.In(WIB()).Zone()
	shown := t.Add(time.Duration(offset-wib) * time.Second)
	said := strings.TrimSuffix(Moment(lang, shown), "WIB") + zone.String()
	return Weekday(lang, shown) + ", " + said
}

// LastMinute is the minute in which a window that ends at t is last open, when
// t is midnight in WIB: people read "23.59" as the end of that day, and
// "00.00" as either end of it. Any other t is given back.
func LastMinute(t time.Time) time.Time {
	wib := t.In(WIB())
	if wib.Hour() == 0 && wib.Minute() == 0 && wib.Second() == 0 {
		return t.Add(-time.Minute)
	}
	return t
}

// Number groups thousands: "1.250" in Indonesian, "1,250" in English.
func Number(lang Lang, n int) string {
	separator := "."
	if lang == English {
		separator = ","
	}
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + separator + digits[i:]
	}
	return sign + digits
}

package words

import (
	"math"
	"testing"
	"time"
)

func TestDuration(t *testing.T) {
	for _, row := range []struct {
		d      time.Duration
		id, en string
	}{
		{-time.Minute, "1 detik", "1 second"},
		{0, "1 detik", "1 second"},
		{400 * time.Millisecond, "1 detik", "1 second"},
		{1500 * time.Millisecond, "2 detik", "2 seconds"},
		{59 * time.Second, "59 detik", "59 seconds"},
		{59*time.Second + 600*time.Millisecond, "1 menit", "1 minute"},
		{60 * time.Second, "1 menit", "1 minute"},
		{61 * time.Second, "1 menit 1 detik", "1 minute 1 second"},
		{119 * time.Second, "1 menit 59 detik", "1 minute 59 seconds"},
		{120 * time.Second, "2 menit", "2 minutes"},
		{149 * time.Second, "2 menit", "2 minutes"},
		{150 * time.Second, "3 menit", "3 minutes"},
		{59*time.Minute + 40*time.Second, "1 jam", "1 hour"},
		{time.Hour, "1 jam", "1 hour"},
		{65 * time.Minute, "1 jam 5 menit", "1 hour 5 minutes"},
		{24 * time.Hour, "1 hari", "1 day"},
		{24*time.Hour + 5*time.Minute, "1 hari 5 menit", "1 day 5 minutes"},
		{53*time.Hour + 59*time.Minute, "2 hari 6 jam", "2 days 6 hours"},
	} {
		if id, en := Duration(Indonesian, row.d), Duration(English, row.d); id != row.id || en != row.en {
			t.Errorf("%s is %q and %q, want %q and %q", row.d, id, en, row.id, row.en)
		}
	}
}

func TestMoments(t *testing.T) {
	for _, row := range []struct {
		t                       string
		id, en                  string
		wita, wit, weekday, day string
	}{
		{
			"2023-05-26T18:00:00+07:00", "26 Mei 2023 pukul 18.00 WIB", "26 May 2023, 18:00 WIB",
			"Jumat, 26 Mei 2023 pukul 19.00 WITA", "Friday, 26 May 2023, 20:00 WIT", "Jumat", "Friday",
		},
		{
			// Still Sunday in Jakarta, Monday further east.
			"2023-05-28T23:59:59+07:00", "28 Mei 2023 pukul 23.59 WIB", "28 May 2023, 23:59 WIB",
			"Senin, 29 Mei 2023 pukul 00.59 WITA", "Monday, 29 May 2023, 01:59 WIT", "Minggu", "Sunday",
		},
		{
			// The year changes in Jakarta seven hours before it does in UTC.
			"2023-12-31T17:00:00Z", "1 Januari 2024 pukul 00.00 WIB", "1 January 2024, 00:00 WIB",
			"Senin, 1 Januari 2024 pukul 01.00 WITA", "Monday, 1 January 2024, 02:00 WIT", "Senin", "Monday",
		},
		{
			"2023-12-31T16:59:00Z", "31 Desember 2023 pukul 23.59 WIB", "31 December 2023, 23:59 WIB",
			"Senin, 1 Januari 2024 pukul 00.59 WITA", "Monday, 1 January 2024, 01:59 WIT", "Minggu", "Sunday",
		},
		{
			"2024-02-29T06:05:00+07:00", "29 Februari 2024 pukul 06.05 WIB", "29 February 2024, 06:05 WIB",
			"Kamis, 29 Februari 2024 pukul 07.05 WITA", "Thursday, 29 February 2024, 08:05 WIT", "Kamis", "Thursday",
		},
	} {
		at, err := time.Parse(time.RFC3339, row.t)
		if err != nil {
			t.Fatal(err)
		}
		for _, pair := range [][2]string{
			{Moment(Indonesian, at), row.id},
			{Moment(English, at), row.en},
			{MomentIn(Indonesian, at, WITA()), row.wita},
			{MomentIn(English, at, WIT()), row.wit},
			{Weekday(Indonesian, at), row.weekday},
			{Weekday(English, at), row.day},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s is %q, want %q", row.t, pair[0], pair[1])
			}
		}
	}
}

func TestLastMinute(t *testing.T) {
	for given, want := range map[string]string{
		"2023-05-29T00:00:00+07:00": "2023-05-28T23:59:00+07:00",
		"2023-05-28T17:00:00Z":      "2023-05-28T23:59:00+07:00",
		"2023-05-28T23:59:00+07:00": "2023-05-28T23:59:00+07:00",
		"2023-05-29T00:00:00Z":      "2023-05-29T07:00:00+07:00",
		"2024-01-01T00:00:01+07:00": "2024-01-01T00:00:01+07:00",
	} {
		at, err := time.Parse(time.RFC3339, given)
		if err != nil {
			t.Fatal(err)
		}
		if got := LastMinute(at).In(WIB()).Format(time.RFC3339); got != want {
			t.Errorf("a window that ends at %s was last open at %s, want %s", given, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	for _, row := range []struct {
		n      int
		id, en string
	}{
		{0, "0", "0"},
		{999, "999", "999"},
		{1000, "1.000", "1,000"},
		{-1234567, "-1.234.567", "-1,234,567"},
		{-12, "-12", "-12"},
		{math.MaxInt32, "2.147.483.647", "2,147,483,647"},
	} {
		if id, en := Number(Indonesian, row.n), Number(English, row.n); id != row.id || en != row.en {
			t.Errorf("%d is %q and %q, want %q and %q", row.n, id, en, row.id, row.en)
		}
	}
}

func TestAnd(t *testing.T) {
	for _, row := range []struct {
		names  []string
		id, en string
	}{
		{nil, "", ""},
		{[]string{"XL"}, "XL", "XL"},
		{[]string{"Indosat", "XL"}, "Indosat dan XL", "Indosat and XL"},
		{[]string{"Telkomsel", "Indosat", "XL"}, "Telkomsel, Indosat, dan XL", "Telkomsel, Indosat and XL"},
	} {
		if id, en := And(Indonesian, row.names), And(English, row.names); id != row.id || en != row.en {
			t.Errorf("%v is %q and %q, want %q and %q", row.names, id, en, row.id, row.en)
		}
	}
}

func TestTextFallsToItsLanguage(t *testing.T) {
	text := Text{ID: "Ya", EN: "Yes"}
	if text.In(Indonesian) != "Ya" || text.In(English) != "Yes" || text.In("") != "Ya" {
		t.Errorf("%+v is said in the wrong language", text)
	}
	if text.IsZero() || !(Text{}).IsZero() {
		t.Error("only a text without words is zero")
	}
}

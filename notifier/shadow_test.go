package notifier

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pantau/incident"
	"pantau/internal/words"
)

func TestInTheShadowOnlyTheTeamIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		feed, team := new(readable), new(readable)
		own := channel("team", team)
		own.Audience = incident.IT
		w := newWorld(t, Shadowed([]Channel{channel("x", feed), own})...)
		forTeam := notice("INC-1", 1)
		forTeam.ID, forTeam.Audience = "INC-1/1/it", incident.IT
		w.say(notice("INC-1", 1), forTeam)
		w.pass(time.Minute)
		if got := feed.texts(); len(got) != 0 {
			t.Errorf("the public was told %q", got)
		}
		got := team.texts()
		if len(got) != 1 || !strings.Contains(got[0], "Mode bayangan: tidak ada yang disampaikan kepada publik.\n") {
			t.Errorf("the team was told %q, want one notice that says so", got)
		}
	})
}

func TestAShadowIsSaidInTheChannelsLanguage(t *testing.T) {
	silent := Channel{Name: "a", Audience: incident.IT, Write: func(incident.Notice, words.Lang) (string, string) { return "", "" }}
	loud := Channel{Name: "b", Audience: incident.IT, Write: func(incident.Notice, words.Lang) (string, string) { return "Down", "It is down." }}
	shadowed := Shadowed([]Channel{silent, loud})
	if title, text := shadowed[0].Write(incident.Notice{}, words.English); title != "" || text != "" {
		t.Errorf("what has nothing to say says %q, %q", title, text)
	}
	if title, text := shadowed[1].Write(incident.Notice{}, words.English); title != "[SHADOW] Down" || text != "Shadow mode: nothing is said to the public.\nIt is down." {
		t.Errorf("got %q, %q", title, text)
	}
}

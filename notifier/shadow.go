package notifier

import (
	"pantau/incident"
	"pantau/internal/words"
)

// Shadowed are the channels of a service that does not speak to the public yet:
// those of the team, in which every message says so. Notices for the public are
// kept, and no delivery is made of them, now or later.
func Shadowed(channels []Channel) []Channel {
	var own []Channel
	for _, c := range channels {
		if c.Audience == incident.Public {
			continue
		}
		write := c.Write
		c.Write = func(n incident.Notice, lang words.Lang) (title, text string) {
			title, text = write(n, lang)
			if text == "" {
				return title, text
			}
			return markShadow(title), shadowNote(lang) + "\n" + text
		}
		own = append(own, c)
	}
	return own
}

func markShadow(title string) string {
	if title == "" {
		return ""
	}
	return "[SHADOW] " + title
}

// shadowNote takes back what an alert says of the public.
func shadowNote(lang words.Lang) string {
	if lang == words.English {
		return "Shadow mode: nothing is said to the public."
	}
	return "Mode bayangan: tidak ada yang disampaikan kepada publik."
}

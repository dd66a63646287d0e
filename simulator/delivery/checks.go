package delivery

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// The checks of single values. Each is written so that NaN does not pass.

func checkHow(how string) error {
	switch how {
	case HowHTTP503, HowRefuse, HowHang:
		return nil
	case "":
		return mistake("how", "is missing; one of %s, %s, %s", HowHTTP503, HowRefuse, HowHang)
	default:
		return mistake("how", "%q is unknown; one of %s, %s, %s", how, HowHTTP503, HowRefuse, HowHang)
	}
}

func checkStreams(streams []string, onlyTexts bool) error {
	if len(streams) == 0 {
		return mistake("streams", "is missing; write a list such as [sms/telkomsel]")
	}
	text := regexp.MustCompile(`^sms/[a-z0-9][a-z0-9-]*$`)
	var problems []error
	for i, stream := range streams {
		place := fmt.Sprintf("streams[%d]", i)
		switch {
		case slices.Contains(streams[:i], stream):
			problems = append(problems, mistake(place, "%q is there twice", stream))
		case text.MatchString(stream), stream == "email" && !onlyTexts:
		case stream == "email":
			problems = append(problems, mistake(place, "%q has no handset and no SIM; write sms/OPERATOR", stream))
		default:
			problems = append(problems, mistake(place, "%q is not a stream; write sms/OPERATOR or email", stream))
		}
	}
	return errors.Join(problems...)
}

func checkShare(key string, share float64) error {
	if share == 0 {
		return mistake(key, "is missing; write a share above 0, to 1")
	}
	return checkOptionalShare(key, share)
}

func checkOptionalShare(key string, share float64) error {
	if share >= 0 && share <= 1 {
		return nil
	}
	return mistake(key, "%v is not a share from 0 to 1", share)
}

// maxRate keeps the simulation of a queue's single events quick: at the most
// an hour costs some tenths of a second.
const maxRate = 1e4

func checkRate(key string, perMinute float64) error {
	switch {
	case perMinute == 0:
		return mistake(key, "is missing; write a number above 0")
	case perMinute > 0 && perMinute <= maxRate:
		return nil
	}
	return mistake(key, "%v is not a number above 0, to %v", perMinute, int(maxRate))
}

func checkDuration(key string, d Duration) error {
	if d == 0 {
		return mistake(key, "is missing; write a duration above 0, such as 14m")
	}
	return checkOptionalDuration(key, d)
}

// maxDuration is longer than anything that is worth simulating.
const maxDuration = Duration(30 * 24 * time.Hour)

func checkOptionalDuration(key string, d Duration) error {
	if d < 0 || d > maxDuration {
		return mistake(key, "%s is not a duration from 0 to %s", d, maxDuration)
	}
	return nil
}

func checkJump(by Duration) error {
	if by == 0 {
		return mistake("by", "is missing; write a duration that is not 0, such as 5m or -5m")
	}
	if by > maxDuration || by < -maxDuration {
		return mistake("by", "%s is further than %s", by, maxDuration)
	}
	return nil
}

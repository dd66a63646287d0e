package inbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"pantau/internal/invalid"
	"pantau/internal/secret"
)

// Gammu is a modem that gammu-smsd looks after. What it receives comes as the
// files that smsd writes (Folder, on the same machine), from
// `pantau inbox gammu` as smsd's RunOnReceive (Secret, from anywhere), or from
// what that command has queued (Queue). smsd's PhoneID is what SIMs call the
// device.
type Gammu struct {
	Name   string       `yaml:"name"`   // the last part of /hooks/gammu/NAME
	Device string       `yaml:"device"` // smsd's PhoneID, for what comes as a file; the name when left out
	Folder string       `yaml:"folder"` // smsd's InboxPath: files are taken and removed
	Queue  string       `yaml:"queue"`  // what pantau inbox gammu could not hand over
	Secret secret.Value `yaml:"secret"` // signs what pantau inbox gammu hands over; without it nothing comes over HTTP
	SIM    string       `yaml:"sim"`    // the SIM that everything is for, when the modem's SIMs do not say its device
}

func (g Gammu) validate(taken map[string]bool) error {
	errs := []error{checkName(g.Name, taken)}
	if g.Folder == "" && g.Queue == "" && g.Secret.Empty() {
		errs = append(errs, invalid.At("", "hears nothing; set folder (smsd's InboxPath), or secret for pantau inbox gammu"))
	}
	if g.Device != "" && !plainWord.MatchString(g.Device) {
		errs = append(errs, invalid.At("device", "%q is not a PhoneID; use letters, digits and . _ : -", g.Device))
	}
	for _, folder := range []struct{ path, value string }{{"folder", g.Folder}, {"queue", g.Queue}} {
		if folder.value != "" && !filepath.IsAbs(folder.value) {
			errs = append(errs, invalid.At(folder.path, "%q is not absolute; smsd and pantau may run in different folders", folder.value))
		}
	}
	if g.Folder != "" && g.Folder == g.Queue {
		errs = append(errs, invalid.At("queue", "is the same as folder; one is smsd's, the other ours"))
	}
	return errors.Join(errs...)
}

func (g Gammu) device() string { return or(g.Device, g.Name) }

// HandedOver is a message as `pantau inbox gammu` queues it and hands it over.
type HandedOver struct {
	ID       string    `json:"id"`       // the same in every try
	Phone    string    `json:"phone"`    // smsd's PhoneID
	Sender   string    `json:"sender"`   //
	Text     string    `json:"text"`     //
	Received time.Time `json:"received"` // when smsd called us, its machine's clock
}

func parseHandedOver(body []byte) (HandedOver, error) {
	var h HandedOver
	if json.Unmarshal(body, &h) != nil || !plainWord.MatchString(h.ID) || !plainWord.MatchString(h.Phone) {
		return HandedOver{}, errField
	}
	return h, nil
}

func (h HandedOver) message(sim string, received time.Time) Message {
	return Message{
		ID: h.ID, Device: h.Phone, SIM: sim,
		Sender: secret.New(h.Sender), Text: secret.New(h.Text), DeviceAt: sinceSecond(h.Received, received), Held: true,
	}
}

// hook is nil when nothing comes over HTTP.
func (g Gammu) hook() webhook {
	if g.Secret.Empty() {
		return nil
	}
	return g
}

func (g Gammu) terms() terms {
	return terms{[]string{http.MethodPost}, "text/plain; charset=utf-8", "ok\n"}
}

// open takes what `pantau inbox gammu` hands over. One that was queued for
// hours is signed afresh in each try; its ID makes a second one harmless.
func (g Gammu) open(c call) (delivery, error) {
	sent, err := c.signedAt(g.Secret)
	if err != nil {
		return delivery{}, err
	}
	if _, _, ok := c.mediaType("application/json"); !ok {
		return delivery{}, errMedia
	}
	h, err := parseHandedOver(c.body)
	if err != nil {
		return delivery{}, err
	}
	m := h.message(g.SIM, c.now)
	return delivery{h.Phone, &m, told{sent, callWithin}}, nil
}

// smsdFile is what the name of a file in smsd's inbox says (its files backend:
// IN<date>_<time>_<serial>_<sender>_<part>.txt). smsd writes the message
// centre's stamp there, in its machine's zone.
type smsdFile struct {
	name    string
	from    string // serial and sender, which the parts of one message have in common
	part    int
	sender  string
	stamped time.Time
}

func parseSMSDName(name string, zone *time.Location) (smsdFile, bool) {
	stem, isText := strings.CutSuffix(name, ".txt")
	stem, isInbox := strings.CutPrefix(stem, "IN")
	if !isText || !isInbox {
		return smsdFile{}, false
	}
	fields := strings.SplitN(stem, "_", 4) // a sender may hold underscores
	if len(fields) < 4 {
		return smsdFile{}, false
	}
	sender, number, hasPart := cutLast(fields[3], '_')
	part, err := strconv.Atoi(number)
	stamped, errStamp := time.ParseInLocation("20060102_150405", fields[0]+"_"+fields[1], zone)
	if err != nil || errStamp != nil || !hasPart || part < 0 {
		return smsdFile{}, false
	}
	from := fields[2] + "_" + sender
	return smsdFile{name: name, from: from, part: part, sender: sender, stamped: stamped.UTC()}, true
}

func cutLast(text string, at byte) (before, after string, found bool) {
	i := strings.LastIndexByte(text, at)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+1:], true
}

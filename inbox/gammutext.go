package inbox

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// smsdText is the text in a file of smsd's inbox, in whichever InboxFormat it
// was written: standard (the machine's charset, UTF-8 by now), unicode (UTF-16
// with a byte order mark) or detail (an SMS backup, with Text00, Text01 … as
// UTF-16BE in hex; see "SMS Backup Format" in Gammu's manual).
func smsdText(raw []byte) (string, error) {
	switch {
	case bytes.HasPrefix(raw, []byte{0xFE, 0xFF}):
		return beforeNUL(utf16Text(raw[2:], false)), nil
	case bytes.HasPrefix(raw, []byte{0xFF, 0xFE}):
		return beforeNUL(utf16Text(raw[2:], true)), nil
	case bytes.Contains(raw, []byte("[SMSBackup")):
		return backupText(string(raw))
	default:
		return strings.ToValidUTF8(string(raw), "\uFFFD"), nil
	}
}

// beforeNUL is the text itself: smsd writes two bytes for each byte of its
// UTF-8, so that behind a text with a dash or an accent stands what was in
// memory there.
func beforeNUL(text string) string {
	text, _, _ = strings.Cut(text, "\x00")
	return text
}

func utf16Text(raw []byte, little bool) string {
	units := make([]uint16, 0, len(raw)/2)
	for pair := range slices.Chunk(raw[:len(raw)&^1], 2) {
		if little {
			pair = []byte{pair[1], pair[0]}
		}
		units = append(units, uint16(pair[0])<<8|uint16(pair[1]))
	}
	return string(utf16.Decode(units))
}

// backupText joins the TextNN lines of every section: the parts of one
// message.
func backupText(backup string) (string, error) {
	var text strings.Builder
	for line := range strings.Lines(backup) {
		key, value, found := strings.Cut(strings.TrimSpace(line), "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if !found || !isTextKey(key) {
			continue
		}
		raw, err := hex.DecodeString(value)
		if err != nil {
			return "", fmt.Errorf("reading an SMS backup: %s is not hex", key)
		}
		text.WriteString(utf16Text(raw, false))
	}
	return text.String(), nil
}

// isTextKey tells Text00 from Text and TextLength.
func isTextKey(key string) bool {
	digits, ok := strings.CutPrefix(key, "Text")
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}

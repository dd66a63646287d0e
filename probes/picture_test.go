package probes

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"net/url"
	"strings"
	"testing"
)

func TestWhatACaptchaPictureMustBe(t *testing.T) {
	whole := pictureOf(t, 24, 8, func(i *image.Gray) { i.Set(3, 3, color.White) })
	for _, test := range []struct {
		name string
		raw  []byte
		want string // in the evidence; "" is a good picture
	}{
		{"whole", whole, ""},
		{"last pixel", pictureOf(t, 9, 9, func(i *image.Gray) { i.Set(8, 8, color.White) }), ""},
		{"blank", pictureOf(t, 24, 8, func(*image.Gray) {}), "a blank png of 24×8"},
		{"half", whole[:len(whole)/2+4], "breaks off"},
		{"empty", nil, "0 bytes are no image"},
		{"a page", []byte("<html>"), "no image"},
		{"a bomb", claim(whole, 100_000, 100_000), "an image of 100000×100000"},
	} {
		err := checkPicture(test.raw)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

func pictureOf(t *testing.T, width, height int, draw func(*image.Gray)) []byte {
	t.Helper()
	picture := image.NewGray(image.Rect(0, 0, width, height))
	draw(picture)
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// claim writes another size into the header of a PNG.
func claim(whole []byte, width, height uint32) []byte {
	bomb := bytes.Clone(whole)
	header := bomb[12:29] // IHDR: name, size and kind
	binary.BigEndian.PutUint32(header[4:], width)
	binary.BigEndian.PutUint32(header[8:], height)
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(header))
	return bomb
}

func TestAPictureWithinThePage(t *testing.T) {
	for _, test := range []struct {
		src    string
		inline bool
		want   string
	}{
		{"data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte("abc")), true, "abc"},
		{"data:image/png,abc", true, ""},
		{"data:image/png;base64,%%%", true, ""},
		{"/captcha/1.png", false, ""},
	} {
		src, err := url.Parse(test.src)
		if err != nil {
			continue // such an address never gets here
		}
		if raw, isInline := inline(src); isInline != test.inline || string(raw) != test.want {
			t.Errorf("%s: %q, inline %t", test.src, raw, isInline)
		}
	}
}

package probes

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	_ "image/gif"  // formats captchas come in
	_ "image/jpeg" // likewise
	_ "image/png"  // likewise
	"net/url"
	"strings"
)

// pixelsAtMost keeps a small file from becoming a huge picture.
const pixelsAtMost = 4 << 20

// checkPicture gives a fault when raw is not a picture a person could read
// anything on.
func checkPicture(raw []byte) error {
	size, format, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return &fault{Down, ReasonImage, fmt.Sprintf("the captcha's %d bytes are no image", len(raw))}
	}
	if size.Width*size.Height > pixelsAtMost || size.Width > pixelsAtMost {
		return &fault{Down, ReasonImage, fmt.Sprintf("the captcha is an image of %d×%d", size.Width, size.Height)}
	}
	picture, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return &fault{Down, ReasonImage, fmt.Sprintf("the captcha's %s of %d bytes breaks off", format, len(raw))}
	}
	if blank(picture) {
		return &fault{Down, ReasonImage, fmt.Sprintf("the captcha is a blank %s of %d×%d", format, size.Width, size.Height)}
	}
	return nil
}

// blank says whether every pixel has one colour.
func blank(picture image.Image) bool {
	area := picture.Bounds()
	if area.Empty() {
		return true
	}
	r, g, b, a := picture.At(area.Min.X, area.Min.Y).RGBA()
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			if r2, g2, b2, a2 := picture.At(x, y).RGBA(); r2 != r || g2 != g || b2 != b || a2 != a {
				return false
			}
		}
	}
	return true
}

// inline gives the bytes of a data: address. found is false for any other.
func inline(src *url.URL) (raw []byte, found bool) {
	if src.Scheme != "data" {
		return nil, false
	}
	_, encoded, isBase64 := strings.Cut(src.Opaque, ";base64,")
	if !isBase64 {
		return nil, true
	}
	if decoded, err := url.PathUnescape(encoded); err == nil {
		encoded = decoded
	}
	raw, _ = base64.StdEncoding.DecodeString(encoded)
	return raw, true
}

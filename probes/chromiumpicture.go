package probes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"net/url"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// The window, and how much of its size a picture has. It holds a phone's page
// and most of a desk's.
const (
	pictureWidth, pictureHeight = 1024, 1280
	pictureScale                = 0.625
	pictureWithin               = 5 * time.Second
	pictureTries                = 3
	frameWidth                  = 2
)

// Picture is what a page looked like when a step was Down, for engineers. Every
// word with a digit or an at sign in it is replaced by dots; fields, images and
// frames are hidden, see maskScript.
type Picture struct {
	Run     string
	Journey string
	Step    Step
	At      time.Time // when it was taken, our wall clock
	PNG     []byte
}

// picture takes a picture of the portal's page that stands there. A page that
// writes digits now and then, such as a countdown, is tried again.
func (c *chromium) picture(ctx context.Context) ([]byte, error) {
	if c.tab == nil || c.tab.Err() != nil {
		return nil, nil
	}
	within, cancel := context.WithTimeout(c.tab, pictureWithin)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	address, err := chromedp.Run(within, chromedp.Evaluate[string](`location.href`))
	if err != nil {
		return nil, fmt.Errorf("asking which page stands there: %w", err)
	}
	if at, err := url.Parse(address); err != nil || !c.net.own(at) {
		return nil, nil // Chromium's own page, in place of one that did not come
	}
	for try := 1; ; try++ {
		taken, err := c.shoot(within)
		if !errors.Is(err, errUnmasked) || try == pictureTries {
			return taken, err
		}
	}
}

// shoot gives no picture with an error.
func (c *chromium) shoot(ctx context.Context) ([]byte, error) {
	var taken cdppage.CaptureScreenshotResult
	hidden, err := c.masked(ctx, func() (err error) {
		taken, err = cdp.Call(ctx, c.target, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{
			Format: cdppage.CaptureScreenshotFormatPng,
			Clip:   &cdppage.Viewport{Width: pictureWidth, Height: pictureHeight, Scale: pictureScale},
		})
		if err != nil {
			return fmt.Errorf("taking a picture of a page: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return framed(taken.Data, hidden)
}

// framed draws a frame where something was hidden, so that an engineer sees that
// there was something.
func framed(raw []byte, hidden []place) ([]byte, error) {
	taken, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("reading a picture of a page: %w", err)
	}
	canvas := image.NewRGBA(taken.Bounds())
	draw.Draw(canvas, canvas.Bounds(), taken, taken.Bounds().Min, draw.Src)
	for _, p := range hidden {
		at := func(css float64) int { return int(max(-frameWidth, min(css*pictureScale, pictureHeight))) }
		outer := image.Rect(at(p.X), at(p.Y), at(p.X+p.Width), at(p.Y+p.Height))
		inner := outer.Inset(frameWidth)
		for _, side := range []image.Rectangle{
			{outer.Min, image.Pt(outer.Max.X, inner.Min.Y)},
			{image.Pt(outer.Min.X, inner.Max.Y), outer.Max},
			{outer.Min, image.Pt(inner.Min.X, outer.Max.Y)},
			{image.Pt(inner.Max.X, outer.Min.Y), outer.Max},
		} {
			draw.Draw(canvas, side, image.NewUniform(color.Gray{Y: 0x99}), image.Point{}, draw.Src)
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, canvas); err != nil {
		return nil, fmt.Errorf("writing a picture of a page: %w", err)
	}
	return out.Bytes(), nil
}

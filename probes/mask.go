package probes

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// errUnmasked says that something may be readable on a picture.
var errUnmasked = errors.New("the mask did not hold: the picture is thrown away")

// place is where something was that is hidden, in CSS pixels.
type place struct{ X, Y, Width, Height float64 }

// masked does something while nothing on the page can be read that could be a
// number, a code or an address, and gives errUnmasked when that was not so.
func (c *chromium) masked(ctx context.Context, do func() error) (hidden []place, err error) {
	if err := c.noneClosed(ctx); err != nil {
		return nil, err
	}
	// A world of its own, in which the page's scripts have changed nothing.
	world, err := cdp.Call(ctx, c.target, cdppage.CreateIsolatedWorld, cdppage.CreateIsolatedWorldParams{FrameID: c.frame, WorldName: "mask"})
	if err != nil {
		return nil, fmt.Errorf("making room for the mask: %w", err)
	}
	inWorld := func(p *runtime.EvaluateParams) { p.ContextID = world.ExecutionContextID }
	if hidden, err = chromedp.Run(ctx, chromedp.Evaluate[[]place](maskScript, inWorld)); err != nil {
		return nil, fmt.Errorf("masking a page: %w", err)
	}
	done := do()
	held, err := chromedp.Run(ctx, chromedp.Evaluate[bool](unmaskScript, inWorld))
	switch {
	case done != nil:
		return nil, done
	case err != nil:
		return nil, fmt.Errorf("taking the mask off a page: %w", err)
	case !held:
		return nil, errUnmasked
	}
	return hidden, nil
}

// noneClosed gives errUnmasked for a page with a closed shadow root, into which
// no script can look.
func (c *chromium) noneClosed(ctx context.Context) error {
	depth, pierce := int64(-1), true
	got, err := cdp.Call(ctx, c.target, dom.GetDocument, dom.GetDocumentParams{Depth: &depth, Pierce: &pierce})
	if err != nil {
		return fmt.Errorf("looking through a page: %w", err)
	}
	if hasClosed(got.Root) {
		return errUnmasked
	}
	return nil
}

func hasClosed(n *cdp.Node) bool {
	return n != nil && (n.ShadowRootType == cdp.ShadowRootTypeClosed || slices.ContainsFunc(n.ShadowRoots, hasClosed) || slices.ContainsFunc(n.Children, hasClosed))
}

// maskScript takes away fields and pictures and gives the places where they were,
// and puts dots in place of every word with a digit or an at sign in it. Nothing
// is blurred: what is blurred can be told from something else that is. It changes
// styles by CSSOM, which no content security policy forbids. unmaskScript says
// whether all of it held, also against what the page's scripts did meanwhile, and
// undoes it.
const maskScript = `(() => {
	const private = "input,textarea,select,img,canvas,svg,video,iframe,object,embed";
	const word = /\S*[\p{N}@]\S*/gu;
	const pictures = ["background-image", "border-image-source", "list-style-image", "mask-image"];
	// A form's fields hide its own properties of the same name.
	const of = (prototype, name) => Object.getOwnPropertyDescriptor(prototype, name).get;
	const shadowOf = of(Element.prototype, "shadowRoot"), htmlStyle = of(HTMLElement.prototype, "style"), svgStyle = of(SVGElement.prototype, "style");
	const styleOf = element => (element instanceof SVGElement ? svgStyle : htmlStyle).call(element);
	const undo = [], hidden = [];
	const style = (element, values) => {
		if (!(element instanceof HTMLElement || element instanceof SVGElement)) return;
		const own = styleOf(element), styled = element.hasAttribute("style");
		undo.push(() => { if (!styled && element.getAttribute("style") === "") element.removeAttribute("style"); });
		for (const [name, value] of Object.entries(values)) {
			const was = own.getPropertyValue(name), how = own.getPropertyPriority(name);
			own.setProperty(name, value, "important");
			undo.push(() => { own.removeProperty(name); if (was) own.setProperty(name, was, how); });
		}
	};
	const none = Object.fromEntries(pictures.map(name => [name, "none"]));
	const gone = {transition: "none", animation: "none", "field-sizing": "fixed", opacity: "0"};

	const dotted = text => text.replace(word, found => "•".repeat(found.length));
	// One that is as wide as its words would tell how wide they are.
	const hide = element => {
		style(element, gone);
		hidden.push(element);
		for (const name of element.matches("[type=submit],[type=button],[type=reset]") ? ["alt", "value"] : ["alt"]) {
			const was = element.getAttribute(name);
			if (was === null || dotted(was) === was) continue;
			element.setAttribute(name, dotted(was));
			undo.push(() => element.setAttribute(name, was));
		}
	};
	const isPrivate = element => Element.prototype.matches.call(element, private);
	const isReplaced = computed => !["normal", "none", ""].includes(computed.content);
	const shows = (computed, names) => names.some(name => computed.getPropertyValue(name).includes("url("));
	const each = (root, onRoot, onText, onElement) => {
		onRoot(root);
		const walk = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
		for (let node = walk.currentNode; node; node = walk.nextNode()) {
			if (node instanceof Text) {
				const parent = node.parentNode;
				if (!(parent instanceof Element && Element.prototype.matches.call(parent, "script,style,noscript"))) onText(node);
			} else if (node instanceof Element) {
				onElement(node, getComputedStyle(node));
				const shadow = shadowOf.call(node);
				if (shadow) each(shadow, onRoot, onText, onElement);
			}
		}
	};

	const sheet = new CSSStyleSheet();
	sheet.replaceSync(":not(#a#b#c#d)::before, :not(#a#b#c#d)::after { content: none !important } :not(#a#b#c#d)::marker { content: \"• \" !important }");
	each(document, root => {
		root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
		undo.push(() => { root.adoptedStyleSheets = root.adoptedStyleSheets.filter(other => other !== sheet); });
	}, text => {
		const was = text.data, dots = dotted(was);
		if (dots === was) return;
		text.data = dots;
		undo.push(() => { if (text.data === dots) text.data = was; });
	}, (element, computed) => {
		if (isPrivate(element) || isReplaced(computed)) hide(element);
		else if (shows(computed, pictures)) style(element, none);
	});

	const holds = () => {
		let held = true;
		each(document, root => { held &&= root.adoptedStyleSheets.includes(sheet); }, text => { held &&= text.data.search(word) < 0; }, (element, computed) => {
			if (isPrivate(element) || isReplaced(computed)) held &&= computed.opacity === "0";
			else held &&= !shows(computed, pictures) && ["::before", "::after"].every(part => ["none", "normal"].includes(getComputedStyle(element, part).content));
		});
		return held;
	};
	globalThis.unmask = () => {
		const held = holds();
		for (const step of undo.reverse()) step();
		return held;
	};
	return hidden.map(element => element.getBoundingClientRect()).map(({x, y, width, height}) => ({x, y, width, height}));
})()`

const unmaskScript = `globalThis.unmask()`

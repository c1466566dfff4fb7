// Elements made from data. Texts become text nodes and nothing else, so that what a vendor or a workflow wrote is shown
// and never read as markup; what would turn the writing round, or is there unseen, is written out.

const SVG = "http://www.w3.org/2000/svg";

const OBEYED = new RegExp("[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u061c\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb]", "g");

/** A text as it may be shown: the same characters are written out as on the command line (crates/visible), in the same way. */
export function visible(text) {
  return text.replace(OBEYED, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** An HTML element. `attributes`: `on*` are listeners, `style` is an object, false and null are left out. */
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/**
 * Puts these children in place of those that are there. Whoever is in the middle of them stays there: the focus, what was
 * unfolded and how far it was scrolled are kept, by place.
 */
export function replace(node, ...children) {
  const kept = keep(node);
  node.replaceChildren(...contents(children));
  kept?.();
  return node;
}

const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";
const SCROLLED = "pre, .scroll";

/** Brings what a reader did in a node back after its children were replaced; nothing when there is nothing to keep. */
function keep(node) {
  if (!node.isConnected || node.childElementCount === 0) {
    return null;
  }
  const focused = node.contains(document.activeElement) ? [...node.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement) : -1;
  const unfolded = [...node.querySelectorAll("details")].map((one) => one.open);
  const scrolled = [...node.querySelectorAll(SCROLLED)].map((one) => [one.scrollLeft, one.scrollTop]);
  return () => {
    node.querySelectorAll("details").forEach((one, index) => { one.open = unfolded[index] ?? false; });
    node.querySelectorAll(SCROLLED).forEach((one, index) => { [one.scrollLeft, one.scrollTop] = scrolled[index] ?? [0, 0]; });
    if (focused >= 0) {
      node.querySelectorAll(FOCUSABLE)[focused]?.focus({ preventScroll: true });
    }
  };
}

/** A table with its head; `rows` are lists of cells, a cell an element, a text, or `{ of, class }`. */
export function table(caption, head, rows, empty) {
  const body = rows.map((cells) => h("tr", null, cells.map(cell)));
  if (body.length === 0) {
    body.push(h("tr", null, h("td", { colspan: head.length, class: "empty" }, empty)));
  }
  return h("div", { class: "scroll", role: "region", "aria-label": caption, tabindex: 0 },
    h("table", null,
      h("caption", null, caption),
      h("thead", null, h("tr", null, head.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", null, body)));
}

function cell(content) {
  const told = content?.of !== undefined;
  return h("td", { class: told ? content.class : null }, told ? content.of : content);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) {
      continue;
    }
    if (name.startsWith("on")) {
      node.addEventListener(name.slice(2), value);
    } else if (name === "style") {
      for (const [property, setting] of Object.entries(value)) {
        node.style.setProperty(property, setting);
      }
    } else {
      node.setAttribute(name, value === true ? "" : READ.has(name) ? visible(String(value)) : value);
    }
  }
  node.append(...contents(children));
  return node;
}

/** Attributes that people read. */
const READ = new Set(["title", "aria-label"]);

function contents(children) {
  return children.flat(Infinity).filter(shown).map((child) => typeof child === "string" ? visible(child) : child);
}

function shown(child) {
  return child !== null && child !== undefined && child !== false;
}

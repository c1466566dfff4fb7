// Small charts over the last quarter of an hour. Those of one page share the moment under the pointer.

import { h, replace, svg } from "./element.js";
import { clock } from "./format.js";

const WIDTH = 320;
const HEIGHT = 96;
const pointed = new EventTarget();

/**
 * A chart. `lines`: `{ name, kind, dashed }`; `stacked`: each is drawn upon the one before; `unit(value)`: a value as text.
 * `draw(at, values)`: `at` the moments, `values` for each line one list of numbers or nulls.
 */
export function chart({ title, lines, stacked = false, unit }) {
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
  const legend = h("ul", { class: "legend" });
  const when = h("span", { class: "when" });
  const most = h("span", { class: "most", "aria-hidden": "true" });
  const node = h("figure", { class: "chart" },
    h("figcaption", null, title, when), h("div", { class: "plot" }, picture, most), legend);
  let at = [];
  let values = lines.map(() => []);
  let point = null;

  const told = (index) => {
    const here = index ?? at.length - 1;
    when.textContent = index === null ? "" : clock(at[here]);
    replace(legend, lines.map((line, place) => h("li", null,
      h("span", { class: `key ${line.kind}${line.dashed ? " dashed" : ""}`, "aria-hidden": "true" }),
      line.name, " ", h("b", null, at.length === 0 ? "–" : unit(values[place][here])))));
  };
  const cursor = svg("line", { y1: 0, y2: HEIGHT, class: "cursor", visibility: "hidden" });
  const x = (index) => (at.length < 2 ? 0 : (index / (at.length - 1)) * WIDTH);

  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    const index = Math.max(0, Math.min(at.length - 1, Math.round(share * (at.length - 1))));
    pointed.dispatchEvent(new CustomEvent("point", { detail: index }));
  });
  picture.addEventListener("pointerleave", () => pointed.dispatchEvent(new CustomEvent("point", { detail: null })));
  const follow = (event) => {
    const index = event.detail;
    point = index;
    if (!node.isConnected || index === null || index >= at.length) {
      cursor.setAttribute("visibility", "hidden");
      told(null);
      return;
    }
    cursor.setAttribute("visibility", "visible");
    cursor.setAttribute("x1", x(index));
    cursor.setAttribute("x2", x(index));
    told(index);
  };
  pointed.addEventListener("point", follow);

  const draw = (moments, lists) => {
    at = moments;
    values = lists;
    const tops = lists.map((list, place) => list.map((value, index) => (value === null ? null
      : value + (stacked ? lists.slice(0, place).reduce((sum, below) => sum + (below[index] ?? 0), 0) : 0))));
    const highest = Math.max(...tops.flat().filter((value) => value !== null), 0);
    const top = highest === 0 ? 1 : highest * 1.08;
    const y = (value) => HEIGHT - (value / top) * HEIGHT;
    most.textContent = highest === 0 ? "" : unit(highest);
    const shapes = tops.map((list, place) => shape(list, place === 0 || !stacked ? null : tops[place - 1], x, y, lines[place], stacked));
    replace(picture, svg("title", null, `${title}: ${lines.map((line, place) => `${line.name} ${unit(lists[place].at(-1) ?? null)}`).join(", ")}`),
      svg("line", { x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT, class: "axis" }), shapes.reverse(), cursor);
    told(point !== null && point < at.length ? point : null);
  };
  told(null);
  return { node, draw, close: () => pointed.removeEventListener("point", follow) };
}

/** One line, or the area between it and the line below. */
function shape(list, below, x, y, line, stacked) {
  const parts = [];
  let part = [];
  list.forEach((value, index) => {
    if (value === null) {
      parts.push(part);
      part = [];
    } else {
      part.push(index);
    }
  });
  parts.push(part);
  return parts.filter((indexes) => indexes.length > 0).map((indexes) => {
    const upper = indexes.map((index) => `${x(index).toFixed(1)},${y(list[index]).toFixed(1)}`);
    if (!stacked) {
      return svg("polyline", { points: upper.join(" "), class: `line ${line.kind}${line.dashed ? " dashed" : ""}` });
    }
    const lower = indexes.toReversed().map((index) => `${x(index).toFixed(1)},${y(below?.[index] ?? 0).toFixed(1)}`);
    return svg("polygon", { points: [...upper, ...lower].join(" "), class: `area ${line.kind}` });
  });
}

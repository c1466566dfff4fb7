// The states of a workflow as a graph, each with how it stands in one execution. `layoutOf` is pure: from a definition to boxes and
// lines. Layers from top to bottom by the longest way from the start; what leads back goes round the side.

import { h, svg } from "./element.js";

const [WIDTH, HEIGHT, GAP, LAYER, PAD, HEAD] = [168, 40, 28, 34, 16, 26];
/** States that are drawn; a larger definition is better read as text. */
const MOST = 300;
const [START, END] = ["\u0000start", "\u0000end"];

/** `{ width, height, boxes, lines }` of a definition, or null when it has too many states. */
export function layoutOf(definition) {
  return countOf(definition) > MOST ? null : machine(definition, true);
}

function countOf(definition) {
  return Object.values(definition?.States ?? {}).reduce((sum, state) => sum + 1 + innerOf(state).reduce((all, inner) => all + countOf(inner), 0), 0);
}

/** The machines inside a state: the branches of a Parallel, the processor of a Map. */
function innerOf(state) {
  if (state.Type === "Parallel") {
    return state.Branches ?? [];
  }
  const processor = state.ItemProcessor ?? state.Iterator;
  return state.Type === "Map" && processor ? [processor] : [];
}

/** Where a state leads: `{ to, kind }`. */
function waysOf(state) {
  const ways = [];
  const add = (to, kind) => {
    if (to && !ways.some((way) => way.to === to)) {
      ways.push({ to, kind });
    }
  };
  for (const choice of state.Choices ?? []) {
    add(choice.Next, "choice");
  }
  add(state.Default, "default");
  add(state.Next, "next");
  for (const caught of state.Catch ?? []) {
    add(caught.Next, "catch");
  }
  if (state.End || state.Type === "Succeed" || state.Type === "Fail") {
    add(END, "next");
  }
  return ways;
}

function machine(definition, ends) {
  const nodes = new Map();
  const add = (name, state, width, height, inner = []) => nodes.set(name, { name, state, width, height, inner, layer: 0, place: 0, ways: [] });
  if (ends) {
    add(START, null, 64, 24);
  }
  for (const [name, state] of Object.entries(definition.States)) {
    const inner = innerOf(state).map((one) => machine(one, false));
    if (inner.length === 0) {
      add(name, state, WIDTH, HEIGHT);
      continue;
    }
    const width = inner.reduce((sum, one) => sum + one.width + PAD, PAD);
    add(name, state, Math.max(WIDTH, width), Math.max(...inner.map((one) => one.height)) + HEAD + PAD, inner);
  }
  if (ends) {
    add(END, null, 64, 24);
    nodes.get(START).ways = [{ to: definition.StartAt, kind: "next" }];
  }
  for (const node of nodes.values()) {
    if (node.state) {
      node.ways = waysOf(node.state).filter((way) => nodes.has(way.to));
    }
  }
  const back = markBack(nodes, ends ? START : definition.StartAt);
  const layers = layered(nodes, back);
  return placed(nodes, layers, back);
}

/** The ways that lead back to a state on the way from the start. */
function markBack(nodes, start) {
  const back = new Set();
  const entered = new Map();
  const visit = (name) => {
    entered.set(name, "open");
    for (const way of nodes.get(name).ways) {
      if (entered.get(way.to) === "open") {
        back.add(way);
      } else if (!entered.has(way.to)) {
        visit(way.to);
      }
    }
    entered.set(name, "done");
  };
  for (const name of [start, ...nodes.keys()]) {
    if (nodes.has(name) && !entered.has(name)) {
      visit(name);
    }
  }
  return back;
}

/** Lists of nodes from top to bottom; a long way has a narrow node of its own in each layer that it passes. */
function layered(nodes, back) {
  const before = new Map([...nodes.keys()].map((name) => [name, 0]));
  const forward = [...nodes.values()].flatMap((node) => node.ways.filter((way) => !back.has(way)).map((way) => ({ from: node, way })));
  for (const { way } of forward) {
    before.set(way.to, before.get(way.to) + 1);
  }
  const free = [...nodes.values()].filter((node) => before.get(node.name) === 0);
  while (free.length > 0) {
    const node = free.shift();
    for (const way of node.ways.filter((one) => !back.has(one))) {
      const next = nodes.get(way.to);
      next.layer = Math.max(next.layer, node.layer + 1);
      before.set(way.to, before.get(way.to) - 1);
      if (before.get(way.to) === 0) {
        free.push(next);
      }
    }
  }
  const layers = [];
  const put = (node) => {
    (layers[node.layer] ??= []).push(node);
    node.place = layers[node.layer].length - 1;
  };
  for (const node of [...nodes.values()]) {
    put(node);
  }
  for (const { from, way } of forward) {
    way.through = [];
    for (let layer = from.layer + 1; layer < nodes.get(way.to).layer; layer += 1) {
      const passing = { name: null, width: 12, height: HEIGHT, inner: [], layer, place: 0, ways: [], from: way.through.at(-1) ?? from };
      way.through.push(passing);
      put(passing);
    }
  }
  order(nodes, layers, forward);
  return layers;
}

/** Puts each node of a layer below the middle of those that lead to it. */
function order(nodes, layers, forward) {
  const above = new Map();
  for (const { from, way } of forward) {
    const chain = [from, ...way.through, nodes.get(way.to)];
    for (let index = 1; index < chain.length; index += 1) {
      above.set(chain[index], [...(above.get(chain[index]) ?? []), chain[index - 1]]);
    }
  }
  for (const layer of layers) {
    const middle = new Map(layer.map((node) => {
      const leading = above.get(node) ?? [];
      return [node, leading.length === 0 ? node.place : leading.reduce((sum, one) => sum + one.center, 0) / leading.length];
    }));
    layer.sort((one, other) => middle.get(one) - middle.get(other));
    const width = layer.reduce((sum, node) => sum + node.width + GAP, -GAP);
    let x = -width / 2;
    layer.forEach((node, place) => {
      node.place = place;
      node.center = x + node.width / 2;
      x += node.width + GAP;
    });
  }
}

function placed(nodes, layers, back) {
  const widest = Math.max(...layers.map((layer) => layer.reduce((sum, node) => sum + node.width + GAP, -GAP)));
  const side = back.size > 0 ? 24 + back.size * 6 : 0;
  const boxes = [];
  let y = 0;
  for (const layer of layers) {
    const tallest = Math.max(...layer.map((node) => node.height));
    for (const node of layer) {
      node.x = node.center + widest / 2 - node.width / 2;
      node.y = y + (tallest - node.height) / 2;
      node.center += widest / 2;
    }
    y += tallest + LAYER;
  }
  const lines = [];
  let round = 0;
  for (const node of nodes.values()) {
    boxes.push({ name: node.name, type: node.state?.Type ?? null, x: node.x, y: node.y, width: node.width, height: node.height });
    let x = node.x + PAD;
    for (const inner of node.inner) {
      boxes.push(...inner.boxes.map((box) => ({ ...box, x: box.x + x, y: box.y + node.y + HEAD })));
      lines.push(...inner.lines.map((line) => ({ ...line, points: line.points.map(([px, py]) => [px + x, py + node.y + HEAD]) })));
      x += inner.width + PAD;
    }
    for (const way of node.ways) {
      const to = nodes.get(way.to);
      if (back.has(way)) {
        round += 1;
        const out = widest + 12 + round * 6;
        lines.push({ kind: way.kind, points: [[node.x + node.width, node.y + node.height / 2], [out, node.y + node.height / 2],
          [out, to.y + to.height / 2], [to.x + to.width, to.y + to.height / 2]] });
      } else {
        const middle = way.through.flatMap((one) => [[one.center, one.y], [one.center, one.y + one.height]]);
        lines.push({ kind: way.kind, points: [[node.center, node.y + node.height], ...middle, [to.center, to.y]] });
      }
    }
  }
  return { width: widest + side, height: y - LAYER, boxes, lines };
}

/** Draws a definition; `rows` are the entries into its states (see timeline.js), `chosen(row)` is called for the last of one. */
export function graph(definition, rows, chosen, selected) {
  const layout = layoutOf(definition);
  if (!layout) {
    return h("p", { class: "quiet" }, `More than ${MOST} states are not drawn.`);
  }
  const of = new Map();
  for (const row of rows) {
    of.set(row.name, [...(of.get(row.name) ?? []), row]);
  }
  const picture = svg("svg", {
    viewBox: `-8 -8 ${layout.width + 16} ${layout.height + 16}`, width: layout.width + 16, height: layout.height + 16, class: "graph",
    role: "group", "aria-label": "The states and where they lead",
  },
  svg("defs", null, svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" },
    svg("path", { d: "M0,0 L8,4 L0,8 z", class: "tip" }))),
  layout.lines.map((line) => svg("path", { d: curve(line.points), class: `way ${line.kind}`, "marker-end": "url(#arrow)" })),
  layout.boxes.map((box) => drawn(box, of.get(box.name) ?? [], chosen, selected)));
  return h("div", { class: "scroll graph-frame", tabindex: 0, role: "region", "aria-label": "Graph" }, picture);
}

function drawn(box, rows, chosen, selected) {
  const { x, y, width, height, name } = box;
  if (name === START || name === END) {
    return svg("g", { class: "terminal" }, svg("rect", { x, y, width, height, rx: 12 }),
      svg("text", { x: x + width / 2, y: y + 16, "text-anchor": "middle" }, name === START ? "Start" : "End"));
  }
  const last = rows.at(-1);
  const waits = last?.status === "running" && last.parts.at(-1)?.kind === "waited";
  const status = waits ? "waits" : last?.status ?? "not-entered";
  const nested = height > HEIGHT;
  const words = { running: "running", waits: "waits for a limit", succeeded: "succeeded", failed: "failed", caught: "caught", "not-entered": "not entered" };
  const times = rows.length > 1 ? ` ×${rows.length}` : "";
  const shown = name.length > 24 ? `${name.slice(0, 23)}…` : name;
  return svg("g", {
    class: `node ${status}${nested ? " nested" : ""}${rows.some((row) => row.event === selected) ? " selected" : ""}`,
    tabindex: last ? 0 : null, role: last ? "button" : "img", "aria-label": `${shown} ${box.type}${times} · ${words[status]}`,
    onclick: (event) => { event.stopPropagation(); if (last) { chosen(last); } },
    onkeydown: (event) => { if (last && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); chosen(last); } },
  },
  shown === name ? null : svg("title", null, name),
  svg("rect", { x, y, width, height, rx: 6 }),
  svg("text", { x: x + width / 2, y: y + (nested ? 17 : 17), "text-anchor": "middle" }, shown), " ",
  svg("text", { x: x + width / 2, y: y + (nested ? height - 5 : 32), "text-anchor": "middle", class: "kind" }, `${box.type}${times} · ${words[status]}`));
}

/** A line through points that leaves and arrives upright, or round the side. */
function curve(points) {
  const [first, ...rest] = points;
  let path = `M${first[0]},${first[1]}`;
  let [px, py] = first;
  const level = rest[0][1] === first[1] && rest.length === 3;
  for (const [x, y] of rest) {
    const half = (y - py) / 2;
    path += level || x === px ? ` L${x},${y}` : ` C${px},${py + half} ${x},${y - half} ${x},${y}`;
    [px, py] = [x, y];
  }
  return path;
}

// One target: its limits and what changes them, its lanes, its calls, and what the vendor said.

import { callTable } from "./calls.js";
import { changeTable } from "./changes.js";
import { ask, because, changeButton } from "./dialog.js";
import { h, replace, table } from "./element.js";
import { count, moment, percent, span } from "./format.js";
import { changeLimit, kindOf, limitBar, resetLimit, sourceOf } from "./limit.js";
import { Charts, lane } from "./overview.js";
import { get, path, post } from "./server.js";
import { PRIORITIES, priorityTag, targetPill } from "./status.js";

/** Calls of the target that are shown. */
const SHOWN = 25;

export function view(name) {
  const head = h("div", { class: "head" });
  const closed = h("div", null);
  const limits = h("section", null);
  const lanes = h("section", null);
  const vendor = h("section", null);
  const calls = h("section", null);
  const trail = h("section", null);
  const charts = new Charts(name);
  const node = h("div", null, head, closed, limits, lanes, charts.node, calls, vendor, trail);
  let beat = 0;
  return {
    title: name,
    node,
    async live(snapshot) {
      const target = snapshot.targets.find((one) => one.name === name);
      if (!target) {
        replace(head, h("h1", null, name), h("p", null, "There is no target of this name in the configuration."));
        return;
      }
      showHead(head, target);
      showClosure(closed, target);
      replace(limits, limitTable(target));
      replace(lanes, laneTable(target));
      replace(vendor, vendorTable(target));
      await charts.add(snapshot);
      // What the writer or the disk has to list is asked for less often.
      if (beat % 2 === 0) {
        const listed = await get("/calls", { limit: SHOWN, target: name });
        replace(calls, callTable(`Calls of ${name} that have not ended, the first ${SHOWN}`, listed.calls));
      }
      if (beat % 10 === 0) {
        const { changes } = await get("/changes");
        replace(trail, changeTable(`What people changed at ${name}`, changes.filter((change) => change.target === name).slice(0, 20)));
      }
      beat += 1;
    },
    close: () => charts.close(),
  };
}

function showHead(node, target) {
  const paused = target.paused.includes("target");
  replace(node,
    h("h1", null, target.name), targetPill(target),
    h("div", { class: "buttons" },
      paused ? changeButton("Resume", () => pause(target, null, false))
        : changeButton("Pause", () => pause(target, null, true)),
      target.vendor || target.limits.some((limit) => limit.learned_ceiling !== null)
        ? changeButton("Forget throttles", () => forget(target)) : null));
}

function showClosure(node, target) {
  replace(node, target.vendor
    ? h("p", { class: "banner" }, `The target is held by ${target.vendor.held_by}.`,
      target.errors?.since ? ` The last error: ${target.errors.last}.` : null) : null,
  target.throttles_under_our_limit > 0
    ? h("p", { class: "banner" }, `The vendor throttled ${count(target.throttles_under_our_limit)} calls while our own limit was not reached: `,
      "someone else uses the account, or the limit is set too high.") : null);
}

function limitTable(target) {
  const rows = target.limits.map((limit) => [
    limit.name,
    kindOf(limit),
    limitBar(limit),
    PRIORITIES.filter((priority) => limit.reserved[priority] > 0).map((priority) => `${limit.reserved[priority]} for ${priority} `),
    limit.reaches_per_second === null ? "–" : `${limit.reaches_per_second.toFixed(1)} / s`,
    sourceOf(limit),
    h("span", { class: "buttons" },
      changeButton("Change", () => changeLimit(target.name, limit)),
      limit.configured === null ? null : changeButton("Reset", () => resetLimit(target.name, limit))),
  ]);
  return table("Limits", ["Limit", "Counts", "Used", "Kept", "Reaches", "Source", "Do"], rows, "No limit: calls start as they come.");
}

function laneTable(target) {
  const rows = PRIORITIES.map((priority) => {
    const paused = target.paused.includes(priority);
    return [
      priorityTag(priority),
      { of: lane(target, priority), class: "number" },
      target.first_waiting[priority]?.held_by ?? "",
      target.first_waiting[priority]?.starts ?? "",
      { of: count(target.deferrals[priority]), class: "number" },
      changeButton(paused ? "Resume" : "Pause", () => pause(target, priority, !paused)),
    ];
  });
  return table("Lanes", ["Lane", "Waiting · the first for", "The first is held by", "It starts", "Deferrals in a row", "Do"], rows);
}

function vendorTable(target) {
  if (target.vendor_limits.length === 0 && target.throttles === 0) {
    return [];
  }
  const rows = target.vendor_limits.map((limit) => [
    limit.name,
    limit.limit === null ? "–" : `${count(limit.limit)}${limit.per_ms === null ? "" : ` in ${span(limit.per_ms)}`}`,
    limit.remaining === null ? "–" : [count(limit.remaining), limit.limit ? ` (${percent(limit.remaining / limit.limit)})` : ""],
    limit.resets_at ? moment(limit.resets_at) : "–",
    limit.disagreement ?? "",
  ]);
  return [
    table("What the vendor's last answers say of its limits", ["Limit", "At most", "Left", "Starts anew", "Against our own"], rows, "Its answers say nothing."),
    h("p", { class: "quiet" }, `${count(target.throttles)} throttles since the server started.`),
  ];
}

function pause(target, priority, paused) {
  const what = priority ? `${target.name} ${priority}` : target.name;
  const word = paused ? "pause" : "resume";
  ask({
    title: `${paused ? "Pause" : "Resume"} ${what}`,
    text: paused ? "No further call starts. Calls in flight go on, calls that wait keep waiting, workflows may time out." : "Calls start again, as the limits admit.",
    action: paused ? "Pause" : "Resume",
    act: (values) => post(`/targets${path(target.name)}/${word}`, { priority, reason: values.reason }),
    command: (values) => `rampmeter target ${word} ${target.name}${priority ? ` --priority ${priority}` : ""}${because(values.reason)}`,
  });
}

function forget(target) {
  ask({
    title: `Forget what throttles taught about ${target.name}`,
    text: "The ceiling is the configured one again, and the target is open. If the vendor throttles again, it is learned again.",
    action: "Forget",
    act: (values) => post(`/targets${path(target.name)}/resume`, { forget_throttles: true, reason: values.reason }),
    command: (values) => `rampmeter target resume ${target.name} --forget-throttles${because(values.reason)}`,
  });
}

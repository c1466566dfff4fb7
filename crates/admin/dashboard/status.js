// One word, one colour and one sign for each status, everywhere the same. Never the colour alone.

import { h } from "./element.js";

export const PRIORITIES = ["HIGH", "MEDIUM", "BATCH"];

const SIGNS = {
  idle: "○", active: "●", full: "■", waiting: "▲", paused: "Ⅱ", closed: "✕", good: "✓", bad: "✗",
};

function pill(kind, text, title) {
  return h("span", { class: `pill ${kind}`, title }, h("span", { "aria-hidden": "true" }, SIGNS[kind]), text);
}

/** How a target stands. */
export function targetPill(target) {
  if (target.paused.includes("target")) {
    return pill("paused", "Paused", "a person paused the target");
  }
  if (target.vendor) {
    return pill("closed", target.vendor.holder === "ramp" ? "Reopening" : "Closed", `held by ${target.vendor.held_by}`);
  }
  const held = PRIORITIES.find((priority) => target.first_waiting[priority]);
  if (held) {
    const first = target.first_waiting[held];
    const title = `the first ${held} call is held by ${first.held_by}`;
    return first.limit ? pill("full", "At limit", title) : pill("waiting", "Backlogged", title);
  }
  return target.in_flight > 0 ? pill("active", "Active") : pill("idle", "Idle");
}

/** Whether a limit has no place left, the vendor's throttles counted. */
export function isFull(limit) {
  return limit.used >= Math.min(limit.max, limit.learned_ceiling ?? limit.max);
}

/** How an execution stands. */
export function statusPill(status) {
  const kinds = { RUNNING: "active", SUCCEEDED: "good", ABORTED: "idle" };
  return pill(kinds[status] ?? "bad", status);
}

/** Whether something is well. */
export function wellPill(well, text, title) {
  return pill(well ? "good" : "bad", text, title);
}

/** A priority. */
export function priorityTag(priority) {
  return priority ? h("span", { class: `priority ${priority.toLowerCase()}` }, priority) : "–";
}

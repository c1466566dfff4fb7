// One word, one colour and one sign for each standing, everywhere the same. Never the colour alone.

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
  if (target.closed_until) {
    return pill("closed", "Closed by the vendor", `until ${target.closed_until}`);
  }
  if (target.trickle) {
    return pill("closed", "Reopening", `${target.trickle} at a time`);
  }
  const waiting = PRIORITIES.some((priority) => target.waiting[priority] > 0);
  if (target.limits.some(isFull)) {
    return waiting ? pill("full", "At limit", "a limit is full and calls wait") : pill("active", "Active");
  }
  if (waiting) {
    return pill("waiting", "Backlogged", "calls wait though no limit is full");
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

// A limit: how full it is, what is kept for whom, and the question before it is changed.

import { ask, because } from "./dialog.js";
import { h } from "./element.js";
import { count, moment, span } from "./format.js";
import { path, post } from "./server.js";
import { isFull, PRIORITIES } from "./status.js";

/** A bar with the places that are taken, those that are held for unknown outcomes, and those kept for a priority. */
export function limitBar(limit) {
  const share = (places) => `${limit.max === 0 ? 0 : Math.min(100, (places / limit.max) * 100)}%`;
  const kept = PRIORITIES.reduce((sum, priority) => sum + limit.reserved[priority], 0);
  const known = limit.used - limit.held;
  return h("span", { class: "bar-row" },
    h("span", {
      class: "bar",
      role: "meter",
      "aria-label": limit.name,
      "aria-valuemin": 0,
      "aria-valuemax": limit.max,
      "aria-valuenow": limit.used,
      title: tip(limit),
    },
    h("span", { class: isFull(limit) ? "used full" : "used", style: { width: share(known) } }),
    h("span", { class: "held", style: { width: share(limit.held) } }),
    kept > 0 ? h("span", { class: "kept", style: { width: share(kept) } }) : null,
    limit.learned_ceiling !== null ? h("span", { class: "ceiling", style: { left: share(limit.learned_ceiling) } }) : null),
    h("span", { class: "figure" }, `${count(limit.used)} / ${count(limit.max)}`));
}

function tip(limit) {
  const parts = [`${limit.used} of ${limit.max} used`];
  for (const priority of PRIORITIES.filter((priority) => limit.reserved[priority] > 0)) {
    parts.push(`${limit.reserved[priority]} kept for ${priority}`);
  }
  if (limit.held > 0) {
    parts.push(`${limit.held} held: nobody knows what became of the call`);
  }
  if (limit.learned_ceiling !== null) {
    parts.push(`${limit.learned_ceiling} after the vendor's throttles`);
  }
  return parts.join("; ");
}

/** What a limit counts, in words. */
export function kindOf(limit) {
  if (limit.kind === "concurrency") {
    return "calls in flight";
  }
  return limit.kind === "calendar" ? `calls each ${span(limit.per_ms)}, by the calendar` : `calls in any ${span(limit.per_ms)}`;
}

/** Where its maximum comes from. */
export function sourceOf(limit) {
  if (limit.configured === null) {
    return "configuration";
  }
  return [`by hand, instead of ${count(limit.configured)}`, limit.expires_at ? [", ends ", moment(limit.expires_at)] : ""];
}

const LASTING = [["30 minutes", 30], ["2 hours", 120], ["8 hours", 480], ["until it is reset", 0]];

/** Asks for another maximum. */
export function changeLimit(target, limit) {
  const body = (values, dryRun) => ({
    max: Number(values.max),
    lasting_ms: Number(values.lasting) > 0 ? Number(values.lasting) * 60_000 : null,
    reason: values.reason,
    dry_run: dryRun,
  });
  const place = `/limits${path(target, limit.name)}`;
  ask({
    title: `Change limit ${target}/${limit.name}`,
    text: `It counts ${kindOf(limit)}. Calls in flight go on; the new limit holds at once and over restarts.`,
    fields: [
      h("label", null, "At most", h("input", { name: "max", type: "number", min: 1, required: true, value: limit.max })),
      h("label", null, "Ends after", h("select", { name: "lasting" }, LASTING.map(([name, minutes]) => h("option", { value: minutes }, name)))),
    ],
    action: "Change",
    act: (values) => post(place, body(values, false)),
    preview: async (values) => {
      if (!values.max) {
        return "";
      }
      const change = await post(place, body(values, true));
      const over = change.used > change.to ? ` ${change.used - change.to} of the ${change.used} in use end first; nothing is cancelled.` : "";
      return change.from === change.to ? `It is ${change.to} already.` : `${change.from} → ${change.to}.${over}`;
    },
    command: (values) => `rampmeter limit set ${target}/${limit.name} ${values.max}`
      + (Number(values.lasting) > 0 ? ` --for ${values.lasting}m` : "") + because(values.reason),
  });
}

/** Gives a limit the maximum of the configuration back. */
export function resetLimit(target, limit) {
  ask({
    title: `Reset limit ${target}/${limit.name}`,
    text: `From ${count(limit.max)} back to ${count(limit.configured)}, as the configuration has it.`,
    action: "Reset",
    act: (values) => post(`/limits${path(target, limit.name)}`, { max: null, reason: values.reason }),
    command: (values) => `rampmeter limit reset ${target}/${limit.name}${because(values.reason)}`,
  });
}

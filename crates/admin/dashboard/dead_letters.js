// Calls that failed for good: by error, one by one, and what is to be done about them.

import { factList } from "./calls.js";
import { ask, because, changeButton } from "./dialog.js";
import { h, replace, table } from "./element.js";
import { count, moment, nameOf, pretty, span } from "./format.js";
import { get, path, post } from "./server.js";
import { PRIORITIES, priorityTag } from "./status.js";

export function view() {
  const groups = h("section", null);
  const listed = h("section", null);
  const detail = h("section", { "aria-live": "polite" });
  const node = h("div", null, h("h1", null, "Dead letters"),
    h("p", { class: "quiet" }, "Calls that failed for good. One that belongs to a task redrives its execution; one without a task is sent again."),
    groups, listed, detail);
  const wanted = { target: null, error: null };
  let beat = 0;
  let letters = [];
  let next = null;

  const load = async (more) => {
    const page = await get("/dead-letters", { ...wanted, limit: 50, next_token: more ? next : null });
    letters = more ? [...letters, ...page.dead_letters] : page.dead_letters;
    next = page.next_token;
    const told = wanted.error ? `Dead letters of ${wanted.target} with ${wanted.error}` : "Dead letters, the newest first";
    replace(listed, letterTable(told, letters, open, changed),
      next ? h("button", { onclick: () => load(true) }, "More") : null,
      wanted.error ? h("button", { onclick: () => choose(null, null) }, "Show all") : null);
  };
  const choose = (target, error) => {
    Object.assign(wanted, { target, error });
    return load(false);
  };
  const open = (letter) => replace(detail, shown(letter));
  const changed = async () => {
    replace(detail);
    beat = 0;
    await load(false);
  };
  return {
    title: "Dead letters",
    node,
    async live() {
      if (beat % 5 === 0) {
        const known = await get("/dead-letter-groups");
        replace(groups, groupTable(known.groups, choose));
        // A list that somebody has gone down in stays as it is.
        if (letters.length <= 50) {
          await load(false);
        }
      }
      beat += 1;
    },
  };
}

function groupTable(groups, choose) {
  const rows = groups.map((group) => [
    group.target,
    h("button", { class: "link", onclick: () => choose(group.target, group.error) }, group.error),
    { of: count(group.count), class: "number" },
    moment(group.first_at),
    moment(group.last_at),
    group.sample_key ?? group.sample,
  ]);
  return table("By error, of the newest 10,000", ["Target", "Error", "Count", "First", "Last", "Sample"], rows, "No dead letters.");
}

function letterTable(caption, letters, open, changed) {
  const rows = letters.map((letter) => [
    h("button", { class: "link", onclick: () => open(letter) }, letter.id),
    letter.target,
    priorityTag(letter.priority),
    letter.key ?? "–",
    letter.error,
    moment(letter.failed_at),
    letter.execution_arn ? h("a", { href: `/executions${path(letter.execution_arn)}` }, nameOf(letter.execution_arn)) : "–",
    h("span", { class: "buttons" },
      changeButton("Redrive", () => redrive(letter, changed)),
      changeButton("Discard", () => discard(letter, changed), "admin")),
  ]);
  return table(caption, ["Call", "Target", "Priority", "Key", "Error", "Failed", "Execution", "Do"], rows, "None.");
}

function shown(letter) {
  return [
    h("h2", null, `Dead letter ${letter.id}`),
    factList([
      ["Error", letter.error],
      ["Key", letter.key ?? "–"],
      ["Waited and tried", span(new Date(letter.failed_at) - new Date(letter.sent_at))],
      ["Requests made", count(letter.receive_count)],
    ]),
    h("pre", { tabindex: 0 }, pretty(letter.cause)),
  ];
}

/** Takes a dead letter up again. */
export function redrive(letter, changed) {
  const unknown = letter.error === "Rampmeter.OutcomeUnknown";
  const lane = letter.execution_arn ? [] : [
    h("label", null, "As", h("select", { name: "priority" }, PRIORITIES.map((priority) =>
      h("option", { selected: priority === (letter.priority ?? "BATCH") }, priority)))),
  ];
  const checked = unknown ? [h("label", { class: "check" },
    h("input", { type: "checkbox", required: true }), "I looked at the vendor: the call was not done")] : [];
  ask({
    title: `Redrive ${letter.id}`,
    text: letter.execution_arn
      ? "Its execution goes on at the state that failed, which sends its call again."
      : "The call is sent again under its own MessageId: the vendor sees the same idempotency key.",
    fields: [...lane, ...checked],
    action: "Redrive",
    act: async (values) => {
      await post(`/dead-letters/${letter.id}/redrive`, {
        priority: values.priority ?? null, checked: unknown, reason: values.reason,
      });
      await changed();
    },
    command: (values) => `rampmeter dlq redrive ${letter.id}${values.priority ? ` --to ${values.priority}` : ""}`
      + `${unknown ? " --i-checked" : ""}${because(values.reason)}`,
  });
}

function discard(letter, changed) {
  ask({
    title: `Discard ${letter.id}`,
    text: "The letter is deleted. What happened stays in the history of its execution.",
    action: "Discard",
    danger: true,
    act: async (values) => {
      await post(`/dead-letters/${letter.id}/discard`, { reason: values.reason });
      await changed();
    },
    command: (values) => `rampmeter dlq discard ${letter.id}${because(values.reason)}`,
  });
}

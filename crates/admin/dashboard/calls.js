// Calls that have not ended, and one call: what holds it, or how it ended.

import { ask, because, changeButton } from "./dialog.js";
import { h, replace, table } from "./element.js";
import { count, moment, nameOf, pretty, span } from "./format.js";
import { get, path, post } from "./server.js";
import { PRIORITIES, priorityTag } from "./status.js";

/** Calls that are shown, and among which is searched: the server's writer makes the list. */
const [SHOWN, SEARCHED] = [200, 1000];

/** The list at /calls. */
export function list() {
  const listed = h("section", null);
  const wanted = h("input", { type: "search", placeholder: "target, key or priority", "aria-label": "Show only calls with this text" });
  const node = h("div", null, h("div", { class: "head" }, h("h1", null, "Calls"), wanted), listed);
  let calls = [];
  let beat = 0;
  const show = () => {
    const text = wanted.value.toLowerCase();
    const shown = calls.filter((call) => [call.id, call.target, call.key, call.priority, call.status]
      .some((word) => word?.toLowerCase().includes(text)));
    const among = calls.length >= SHOWN ? `, among the first ${count(calls.length)}` : "";
    replace(listed, callTable(`Calls that have not ended: ${count(shown.length)}${among}`, shown.slice(0, SHOWN)));
  };
  const load = async () => {
    calls = (await get("/calls", { limit: wanted.value ? SEARCHED : SHOWN })).calls;
    show();
  };
  wanted.addEventListener("input", show);
  wanted.addEventListener("change", load);
  return {
    title: "Calls",
    node,
    async live() {
      if (beat % 3 === 0) {
        await load();
      }
      beat += 1;
    },
  };
}

/** A table of calls. */
export function callTable(caption, calls) {
  const rows = calls.map((call) => [
    h("a", { href: `/calls/${call.id}` }, call.id),
    h("a", { href: `/targets${path(call.target)}` }, call.target),
    priorityTag(call.priority),
    call.key ?? "–",
    call.status,
    moment(call.sent_at),
    call.held_by ?? "",
    call.starts ?? "",
    call.execution_arn ? h("a", { href: `/executions${path(call.execution_arn)}` }, nameOf(call.execution_arn)) : "–",
  ]);
  return table(caption, ["Call", "Target", "Priority", "Key", "Standing", "Sent", "Held by", "Starts", "Execution"], rows, "No call waits and none is in flight.");
}

/** One call. */
export function view(id) {
  const body = h("div", null);
  const node = h("div", null, body);
  let ended = false;
  const load = async () => {
    if (ended) {
      return;
    }
    let call = null;
    try {
      call = await get(`/calls${path(id)}`);
    } catch (error) {
      if (error.code !== "RM2020") {
        throw error;
      }
      ended = true;
      replace(body, h("h1", null, `Call ${id}`), h("p", null, `${error.message}.`));
      return;
    }
    ended = ["succeeded", "failed"].includes(call.status);
    replace(body, ended ? outcome(call) : waiting(call));
  };
  return { title: id, node, live: load };
}

function waiting(call) {
  const facts = [
    ["Target", h("a", { href: `/targets${path(call.target)}` }, call.target)],
    ["Priority", priorityTag(call.priority)],
    ["Key", call.key ?? "–"],
    ["Status", call.status],
    ["Held by", call.held_by ?? "nothing"],
    ["Ahead in its lane", count(call.ahead)],
    ["Starts", call.starts ?? "–"],
    ["Sent", moment(call.sent_at)],
    ["Requests made", count(call.receive_count)],
  ];
  if (call.job) {
    facts.push(["Job at the vendor", `${call.job.path}, polled ${count(call.job.polls)} times`]);
  }
  if (call.execution_arn) {
    facts.push(["Execution", h("a", { href: `/executions${path(call.execution_arn)}` }, nameOf(call.execution_arn))]);
  }
  return [
    h("div", { class: "head" }, h("h1", null, `Call ${call.id}`),
      call.status === "waiting" ? changeButton("Move to another priority", () => move(call)) : null,
      call.status === "job" ? null : changeButton("Cancel", () => cancel(call))),
    factList(facts),
  ];
}

function outcome(call) {
  return [
    h("div", { class: "head" }, h("h1", null, `Call ${call.id}`), h("span", { class: `pill ${call.error ? "bad" : "good"}` }, call.status)),
    factList([
      ["Target", h("a", { href: `/targets${path(call.target)}` }, call.target)],
      ["Priority", priorityTag(call.priority)],
      ["Key", call.key ?? "–"],
      ["Sent", moment(call.sent_at)],
      ["Ended", moment(call.ended_at)],
      ["Took", span(call.duration_ms)],
      ["Requests made", count(call.receive_count)],
      ["Error", call.error ?? "–"],
    ]),
    h("h2", null, "Answer"),
    h("pre", { tabindex: 0 }, pretty(call.answer)),
  ];
}

/** Names and what stands for each. */
export function factList(facts) {
  return h("dl", { class: "facts" }, facts.map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
}

function cancel(call) {
  ask({
    title: `Cancel ${call.id}`,
    text: call.status === "in flight"
      ? "It is in flight: its task fails as of unknown outcome, for the vendor may have done it."
      : "It is not made, and its task fails with Rampmeter.Cancelled.",
    action: "Cancel the call",
    act: (values) => post(`/calls/${call.id}/cancel`, { reason: values.reason }),
    command: (values) => `rampmeter call cancel ${call.id}${because(values.reason)}`,
  });
}

function move(call) {
  const others = PRIORITIES.filter((priority) => priority !== call.priority);
  ask({
    title: `Move ${call.id}`,
    text: `From ${call.priority}, to the end of another lane of ${call.target}.`,
    fields: [h("label", null, "To", h("select", { name: "priority" }, others.map((priority) => h("option", null, priority))))],
    action: "Move",
    act: (values) => post(`/calls/${call.id}/move`, { priority: values.priority, reason: values.reason }),
    command: (values) => `rampmeter call move ${call.id} ${values.priority}${because(values.reason)}`,
  });
}

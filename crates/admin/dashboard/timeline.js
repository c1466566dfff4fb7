// The states of an execution as rows of time, from the events of its history. A bar has two textures: waiting for a limit,
// and working. `rowsOf` is pure; `timeline` draws what it found.

import { h } from "./element.js";
import { span } from "./format.js";

/** Rows that are drawn; more are counted. */
const MOST = 400;

/**
 * One row for each entry into a state, in the order of entering: `{ event, name, kind, depth, from, to, status, parts,
 * input, output, error }`. `calls` are those that have ended; `now` is the end of what still runs, null when nothing does.
 */
export function rowsOf(events, calls, now) {
  const ended = new Map(calls.map((call) => [call.event, call]));
  const rowOf = new Map();
  const rows = [];
  for (const event of events) {
    const at = event.timestamp * 1000;
    const entered = /^(\w+)StateEntered$/.exec(event.type);
    const before = rowOf.get(event.previousEventId) ?? null;
    if (entered) {
      const opens = /^(Parallel|Map)(StateStarted|IterationStarted)$/.test(typeOf(events, event.previousEventId));
      const parent = opens ? before : before?.parent ?? null;
      const row = {
        event: event.id, name: event.stateEnteredEventDetails.name, kind: entered[1], parent,
        depth: parent ? parent.depth + 1 : 0, from: at, to: null, status: "running", parts: [],
        input: event.stateEnteredEventDetails.input, output: null, error: null,
      };
      rows.push(row);
      rowOf.set(event.id, row);
      continue;
    }
    let row = before;
    const exited = /^(\w+)StateExited$/.test(event.type);
    if (exited) {
      const { name, output } = event.stateExitedEventDetails;
      row = climb(row, (one) => one.name === name);
      close(row, at, row?.error ? "caught" : "succeeded", output);
    } else if (/^(Parallel|Map)(State(Succeeded|Failed|Aborted)|Iteration)/.test(event.type)) {
      const kind = event.type.startsWith("Map") ? "Map" : "Parallel";
      row = climb(row, (one) => one.kind === kind);
      if (/State(Failed|Aborted)$/.test(event.type) && row) {
        row.error ??= event.type;
        for (const open of rows.filter((one) => one.to === null && isWithin(one, row))) {
          close(open, at, "failed");
        }
      }
    } else if (/(Failed|TimedOut|Aborted)$/.test(event.type) && row && !event.type.startsWith("Execution")) {
      const details = Object.entries(event).find(([name]) => name.endsWith("EventDetails"))?.[1];
      row.error = details?.error ?? event.type;
      row.to = at;
      row.status = "failed";
    } else if (/Scheduled$/.test(event.type) && row?.error) {
      // The state's own Retry.
      row.error = null;
      row.to = null;
      row.status = "running";
    } else if (/^Execution(Failed|TimedOut|Aborted|Succeeded)$/.test(event.type)) {
      for (const open of rows.filter((one) => one.to === null)) {
        close(open, at, event.type === "ExecutionSucceeded" ? "succeeded" : "failed");
      }
    } else if (event.type === "ExecutionRedriven") {
      row = null;
    }
    const call = ended.get(event.id);
    if (call && row) {
      row.parts.push(...partsOf(call));
    }
    if (row) {
      rowOf.set(event.id, row);
    }
  }
  for (const row of rows.filter((one) => one.to === null)) {
    row.to = now ?? row.from;
  }
  return rows;
}

function typeOf(events, id) {
  // Events are numbered from 1 in their order.
  return events[id - events[0].id]?.type ?? "";
}

function climb(row, fits) {
  let found = row;
  while (found && !fits(found)) {
    found = found.parent;
  }
  return found ?? row;
}

function isWithin(row, outer) {
  return row === outer || (row.parent !== null && isWithin(row.parent, outer));
}

function close(row, at, status, output) {
  if (row) {
    row.to = at;
    row.status = status;
    row.output = output ?? row.output;
  }
}

/** When a call waited for a limit, and when it was made. */
function partsOf(call) {
  const [sent, first, ended] = [call.sent_at, call.first_started_at ?? call.ended_at, call.ended_at].map((at) => new Date(at).getTime());
  return [
    { kind: "waited", from: sent, to: first, call },
    { kind: "worked", from: first, to: ended, call },
  ].filter((part) => part.to >= part.from);
}

/** The parts of the call for which a row waits now. */
export function partsNow(call, now) {
  const sent = new Date(call.sent_at).getTime();
  return [{ kind: call.status === "in flight" || call.status === "job" ? "worked" : "waited", from: sent, to: now, call }];
}

/** Draws the rows; `chosen(row)` is called when one is chosen. */
export function timeline(rows, chosen, selected) {
  if (rows.length === 0) {
    return h("p", { class: "quiet" }, "No state was entered yet.");
  }
  const from = rows.reduce((least, row) => Math.min(least, row.from), Infinity);
  const to = rows.reduce((most, row) => Math.max(most, row.to), from + 1);
  const share = (at) => ((Math.min(Math.max(at, from), to) - from) / (to - from)) * 100;
  const piece = (part, kind) => h("span", {
    class: kind,
    style: { left: `min(${share(part.from)}%, 100% - 2px)`, width: `max(2px, ${share(part.to) - share(part.from)}%)` },
  });
  const bar = (row) => h("span", { class: "bars", "aria-hidden": "true" },
    piece(row, `worked ${row.status}`),
    row.parts.map((part) => piece(part, part.kind === "waited" ? "waited" : `call ${row.status}`)));
  return h("div", { class: "timeline" },
    h("p", { class: "legend" },
      h("span", { class: "key waited-key", "aria-hidden": "true" }), "waited for a limit",
      h("span", { class: "key call-key", "aria-hidden": "true" }), "call",
      h("span", { class: "key worked-key", "aria-hidden": "true" }), "state",
      h("span", { class: "axis-end" }, span(to - from))),
    h("ul", null, rows.slice(0, MOST).map((row) => h("li", null,
      h("button", {
        class: row.event === selected ? "row selected" : "row",
        "aria-pressed": String(row.event === selected),
        onclick: () => chosen(row),
      },
      h("span", { class: "state", style: { "padding-left": `${row.depth}rem` } }, row.name),
      h("span", { class: "took" }, span(row.to - row.from)),
      bar(row),
      h("span", { class: "said" }, told(row)))))),
    rows.length > MOST ? h("p", { class: "quiet" }, `${rows.length - MOST} more states are not drawn.`) : null);
}

function told(row) {
  const waited = row.parts.filter((part) => part.kind === "waited").reduce((sum, part) => sum + part.to - part.from, 0);
  const call = row.parts.at(-1)?.call;
  const words = [];
  if (call) {
    words.push(`${call.target} ${call.priority}, waited ${span(waited)}`);
  }
  if (row.error) {
    words.push(row.error);
  }
  return words.join("; ");
}

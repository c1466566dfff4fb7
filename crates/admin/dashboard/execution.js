// One execution: where it waits, its states in time, its events, its data, and what can be done with it.

import { factList } from "./calls.js";
import { ask, changeButton, copyButton, quoted } from "./dialog.js";
import { h, replace, table } from "./element.js";
import { count, moment, nameOf, pretty, span } from "./format.js";
import { graph } from "./graph.js";
import { get, path, post } from "./server.js";
import { statusPill } from "./status.js";
import { partsNow, rowsOf, timeline } from "./timeline.js";

/** Events that are fetched; a longer history is shown in part. */
const MOST_EVENTS = 5000;
const TABS = ["Timeline", "Graph", "Events", "Input and output", "Definition"];

export function view(named) {
  const head = h("div", { class: "head" });
  const waits = h("div", null);
  const facts = h("div", null);
  const tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "What to show" });
  const panel = h("section", { class: "panel", role: "tabpanel", id: "panel", tabindex: 0 });
  const node = h("div", null, head, waits, facts, tabs, panel);
  const shown = { execution: null, events: [], calls: [], partly: false, definition: null };
  let tab = TABS[0];
  let chosen = null;
  let beat = 0;
  let done = false;

  const draw = () => {
    const { execution } = shown;
    if (!execution) {
      return;
    }
    showHead(head, execution, refresh);
    replace(waits, waitingText(execution.waiting_at));
    replace(facts, factList([
      ["Workflow", h("a", { href: `/executions?workflow=${encodeURIComponent(execution.workflow)}` }, execution.workflow)],
      ["Started", moment(execution.started_at)],
      ["Took", span(execution.duration_ms ?? Date.now() - new Date(execution.started_at))],
      ["Events", count(shown.events.length) + (shown.partly ? " of more" : "")],
      ["Calls that ended", count(shown.calls.length)],
      ...(execution.redrive_count > 0 ? [["Redrives", count(execution.redrive_count)]] : []),
      ...(execution.error ? [["Error", execution.error]] : []),
    ]));
    replace(tabs, TABS.map((name) => h("button", {
      role: "tab", "aria-selected": String(name === tab), "aria-controls": "panel",
      onclick: () => { tab = name; draw(); },
    }, name)));
    replace(panel, content());
  };

  const content = () => {
    const { execution, events, calls } = shown;
    if (tab === "Events") {
      return eventTable(events);
    }
    if (tab === "Input and output") {
      return [h("div", { class: "pair" },
        h("div", null, h("h2", null, "Input"), h("pre", { tabindex: 0 }, pretty(execution.input))),
        h("div", null, h("h2", null, execution.error ? "Cause" : "Output"),
          h("pre", { tabindex: 0 }, execution.error ? cause(execution.cause) : pretty(execution.output ?? "none yet"))))];
    }
    if (tab === "Definition") {
      return h("pre", { tabindex: 0 }, pretty(shown.definition ?? "its workflow is no longer there"));
    }
    const running = execution.status === "RUNNING";
    const now = running ? Date.now() : null;
    const rows = rowsOf(events, calls, now);
    const call = execution.waiting_at?.call;
    const open = rows.filter((row) => row.status === "running" && row.name === execution.waiting_at?.state).at(-1);
    if (call && open) {
      open.parts.push(...partsNow(call, Date.now()));
    }
    const row = rows.find((one) => one.event === chosen);
    const choose = (one) => { chosen = one.event === chosen ? null : one.event; draw(); };
    return [
      tab === "Graph" ? drawnGraph(rows, choose) : timeline(rows, choose, chosen),
      row ? stateDetail(row) : h("p", { class: "quiet" }, "Choose a state to see its data."),
    ];
  };

  const drawnGraph = (rows, choose) => (typeof shown.definition?.States === "object" ? graph(shown.definition, rows, choose, chosen)
    : h("p", { class: "quiet" }, "Its workflow is no longer there."));

  const refresh = async () => {
    done = false;
    beat = 0;
    await load();
  };
  const load = async () => {
    let execution = null;
    try {
      execution = await get(`/executions${path(named)}`);
    } catch (error) {
      done = true;
      replace(head, h("h1", null, nameOf(named)));
      replace(waits, h("p", null, `${error.message}.`));
      return;
    }
    const place = `/executions${path(execution.execution_arn)}/history`;
    const events = [];
    let calls = [];
    let next = null;
    do {
      const page = await get(place, { next_token: next });
      events.push(...page.events);
      ({ calls } = page);
      next = page.next_token;
    } while (next && events.length < MOST_EVENTS);
    if (!shown.definition) {
      const { workflows } = await get("/workflows");
      shown.definition = workflows.find((one) => one.name === execution.workflow)?.definition ?? null;
    }
    Object.assign(shown, { execution, events, calls, partly: next !== null });
    done = execution.status !== "RUNNING";
    draw();
  };
  return {
    title: nameOf(named),
    node,
    async live() {
      // A long history costs more to read again.
      const each = shown.events.length > 1000 ? 10 : 1;
      if (!done && beat % each === 0) {
        await load();
      }
      beat += 1;
    },
  };
}

function showHead(node, execution, refresh) {
  const arn = execution.execution_arn;
  replace(node,
    h("h1", null, execution.name), statusPill(execution.status),
    h("div", { class: "buttons" },
      execution.status === "RUNNING" ? changeButton("Stop", () => stop(execution, refresh)) : null,
      execution.not_redrivable === null ? changeButton("Redrive", () => redrive(execution, refresh)) : null,
      changeButton("New with this input", () => startAgain(execution)),
      copyButton("Copy ARN", () => arn),
      copyButton("Copy as aws", () => `aws stepfunctions describe-execution --execution-arn ${arn}`),
      h("a", { class: "button", href: `/v1/executions${path(arn)}/history?limit=1000`, download: `${execution.name}.json` }, "Export")));
}

function waitingText(waiting) {
  if (!waiting) {
    return null;
  }
  const { call } = waiting;
  if (waiting.waits_for === "children") {
    return h("p", { class: "banner" }, `${count(waiting.running)} branches or iterations of ${waiting.state} run.`,
      h("ul", null, waiting.children.slice(0, 20).map((child) => h("li", null, waitingLine(child)))));
  }
  return h("p", { class: "banner" }, waitingLine(waiting), call?.starts ? `; starts ${call.starts}` : "", ".");
}

function waitingLine(waiting) {
  const { call } = waiting;
  if (!call) {
    return [`Waits in ${waiting.state} for ${waiting.waits_for}, since `, moment(waiting.since)];
  }
  return [`Waits in ${waiting.state}: call `, h("a", { href: `/calls/${call.id}` }, call.id), ` of ${call.target} ${call.priority} is ${call.status}`,
    call.held_by ? `, held by ${call.held_by}` : ""];
}

function eventTable(events) {
  const first = events.length > 0 ? events[0].timestamp * 1000 : 0;
  const rows = events.map((event) => {
    const details = Object.entries(event).find(([name]) => name.endsWith("EventDetails"))?.[1];
    return [
      { of: count(event.id), class: "number" },
      { of: `+ ${span(event.timestamp * 1000 - first)}`, class: "number" },
      event.type,
      details?.name ?? details?.resource ?? "",
      details ? h("details", null, h("summary", null, "Data"), h("pre", { tabindex: 0 }, pretty(details))) : "",
    ];
  });
  return table("Events", ["Id", "At", "Type", "Of", "Data"], rows, "None.");
}

function stateDetail(row) {
  const input = parsed(row.input);
  const output = parsed(row.output);
  return h("section", { class: "detail" },
    h("h2", null, row.name),
    factList([
      ["Kind", row.kind],
      ["Took", span(row.to - row.from)],
      ...(row.error ? [["Error", row.error]] : []),
      ...row.parts.map((part) => [part.kind === "waited" ? "Waited for a limit" : "Call",
        [span(part.to - part.from), ` (${part.call.target} ${part.call.priority}, `, h("a", { href: `/calls/${part.call.id}` }, part.call.id),
          part.call.status ? `, answered ${part.call.status}` : "", ")"]]),
    ]),
    h("div", { class: "pair" },
      h("div", null, h("h3", null, "Input"), h("pre", { tabindex: 0 }, pretty(input))),
      h("div", null, h("h3", null, "Output"), marked(input, output))));
}

/** The output, with the lines that the input does not have marked. */
function marked(input, output) {
  if (output === null) {
    return h("pre", { tabindex: 0 }, "none");
  }
  const before = new Set(pretty(input).split("\n").map((line) => line.replace(/,$/, "").trim()));
  return h("pre", { tabindex: 0 }, pretty(output).split("\n").map((line) => {
    const known = before.has(line.replace(/,$/, "").trim());
    return known ? `${line}\n` : h("ins", null, `${line}\n`);
  }));
}

function parsed(text) {
  try {
    return text === null || text === undefined ? null : JSON.parse(text);
  } catch {
    return text;
  }
}

function cause(text) {
  return pretty(parsed(text) ?? "none");
}

function stop(execution, refresh) {
  ask({
    title: `Stop ${execution.name}`,
    text: "The execution ends as ABORTED. A call that is in flight is made to its end; one that waits is not made.",
    fields: [h("label", null, "Cause", h("input", { name: "cause", maxlength: 1000, autocomplete: "off" }))],
    reason: false,
    action: "Stop",
    danger: true,
    act: async (values) => {
      await post(`/executions${path(execution.execution_arn)}/stop`, { cause: values.cause || null });
      await refresh();
    },
    command: (values) => `rampmeter exec stop ${execution.name}${values.cause ? ` --cause ${quoted(values.cause)}` : ""}`,
  });
}

function redrive(execution, refresh) {
  ask({
    title: `Redrive ${execution.name}`,
    text: "It goes on at the state that failed, with the same input. What succeeded is not done again.",
    reason: false,
    action: "Redrive",
    act: async () => {
      await post(`/executions${path(execution.execution_arn)}/redrive`, {});
      await refresh();
    },
    command: () => `rampmeter exec redrive ${execution.name}`,
  });
}

function startAgain(execution) {
  ask({
    title: `Start ${execution.workflow}`,
    fields: [
      h("label", null, "Name (one is made when it is empty)", h("input", { name: "name", maxlength: 80, autocomplete: "off" })),
      h("label", null, "Input", h("textarea", { name: "input", rows: 10, spellcheck: "false" }, pretty(execution.input))),
    ],
    reason: false,
    action: "Start",
    act: async (values) => {
      const body = { name: values.name || null, input: JSON.parse(values.input) };
      const started = await post(`/workflows${path(execution.state_machine_arn)}/executions`, body);
      dispatchEvent(new CustomEvent("go", { detail: `/executions${path(started.execution_arn)}` }));
    },
    command: (values) => `rampmeter start ${execution.workflow}${values.name ? ` --name ${quoted(values.name)}` : ""} --input ${quoted(values.input)}`,
  });
}

// The newest executions, by workflow and status.

import { h, replace, table } from "./element.js";
import { moment, span } from "./format.js";
import { get, path } from "./server.js";
import { statusPill } from "./status.js";

const STATUSES = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];
const PAGE = 50;

export function view() {
  const query = new URLSearchParams(location.search);
  const workflow = h("select", { "aria-label": "Workflow" }, h("option", { value: "" }, "All workflows"));
  const status = h("select", { "aria-label": "Status" }, h("option", { value: "" }, "All statuses"),
    STATUSES.map((one) => h("option", { selected: query.get("status") === one }, one)));
  const listed = h("section", null);
  const more = h("button", { hidden: true, onclick: () => load(true) }, "More");
  const node = h("div", null, h("div", { class: "head" }, h("h1", null, "Executions"), workflow, status), listed, more);
  let executions = [];
  let next = null;
  let beat = 0;

  const load = async (further) => {
    const page = await get("/executions", {
      workflow: workflow.value, status: status.value, limit: PAGE, next_token: further ? next : null,
    });
    executions = further ? [...executions, ...page.executions] : page.executions;
    next = page.next_token;
    more.hidden = next === null;
    replace(listed, executionTable("Executions, the newest first", executions));
  };
  const choose = () => {
    const chosen = new URLSearchParams();
    for (const [name, field] of [["workflow", workflow], ["status", status]]) {
      if (field.value) {
        chosen.set(name, field.value);
      }
    }
    history.replaceState(null, "", chosen.size > 0 ? `?${chosen}` : location.pathname);
    return load(false);
  };
  workflow.addEventListener("change", choose);
  status.addEventListener("change", choose);
  const ready = get("/workflows").then(({ workflows }) => {
    workflow.append(...workflows.filter((one) => one.type === "STANDARD")
      .map((one) => h("option", { selected: query.get("workflow") === one.name }, one.name)));
    return load(false);
  });
  return {
    title: "Executions",
    node,
    async live() {
      await ready;
      // A list that somebody has gone down in stays as it is.
      if (beat % 2 === 1 && executions.length <= PAGE) {
        await load(false);
      }
      beat += 1;
    },
  };
}

/** A table of executions. */
export function executionTable(caption, executions) {
  const rows = executions.map((execution) => [
    h("a", { href: `/executions${path(execution.execution_arn)}` }, execution.name),
    execution.workflow,
    statusPill(execution.status),
    moment(execution.started_at),
    { of: span(execution.duration_ms ?? Date.now() - new Date(execution.started_at)), class: "number" },
    { of: execution.redrive_count > 0 ? String(execution.redrive_count) : "", class: "number" },
  ]);
  return table(caption, ["Name", "Workflow", "Status", "Started", "Took", "Redrives"], rows, "None yet: rampmeter start NAME --input '{}'");
}

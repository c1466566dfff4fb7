// The audit trail: what people changed while the server ran, and why.

import { h, replace, table } from "./element.js";
import { moment } from "./format.js";
import { get, path } from "./server.js";

export function view() {
  const listed = h("section", null);
  const node = h("div", null, h("h1", null, "Changes"), listed);
  let beat = 0;
  return {
    title: "Changes",
    node,
    async live() {
      if (beat % 5 === 0) {
        const { changes } = await get("/changes");
        replace(listed, changeTable("What people changed, the newest first", changes));
      }
      beat += 1;
    },
  };
}

/** A table of changes. */
export function changeTable(caption, changes) {
  const rows = changes.map((change) => [
    moment(change.at),
    change.by?.text ?? "",
    change.target ? h("a", { href: `/targets${path(change.target)}` }, change.target) : "",
    change.kind,
    subject(change.subject),
    change.change,
    change.reason,
  ]);
  return table(caption, ["When", "Who", "Target", "What", "Of", "Change", "Reason"], rows, "Nobody has changed anything.");
}

/** A call or an execution is a link, anything else a name. */
function subject(name) {
  if (/^c-\d+$/.test(name)) {
    return h("a", { href: `/calls/${name}` }, name);
  }
  return name.startsWith("arn:") ? h("a", { href: `/executions${path(name)}` }, name.split(":").slice(6).join(":")) : name;
}

// All targets at once: the verdict, what waits, how full the limits are, and the last quarter of an hour.

import { chart } from "./chart.js";
import { h, replace, table } from "./element.js";
import { count, percent, span } from "./format.js";
import { limitBar } from "./limit.js";
import { get, path } from "./server.js";
import { PRIORITIES, targetPill, wellPill } from "./status.js";

const LANES = PRIORITIES.map((priority) => ({ name: priority, kind: priority.toLowerCase() }));

export function view() {
  const verdict = h("section", { class: "verdict", "aria-label": "Verdict" });
  const tiles = h("section", { class: "tiles", "aria-label": "Figures" });
  const targets = h("section", null);
  const charts = new Charts(null);
  const node = h("div", null, h("h1", { class: "quiet" }, "Overview"), verdict, tiles, targets, charts.node);
  return {
    title: "Overview",
    node,
    live(snapshot) {
      showVerdict(verdict, snapshot.health);
      showTiles(tiles, snapshot);
      replace(targets, targetTable(snapshot.targets));
      return charts.add(snapshot);
    },
    close: () => charts.close(),
  };
}

function showVerdict(node, health) {
  const share = health.success_share === null ? "nothing answered yet" : percent(health.success_share);
  replace(node,
    h("p", null,
      wellPill(health.flowing, health.flowing ? "Flowing" : "Not flowing"),
      wellPill(health.succeeding, `Succeeding: ${share}`, "good answers of the last quarter of an hour, without throttles"),
      wellPill(health.fresh, `Fresh: ${span(health.age_ms)}`)),
    [...health.closed, ...health.stuck, ...health.failing, ...health.executions.filter((failed) => failed.fails)].map(finding),
    health.disk?.nearly_full ? finding(health.disk) : null,
    health.executions.filter((failed) => !failed.fails).map((failed) => h("p", null, failed.text)),
    health.notices.length > 0 ? h("ul", { class: "notices" }, health.notices.map((notice) => h("li", null, notice))) : null);
}

/** What is wrong, the command that helps on, and what else is to be known. */
function finding(found) {
  return h("p", { class: "stuck" }, found.text, h("br"), h("code", null, found.next), found.hint ? ` ${found.hint}` : null);
}

function showTiles(node, snapshot) {
  const sum = (of) => snapshot.targets.reduce((all, target) => all + of(target), 0);
  const oldest = snapshot.targets.map((target) => target.oldest_ms.HIGH).filter((ms) => ms !== null);
  const counts = snapshot.executions?.counts ?? {};
  const letters = sum((target) => target.dead_letters);
  replace(node,
    tile("Waiting", count(sum((target) => PRIORITIES.reduce((all, priority) => all + target.waiting[priority], 0))), "/calls"),
    tile("In flight", count(sum((target) => target.in_flight)), "/calls"),
    tile("Oldest HIGH", oldest.length > 0 ? span(Math.max(...oldest)) : "none waits", "/calls"),
    tile("Dead letters", count(letters), "/dead-letters", letters > 0 ? "bad" : null),
    tile("Running executions", count(counts.RUNNING ?? 0), "/executions?status=RUNNING"),
    tile("Failed executions", count((counts.FAILED ?? 0) + (counts.TIMED_OUT ?? 0)), "/executions?status=FAILED"));
}

function tile(name, figure, href, kind) {
  return h("a", { class: kind ? `tile ${kind}` : "tile", href }, h("span", null, name), h("b", null, figure));
}

function targetTable(targets) {
  const head = ["Target", "State", "Limits", "HIGH", "MEDIUM", "BATCH", "In flight", "Mean call"];
  const rows = targets.map((target) => [
    h("a", { href: `/targets${path(target.name)}` }, target.name),
    targetPill(target),
    h("div", { class: "limits" }, target.limits.map((limit) => h("div", null, h("span", { class: "name" }, limit.name), limitBar(limit)))),
    ...PRIORITIES.map((priority) => ({ of: lane(target, priority), class: "number" })),
    { of: count(target.in_flight), class: "number" },
    { of: span(target.mean_call_ms), class: "number" },
  ]);
  return table("Targets", head, rows, "No target is configured: rampmeter init writes one.");
}

/** How many wait in a lane, and how long the first has. */
export function lane(target, priority) {
  const waiting = target.waiting[priority];
  const planned = target.planned_pauses.some((pause) => pause.priority === priority);
  const paused = planned || target.paused.includes(priority) ? " Ⅱ" : "";
  return waiting === 0 ? `0${paused}` : `${count(waiting)} · ${span(target.oldest_ms[priority])}${paused}`;
}

/** The four charts, of one target or of all. */
export class Charts {
  constructor(only) {
    this.only = only;
    this.charts = {
      flight: chart({ title: "In flight", lines: [{ name: "calls", kind: "flight" }], unit: (value) => count(value) }),
      waiting: chart({ title: "Waiting", lines: LANES.toReversed(), stacked: true, unit: (value) => count(value) }),
      oldest: chart({ title: "First in line waits", lines: LANES, unit: (value) => (value === null ? "–" : span(value)) }),
      answers: chart({
        title: "Answers a second",
        lines: [{ name: "ok", kind: "ok" }, { name: "not ok", kind: "failed" }, { name: "throttled", kind: "throttled", dashed: true }],
        unit: (value) => (value === null || value === undefined ? "–" : value.toFixed(1)),
      }),
    };
    this.node = h("section", { class: "charts", "aria-label": "The last quarter of an hour" },
      Object.values(this.charts).map((one) => one.node));
  }

  /** Fetches what was before, once, and then draws with each snapshot. */
  async add(snapshot) {
    if (!this.at) {
      this.at = [];
      const series = await get("/series");
      this.step = series.step_ms;
      this.at = series.at;
      const targets = series.targets.filter((target) => !this.only || target.name === this.only);
      this.samples = series.at.map((_, index) => summed(targets.map((target) => ({
        waiting: target.waiting[index], in_flight: target.in_flight[index],
        oldest_ms: target.oldest_ms[index], answers: target.answers[index],
      }))));
    }
    const newest = this.at.at(-1);
    if (!newest || new Date(snapshot.at) - new Date(newest) >= this.step) {
      this.at.push(snapshot.at);
      this.samples.push(summed(snapshot.targets.filter((target) => !this.only || target.name === this.only)));
      if (this.at.length > 180) {
        this.at.shift();
        this.samples.shift();
      }
    }
    this.draw();
  }

  draw() {
    const { at, samples, charts } = this;
    const of = (figure) => samples.map(figure);
    charts.flight.draw(at, [of((sample) => sample.in_flight)]);
    charts.waiting.draw(at, PRIORITIES.toReversed().map((priority) => of((sample) => sample.waiting[priority])));
    charts.oldest.draw(at, PRIORITIES.map((priority) => of((sample) => sample.oldest_ms[priority])));
    const rate = (figure) => samples.map((sample, index) => {
      const before = samples[index - 1];
      const seconds = before ? (new Date(at[index]) - new Date(at[index - 1])) / 1000 : 0;
      return seconds > 0 ? Math.max(0, figure(sample.answers) - figure(before.answers)) / seconds : null;
    });
    charts.answers.draw(at, [
      rate((answers) => answers.ok),
      rate((answers) => answers.final + answers.repeatable + answers.unknown + answers.not_sent),
      rate((answers) => answers.throttled),
    ]);
  }

  close() {
    for (const one of Object.values(this.charts)) {
      one.close();
    }
  }
}

/** Targets as one: what waits and is answered summed up, and the oldest of all. */
function summed(targets) {
  const sum = { in_flight: 0, waiting: {}, oldest_ms: {}, answers: {} };
  for (const priority of PRIORITIES) {
    sum.waiting[priority] = 0;
    sum.oldest_ms[priority] = null;
  }
  for (const outcome of ["ok", "final", "throttled", "repeatable", "unknown", "not_sent"]) {
    sum.answers[outcome] = targets.reduce((all, target) => all + target.answers[outcome], 0);
  }
  for (const target of targets) {
    sum.in_flight += target.in_flight;
    for (const priority of PRIORITIES) {
      sum.waiting[priority] += target.waiting[priority];
      if (target.oldest_ms[priority] !== null) {
        sum.oldest_ms[priority] = Math.max(sum.oldest_ms[priority] ?? 0, target.oldest_ms[priority]);
      }
    }
  }
  return sum;
}

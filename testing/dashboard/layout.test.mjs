// The layout of graphs, on definitions made at random: no two boxes overlap unless one holds the other, every way is drawn, nothing lies
// outside. Run by run.sh with `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { layoutOf } from "../../crates/admin/dashboard/graph.js";

/** Numbers from a seed (mulberry32), so that a failure can be repeated. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A definition whose states lead anywhere: forward, back, to themselves, past many others. */
function definition(next, depth) {
  const count = 1 + Math.floor(next() * 12);
  const names = Array.from({ length: count }, (_, index) => `${depth}.${index}.${Math.floor(next() * 1e6)}`);
  const any = () => names[Math.floor(next() * count)];
  const states = {};
  for (const name of names) {
    const kind = next();
    const state = { Type: "Task" };
    if (kind < 0.2) {
      Object.assign(state, { Type: "Choice", Choices: [{ Next: any() }, { Next: any() }], Default: any() });
    } else if (kind < 0.3 && depth < 2) {
      Object.assign(state, { Type: "Parallel", Branches: [definition(next, depth + 1), definition(next, depth + 1)], Next: any() });
    } else if (kind < 0.4 && depth < 2) {
      Object.assign(state, { Type: "Map", ItemProcessor: definition(next, depth + 1), End: true });
    } else if (kind < 0.8) {
      Object.assign(state, { Next: any(), Catch: [{ Next: any() }] });
    } else {
      state.End = true;
    }
    states[name] = state;
  }
  return { StartAt: names[0], States: states };
}

function ways(machine) {
  let count = 0;
  for (const state of Object.values(machine.States)) {
    const to = new Set([...(state.Choices ?? []), ...(state.Catch ?? [])].map((way) => way.Next).concat(state.Default ?? [], state.Next ?? []));
    count += to.size;
    for (const inner of [...(state.Branches ?? []), ...(state.ItemProcessor ? [state.ItemProcessor] : [])]) {
      count += ways(inner);
    }
  }
  return count;
}

const within = (one, other) => one.x >= other.x && one.y >= other.y && one.x + one.width <= other.x + other.width && one.y + one.height <= other.y + other.height;
const meets = (one, other) => one.x < other.x + other.width && other.x < one.x + one.width && one.y < other.y + other.height && other.y < one.y + one.height;

test("boxes of any definition lie apart or one in the other, inside the picture, with every way", () => {
  let drawn = 0;
  for (let seed = 1; seed <= 400; seed += 1) {
    const machine = definition(random(seed), 0);
    const layout = layoutOf(machine);
    if (layout === null) {
      continue;
    }
    drawn += 1;
    layout.boxes.forEach((one, index) => {
      assert.ok(one.x >= -0.01 && one.y >= -0.01 && one.x + one.width <= layout.width + 0.01 && one.y + one.height <= layout.height + 0.01, `seed ${seed}: ${one.name} is outside`);
      for (const other of layout.boxes.slice(index + 1)) {
        assert.ok(!meets(one, other) || within(one, other) || within(other, one), `seed ${seed}: ${one.name} and ${other.name}`);
      }
    });
    // One more from the start, and one for each state of the outermost machine that ends it.
    const ends = Object.values(machine.States).filter((state) => state.End).length;
    assert.equal(layout.lines.length, ways(machine) + 1 + ends, `seed ${seed}`);
    assert.ok(layout.lines.flatMap((line) => line.points).flat().every(Number.isFinite), `seed ${seed}`);
  }
  assert.ok(drawn > 300);
});

test("a definition with more states than can be looked at is not drawn", () => {
  const states = Object.fromEntries(Array.from({ length: 301 }, (_, index) => [`s${index}`, { Type: "Pass", Next: `s${(index + 1) % 301}` }]));
  assert.equal(layoutOf({ StartAt: "s0", States: states }), null);
});

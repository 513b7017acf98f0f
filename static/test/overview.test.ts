import assert from "node:assert/strict";
import { test } from "node:test";
import { Layout } from "../src/ui/layout";
import { Overview } from "../src/world/overview";
import { WorldState } from "../src/world/world";

const told = (blocks: unknown, area: number[] = [0, 0, 64, 64], more: object = {}): object => ({ cells: 4, area, blocks, ...more });

test("blocks_are_counted_and_lie_where_their_cells_are", () => {
  const overview = new Overview();
  overview.apply(told([[0, 0, 3], [2, 1, 12]]));
  assert.equal(overview.total, 15);
  assert.deepEqual(
    overview.beyond(new WorldState()).map(({ x, y, sideM, count }) => [x, y, sideM, count]),
    [[160, 96, 64, 12], [32, 32, 64, 3]],
  );
});

test("cell_size_is_read_where_a_message_tells_it", () => {
  const overview = new Overview();
  overview.apply(told([[1, 0, 1]], [0, 0, 9, 9], { cell_m: 32 }));
  assert.deepEqual(overview.beyond(new WorldState()).map(({ x, sideM }) => [x, sideM]), [[192, 128]]);
});

test("later_message_replaces_its_area_and_no_other", () => {
  const overview = new Overview();
  overview.apply(told([[0, 0, 5]], [0, 0, 8, 16]));
  overview.apply(told([[2, 0, 7]], [8, 0, 16, 16]));
  overview.apply(told([[1, 1, 1]], [0, 0, 8, 16]));
  assert.equal(overview.total, 8);
  overview.apply(told([], [8, 0, 16, 16]));
  assert.equal(overview.total, 1);
  overview.clear();
  assert.equal(overview.isCounting, false);
});

test("block_on_the_border_of_two_shards_is_one_block", () => {
  const overview = new Overview();
  overview.apply(told([[1, 0, 2]], [0, 0, 6, 16]));
  overview.apply(told([[1, 0, 3]], [6, 0, 16, 16]));
  assert.deepEqual(overview.beyond(new WorldState()).map(({ count }) => count), [5]);
});

test("who_is_told_of_one_by_one_is_not_counted_again", () => {
  const overview = new Overview();
  const world = new WorldState();
  overview.apply(told([[0, 0, 2], [1, 0, 4]]));
  world.apply({ tick: 1, cell: [3, 3], snapshot: true, agents: [{ id: "a", x: 50, y: 50 }, { id: "b", x: 51, y: 50 }] });
  world.apply({ tick: 1, cell: [4, 0], snapshot: true, agents: [{ id: "c", x: 65, y: 3 }] });
  assert.deepEqual(overview.beyond(world).map(({ column, count }) => [column, count]), [[1, 3]]);
});

test("senseless_overviews_change_nothing", () => {
  const overview = new Overview();
  for (const value of [null, [], "x", told(null, [], { cells: 0 }), told([[1, 1, 1]], [], { cells: -2 }), told([], [], { cell_m: 0 })]) overview.apply(value);
  assert.equal(overview.isCounting, false);
  overview.apply(told([["1", 2, 3], [1, 2], null, [1, 2, -5], [Number.NaN, 1, 1], [1, 2, 3]]));
  assert.equal(overview.total, 3);
  overview.apply(told(Array.from({ length: 100_000 }, (_, index) => [index, 0, 1])));
  assert.ok(overview.total <= 1_100, "a list without end is cut");
});

test("nothing_written_covers_anything_written", () => {
  const layout = new Layout();
  const boxes: [number, number, number, number][] = [];
  let seed = 7;
  const next = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  for (let index = 0; index < 400; index += 1) {
    const box: [number, number, number, number] = [next() * 800, next() * 600, 30 + next() * 120, 12 + next() * 20];
    if (layout.take(...box, next() < 0.5)) boxes.push(box);
  }
  assert.ok(boxes.length > 20);
  for (const [index, [left, top, width, height]] of boxes.entries()) {
    for (const [l, t, w, h] of boxes.slice(index + 1)) assert.ok(l >= left + width || left >= l + w || t >= top + height || top >= t + h);
  }
});

test("what_was_shown_stays_where_something_new_would_not_fit", () => {
  const layout = new Layout();
  layout.put(0, 0, 100, 20);
  assert.equal(layout.take(103, 0, 50, 20, false), false);
  assert.equal(layout.take(103, 0, 50, 20, true), true);
  layout.clear();
  assert.equal(layout.take(0, 0, 50, 20, false), true);
});

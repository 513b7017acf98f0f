import assert from "node:assert/strict";
import { test } from "node:test";
import { AGENTS_MAX } from "../src/limits";
import { mingle } from "../src/people/company";
import { Person } from "../src/people/person";
import type { Frame } from "../src/wire/frame";
import { WorldState } from "../src/world/world";

function world(...frames: unknown[]): WorldState {
  const state = new WorldState();
  for (const frame of frames) state.apply(frame as Frame);
  return state;
}

const ALICE = { id: "alice", name: "Alice", x: 10, y: 20, z: 25, heading: 0, status: "idle" };
const BOB = { id: "bob", name: "Bob", x: 12, y: 20, z: 25, heading: 0, status: "idle" };
const SNAPSHOT = { tick: 100, cell: [0, 1], snapshot: true, agents: [ALICE, BOB] };
const WALK = { tick: 110, cell: [0, 1], agents: [{ id: "alice", x: 10, y: 20, to: { x: 20, y: 20, z: 25 }, speed: 2 }] };

const ids = (state: WorldState): string[] => [...state.agents.keys()].sort();

test("snapshot_brings_its_agents", () => {
  assert.deepEqual(ids(world(SNAPSHOT)), ["alice", "bob"]);
});

test("snapshot_removes_who_is_not_in_it_from_that_cell_only", () => {
  const elsewhere = { tick: 100, cell: [5, 5], snapshot: true, agents: [{ ...ALICE, id: "carol", name: "Carol" }] };
  assert.deepEqual(ids(world(SNAPSHOT, elsewhere, { ...SNAPSHOT, tick: 120, agents: [BOB] })), ["bob", "carol"]);
});

test("partial_entry_keeps_what_it_leaves_out", () => {
  const alice = world(SNAPSHOT, WALK).agents.get("alice");
  assert.equal(alice?.name, "Alice");
  assert.equal(alice?.status, "idle");
  assert.deepEqual(alice?.trajectory, { tick: 110, from: { x: 10, y: 20, z: 25 }, to: { x: 20, y: 20, z: 25 }, speed: 2 });
});

test("status_alone_does_not_stop_a_walk", () => {
  const state = world(SNAPSHOT, WALK, { tick: 120, cell: [0, 1], agents: [{ id: "alice", status: "happy" }] });
  const alice = state.agents.get("alice");
  assert.equal(alice?.status, "happy");
  assert.deepEqual(alice && state.positionOf(alice, 130), { x: 14, y: 20, z: 25 });
});

test("position_without_destination_stops_a_walk", () => {
  const state = world(SNAPSHOT, WALK, { tick: 120, cell: [0, 1], agents: [{ id: "alice", x: 12, y: 20 }] });
  const alice = state.agents.get("alice");
  assert.deepEqual(alice && state.positionOf(alice, 500), { x: 12, y: 20, z: 25 });
});

test("destination_without_position_starts_where_the_agent_is_by_then", () => {
  const state = world(SNAPSHOT, WALK, { tick: 120, cell: [0, 1], agents: [{ id: "alice", to: { x: 12, y: 30 } }] });
  assert.deepEqual(state.agents.get("alice")?.trajectory, {
    tick: 120,
    from: { x: 12, y: 20, z: 25 },
    to: { x: 12, y: 30, z: 25 },
    speed: 2,
  });
});

test("agent_that_left_its_only_cell_is_gone", () => {
  assert.deepEqual(ids(world(SNAPSHOT, { tick: 101, cell: [0, 1], left: ["bob"] })), ["alice"]);
});

test("agent_that_crossed_into_a_known_cell_stays_whatever_comes_first", () => {
  const enters = { tick: 101, cell: [1, 1], agents: [{ id: "alice", x: 16, y: 20 }] };
  const leaves = { tick: 101, cell: [0, 1], left: ["alice"] };
  for (const state of [world(SNAPSHOT, enters, leaves), world(SNAPSHOT, leaves, enters)]) {
    assert.deepEqual(ids(state), ["alice", "bob"]);
    assert.equal(state.agents.get("alice")?.name, "Alice");
  }
});

test("left_of_another_cell_changes_nothing", () => {
  assert.deepEqual(ids(world(SNAPSHOT, { tick: 101, cell: [9, 9], left: ["alice"] })), ["alice", "bob"]);
});

test("dropped_cell_takes_its_agents_along", () => {
  assert.deepEqual(ids(world(SNAPSHOT, { tick: 101, cell: [0, 1], dropped: true })), []);
});

test("older_word_from_a_neighbour_does_not_move_an_agent_back", () => {
  const state = world(SNAPSHOT, WALK, { tick: 105, cell: [1, 1], agents: [{ id: "alice", x: 99, y: 99 }] });
  assert.equal(state.agents.get("alice")?.trajectory.from.x, 10);
});

test("frame_without_cell_changes_no_agent", () => {
  assert.deepEqual(ids(world(SNAPSHOT, { tick: 101, events: [], left: ["alice"], agents: [{ id: "x", x: 1, y: 1 }] })), [
    "alice",
    "bob",
  ]);
});

test("malformed_entries_are_passed_over", () => {
  const agents = [null, 7, { id: 5 }, { id: "" }, { id: "ghost" }, { id: "odd", x: "1", y: Number.NaN }, BOB];
  assert.deepEqual(ids(world({ tick: 1, cell: [0, 0], agents, left: [null, 3] })), ["bob"]);
});

test("number_of_agents_is_bounded", () => {
  const agents = Array.from({ length: AGENTS_MAX + 50 }, (_, index) => ({ id: `a${index}`, x: 1, y: 1 }));
  assert.equal(world({ tick: 1, cell: [0, 0], agents }).agents.size, AGENTS_MAX);
});

test("who_is_spoken_to_looks_back_and_others_do_not", () => {
  const far = { ...ALICE, id: "carol", name: "Carol", x: 16.5 };
  const state = world({ ...SNAPSHOT, agents: [ALICE, BOB, far] });
  const [alice, bob, carol] = [...state.agents.values()].map((agent) => new Person(agent));
  assert.ok(alice && bob && carol);
  const all = [alice, bob, carol];
  for (const person of all) person.step(100, 100, 0.1, false);
  alice.talksUntilMs = 1000;
  mingle(all, [], 0);
  assert.deepEqual([alice.partner, bob.partner, carol.partner], [bob, alice, null]);
  mingle(all, [], 2000);
  assert.deepEqual([alice.partner, bob.partner, carol.partner], [null, null, null]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { TickClock } from "../src/world/clock";
import { headingAt, isMovingAt, positionAt, type Trajectory } from "../src/world/trajectory";

const WALK: Trajectory = { tick: 100, from: { x: 0, y: 0, z: 25 }, to: { x: 30, y: 40, z: 25 }, speed: 5 };

test("agent_walks_straight_at_its_speed", () => {
  // 20 ticks of 100 ms at 5 m/s are 10 m of the 50.
  assert.deepEqual(positionAt(WALK, 120, 100), { x: 6, y: 8, z: 25 });
  assert.ok(isMovingAt(WALK, 120, 100));
});

test("agent_stops_at_its_destination", () => {
  assert.deepEqual(positionAt(WALK, 200, 100), { x: 30, y: 40, z: 25 });
  assert.deepEqual(positionAt(WALK, 1e9, 100), { x: 30, y: 40, z: 25 });
  assert.equal(isMovingAt(WALK, 200, 100), false);
});

test("agent_is_never_before_its_start", () => {
  assert.deepEqual(positionAt(WALK, 50, 100), { x: 0, y: 0, z: 25 });
});

test("standing_agent_stays", () => {
  const standing = { ...WALK, to: null, speed: 0 };
  assert.deepEqual(positionAt(standing, 500, 100), standing.from);
  assert.equal(headingAt(standing, 500, 100, 1.25), 1.25);
});

test("walk_of_no_length_is_no_division_by_zero", () => {
  const here = { ...WALK, to: WALK.from };
  assert.deepEqual(positionAt(here, 101, 100), WALK.from);
});

test("heading_of_a_walk_is_its_direction", () => {
  assert.ok(Math.abs(headingAt(WALK, 110, 100, 0) - Math.atan2(40, 30)) < 1e-9);
});

test("clock_counts_ticks_between_messages", () => {
  const clock = new TickClock();
  clock.sync({ tick: 1_000, tick_ms: 50 }, 10_000);
  assert.equal(clock.tickAt(10_500), 1_010);
});

test("clock_jumps_to_a_newer_frame_and_ignores_a_slightly_older_one", () => {
  const clock = new TickClock();
  clock.sync({ tick: 1_000, tick_ms: 100 }, 0);
  clock.observe(1_020, 1_000);
  assert.equal(clock.tickAt(1_000), 1_020);
  clock.observe(1_015, 1_000);
  assert.equal(clock.tickAt(1_000), 1_020);
});

test("clock_is_pulled_back_when_the_server_stretches_its_ticks", () => {
  const clock = new TickClock();
  clock.sync({ tick: 0, tick_ms: 100 }, 0);
  for (let second = 1; second <= 300; second += 1) clock.observe(second * 5, second * 1_000);
  // The server ran at half the pace: 1,500 ticks are told, at most the allowed lateness is ahead of it.
  assert.ok(clock.tickAt(300_000) < 3_000);
});

test("world_day_has_24_hours_of_150_seconds", () => {
  const clock = new TickClock();
  clock.sync({ tick: 0, tick_ms: 100 }, 0);
  assert.equal(clock.hourAt(0), null, "nobody told the hour");
  clock.setHour(0, 0);
  assert.equal(clock.hourAt(150_000 * 6), 6);
  // Told in whole minutes, it does not step back; but what is wrong is put right.
  clock.setHour(5 + 59.5 / 60, 150_000 * 6);
  assert.equal(clock.hourAt(150_000 * 6), 6);
  clock.setHour(5, 150_000 * 6);
  assert.equal(clock.hourAt(150_000 * 6), 5);
  clock.setHour(18, 0);
  assert.equal(clock.hourAt(150_000 * 7), 1);
});

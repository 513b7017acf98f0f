// The modules behind the picture that need no browser: land, light, looks, quality.
import assert from "node:assert/strict";
import { test } from "node:test";
import { reachOf } from "../src/cameras/modes";
import { Heights } from "../src/land/heights";
import { plantingOf } from "../src/land/planting";
import { planOf } from "../src/land/plan";
import { clothColour, lookOf } from "../src/people/look";
import { growth } from "../src/people/people";
import { lightAt } from "../src/scene/light";
import { LEVELS, Quality } from "../src/scene/quality";
import { readRegions, type Region } from "../src/world/region";
import { weatherOf } from "../src/world/weather";

function region(sizeM: number): Region {
  const at = (part: number): number => part * sizeM;
  const [made] = readRegions([
    {
      name: "plaza",
      size_m: sizeM,
      places: [
        { name: "Market", kind: "market", x: at(0.5), y: at(0.5), radius_m: 14 },
        { name: "Duck Pond", kind: "pond", x: at(0.2), y: at(0.3), radius_m: 10 },
        { name: "Library", kind: "library", x: at(0.8), y: at(0.7), radius_m: 10 },
      ],
      paths: [{ points: [{ x: at(0.5), y: at(0.5) }, { x: at(0.8), y: at(0.7) }], width_m: 4 }],
    },
  ]);
  assert.ok(made !== undefined);
  return made;
}

test("land_is_the_same_for_everybody", () => {
  const [one, other] = [region(256), region(256)];
  const [plan, same] = [planOf(one), planOf(other)];
  assert.deepEqual(plan.houses, same.houses);
  assert.deepEqual(new Heights(one, plan).heights, new Heights(other, same).heights);
  assert.deepEqual(plantingOf(one, plan, new Heights(one, plan)), plantingOf(other, same, new Heights(other, same)));
});

test("no_house_and_no_tree_stands_on_a_path", () => {
  const made = region(256);
  const plan = planOf(made);
  const planting = plantingOf(made, plan, new Heights(made, plan));
  const [from, to] = made.paths[0]?.points ?? [];
  assert.ok(from !== undefined && to !== undefined && planting.broad.length > 0);
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  for (const { x, y } of [...plan.houses, ...planting.broad, ...planting.tall, ...planting.fir]) {
    const along = ((x - from.x) * (to.x - from.x) + (y - from.y) * (to.y - from.y)) / length;
    const aside = Math.abs((x - from.x) * (to.y - from.y) - (y - from.y) * (to.x - from.x)) / length;
    if (along > 0 && along < length) assert.ok(aside > 2, `${x}, ${y} is ${aside} m beside the middle of the path`);
  }
});

test("land_of_every_size_is_built_within_bounds", () => {
  for (const sizeM of [16, 100, 256, 512, 4_096]) {
    const made = region(sizeM);
    const plan = planOf(made);
    const heights = new Heights(made, plan);
    const planting = plantingOf(made, plan, heights);
    const plants = Object.values(planting).reduce((sum, list) => sum + list.length, 0);
    assert.ok(heights.heights.every(Number.isFinite));
    assert.ok(heights.heights.length < 60_000 && plants < 40_000 && plan.houses.length < 400, `${sizeM} m: ${heights.heights.length} heights, ${plants} plants`);
  }
});

test("noon_is_bright_and_midnight_is_dark_yet_not_black", () => {
  const bright = ([r, g, b]: readonly number[]): number => (r ?? 0) + (g ?? 0) + (b ?? 0);
  const [noon, midnight] = [lightAt(12, weatherOf("clear")), lightAt(0, weatherOf("clear"))];
  assert.ok(bright(noon.sunColour) > 4 * bright(midnight.sunColour));
  assert.ok(bright(midnight.skyLight) > 0.1);
  assert.equal(noon.isMoon, false);
  assert.equal(midnight.isMoon, true);
  assert.ok(midnight.night > 0.9 && noon.night < 0.05);
});

test("light_changes_softly_all_day_and_the_sun_stays_up", () => {
  for (let minute = 0; minute < 1_440; minute += 1) {
    const [now, next] = [lightAt(minute / 60, weatherOf("clear")), lightAt(((minute + 1) % 1_440) / 60, weatherOf("clear"))];
    assert.ok(now.sun[2] > 0, `${minute}`);
    now.skyTop.forEach((value, index) => assert.ok(Math.abs(value - (next.skyTop[index] ?? 0)) < 0.05, `minute ${minute}`));
  }
});

test("an_agent_looks_the_same_every_time_and_agents_differ", () => {
  assert.deepEqual(lookOf("alice"), lookOf("alice"));
  const looks = new Set(Array.from({ length: 100 }, (_, index) => JSON.stringify(lookOf(`agent_${index}`))));
  assert.ok(looks.size > 90, `${looks.size} looks`);
  assert.match(clothColour("<script>"), /^#[0-9a-f]{6}$/);
});

test("people_far_away_are_drawn_larger_within_a_bound", () => {
  assert.equal(growth(10), 1);
  assert.ok(growth(200) > 1.5 && growth(1e9) < 4);
});

test("slow_frames_lower_the_quality_step_by_step_and_fast_ones_bring_pixels_back", () => {
  const quality = new Quality(false);
  const run = (ms: number, frames: number): void => {
    for (let index = 0; index < frames; index += 1) quality.note(ms);
  };
  assert.equal(quality.level, LEVELS[2]);
  run(50, 45);
  assert.equal(quality.level, LEVELS[1]);
  run(50, 45 * 40);
  assert.equal(quality.level, LEVELS[0]);
  const least = quality.scale;
  assert.ok(least * quality.level.ratio >= 0.399, "never fewer pixels than can be read");
  run(8, 45 * 60);
  assert.ok(quality.scale > least);
  quality.fix("high");
  run(300, 45 * 10);
  assert.equal(quality.level.name, "high", "what was chosen by hand stays");
  assert.equal(quality.note(5_000), false, "a pause says nothing");
});

test("cameras_keep_their_bounds", () => {
  for (const mode of ["follow", "first_person", "free", "overview"] as const) {
    const reach = reachOf(mode, 256);
    assert.ok(reach.nearest <= reach.distance && reach.distance <= reach.farthest && reach.lowest < reach.steepest, mode);
  }
});

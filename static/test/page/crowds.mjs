// Many at once: hundreds in view, and those of a large region who are only counted. The frames are put between the world's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { betweenFrames, until, untilLive, withPage } from "./harness.mjs";

// A cell that no view of the world has, so that no snapshot takes the crowd away.
const ELSEWHERE = [999, 999];

function crowd(count) {
  return Array.from({ length: count }, (_, index) => ({
    id: `crowd_${index}`,
    name: `Walker ${index}`,
    x: 100 + (index % 24) * 2.3,
    y: 104 + Math.floor(index / 24) * 3.1,
    z: 25,
    heading: index,
    status: index % 7 === 0 ? "sitting" : "strolling",
    to: index % 3 === 0 ? null : { x: 100 + ((index * 7) % 24) * 2.3, y: 104 + ((index * 3) % 13) * 3.1, z: 25 },
    speed: index % 3 === 0 ? 0 : 0.3,
  }));
}

/** Returns pairs of written things that cover each other, once so many are written. */
const covering = (least) => {
  const shown = [...document.querySelectorAll(".label, .place, .bubble, .crowd")].filter((one) => !one.hidden);
  const boxes = shown.map((one) => ({ text: one.textContent, box: one.getBoundingClientRect() }));
  const pairs = [];
  boxes.forEach((one, index) => {
    for (const other of boxes.slice(index + 1)) {
      const wide = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const high = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      if (wide > 1 && high > 1) pairs.push([one.text, other.text]);
    }
  });
  return boxes.length >= least && { pairs };
};

test("three_hundred_people_cost_no_more_draw_calls_than_three", async () => {
  const { route, send } = betweenFrames();
  await withPage(
    "/watch/main?mode=free&x=128&y=128",
    async (page) => {
      await until(page, () => window.rookery?.state() === "online");
      await page.evaluate(() => window.rookery.photo(12, "clear"));
      send("main", { cell: ELSEWHERE, agents: crowd(3) });
      await until(page, () => window.rookery.stats().people >= 3);
      const few = await page.evaluate(() => window.rookery.stats().calls);
      send("main", { cell: ELSEWHERE, agents: crowd(300) });
      await until(page, () => window.rookery.stats().people >= 300 && window.rookery.agents().some((one) => one.id === "crowd_299" && one.isOnScreen));
      const many = await page.evaluate(() => window.rookery.stats());
      assert.ok(many.calls <= few + 2 && many.calls < 60, `${many.calls} draw calls after ${few}`);
      assert.deepEqual(await until(page, covering, 6), { pairs: [] });
    },
    { route },
  );
});

test("slow_drawing_lowers_the_quality_by_itself", () =>
  withPage("/watch/main", async (page) => {
    await untilLive(page);
    const { isSoftware, quality } = await page.evaluate(() => window.rookery.stats());
    assert.equal(isSoftware, true, "the tests draw without a graphics card");
    assert.equal(quality, "low");
    await page.evaluate(() => {
      const select = document.getElementById("quality");
      select.value = "medium";
      select.dispatchEvent(new Event("change"));
    });
    await until(page, () => window.rookery.stats().quality === "medium");
  }));

test("large_region_is_shown_by_its_counts", async () => {
  const { route, send } = betweenFrames();
  await withPage(
    "/watch/main",
    async (page) => {
      await untilLive(page);
      const blocks = [[0, 0, 120], [5, 5, 640], [2, 6, 300], [7, 1, 1]];
      send("main", { overview: { cells: 2, area: [0, 0, 16, 16], blocks } });
      await until(page, () => document.querySelectorAll(".crowd:not([hidden])").length >= 2);
      assert.equal(await page.textContent("#count"), "1061");
      const words = await page.evaluate(() => [...document.querySelectorAll(".crowd:not([hidden])")].map((one) => one.textContent));
      assert.ok(words.includes("640"), words.join(" "));
      assert.deepEqual(await until(page, covering, 2), { pairs: [] });
      send("main", { overview: { cells: 2, area: [0, 0, 16, 16], blocks: [] } });
      await until(page, () => document.querySelectorAll(".crowd:not([hidden])").length === 0);
    },
    { route },
  );
});

// Phones, fingers, and people who want no motion.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until, untilLive, withPage } from "./harness.mjs";

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const FINGER_PX = 40;

test("phone_has_a_sheet_large_buttons_and_nothing_beside_the_screen", () =>
  withPage(
    "/watch/main",
    async (page) => {
      await untilLive(page);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing to scroll sideways");
      const small = await page.evaluate((least) => {
        const buttons = [...document.querySelectorAll("button, select")].filter((one) => one.offsetParent !== null && one.getBoundingClientRect().top < innerHeight);
        return buttons.map((one) => [one.id || one.textContent, one.getBoundingClientRect()]).filter(([, box]) => box.height < least - 4 || box.right > innerWidth + 1).map(([name]) => name);
      }, FINGER_PX);
      assert.deepEqual(small, []);
      await page.tap("#tab-people");
      await until(page, () => document.body.dataset.sheet === "half" && document.querySelectorAll("#people button").length > 0);
      await page.tap("#fold");
      await until(page, () => document.body.dataset.sheet === "peek");
    },
    PHONE,
  ));

test("finger_on_somebody_follows_them", () =>
  withPage(
    "/watch/main",
    async (page) => {
      await untilLive(page);
      const spot = await until(page, () => {
        const free = (x, y) => document.elementFromPoint(x, y)?.id === "land";
        const one = window.rookery.agents().find((agent) => agent.isOnScreen && agent.speed < 0.1 && free(agent.screenX, agent.screenY + 8));
        return one === undefined ? null : [one.screenX, one.screenY + 8];
      });
      await page.touchscreen.tap(spot[0], spot[1]);
      await until(page, () => window.rookery.view().mode === "follow" && window.rookery.view().agent !== null);
      await until(page, () => !document.getElementById("card").hidden);
      await page.tap("#card-close");
      await until(page, () => window.rookery.view().mode === "overview");
    },
    PHONE,
  ));

test("who_wants_no_motion_gets_none", () =>
  withPage(
    "/watch/main",
    async (page) => {
      await untilLive(page);
      await page.evaluate(() => window.rookery.photo(12, "clear"));
      await until(page, () => document.getElementById("sky").textContent.startsWith("12:00 · Clear"));
      const { calls } = await page.evaluate(() => window.rookery.stats());
      await page.evaluate(() => window.rookery.photo(13, "rain"));
      await until(page, () => document.getElementById("sky").textContent.startsWith("13:00"));
      assert.ok((await page.evaluate(() => window.rookery.stats().calls)) <= calls + 1, "no rain falls");
      assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
      // The camera is at once where it goes.
      const far = await page.evaluate(() => window.rookery.view().camera);
      await page.click("#zoom-in");
      await until(page, (before) => Math.hypot(...window.rookery.view().camera.map((value, index) => value - before[index])) > 5, far);
      const near = await page.evaluate(() => window.rookery.view().camera);
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      const later = await page.evaluate(() => window.rookery.view().camera);
      assert.ok(Math.hypot(...later.map((value, index) => value - near[index])) < 0.5, `${near} then ${later}`);
    },
    { reducedMotion: "reduce" },
  ));

// What is seen: people, land, light, weather, regions.
import assert from "node:assert/strict";
import { test } from "node:test";
import { get, until, untilLive, withPage } from "./harness.mjs";

/** Returns how bright the picture is on the whole, 0 to 255, and how many colours it has. */
export async function look(page) {
  return page.evaluate(
    () =>
      new Promise((done) => {
        // Asked for after the page's own frame, when the picture is still there to be read.
        requestAnimationFrame(() => {
          const small = document.createElement("canvas");
          [small.width, small.height] = [160, 100];
          const context = small.getContext("2d");
          context.drawImage(document.getElementById("land"), 0, 0, 160, 100);
          const { data } = context.getImageData(0, 0, 160, 100);
          const seen = new Set();
          let sum = 0;
          for (let at = 0; at < data.length; at += 4) {
            seen.add((data[at] >> 3 << 10) | (data[at + 1] >> 3 << 5) | (data[at + 2] >> 3));
            sum += data[at] + data[at + 1] + data[at + 2];
          }
          done({ brightness: sum / (data.length / 4) / 3, colours: seen.size });
        });
      }),
  );
}

test("page_shows_inhabitants_and_they_walk", () =>
  withPage("/", async (page) => {
    await untilLive(page, 3);
    const before = await page.evaluate(() => window.rookery.agents());
    for (const agent of before) assert.ok(agent.name !== "" && Number.isFinite(agent.x) && Number.isFinite(agent.y), JSON.stringify(agent));
    await until(
      page,
      (then) => window.rookery.agents().some((now) => then.some((one) => one.id === now.id && Math.hypot(now.x - one.x, now.y - one.y) > 0.5) && now.speed > 0.2),
      before,
    );
    // Names of places give way to what people say, so not at every moment.
    await until(page, () => document.querySelectorAll(".place:not([hidden])").length > 1);
  }));

test("light_follows_the_hour_and_the_weather_is_drawn", () =>
  withPage("/watch/main", async (page) => {
    await untilLive(page);
    const seen = async (hour, weather) => {
      await page.evaluate(([h, w]) => window.rookery.photo(h, w), [hour, weather]);
      await page.waitForFunction((h) => document.getElementById("sky").textContent.startsWith(h), `${String(hour).padStart(2, "0")}:00`);
      return { ...(await look(page)), ...(await page.evaluate(() => window.rookery.stats())) };
    };
    const noon = await seen(12, "clear");
    assert.ok(noon.colours > 100, `${noon.colours} colours`);
    const midnight = await seen(0, "clear");
    assert.ok(midnight.brightness < noon.brightness * 0.7 && midnight.brightness > 12, `${midnight.brightness} after ${noon.brightness}`);
    assert.equal(await page.evaluate(() => document.body.dataset.light), "night");
    const rain = await seen(13, "rain");
    assert.ok(rain.calls > noon.calls, "rain falls");
    assert.ok(rain.brightness < noon.brightness);
    const snow = await seen(14, "snow");
    assert.ok(snow.brightness > rain.brightness, "snow lies");
  }));

test("hour_and_weather_are_the_worlds", () =>
  withPage("/watch/main", async (page) => {
    await untilLive(page);
    const [time, weather] = [await get("/api/v1/time"), await get("/api/v1/weather/main")];
    // A world hour is 150 seconds: the page may be an hour on by the time it is read.
    const shown = await until(page, () => /^\d\d:\d\d · ./.test(document.getElementById("sky").textContent) && document.getElementById("sky").textContent);
    const apart = (Number(shown.slice(0, 2)) - time.hour + 24) % 24;
    assert.ok(apart <= 1, `${shown}, while it is ${JSON.stringify(time)}`);
    assert.ok(weather.type.length > 0 && shown.length > 8);
  }));

test("an_hour_that_nobody_told_is_not_shown", () =>
  withPage("/watch/main", async (page) => {
    await untilLive(page);
    const early = await page.evaluate(() => document.getElementById("sky").textContent);
    assert.doesNotMatch(early, /\d\d:\d\d/);
    assert.equal(await page.evaluate(() => document.body.dataset.light), "day");
    await page.unroute("**/api/v1/time");
    await until(page, () => /^\d\d:\d\d · ./.test(document.getElementById("sky").textContent));
  }, { isQuiet: false, route: (page) => page.route("**/api/v1/time", (route) => route.abort()) }));

test("regions_are_offered_with_their_counts_and_open", () =>
  withPage("/watch/main", async (page) => {
    await untilLive(page);
    const { regions } = await get("/api/v1/world/regions");
    const offered = await page.evaluate(() => [...document.querySelectorAll("#region option")].map((one) => [one.value, one.textContent]));
    assert.deepEqual(offered.map(([name]) => name), regions.map(({ name }) => name));
    for (const [, words] of offered) assert.match(words, / · \d+$/);
    const other = regions.find(({ name, agent_count: count }) => name !== "main" && count > 0);
    await page.selectOption("#region", other.name);
    await until(page, (name) => window.rookery.view().region === name && location.pathname === `/watch/${name}`, other.name);
    await untilLive(page);
    await page.goBack();
    await until(page, () => window.rookery.view().region === "main");
  }));

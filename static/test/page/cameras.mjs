// The four cameras, by button, key and address; what the server sends goes along with them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { get, until, untilLive, withPage } from "./harness.mjs";

const CELL_M = 16;

async function somebody(region) {
  const { agents_online: online } = await get("/api/v1/world");
  return online.find((agent) => agent.region === region && agent.agent_id.startsWith("demo-"))?.agent_id ?? online[0].agent_id;
}

test("followed_agent_stays_in_the_middle_and_only_its_surroundings_are_sent", async () => {
  const id = await somebody("main");
  await withPage(`/watch/agent/${id}`, async (page) => {
    await untilLive(page);
    await until(page, (agent) => window.rookery.view().agent === agent && window.rookery.view().mode === "follow", id);
    await until(page, (agent) => {
      const one = window.rookery.agents().find(({ id: other }) => other === agent);
      const [x, y] = window.rookery.view().focus;
      return one !== undefined && Math.hypot(one.x - x, one.y - y) < 2.5;
    }, id);
    // Two cells in each direction, and the one it stands in.
    await until(page, ([agent, far]) => {
      const all = window.rookery.agents();
      const me = all.find((one) => one.id === agent);
      return me !== undefined && all.every((one) => Math.abs(one.x - me.x) <= far && Math.abs(one.y - me.y) <= far);
    }, [id, 3 * CELL_M + 4]);
    assert.equal(await page.evaluate(() => document.getElementById("card").hidden), false);
    const { name } = await get(`/api/v1/agents/${id}`);
    await until(page, (wanted) => document.getElementById("card-name").textContent === wanted, name);
  });
});

test("first_person_looks_from_the_eyes_of_an_agent", async () => {
  const id = await somebody("plaza");
  await withPage(`/watch/agent/${id}?mode=first_person`, async (page) => {
    await untilLive(page);
    await until(page, (agent) => {
      const { mode, camera } = window.rookery.view();
      const me = window.rookery.agents().find((one) => one.id === agent);
      return mode === "first_person" && me !== undefined && Math.hypot(camera[0] - me.x, camera[1] - me.y) < 1.5;
    }, id);
    assert.equal(new URL(page.url()).search, "?mode=first_person");
  });
});

test("buttons_choose_cameras_and_the_address_tells_which", () =>
  withPage("/watch/main", async (page) => {
    await untilLive(page);
    for (const [mode, address] of [
      ["follow", /^\/watch\/agent\/[^?]+$/],
      ["first_person", /^\/watch\/agent\/[^?]+\?mode=first_person$/],
      ["free", /^\/watch\/\w+\?mode=free&x=\d+&y=\d+$/],
      ["overview", /^\/watch\/\w+$/],
    ]) {
      await page.click(`.cameras [data-mode="${mode}"]`);
      await until(page, (wanted) => window.rookery.view().mode === wanted, mode);
      await until(page, (source) => new RegExp(source).test(location.pathname + location.search), address.source);
      assert.equal(await page.getAttribute(`.cameras [data-mode="${mode}"]`, "aria-checked"), "true");
    }
  }));

test("free_camera_moves_and_what_is_sent_moves_along", () =>
  withPage("/watch/main?mode=free&x=60&y=60", async (page) => {
    await until(page, () => window.rookery?.state() === "online");
    await until(page, () => Math.hypot(window.rookery.view().focus[0] - 60, window.rookery.view().focus[1] - 60) < 2);
    await page.focus("#land");
    await page.keyboard.down("KeyW");
    await until(page, () => window.rookery.view().focus[1] > 100);
    await page.keyboard.up("KeyW");
    await until(page, () => Number(new URLSearchParams(location.search).get("y")) > 90);
    // Three cells in each direction, and the one it looks at.
    await until(page, (far) => {
      const [x, y] = window.rookery.view().focus;
      return window.rookery.agents().every((one) => Math.abs(one.x - x) <= far && Math.abs(one.y - y) <= far);
    }, 4 * CELL_M + 10);
  }));

test("keys_choose_people_and_cameras_but_not_while_typing", () =>
  withPage("/watch/main", async (page) => {
    await untilLive(page, 2);
    await page.focus("#land");
    await page.keyboard.press("n");
    const first = await until(page, () => window.rookery.view().agent);
    await page.keyboard.press("n");
    await until(page, (before) => window.rookery.view().agent !== before && window.rookery.view().agent !== null, first);
    await page.keyboard.press("2");
    await until(page, () => window.rookery.view().mode === "first_person");
    await page.keyboard.press("Escape");
    await until(page, () => window.rookery.view().mode === "overview");
    await page.click("#tab-people");
    await page.fill("#find", "");
    await page.focus("#find");
    await page.keyboard.type("3n");
    assert.equal(await page.inputValue("#find"), "3n");
    assert.equal((await page.evaluate(() => window.rookery.view())).mode, "overview");
    await page.keyboard.press("Tab");
    await page.keyboard.press("?");
    await until(page, () => document.getElementById("help").open);
  }));

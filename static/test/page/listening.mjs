// The page of the channels: finding one, listening to it, and what is published on it, friendly or not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { mark, newAgent, newVisitor, post, until, withPage } from "./harness.mjs";

const PHONE = { viewport: { width: 375, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const FINGER_PX = 40;
const EVIL = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>';

export const untilListening = (page) => until(page, () => document.body.dataset.connection === "online");
const untilText = (page, text) => until(page, (wanted) => [...document.querySelectorAll(".payload")].some((one) => one.textContent.includes(wanted)), text);

/** A channel of the visitor's that nobody else uses, advertised. */
export async function newChannel(advert = {}) {
  const { agentId, token } = await newVisitor();
  const channel = `agent.${agentId}.${mark()}`;
  await post("/api/advertise", { channel, description: `About nothing ${mark()}`, ...advert }, token);
  const publish = (payload) => post("/api/publish", { channel, payload }, token);
  return { agentId, token, channel, path: `/channels/${encodeURIComponent(channel)}`, publish };
}

test("channel_is_found_by_its_description_and_heard_live", async () => {
  const word = mark();
  const { channel, path, publish } = await newChannel({ description: `${EVIL} \u202e${word}` });
  await withPage("/channels", async (page) => {
    await until(page, () => document.querySelectorAll(".advert").length > 0);
    await page.fill("#find", word);
    await until(page, () => document.querySelectorAll(".advert").length === 1);
    assert.ok((await page.textContent(".advert")).includes(EVIL), "markup is shown as it was written");
    // By keyboard alone: from the field to the first channel.
    await page.press("#find", "Tab");
    await page.keyboard.press("Enter");
    await until(page, (wanted) => document.getElementById("channel-name").textContent === wanted, channel);
    assert.equal(new URL(page.url()).pathname, path);
    assert.equal(await page.evaluate(() => document.activeElement.id), "channel-name");
    await untilListening(page);
    await publish({ text: EVIL, word });
    await untilText(page, word);
    const seen = await page.evaluate(() => ({
      isPwned: "pwned" in window,
      strangers: document.querySelectorAll("main img, main script").length,
      about: document.getElementById("channel-about").textContent,
      title: document.title,
    }));
    assert.deepEqual([seen.isPwned, seen.strangers], [false, 0]);
    assert.doesNotMatch(seen.about, /\u202e/);
    assert.ok(seen.title.startsWith("agent."), seen.title);
    await page.goBack();
    await until(page, () => document.getElementById("channel").hidden && document.body.dataset.connection === "idle");
  });
});

test("any_channel_is_opened_by_its_name", () =>
  withPage("/channels", async (page) => {
    await page.fill("#find", "system.timer.second");
    await page.press("#find", "Enter");
    await until(page, () => document.querySelectorAll(".message").length > 1);
    assert.equal(new URL(page.url()).pathname, "/channels/system.timer.second");
    assert.equal(await page.textContent("#publish-closed"), "Only the server publishes here.");
    await page.click("#pause");
    const count = await page.evaluate(() => document.querySelectorAll(".message").length);
    await until(page, () => Number(/\d+/.exec(document.getElementById("pause").textContent)?.[0]) >= 2);
    assert.equal(await page.evaluate(() => document.querySelectorAll(".message").length), count);
    await page.click("#pause");
    await until(page, (before) => document.querySelectorAll(".message").length >= before + 2, count);
  }));

test("public_channel_shows_its_past_and_who_is_here", async () => {
  const { token } = await newVisitor();
  const channel = `public.${mark()}`;
  for (const payload of ["first", { second: 2 }]) await post("/api/publish", { channel, payload }, token);
  await withPage(`/channels/${channel}`, async (page) => {
    await until(page, () => document.querySelectorAll(".message").length === 2);
    assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll(".payload")].map((one) => one.textContent)), ["first", '{"second":2}']);
    await until(page, () => document.getElementById("presence-count").textContent === "1");
    await withPage(`/channels/${channel}`, async () => {
      await until(page, () => document.getElementById("presence-count").textContent === "2");
      assert.equal(await page.textContent("#present"), "without a name × 2");
    });
    await until(page, () => document.getElementById("presence-count").textContent === "1");
  });
});

test("locked_channel_says_so_and_its_owner_is_asked", async () => {
  const { agentId, token: owners, channel, path, publish } = await newChannel();
  const guest = await newAgent(`Guest ${mark()}`);
  await post("/api/lock", { channel }, owners);
  await withPage("/channels/public.access", async (requests) => {
    await untilListening(requests);
    await withPage(path, async (page) => {
      await until(page, () => !document.getElementById("closed").hidden && !document.getElementById("channel-locked").hidden);
      await page.fill("#request-reason", `please ${agentId}`);
      await page.click("#request button");
      assert.match(await page.textContent("#request-fate"), /paste your token/);
      await page.fill("#token", guest.token);
      await page.press("#token", "Enter");
      await page.click("#request button");
      await until(page, () => document.getElementById("request-fate").textContent.includes("is published"));
      await untilText(requests, `please ${agentId}`);
      await page.click("#listen");
      await until(page, () => document.getElementById("closed-words").textContent.includes("locked") && !document.getElementById("retry").hidden);
      await post("/api/grant", { channel, target: guest.agentId }, owners);
      await page.click("#retry");
      await untilListening(page);
      const word = mark();
      await publish(word);
      await untilText(page, word);
      await post("/api/revoke", { channel, target: guest.agentId }, owners);
      await until(page, () => !document.getElementById("closed").hidden);
    });
  });
});

test("flood_of_hostile_messages_is_inert_and_bounded", async () => {
  const { channel, path } = await newChannel();
  let socket;
  const route = (page) =>
    page.routeWebSocket(/\/connection\/websocket/, (mine) => {
      const theirs = mine.connectToServer();
      socket = mine;
      mine.onMessage((message) => theirs.send(message));
      theirs.onMessage((message) => mine.send(message));
    });
  const look = async (page) => {
    await untilListening(page);
    const evil = { _claw: { sender: `\u202e${EVIL}${"\u0301".repeat(900)}`, timestamp: 9e99 }, payload: { text: `${EVIL}${"x".repeat(9_000)}` } };
    const push = (data) => `{"push":{"channel":${JSON.stringify(channel)},"pub":{"data":${data}}}}`;
    const datas = [JSON.stringify(evil), `${"[".repeat(20_000)}${"]".repeat(20_000)}`, "null", '{"_claw":7}'];
    for (let batch = 0; batch < 25; batch += 1) socket.send(Array.from({ length: 40 }, (_, index) => push(datas[index % datas.length])).join("\n"));
    socket.send(push('"the last"'));
    await untilText(page, "the last");
    const seen = await page.evaluate(() => ({
      count: document.querySelectorAll("#messages > li").length,
      longest: Math.max(...[...document.querySelectorAll(".payload")].map((one) => one.textContent.length)),
      strangers: document.querySelectorAll("#messages img, #messages script").length,
      isPwned: "pwned" in window,
      text: document.getElementById("messages").textContent,
      widest: document.documentElement.scrollWidth - innerWidth,
    }));
    assert.deepEqual([seen.count, seen.strangers, seen.isPwned], [200, 0, false]);
    assert.ok(seen.longest <= 2_000 && seen.widest <= 0, JSON.stringify([seen.longest, seen.widest]));
    assert.doesNotMatch(seen.text, /[\u202a-\u202e]|\u0301{3}/);
  };
  await withPage(path, look, { route });
});

test("phone_shows_a_channel_without_anything_beside_the_screen", async () => {
  const { path, publish } = await newChannel({ schema: { properties: { ["long".repeat(30)]: { type: "string" }, choice: { enum: ["a", "b"] } } } });
  await withPage(
    path,
    async (page) => {
      await untilListening(page);
      await publish({ word: "w".repeat(400) });
      await untilText(page, "wwww");
      const seen = await page.evaluate((least) => {
        const all = [...document.querySelectorAll("button, select, input, textarea, header a")].filter((one) => one.offsetParent !== null);
        const unnamed = all.filter((one) => (one.labels?.length ?? 0) === 0 && one.textContent.trim() === "" && !one.hasAttribute("aria-label"));
        const boxes = all.map((one) => [one.id || one.textContent, one.getBoundingClientRect()]);
        const bad = boxes.filter(([, box]) => box.height < least - 4 || box.right > innerWidth + 1).map(([name]) => name);
        return { bad, unnamed: unnamed.length, count: all.length, widest: document.documentElement.scrollWidth - innerWidth };
      }, FINGER_PX);
      assert.deepEqual(seen, { ...seen, bad: [], unnamed: 0, widest: 0 });
      assert.ok(seen.count > 4, `${seen.count} controls`);
      await page.tap("#back");
      await until(page, () => document.getElementById("directory").offsetParent !== null && document.getElementById("channel").hidden);
    },
    PHONE,
  );
});

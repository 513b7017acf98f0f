// What agents write, friendly or not, and what spectators suggest to them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { betweenFrames, get, mark, newVisitor, post, REGION, until, untilLive, withPage } from "./harness.mjs";

const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

test("what_is_said_is_in_the_log_and_over_the_head_of_the_speaker", async () => {
  const { agentId, act } = await newVisitor();
  await withPage(`/watch/agent/${agentId}`, async (page) => {
    await untilLive(page);
    const text = `hello from outside ${mark()}`;
    await act("say", { message: text, volume: "shout" });
    await until(page, (wanted) => window.rookery.log().some((line) => line.includes(wanted)), text);
    await until(page, (wanted) => [...document.querySelectorAll(".bubble:not([hidden])")].some((one) => one.textContent === wanted), text);
    assert.equal(await page.evaluate((id) => window.rookery.agents().find((one) => one.id === id).isTalking, agentId), true);
    assert.equal(await page.evaluate((wanted) => document.getElementById("card-lately").textContent.includes(wanted), text), true);
    await page.click('[data-filter="speech"]');
    assert.equal(await page.evaluate((wanted) => window.rookery.log().some((line) => line.includes(wanted)), text), false);
    await page.click('[data-filter="speech"]');
    assert.equal(await page.evaluate((wanted) => window.rookery.log().some((line) => line.includes(wanted)), text), true);
  });
});

test("hostile_names_and_messages_are_inert_and_stay_in_their_place", async () => {
  const { agentId, act } = await newVisitor();
  const { name } = await get(`/api/v1/agents/${agentId}`);
  assert.ok(name.includes("<img src=x onerror="), `the server keeps the name: ${name}`);
  const { route, send } = betweenFrames();
  const look = async (page) => {
    await untilLive(page);
    const word = mark();
    const markup = `<script>window.pwned=1</script><img src=x onerror="window.pwned=1"> ${word}`;
    await act("say", { message: `\u202e\u2066${markup}\u2069 z${"\u0301".repeat(800)}`, volume: "normal" });
    // Names that the server refuses, as a server of somebody else might send them.
    const { x, y } = await page.evaluate((id) => window.rookery.agents().find((one) => one.id === id), agentId);
    const evil = `\u202eeve\u2066<script>window.pwned=1</script>${"\u0301".repeat(1_000)}`;
    const entry = { id: "evil", name: evil, x: x + 1.5, y, z: 25, heading: 0, status: evil, to: null, speed: 0 };
    send(REGION, { cell: [999, 999], agents: [entry], events: [{ type: "emote", source: "evil", content: { action: evil } }] });
    await until(page, () => window.rookery.agents().some(({ id }) => id === "evil"));
    await until(page, (wanted) => window.rookery.log().some((line) => line.includes(wanted)), word);
    const seen = await page.evaluate((wanted) => {
      const line = [...document.querySelectorAll("#log li")].find((one) => one.textContent.includes(wanted));
      const marked = [...document.querySelectorAll("body *")].filter((one) => one.childElementCount === 0).map((one) => one.textContent);
      return {
        text: line.querySelector(".words").textContent,
        height: line.offsetHeight,
        isPwned: "pwned" in window,
        strangers: document.querySelectorAll('#log script, #log img, .bubble script, .bubble img, .label img, #card img, #card script, #people img, img[src="x"]').length,
        isolated: [...document.querySelectorAll("#log .who, #log .words, .label-name, .bubble > *")].every((one) => one.localName === "bdi"),
        all: marked.join("\n"),
        widest: document.documentElement.scrollWidth - innerWidth,
      };
    }, word);
    assert.ok(seen.text.includes(markup), `the text itself is shown as written: ${seen.text}`);
    assert.doesNotMatch(seen.all, BIDI);
    assert.doesNotMatch(seen.all, /\u0301{3}/);
    assert.equal(seen.isPwned, false);
    assert.equal(seen.strangers, 0);
    assert.equal(seen.isolated, true);
    assert.ok(seen.height < 300 && seen.widest <= 0, JSON.stringify([seen.height, seen.widest]));
    await until(page, () => document.getElementById("card-name").textContent.startsWith("<img src=x onerror="));
  };
  await withPage(`/watch/agent/${agentId}`, look, { route });
});

test("a_suggestion_reaches_the_inbox_and_its_fate_is_shown", async () => {
  const { agentId, token, act } = await newVisitor();
  await post(`/api/v1/agents/${agentId}`, { accepts_prompts: true }, token, "PATCH");
  await withPage(`/watch/agent/${agentId}`, async (page) => {
    await untilLive(page);
    const text = `Try the soup, ${mark()}`;
    await page.fill("#prompt-text", text);
    await page.click("#prompt button");
    await until(page, (wanted) => document.querySelector('#prompt-fates [data-fate="queued"]')?.textContent.includes(wanted), text);
    const found = await act("observe_events", { event_types: ["prompt"] });
    assert.ok(JSON.stringify(found).includes(text), JSON.stringify(found));
    const answer = `Soup it is ${mark()}`;
    await act("say", { message: answer });
    await until(page, (wanted) => document.querySelector("#prompt-fates .since")?.textContent.includes(wanted), answer);
    await post(`/api/v1/agents/${agentId}`, { accepts_prompts: false }, token, "PATCH");
    await page.fill("#prompt-text", "And the bread?");
    await page.evaluate(() => document.getElementById("prompt").requestSubmit());
    await until(page, () => document.querySelector('#prompt-fates [data-fate="refused"]') !== null || document.getElementById("prompt").hidden);
    await until(page, () => !document.getElementById("prompt-closed").hidden);
  });
});

test("card_tells_what_is_public_of_an_agent", async () => {
  const { agents_online: online } = await get("/api/v1/world");
  const { agent_id: id } = online.find((agent) => agent.region === REGION && agent.agent_id.startsWith("demo-")) ?? online[0];
  const { description } = await get(`/api/v1/agents/${id}`);
  await withPage(`/watch/agent/${id}`, async (page) => {
    await until(page, (wanted) => document.getElementById("card-about").textContent === wanted, description);
    assert.match(await page.textContent("#card-facts"), /Handle.*Said/);
  });
});

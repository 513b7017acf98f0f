// The page in a real Chromium against a running demo world: `ROOKERY_URL` names it, `CHROMIUM` the browser.
// Missing either is a failure: a test that skips itself proves nothing.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const WAIT_MS = 30_000;
const BROWSER = process.env.CHROMIUM ?? "/usr/bin/chromium";
const URL_BASE = (process.env.ROOKERY_URL ?? "").replace(/\/+$/, "");
const REGION = "main";
const complaints = [];
let profile;
let context;
let page;

before(async () => {
  assert.notEqual(URL_BASE, "", "ROOKERY_URL must name a running demo world");
  await access(BROWSER);
  profile = await mkdtemp(join(tmpdir(), "rookery-chromium-"));
  context = await chromium.launchPersistentContext(profile, {
    executablePath: BROWSER,
    headless: true,
    viewport: { width: 1280, height: 800 },
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(`page error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" || /content security policy/i.test(message.text())) {
      complaints.push(`console: ${message.text()}`);
    }
  });
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
  });
  await page.goto(`${URL_BASE}/`);
  await page.locator(`#region option[value="${REGION}"]`).waitFor({ state: "attached", timeout: WAIT_MS });
  await page.selectOption("#region", REGION);
});

after(async () => {
  await context?.close();
  if (profile !== undefined) await rm(profile, { recursive: true, force: true });
});

async function post(path, body, token) {
  const headers = { "Content-Type": "application/json" };
  if (token !== undefined) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(URL_BASE + path, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `POST ${path} answered ${answer.status}: ${text}`);
  return JSON.parse(text);
}

async function newSpeaker() {
  const { agent_id: agentId, token } = await post("/api/v1/register", { name: `Visitor ${randomBytes(4).toString("hex")}` });
  await post("/api/v1/connect", { agent_id: agentId, token, spawn_region: REGION });
  return (message) =>
    post(`/api/v1/agents/${agentId}/action`, { action: "say", params: { message, volume: "shout" } }, token);
}

async function waitForLog(part) {
  await page.waitForFunction((wanted) => window.rookery.log().some((line) => line.includes(wanted)), part, {
    timeout: WAIT_MS,
  });
}

test("page_shows_at_least_three_agents_and_they_move", async () => {
  await page.waitForFunction(() => window.rookery?.state() === "online", null, { timeout: WAIT_MS });
  await page.waitForFunction(() => Number(document.body.dataset.agents) >= 3, null, { timeout: WAIT_MS });
  await page.waitForFunction(() => window.rookery.agents().length >= 3, null, { timeout: WAIT_MS });
  const first = await page.evaluate(() => window.rookery.agents());
  for (const agent of first) assert.ok(Number.isFinite(agent.x) && Number.isFinite(agent.y), JSON.stringify(agent));
  await page.waitForFunction(
    (before) =>
      window.rookery.agents().some((now) => {
        const then = before.find((agent) => agent.id === now.id);
        return then !== undefined && Math.hypot(now.x - then.x, now.y - then.y) > 0.5;
      }),
    first,
    { timeout: WAIT_MS },
  );
});

test("land_is_really_painted", async () => {
  const colours = await page.evaluate(() => {
    const canvas = document.getElementById("land");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    for (let at = 0; at < data.length; at += 4 * 97) seen.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
    return seen.size;
  });
  assert.ok(colours > 10, `only ${colours} colours on the canvas`);
});

test("message_said_through_the_api_appears_in_the_log", async () => {
  const say = await newSpeaker();
  const text = `hello from outside ${randomBytes(6).toString("hex")}`;
  await say(text);
  await waitForLog(text);
});

test("hostile_message_is_shown_as_inert_text", async () => {
  const say = await newSpeaker();
  const mark = randomBytes(6).toString("hex");
  const markup = `<script>window.pwned=1</script><img src=x onerror="window.pwned=1"> ${mark}`;
  await say(`\u202e\u2066${markup}\u2069 z${"\u0301".repeat(60)}`);
  await waitForLog(mark);
  const seen = await page.evaluate((wanted) => {
    const log = document.getElementById("log");
    return {
      line: window.rookery.log().find((line) => line.includes(wanted)),
      isPwned: "pwned" in window,
      elements: log.querySelectorAll("script, img").length,
    };
  }, mark);
  assert.ok(seen.line.includes(markup), `the text itself is shown as written: ${seen.line}`);
  assert.doesNotMatch(seen.line, /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
  assert.doesNotMatch(seen.line, /\u0301{3}/);
  assert.equal(seen.isPwned, false);
  assert.equal(seen.elements, 0);
});

test("page_made_no_error_and_broke_no_policy", async () => {
  if (process.env.ROOKERY_SCREENSHOT) await page.screenshot({ path: process.env.ROOKERY_SCREENSHOT, animations: "disabled" });
  assert.deepEqual(await page.evaluate(() => window.violations), []);
  assert.deepEqual(complaints, []);
});

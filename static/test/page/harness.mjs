// A real Chromium against a running world: `ROOKERY_URL` names it, `CHROMIUM` the browser.
// Missing either is a failure: a test that skips itself proves nothing.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** How long a state is waited for. Units: milliseconds. */
export const WAIT_MS = 90_000;
export const URL_BASE = (process.env.ROOKERY_URL ?? "").replace(/\/+$/, "");
export const REGION = "main";

const BROWSER = process.env.CHROMIUM ?? "/usr/bin/chromium";
const complaints = [];
let browser;
let home;

export async function openBrowser() {
  assert.notEqual(URL_BASE, "", "ROOKERY_URL must name a running demo world");
  await access(BROWSER);
  home = await mkdtemp(join(tmpdir(), "rookery-chromium-"));
  // WebGL without a graphics card, as on a machine that tests.
  const drawing = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"];
  const quiet = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  browser = await chromium.launch({
    executablePath: BROWSER,
    headless: true,
    args: ["--no-sandbox", ...drawing, ...quiet],
    env: { ...process.env, HOME: home },
  });
}

export async function closeBrowser() {
  await browser?.close();
  if (home !== undefined) await rm(home, { recursive: true, force: true });
}

/** What all pages complained of so far: errors, dialogs, breaches of the policy. */
export function complaintsSoFar() {
  return [...complaints];
}

/** Runs `test` with a page at `path`, and closes it. `isQuiet` is false where losing the connection is the point. */
export async function withPage(path, test, { isQuiet = true, route, base = URL_BASE, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 700 }, ...options });
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(`${path}: error: ${error.message}`));
  page.on("dialog", (dialog) => {
    complaints.push(`${path}: dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("console", (message) => {
    const isPolicy = /content security policy/i.test(message.text());
    if (isPolicy || (isQuiet && message.type() === "error")) complaints.push(`${path}: console: ${message.text()}`);
  });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
  });
  try {
    if (route !== undefined) await route(page);
    await page.goto(base + path);
    await test(page);
    assert.deepEqual(await page.evaluate(() => window.violations), []);
    if (process.env.PAGE_SCREENSHOTS !== undefined) await keep(page, path);
  } finally {
    await context.close();
  }
}

let kept = 0;
async function keep(page, path) {
  kept += 1;
  const name = `${String(kept).padStart(2, "0")}${path.replace(/[^a-z0-9]+/gi, "-")}.png`;
  await page.screenshot({ path: join(process.env.PAGE_SCREENSHOTS, name), animations: "disabled", timeout: WAIT_MS });
}

/** Waits until `condition` holds in the page; returns what it returned. */
export async function until(page, condition, argument = null) {
  const handle = await page.waitForFunction(condition, argument, { timeout: WAIT_MS });
  return handle.jsonValue();
}

/** Waits until the page shows inhabitants. */
export async function untilLive(page, count = 1) {
  await until(page, () => window.rookery?.state() === "online");
  await until(page, (wanted) => window.rookery.agents().length >= wanted, count);
}

export async function get(path) {
  const answer = await fetch(URL_BASE + path);
  assert.ok(answer.ok, `GET ${path} answered ${answer.status}`);
  return answer.json();
}

export async function post(path, body, token, method = "POST") {
  const headers = { "Content-Type": "application/json" };
  if (token !== undefined) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(URL_BASE + path, { method, headers, body: JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path} answered ${answer.status}: ${text}`);
  return text === "" ? {} : JSON.parse(text);
}

/** A random word that nothing else on the page contains. */
export function mark() {
  return randomBytes(6).toString("hex");
}

let visitor;

/** An agent of the test's own in `REGION`, made once, since registrations are limited: `{agentId, token, act}`. */
export async function newVisitor() {
  if (visitor !== undefined) return visitor;
  const { agentId, token } = await newAgent(`<img src=x onerror=alert(1)> ${mark()}`);
  await post(`/api/v1/agents/${agentId}`, { accepts_prompts: true }, token, "PATCH");
  await post("/api/v1/connect", { agent_id: agentId, token, spawn_region: REGION });
  const act = (action, params) => post(`/api/v1/agents/${agentId}/action`, { action, params }, token);
  visitor = { agentId, token, act };
  return visitor;
}

/** An agent outside of the world: `{agentId, token}`. A world lets an address register five in an hour. */
export async function newAgent(name) {
  const { agent_id: agentId, token } = await post("/api/v1/register", { name });
  return { agentId, token };
}

/** Lets a test put frames of its own between the world's: returns `{route, send}`. */
export function betweenFrames() {
  let socket;
  let tick = 0;
  const route = (page) =>
    page.routeWebSocket(/\/connection\/websocket/, (mine) => {
      const theirs = mine.connectToServer();
      socket = mine;
      mine.onMessage((message) => theirs.send(message));
      theirs.onMessage((message) => {
        const found = /"tick":(\d+)/.exec(String(message));
        if (found !== null) tick = Number(found[1]);
        mine.send(message);
      });
    });
  const send = (region, frame) => socket.send(JSON.stringify({ push: { channel: `region:${region}`, pub: { data: { tick, ...frame } } } }));
  return { route, send };
}

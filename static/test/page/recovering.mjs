// The server is killed and comes back; the page comes back by itself. This world is the test's own.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { until, untilLive, WAIT_MS, withPage } from "./harness.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const PROGRAM = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug/rookery");

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function startWorld(port, data) {
  const world = spawn(PROGRAM, ["serve", "--demo", "12", "--listen", `127.0.0.1:${port}`, "--data", data], { cwd: ROOT, stdio: "ignore" });
  const failed = once(world, "error").then(([error]) => Promise.reject(error));
  const ready = (async () => {
    for (let left = WAIT_MS / 200; left > 0; left -= 1) {
      assert.equal(world.exitCode, null, "the world ended");
      const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => null);
      if (answer?.ok) return world;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error("the world did not become ready");
  })();
  return Promise.race([ready, failed]);
}

async function kill(world) {
  if (world === undefined || world.exitCode !== null || world.signalCode !== null) return;
  world.kill("SIGKILL");
  await once(world, "exit");
}

test("page_comes_back_by_itself_when_its_server_was_killed", async () => {
  const data = await mkdtemp(join(tmpdir(), "rookery-recovery-"));
  const port = await freePort();
  let world;
  try {
    world = await startWorld(port, data);
    await withPage(
      "/watch/main",
      async (page) => {
        await untilLive(page);
        await page.evaluate(() => (window.isTheSamePage = true));
        await kill(world);
        await until(page, () => window.rookery.state() === "connecting" && document.body.dataset.connection === "connecting");
        await until(page, () => !document.getElementById("notice").hidden);
        assert.ok((await page.evaluate(() => window.rookery.agents().length)) > 0, "what was seen last stays in the picture");
        world = await startWorld(port, data);
        await untilLive(page);
        await until(page, () => document.getElementById("notice").hidden);
        const before = await page.evaluate(() => window.rookery.agents());
        await until(page, (then) => window.rookery.agents().some((now) => then.some((one) => one.id === now.id && Math.hypot(now.x - one.x, now.y - one.y) > 0.3)), before);
        assert.equal(await page.evaluate(() => window.isTheSamePage), true);
      },
      { isQuiet: false, base: `http://127.0.0.1:${port}` },
    );
  } finally {
    await kill(world);
    await rm(data, { recursive: true, force: true });
  }
});

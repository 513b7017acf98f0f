// What the server sends for the page, and under which policy.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { URL_BASE } from "./harness.mjs";

const WEIGHT_MAX_BYTES = 1_000_000;

const CHANNELS_WEIGHT_MAX_BYTES = 60_000;

/** Returns the files that a page brings along, and what all of it weighs. Units: bytes, gzipped. */
async function weigh(path) {
  const page = await (await fetch(URL_BASE + path)).text();
  const files = [...page.matchAll(/(?:src|href)="(\/[a-z]+\.[a-z]+)"/g)].map(([, file]) => file);
  let bytes = gzipSync(page).length;
  for (const file of new Set(files)) {
    const answer = await fetch(URL_BASE + file);
    assert.equal(answer.status, 200, file);
    bytes += gzipSync(Buffer.from(await answer.arrayBuffer())).length;
  }
  return { files, bytes };
}

test("page_weighs_less_than_a_megabyte_gzipped", async () => {
  const { files, bytes } = await weigh("/");
  assert.ok(files.includes("/app.js") && files.includes("/style.css"), files.join(" "));
  assert.ok(bytes > 50_000 && bytes < WEIGHT_MAX_BYTES, `${bytes} bytes`);
});

test("page_of_the_channels_is_light", async () => {
  const { files, bytes } = await weigh("/channels");
  assert.ok(files.includes("/channels.js") && files.includes("/channels.css"), files.join(" "));
  assert.ok(bytes > 20_000 && bytes < CHANNELS_WEIGHT_MAX_BYTES, `${bytes} bytes`);
});

test("addresses_to_share_are_the_page_under_a_policy_without_anything_inline", async () => {
  const pages = {
    "/": ["/watch/plaza", "/watch/agent/alice?mode=first_person", "/watch/a/b/c"],
    "/channels": ["/channels/public.chat", "/channels?name=public.a%2Fb", "/channels/"],
  };
  for (const [home, others] of Object.entries(pages)) {
    const page = await (await fetch(URL_BASE + home)).text();
    assert.doesNotMatch(page, /<script(?![^>]*src=)|\son\w+=|\sstyle=|<style/i);
    for (const path of [home, ...others]) {
      const answer = await fetch(URL_BASE + path, { headers: { Accept: "text/html" } });
      assert.equal(answer.status, 200, path);
      assert.equal(await answer.text(), page, path);
      const policy = answer.headers.get("content-security-policy") ?? "";
      assert.match(policy, /default-src 'none'/);
      assert.match(policy, /script-src 'self'/);
      assert.doesNotMatch(policy, /unsafe/);
    }
    // A document is only sent where its policy is.
    const bare = await fetch(`${URL_BASE}${home === "/" ? "/index" : home}.html`);
    assert.equal(bare.status, 404);
  }
});

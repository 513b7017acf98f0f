// What the server sends for the page, and under which policy.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { URL_BASE } from "./harness.mjs";

const WEIGHT_MAX_BYTES = 1_000_000;

test("page_weighs_less_than_a_megabyte_gzipped", async () => {
  const page = await (await fetch(`${URL_BASE}/`)).text();
  const files = [...page.matchAll(/(?:src|href)="(\/[a-z.]+)"/g)].map(([, path]) => path);
  assert.ok(files.includes("/app.js") && files.includes("/style.css"), files.join(" "));
  let bytes = gzipSync(page).length;
  for (const path of new Set(files)) {
    const answer = await fetch(URL_BASE + path);
    assert.equal(answer.status, 200, path);
    bytes += gzipSync(Buffer.from(await answer.arrayBuffer())).length;
  }
  assert.ok(bytes > 50_000 && bytes < WEIGHT_MAX_BYTES, `${bytes} bytes`);
});

test("addresses_to_share_are_the_page_under_a_policy_without_anything_inline", async () => {
  const page = await (await fetch(`${URL_BASE}/`)).text();
  for (const path of ["/", "/watch/plaza", "/watch/agent/alice?mode=first_person", "/watch/a/b/c"]) {
    const answer = await fetch(URL_BASE + path, { headers: { Accept: "text/html" } });
    assert.equal(answer.status, 200, path);
    assert.equal(await answer.text(), page, path);
    const policy = answer.headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self'/);
    assert.doesNotMatch(policy, /unsafe/);
  }
  assert.doesNotMatch(page, /<script(?![^>]*src=)|\son\w+=|\sstyle=|<style/i);
});

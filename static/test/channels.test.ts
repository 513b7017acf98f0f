import assert from "node:assert/strict";
import { test } from "node:test";
import { readAdvert } from "../src/channels/advert";
import { readChannel, readName, writeChannel } from "../src/channels/address";
import { jsonText } from "../src/channels/json";
import { readMessage } from "../src/channels/message";
import { outcomeOf } from "../src/channels/publish";
import { nameIn, readToken } from "../src/channels/token";

test("addresses_of_channels_read_as_they_are_written", () => {
  for (const name of ["public.chat", "agent.alice.news.daily", "app.Bot.größe東京?#%&+", "public.a/b/c", "public.a\\b"]) {
    const { pathname, search } = new URL(writeChannel(name), "http://x");
    assert.equal(readChannel(pathname, search), name);
    // The server refuses paths that hide a slash.
    assert.doesNotMatch(pathname, /%2f|%5c/i);
  }
  for (const path of ["/channels", "/channels/", "/channels/%E0%A4%A", "/channels/public", "/channels/public.a%20b", `/channels/public.${"a".repeat(260)}`]) {
    assert.equal(readChannel(path, ""), null, path);
  }
});

test("names_tell_whose_a_channel_is", () => {
  assert.deepEqual(readName("agent.alice.news"), { namespace: "agent", owner: "alice" });
  assert.deepEqual(readName("app.Bot.news"), { namespace: "app", owner: "app:Bot" });
  assert.deepEqual(readName("public.chat"), { namespace: "public", owner: null });
  for (const name of ["", "public", "public.", "agent.alice", "agent..x", "other.x", "region:main", "#alice", "public.a\u0000"]) {
    assert.equal(readName(name), null, JSON.stringify(name));
  }
});

test("messages_tell_sender_time_and_payload", () => {
  const told = readMessage({ _claw: { sender: "alice", timestamp: 1_700_000_000_000 }, payload: { a: 1 } });
  assert.deepEqual(told, { sender: "alice", atMs: 1_700_000_000_000, text: '{"a":1}', isText: false });
  assert.deepEqual(readMessage("bare"), { sender: "somebody", atMs: null, text: "bare", isText: true });
  assert.equal(readMessage({ _claw: { sender: {}, timestamp: "x" } }).text, "null");
});

test("payloads_are_harmless_and_bounded", () => {
  const evil = readMessage({ _claw: { sender: "\u202ebob" }, payload: { text: `\u202e\u2066x${"\u0301".repeat(40)}` } });
  assert.equal(evil.sender, "bob");
  assert.equal(evil.text, '{"text":"x\u0301\u0301"}');
  assert.equal(readMessage("one\r\n  two\u0007\n\n").text, "one\n  two");
  assert.equal(Array.from(readMessage("🙂".repeat(16_000)).text).length, 2_000);
});

test("deep_payload_stays_on_its_line_or_is_not_shown", () => {
  const deep = (depth: number): unknown => JSON.parse("[".repeat(depth) + "]".repeat(depth));
  assert.equal(jsonText(deep(1_000)).length, 2_000);
  assert.equal(jsonText(deep(200_000)), "(nested too deep to be shown)");
  assert.ok(jsonText({ a: "x".repeat(80), b: [1] }).includes("\n"));
});

test("adverts_without_a_channel_are_none", () => {
  for (const value of [null, [], {}, { channel: 5 }, { channel: "nowhere" }]) assert.equal(readAdvert(value), null);
  const advert = readAdvert({ channel: "agent.a.b", agent: "a", description: `\u202e${"x".repeat(9_000)}`, schema: "words" });
  assert.equal(advert?.description.length, 5_000);
  assert.equal(advert?.schema, "words");
});

test("answers_become_words", () => {
  assert.equal(outcomeOf({ status: 200, body: { ok: true } }, "Done.").words, "Done.");
  const refused = outcomeOf({ status: 400, body: { error: "does not fit", validation_errors: [{ path: "/n", message: "too small" }, 7] } }, "Done.");
  assert.deepEqual(refused, { isDone: false, words: "Refused: does not fit", violations: [{ path: "/n", message: "too small" }] });
  assert.equal(outcomeOf({ status: 429, body: { retry_after: 3 } }, "").words, "Too many: wait 3 s.");
  assert.equal(outcomeOf({ status: 0, body: {} }, "").words, "The server did not answer.");
  const many = Array.from({ length: 500 }, () => ({ path: "", message: "x" }));
  assert.equal(outcomeOf({ status: 400, body: { validation_errors: many } }, "").violations.length, 20);
});

test("tokens_are_read_and_tell_a_name", () => {
  const claims = Buffer.from(JSON.stringify({ sub: "alice" })).toString("base64url");
  assert.equal(readToken(`  Bearer x.${claims}.y\n`), `x.${claims}.y`);
  assert.equal(nameIn(`x.${claims}.y`), "alice");
  for (const text of ["", "two words", "ü", "x".repeat(9_000)]) assert.equal(readToken(text), null, text.slice(0, 9));
  for (const token of ["", "appk_x_y", "a.b.c", `a.${Buffer.from("7").toString("base64url")}.c`]) assert.equal(nameIn(token), null, token);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { describe, money } from "../src/world/describe";
import { cleanName, cleanText } from "../src/world/text";
import { readRegions } from "../src/world/region";

test("ordinary_text_of_any_script_is_unchanged", () => {
  for (const text of ["Hello, world!", "Größe, naïve, Ελληνικά, 日本語, हिन्दी", "שלום עולם", "👩‍🌾 waves"]) {
    assert.equal(cleanText(text), text);
  }
});

test("bidi_controls_are_stripped", () => {
  assert.equal(cleanText("pay \u202Eecila\u202C \u2066now\u2069\u200F\u061C"), "pay ecila now");
});

test("invisible_characters_are_stripped", () => {
  assert.equal(cleanText("a\u200bl\u2060i\ufeffc\u00ade"), "alice");
});

test("runs_of_combining_marks_are_cut", () => {
  assert.equal(cleanText(`a${"\u0301".repeat(40)}b`), "a\u0301\u0301b");
});

test("line_breaks_and_controls_become_one_space", () => {
  assert.equal(cleanText(" one\r\n\u0000\u2028two\tthree "), "one two three");
});

test("long_text_is_cut_by_characters", () => {
  assert.equal(cleanText("🙂".repeat(50), 10), `${"🙂".repeat(9)}…`);
  assert.equal(Array.from(cleanText("x".repeat(1_000_000), 280)).length, 280);
});

test("lone_surrogates_are_dropped", () => {
  assert.equal(cleanText("a\ud800b"), "ab");
});

test("what_is_no_text_is_empty", () => {
  for (const value of [null, undefined, {}, [], true]) assert.equal(cleanText(value), "");
});

test("name_with_nothing_visible_falls_back", () => {
  assert.equal(cleanName("\u202e\u200b ", "agent_1"), "agent_1");
});

test("events_become_plain_lines", () => {
  const nameOf = (id: string): string => (id === "bob" ? "Bob" : id);
  const speech = { type: "speech", source: "bob", content: { message: "<b>hi</b>" } };
  assert.deepEqual(describe(speech, nameOf), { kind: "speech", source: "bob", who: "Bob", text: "<b>hi</b>", isQuoted: true });
  const payment = { type: "payment", source: "eve", content: { to: "bob", amount: 1250, note: "tea" } };
  assert.equal(describe(payment, nameOf)?.text, "paid Bob 12.50 for tea");
  for (const [action, told] of [["wave", "waves"], ["stretch", "stretches"], ["cry", "cries"], ["is dancing a jig", "is dancing a jig"]] as const) {
    assert.equal(describe({ type: "emote", source: "bob", content: { action } }, nameOf)?.text, told);
  }
  assert.equal(describe({ type: "speech", source: "bob", content: null }, nameOf), null);
  assert.equal(describe({ type: "unheard_of" }, nameOf), null);
  assert.equal(money("5"), "some money");
});

test("regions_are_read_with_and_without_their_extras", () => {
  const regions = readRegions({
    regions: [
      { name: "main" },
      { name: "plaza", display_name: "Plaza", properties: { size_m: 128, places: [{ name: "A", x: 1, y: 2 }, { name: "B", x: 9, y: 2 }] } },
      { display_name: "nameless" },
      null,
    ],
  });
  assert.deepEqual(regions.map((region) => [region.name, region.title, region.sizeM]), [["main", "main", 256], ["plaza", "Plaza", 128]]);
  assert.equal(regions[1]?.paths.length, 1);
});

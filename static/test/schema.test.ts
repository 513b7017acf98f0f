import assert from "node:assert/strict";
import { test } from "node:test";
import { readFields, readJson, type Written } from "../src/channels/check";
import { fieldsOf, type Field } from "../src/channels/schema";

const READING = {
  type: "object",
  required: ["city", "celsius"],
  properties: {
    city: { type: "string", minLength: 2, maxLength: 5, title: "City\u202e" },
    celsius: { type: "number", minimum: -90, exclusiveMaximum: 60, description: "In the shade" },
    stations: { type: "integer", exclusiveMinimum: 0, maximum: 9, default: 1 },
    sky: { enum: ["clear", "rain", 3, null] },
    isFinal: { type: "boolean" },
    tags: { type: "array" },
    note: { type: ["string", "null"] },
  },
};

function fields(schema: unknown): Field[] {
  const found = fieldsOf(schema);
  assert.ok(found !== null);
  return found;
}

function complaints(written: Written): string[] {
  return "violations" in written ? written.violations.map(({ path, message }) => `${path} ${message}`) : [];
}

test("properties_become_fields", () => {
  const made = fields(READING);
  assert.deepEqual(made.map(({ kind }) => kind), ["text", "number", "integer", "choice", "choice", "json", "text"]);
  assert.deepEqual(made.map(({ isRequired }) => isRequired), [true, true, false, false, false, false, false]);
  const [city, celsius, stations, sky, isFinal, , note] = made;
  assert.deepEqual([city?.title, city?.minChars, city?.maxChars], ["City", 2, 5]);
  assert.deepEqual([celsius?.help, celsius?.min, celsius?.max, celsius?.below], ["In the shade", -90, null, 60]);
  assert.deepEqual([stations?.above, stations?.max, stations?.initial], [0, 9, 1]);
  assert.deepEqual([sky?.choices, isFinal?.choices, note?.isNullable], [["clear", "rain", 3, null], [true, false], true]);
});

test("schema_that_a_form_would_not_fit_has_none", () => {
  const many = Object.fromEntries(Array.from({ length: 41 }, (_, index) => [`p${index}`, { type: "string" }]));
  const properties = { a: { type: "string" } };
  for (const schema of [
    null, "words", [], {}, { type: "string" }, { type: "object" }, { type: "array", properties }, { properties: {} }, { properties: many },
    { properties, oneOf: [{}] }, { properties, $ref: "#/x" }, { properties, required: ["b"] }, { properties, required: [5] },
  ]) {
    assert.equal(fieldsOf(schema), null, JSON.stringify(schema).slice(0, 60));
  }
  assert.equal(fields({ properties: { a: { $ref: "#/definitions/a" }, b: { type: ["string", "number"] }, c: true } }).every(({ kind }) => kind === "json"), true);
});

test("written_fields_become_the_payload", () => {
  assert.deepEqual(readFields(fields(READING), ["Oslo", "-3.5", "2", "2", "1", "[1]", ""]), {
    payload: { city: "Oslo", celsius: -3.5, stations: 2, sky: 3, isFinal: false, tags: [1] },
  });
  assert.deepEqual(readFields(fields(READING), ["Oslo", "0", "", "3", "", "", ""]), { payload: { city: "Oslo", celsius: 0, sky: null } });
  const nullable = fields({ properties: { a: { type: ["integer", "null"] } }, required: ["a"] });
  assert.deepEqual(readFields(nullable, [""]), { payload: { a: null } });
});

test("what_does_not_fit_is_told_at_its_field", () => {
  const wrong = (...texts: string[]): string[] => complaints(readFields(fields(READING), texts));
  assert.deepEqual(wrong("", "", "", "", "", "", ""), ["/city is required", "/celsius is required"]);
  assert.deepEqual(wrong("O", "warm", "1.5", "", "", "[", ""), [
    "/celsius must be a number", "/tags must be JSON", "/city must have at least 2 characters", "/stations must be a whole number",
  ]);
  assert.deepEqual(wrong("🙂🙂🙂🙂🙂", "60", "0", "9", "", "", ""), ["/sky must be one of the choices", "/celsius must be less than 60", "/stations must be more than 0"]);
  assert.deepEqual(wrong("123456", "-91", "10", "", "", "", ""), [
    "/city must have at most 5 characters", "/celsius must be at least -90", "/stations must be at most 9",
  ]);
});

test("json_is_checked_like_the_fields", () => {
  const made = fields(READING);
  assert.deepEqual(readJson('{"city":"Oslo","celsius":1,"more":2,"note":null}', made), { payload: { city: "Oslo", celsius: 1, more: 2, note: null } });
  assert.deepEqual(complaints(readJson('{"city":7,"celsius":1,"sky":"fog","isFinal":"yes"}', made)), [
    "/city must be a text", "/sky must be one of the choices", "/isFinal must be one of the choices",
  ]);
  assert.deepEqual(complaints(readJson("[]", made)), [" must be an object"]);
  assert.match(complaints(readJson("{", null))[0] ?? "", /not JSON/);
  assert.deepEqual(readJson("7", null), { payload: 7 });
});

test("payload_that_is_too_long_is_not_sent", () => {
  assert.deepEqual(complaints(readJson(JSON.stringify("ü".repeat(8_192)), null)), [" is 16386 bytes long, and 16384 is the most"]);
  assert.deepEqual(complaints(readJson(JSON.stringify("ü".repeat(8_191)), null)), []);
});

test("odd_names_are_properties_like_others", () => {
  const odd = fields(JSON.parse('{"properties":{"__proto__":{"type":"string"},"a/b~c":{"type":"integer"},"constructor":{"type":"string"}},"required":["constructor"]}'));
  const written = readFields(odd, ["x", "y", ""]);
  assert.deepEqual(complaints(written), ["/a~1b~0c must be a whole number", "/constructor is required"]);
  const good = readFields(odd, ["x", "1", "z"]);
  assert.equal("payload" in good && JSON.stringify(good.payload), '{"__proto__":"x","a/b~c":1,"constructor":"z"}');
});

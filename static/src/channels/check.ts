// What is wrong with a payload, before the server is asked. Patterns are the server's to match: one that never ends would stop the page.
import { PAYLOAD_MAX_BYTES } from "../limits";
import { isRecord } from "../wire/frame";
import { jsonLine } from "./json";
import type { Field } from "./schema";

/** One thing that is wrong, in the server's form. */
export interface Violation {
  /** A JSON pointer; empty for the payload as a whole. */
  path: string;
  message: string;
}

/** A payload, or why there is none. */
export type Written = { payload: unknown } | { violations: Violation[] };

/** Reads what was written into the fields; an empty one is left out. Choices are written as their number. */
export function readFields(fields: readonly Field[], texts: readonly string[]): Written {
  const entries: [string, unknown][] = [];
  const violations: Violation[] = [];
  fields.forEach((field, index) => {
    const text = texts[index] ?? "";
    if (field.kind === "text" ? text === "" : text.trim() === "") {
      if (field.isRequired && field.isNullable) entries.push([field.name, null]);
      return;
    }
    const value = readField(field, text);
    if (value === undefined) violations.push({ path: pointerTo(field), message: UNREADABLE[field.kind] });
    else entries.push([field.name, value]);
  });
  const unread = new Set(violations.map(({ path }) => path));
  // `fromEntries` makes a property of any name, `__proto__` too.
  const payload: unknown = Object.fromEntries(entries);
  const wrong = checkFields(fields, payload).filter(({ path }) => !unread.has(path));
  return settle(payload, [...violations, ...wrong]);
}

/** Reads a payload that was written as JSON; `fields`: of its schema, when it has a form. */
export function readJson(text: string, fields: readonly Field[] | null): Written {
  let payload: unknown;
  try {
    payload = JSON.parse(text);
  } catch (error) {
    return { violations: [{ path: "", message: `This is not JSON: ${error instanceof Error ? error.message : "it cannot be read"}` }] };
  }
  return settle(payload, fields === null ? [] : checkFields(fields, payload));
}

/** Returns a text as a payload. */
export function readText(text: string): Written {
  return settle(text, []);
}

/** Returns the pointer to a field's value. */
export function pointerTo(field: Field): string {
  return `/${field.name.replace(/~/g, "~0").replace(/\//g, "~1")}`;
}

const hasOwn = Object.prototype.hasOwnProperty;
const UNREADABLE: Record<Field["kind"], string> = {
  text: "cannot be read",
  number: "must be a number",
  integer: "must be a whole number",
  choice: "must be one of the choices",
  json: "must be JSON",
};

function settle(payload: unknown, violations: Violation[]): Written {
  const line = jsonLine(payload);
  if (line === null) return { violations: [{ path: "", message: "is nested too deep" }] };
  const bytes = new TextEncoder().encode(line).length;
  if (bytes > PAYLOAD_MAX_BYTES) violations.push({ path: "", message: `is ${bytes} bytes long, and ${PAYLOAD_MAX_BYTES} is the most` });
  return violations.length > 0 ? { violations } : { payload };
}

function readField(field: Field, text: string): unknown {
  if (field.kind === "text") return text;
  if (field.kind === "choice") return field.choices[Number(text)];
  if (field.kind === "json") {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return undefined;
    }
  }
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function checkFields(fields: readonly Field[], payload: unknown): Violation[] {
  if (!isRecord(payload)) return [{ path: "", message: "must be an object" }];
  return fields.flatMap((field) => {
    const message = hasOwn.call(payload, field.name) ? complaintOf(field, payload[field.name]) : field.isRequired ? "is required" : null;
    return message === null ? [] : [{ path: pointerTo(field), message }];
  });
}

function complaintOf(field: Field, value: unknown): string | null {
  if (value === null && field.isNullable) return null;
  switch (field.kind) {
    case "choice":
      return field.choices.some((choice) => jsonLine(choice) === jsonLine(value)) ? null : "must be one of the choices";
    case "text":
      return typeof value === "string" ? complaintOfText(field, Array.from(value).length) : "must be a text";
    case "number":
    case "integer":
      if (typeof value !== "number" || (field.kind === "integer" && !Number.isInteger(value))) return UNREADABLE[field.kind];
      return complaintOfNumber(field, value);
    case "json":
      return null;
  }
}

function complaintOfText({ minChars, maxChars }: Field, chars: number): string | null {
  if (minChars !== null && chars < minChars) return `must have at least ${minChars} characters`;
  return maxChars !== null && chars > maxChars ? `must have at most ${maxChars} characters` : null;
}

function complaintOfNumber({ min, max, above, below }: Field, value: number): string | null {
  if (min !== null && value < min) return `must be at least ${min}`;
  if (max !== null && value > max) return `must be at most ${max}`;
  if (above !== null && value <= above) return `must be more than ${above}`;
  return below !== null && value >= below ? `must be less than ${below}` : null;
}

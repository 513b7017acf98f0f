// A JSON Schema as a form: one field for each property that a person can fill in. What cannot be shown so is left to the server.
import { CHOICES_MAX, FIELDS_MAX } from "../limits";
import { isRecord, listOf, numberOr } from "../wire/frame";
import { cleanText } from "../world/text";

/** How a field is filled in; `json` is for anything that is not simple. */
export type FieldKind = "text" | "number" | "integer" | "choice" | "json";

/** One property of the payload. */
export interface Field {
  name: string;
  title: string;
  help: string;
  kind: FieldKind;
  isRequired: boolean;
  isNullable: boolean;
  /** What may be chosen; only of a `choice`. */
  choices: unknown[];
  /** Of numbers, both included. */
  min: number | null;
  max: number | null;
  /** Of numbers, both left out. */
  above: number | null;
  below: number | null;
  /** Of texts. Units: characters. */
  minChars: number | null;
  maxChars: number | null;
  /** What the schema proposes; undefined when it proposes nothing. */
  initial: unknown;
}

const HELP_CHARS_MAX = 280;
const TITLE_CHARS_MAX = 60;
const SIMPLE: ReadonlySet<unknown> = new Set(["string", "number", "integer", "boolean"]);
// These say more than the fields could.
const COMPOUND = ["$ref", "allOf", "anyOf", "oneOf"] as const;

/** Returns the fields of a schema of an object; null where a form would be of no help. */
export function fieldsOf(schema: unknown): Field[] | null {
  if (!isRecord(schema) || !isRecord(schema["properties"])) return null;
  if (schema["type"] !== undefined && !typesOf(schema).includes("object")) return null;
  if (COMPOUND.some((word) => word in schema)) return null;
  const properties = Object.entries(schema["properties"]);
  if (properties.length === 0 || properties.length > FIELDS_MAX) return null;
  const required = new Set(listOf(schema["required"]));
  const fields = properties.map(([name, property]) => fieldOf(name, isRecord(property) ? property : {}, required.has(name)));
  // A property that is required but not described has no field, so no form could fit the schema.
  const isComplete = [...required].every((name) => typeof name === "string" && fields.some((field) => field.name === name));
  return isComplete ? fields : null;
}

function fieldOf(name: string, property: Record<string, unknown>, isRequired: boolean): Field {
  const types = typesOf(property);
  const choices = choicesOf(property, types);
  return {
    name,
    title: cleanText(property["title"], TITLE_CHARS_MAX) || cleanText(name, TITLE_CHARS_MAX) || "(no name)",
    help: cleanText(property["description"], HELP_CHARS_MAX),
    kind: choices.length > 0 ? "choice" : kindOf(property, types),
    isRequired,
    isNullable: types.includes("null"),
    choices,
    min: numberOr(property["minimum"], null),
    max: numberOr(property["maximum"], null),
    above: numberOr(property["exclusiveMinimum"], null),
    below: numberOr(property["exclusiveMaximum"], null),
    minChars: numberOr(property["minLength"], null),
    maxChars: numberOr(property["maxLength"], null),
    initial: property["default"],
  };
}

function typesOf(schema: Record<string, unknown>): unknown[] {
  const { type } = schema;
  return Array.isArray(type) ? type : type === undefined ? [] : [type];
}

function kindOf(property: Record<string, unknown>, types: unknown[]): FieldKind {
  const [type, ...others] = types.filter((one) => one !== "null");
  if (others.length > 0 || !SIMPLE.has(type) || COMPOUND.some((word) => word in property)) return "json";
  return type === "number" || type === "integer" ? type : "text";
}

function choicesOf(property: Record<string, unknown>, types: unknown[]): unknown[] {
  if ("const" in property) return [property["const"]];
  const listed = listOf(property["enum"]);
  if (listed.length > 0) return listed.length <= CHOICES_MAX ? listed : [];
  const isYesOrNo = types.includes("boolean") && types.every((type) => type === "boolean" || type === "null");
  return isYesOrNo ? [true, false] : [];
}

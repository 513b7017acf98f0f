// What agents write is shown to people: it must stay on its line and in its direction, whatever it contains.
import { MARKS_MAX, MESSAGE_CHARS_MAX, NAME_CHARS_MAX } from "../limits";

// Marks that reverse or isolate text (bidi), and invisible characters that fake or split names.
const INVISIBLE =
  /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|\u{e0000}|[\u{e0001}-\u{e0fff}]/gu;
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
const MARK_RUN = new RegExp(`(\\p{M}{${MARKS_MAX}})\\p{M}+`, "gu");
const LONE_SURROGATE = /[\ud800-\udfff]/gu;

/**
 * Returns `value` as one harmless line of at most `max` characters, cut with an ellipsis.
 * Anything that is no string or number becomes the empty text. It is not HTML-escaped: it goes to textContent only.
 */
export function cleanText(value: unknown, max: number = MESSAGE_CHARS_MAX): string {
  if (typeof value !== "string" && typeof value !== "number") return "";
  const text = harmless(String(value).slice(0, max * 16))
    .replace(/\s+/g, " ")
    .trim();
  // Marks beyond the first are part of their base character: a cut never separates the two by more than MARKS_MAX.
  return cut(text, max);
}

/** Returns `text` harmless like `cleanText` does, but with its lines and their indentation. */
export function cleanBlock(text: string, max: number): string {
  return cut(text.slice(0, max * 16).split(/\r?\n/).map(harmless).join("\n").trimEnd(), max);
}

function harmless(text: string): string {
  return text.replace(LONE_SURROGATE, "").replace(CONTROL, " ").replace(INVISIBLE, "").replace(MARK_RUN, "$1");
}

function cut(text: string, max: number): string {
  const characters = Array.from(text);
  if (characters.length <= max) return text;
  return characters.slice(0, max - 1).join("").trimEnd() + "…";
}

/** Returns a name fit for a label, or `fallback` when nothing visible is left of it. */
export function cleanName(value: unknown, fallback = "someone"): string {
  return cleanText(value, NAME_CHARS_MAX) || cleanText(fallback, NAME_CHARS_MAX);
}

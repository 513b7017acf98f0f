// What was published: the wrapper with who and when, and the payload as text.
import { PAYLOAD_CHARS_MAX } from "../limits";
import { isRecord, numberOr } from "../wire/frame";
import { cleanBlock, cleanName } from "../world/text";
import { jsonText } from "./json";

/** One publication as it is shown. */
export interface Message {
  sender: string;
  /** Units: milliseconds since 1970; null when it is not told. */
  atMs: number | null;
  text: string;
  /** Whether the payload is a text rather than JSON. */
  isText: boolean;
}

/** Reads a publication's data; one without the wrapper is all payload. */
export function readMessage(data: unknown): Message {
  const wrapper = isRecord(data) && isRecord(data["_claw"]) ? data["_claw"] : null;
  const payload = wrapper === null ? data : (data as Record<string, unknown>)["payload"];
  return {
    sender: cleanName(wrapper?.["sender"], "somebody"),
    atMs: numberOr(wrapper?.["timestamp"], null),
    text: payloadText(payload),
    isText: typeof payload === "string",
  };
}

/** Returns a payload as it is shown: a text as it is, anything else as indented JSON. */
export function payloadText(payload: unknown): string {
  const text = typeof payload === "string" ? payload : jsonText(payload);
  return cleanBlock(text, PAYLOAD_CHARS_MAX);
}

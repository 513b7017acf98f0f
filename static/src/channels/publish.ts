// Publishing and asking for access over HTTP, and what the server says to it.
import { VIOLATIONS_MAX } from "../limits";
import { isRecord, listOf, numberOr } from "../wire/frame";
import { postJson, type Answer } from "../wire/http";
import { cleanText } from "../world/text";
import type { Violation } from "./check";

/** What became of it: `violations` are the server's. */
export interface Outcome {
  isDone: boolean;
  words: string;
  violations: Violation[];
}

/** Publishes a payload. */
export async function publish(channel: string, payload: unknown, token: string): Promise<Outcome> {
  return outcomeOf(await postJson("/api/publish", JSON.stringify({ channel, payload }), token), "Published.");
}

/** Asks the owner of a locked channel to let one in. */
export async function requestAccess(channel: string, reason: string, token: string): Promise<Outcome> {
  return outcomeOf(await postJson("/api/request", JSON.stringify({ channel, reason }), token), "Your request is published on public.access.");
}

/** Returns an answer in words for people. */
export function outcomeOf({ status, body }: Answer, done: string): Outcome {
  if (status >= 200 && status < 300) return { isDone: true, words: done, violations: [] };
  const violations = listOf(body["validation_errors"]).slice(0, VIOLATIONS_MAX).flatMap((one) => {
    if (!isRecord(one)) return [];
    return [{ path: typeof one["path"] === "string" ? one["path"] : "", message: cleanText(one["message"]) }];
  });
  return { isDone: false, words: wordsFor(status, body), violations };
}

function wordsFor(status: number, body: Record<string, unknown>): string {
  if (status === 0) return "The server did not answer.";
  const wait = numberOr(body["retry_after"], null);
  if (status === 429) return wait === null ? "Too many: wait a little." : `Too many: wait ${wait} s.`;
  const detail = cleanText(body["error"]) || `the server answered ${status}`;
  return status === 401 ? `Your token is not taken: ${detail}` : `Refused: ${detail}`;
}

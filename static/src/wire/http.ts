// Questions over HTTP: none takes forever, and no answer is trusted to be what it should.
import { isRecord } from "./frame";

const ANSWER_TIMEOUT_MS = 8_000;

/** What came back: `status` 0 when nothing did. */
export interface Answer {
  status: number;
  body: Record<string, unknown>;
}

/** Returns what is at `path`; null when there is no answer, or not a good one. */
export async function getJson(path: string): Promise<unknown> {
  const answer = await ask(path, { headers: { Accept: "application/json" } });
  return answer !== null && answer.isOk ? answer.body : null;
}

/** Posts `json` as whoever `token` is. */
export async function postJson(path: string, json: string, token: string): Promise<Answer> {
  const headers = { Accept: "application/json", "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  const answer = await ask(path, { method: "POST", headers, body: json });
  return { status: answer?.status ?? 0, body: isRecord(answer?.body) ? answer.body : {} };
}

async function ask(path: string, init: RequestInit): Promise<{ isOk: boolean; status: number; body: unknown } | null> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), ANSWER_TIMEOUT_MS);
  try {
    const answer = await fetch(path, { ...init, signal: stop.signal });
    const body = (await answer.json().catch(() => null)) as unknown;
    return { isOk: answer.ok, status: answer.status, body };
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

// Who the visitor is: a token in this tab's session storage, and nowhere else.
import { isRecord } from "../wire/frame";
import { cleanName } from "../world/text";

const KEY = "rookery-token";
const TOKEN_CHARS_MAX = 8_192;

/** Returns the token of this tab, empty when there is none. */
export function keptToken(): string {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

/** Keeps a token as long as this tab is open; an empty one forgets it. A browser that stores nothing loses it with the page. */
export function keepToken(token: string): void {
  try {
    if (token === "") sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  } catch {
    // Forbidden by the visitor: the page has it in memory.
  }
}

/** Returns a token as it is sent; null for what cannot be one. */
export function readToken(text: string): string | null {
  const token = text.trim().replace(/^Bearer\s+/i, "");
  return token !== "" && token.length <= TOKEN_CHARS_MAX && /^[\x21-\x7e]+$/.test(token) ? token : null;
}

/** Returns whose a token says it is, for the eye only: the server decides. Null when it does not say, as keys of apps. */
export function nameIn(token: string): string | null {
  const [, claims] = token.split(".");
  try {
    const bytes = Uint8Array.from(atob((claims ?? "").replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
    const read: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isRecord(read) && typeof read["sub"] === "string" ? cleanName(read["sub"], "") || null : null;
  } catch {
    return null;
  }
}

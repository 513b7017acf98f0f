// JSON as text. What is nested thousands deep can be read by a browser, but not written: such a thing must not stop the page.

const LINE_CHARS = 72;
const DEPTH_MAX = 24;
const TOO_DEEP = "(nested too deep to be shown)";

/** Returns `value` on one line; null when it is nested too deep for that. */
export function jsonLine(value: unknown): string | null {
  try {
    return JSON.stringify(value) ?? "null";
  } catch {
    return null;
  }
}

/** Returns JSON for people: indented, unless it is short, or nested so deep that its indentation would outgrow it. */
export function jsonText(value: unknown): string {
  const line = jsonLine(value);
  if (line === null) return TOO_DEEP;
  return line.length <= LINE_CHARS || depthOf(line) > DEPTH_MAX ? line : JSON.stringify(value, null, 2);
}

// Brackets inside of texts count as well: too deep is the harmless mistake.
function depthOf(line: string): number {
  let [depth, deepest] = [0, 0];
  for (const char of line) {
    if (char === "[" || char === "{") deepest = Math.max(deepest, (depth += 1));
    else if (char === "]" || char === "}") depth -= 1;
  }
  return deepest;
}

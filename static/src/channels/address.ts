// Addresses to share: `/channels/public.chat`, `/channels?name=public.a%2Fb`; and what a channel's name tells.

const NAME_MAX_BYTES = 255;

/** Whose a channel is. */
export type Namespace = "public" | "agent" | "app" | "system";

/** What a name tells of its channel. */
export interface Named {
  namespace: Namespace;
  /** As adverts and locks name it: a handle, or `app:<app>`; null when it is nobody's. */
  owner: string | null;
}

/** Returns the channel that an address names; null for the list of all. */
export function readChannel(path: string, query: string): string | null {
  const name = new URLSearchParams(query).get("name") ?? decode(/^\/channels\/([^/]+)$/.exec(path)?.[1] ?? "");
  return readName(name) === null ? null : name;
}

/** Returns the address of a channel, or of the list. A path cannot have slashes that are not its own, so such a name goes behind it. */
export function writeChannel(channel: string | null): string {
  if (channel === null) return "/channels";
  return isOdd(channel) ? `/channels?name=${encodeURIComponent(channel)}` : `/channels/${encodeURIComponent(channel)}`;
}

/** Whether a name cannot stand in a path. */
export function isOdd(channel: string): boolean {
  return /[/\\]/.test(channel);
}

/** Returns what a name tells; null when no channel can have it. */
export function readName(name: string): Named | null {
  const isName = new TextEncoder().encode(name).length <= NAME_MAX_BYTES && !/[\s\p{Cc}]/u.test(name);
  const [kind, ...rest] = name.split(".");
  if (!isName || rest.length === 0 || rest.some((part) => part === "")) return null;
  if (kind === "public" || kind === "system") return { namespace: kind, owner: null };
  const [owner] = rest;
  if (owner === undefined || rest.length < 2) return null;
  if (kind === "agent") return { namespace: kind, owner };
  return kind === "app" ? { namespace: kind, owner: `app:${owner}` } : null;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

// Addresses to share: `/watch/plaza`, `/watch/agent/alice?mode=first_person`, `/watch/plaza?mode=free&x=120&y=80`.
import { modeOf, type Mode } from "../cameras/modes";

/** What an address names. */
export interface Address {
  region: string | null;
  agent: string | null;
  mode: Mode | null;
  /** Where a free camera looks. Units: metres. */
  x: number | null;
  y: number | null;
}

/** Returns what an address names; what makes no sense is left out. */
export function readAddress(path: string, query: string): Address {
  const search = new URLSearchParams(query);
  const coordinate = (name: string): number | null => {
    const text = search.get(name);
    const value = text === null || text.trim() === "" ? Number.NaN : Number(text);
    return Number.isFinite(value) ? value : null;
  };
  const agent = /^\/watch\/agent\/([^/]{1,200})\/?$/.exec(path)?.[1];
  const region = /^\/watch\/([^/]{1,200})\/?$/.exec(path)?.[1];
  const [x, y] = [coordinate("x"), coordinate("y")];
  return {
    region: decode(region),
    agent: decode(agent),
    mode: modeOf(search.get("mode")),
    x: y === null ? null : x,
    y: x === null ? null : y,
  };
}

/** Returns the address of what is watched; the usual mode of a target is left out. */
export function writeAddress({ region, agent, mode, x, y }: Address): string {
  const path = agent !== null ? `/watch/agent/${encodeURIComponent(agent)}` : region !== null ? `/watch/${encodeURIComponent(region)}` : "/";
  const search = new URLSearchParams();
  if (mode !== null && mode !== (agent !== null ? "follow" : "overview")) search.set("mode", mode);
  if (mode === "free" && agent === null && x !== null && y !== null) {
    search.set("x", x.toFixed(0));
    search.set("y", y.toFixed(0));
  }
  const query = search.toString();
  return query === "" ? path : `${path}?${query}`;
}

function decode(part: string | undefined): string | null {
  if (part === undefined) return null;
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

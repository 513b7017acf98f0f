// The shapes of `api.md` §4 as they arrive: every field is doubted, nothing is trusted to be there.

/** A point in a region. Units: metres, z up. */
export interface Point {
  x: number;
  y: number;
  z: number;
}

/** One agent in a cell frame; later entries leave unchanged fields out. */
export interface AgentEntry {
  id: string;
  name?: string;
  x?: number;
  y?: number;
  z?: number;
  heading?: number;
  status?: string;
  to?: Partial<Point> | null;
  speed?: number;
}

/** One happening. */
export interface WorldEvent {
  type: string;
  seq?: number;
  source?: string;
  source_name?: string;
  target?: string;
  content?: Record<string, unknown> | null;
  location?: Partial<Point> | null;
}

/** One publication on `region:<region>`. */
export interface Frame {
  tick?: number;
  cell?: [number, number];
  snapshot?: boolean;
  dropped?: boolean;
  agents?: AgentEntry[];
  left?: string[];
  events?: WorldEvent[];
  /** A large region from above: counts instead of agents. */
  overview?: unknown;
}

/** Whether `value` is a plain object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns `value` when it is a finite number, else `fallback`. */
export function numberOr<T>(value: unknown, fallback: T): number | T {
  return typeof value === "number" && Number.isFinite(value) ? value : fallback;
}

/** Returns `value` when it is an array, else an empty one. */
export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

// An agent's entry is a trajectory, not a sample: this is where the agent is at any later tick.
import type { Point } from "../wire/frame";

/** Walking speed, used when a moving entry carries none. Units: metres a second. */
export const WALK_M_S = 1.5;

/** Where an agent was at `tick` and, while it moves, where it goes in a straight line. */
export interface Trajectory {
  tick: number;
  from: Point;
  to: Point | null;
  /** Metres a second. */
  speed: number;
}

/** Returns which part of its way is behind the agent at `tick`, 0 to 1; 1 when it goes nowhere. */
export function partAt({ from, to, speed, tick: begun }: Trajectory, tick: number, tickMs: number): number {
  if (to === null) return 1;
  const distance = Math.hypot(to.x - from.x, to.y - from.y, to.z - from.z);
  const travelled = ((Math.max(0, tick - begun) * tickMs) / 1000) * Math.max(0, speed);
  return distance === 0 || travelled >= distance ? 1 : travelled / distance;
}

/** Writes the position at `tick` (may be fractional) into `into`: never before the start, never beyond the destination. */
export function placeAt(trajectory: Trajectory, tick: number, tickMs: number, into: Point): Point {
  const { from } = trajectory;
  const to = trajectory.to ?? from;
  const part = partAt(trajectory, tick, tickMs);
  into.x = from.x + (to.x - from.x) * part;
  into.y = from.y + (to.y - from.y) * part;
  into.z = from.z + (to.z - from.z) * part;
  return into;
}

/** Returns the position at `tick`, as `placeAt`. */
export function positionAt(trajectory: Trajectory, tick: number, tickMs: number): Point {
  return placeAt(trajectory, tick, tickMs, { x: 0, y: 0, z: 0 });
}

/** Whether the agent is still on its way at `tick`. */
export function isMovingAt(trajectory: Trajectory, tick: number, tickMs: number): boolean {
  return trajectory.to !== null && trajectory.speed > 0 && partAt(trajectory, tick, tickMs) < 1;
}

/** Returns the heading in radians (0 = east, counter-clockwise) while it moves, else `fallback`. */
export function headingAt(trajectory: Trajectory, tick: number, tickMs: number, fallback: number): number {
  if (trajectory.to === null || !isMovingAt(trajectory, tick, tickMs)) return fallback;
  return Math.atan2(trajectory.to.y - trajectory.from.y, trajectory.to.x - trajectory.from.x);
}

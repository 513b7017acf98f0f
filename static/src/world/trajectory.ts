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

/** Returns the position at `tick` (may be fractional): never before the start, never beyond the destination. */
export function positionAt(trajectory: Trajectory, tick: number, tickMs: number): Point {
  const { from, to } = trajectory;
  if (to === null) return from;
  const distance = Math.hypot(to.x - from.x, to.y - from.y, to.z - from.z);
  const elapsedS = (Math.max(0, tick - trajectory.tick) * tickMs) / 1000;
  const travelled = elapsedS * Math.max(0, trajectory.speed);
  if (distance === 0 || travelled >= distance) return to;
  const part = travelled / distance;
  return {
    x: from.x + (to.x - from.x) * part,
    y: from.y + (to.y - from.y) * part,
    z: from.z + (to.z - from.z) * part,
  };
}

/** Whether the agent is still on its way at `tick`. */
export function isMovingAt(trajectory: Trajectory, tick: number, tickMs: number): boolean {
  if (trajectory.to === null || trajectory.speed <= 0) return false;
  const here = positionAt(trajectory, tick, tickMs);
  return here !== trajectory.to;
}

/** Returns the heading in radians (0 = east, counter-clockwise) while it moves, else `fallback`. */
export function headingAt(trajectory: Trajectory, tick: number, tickMs: number, fallback: number): number {
  if (trajectory.to === null || !isMovingAt(trajectory, tick, tickMs)) return fallback;
  return Math.atan2(trajectory.to.y - trajectory.from.y, trajectory.to.x - trajectory.from.x);
}

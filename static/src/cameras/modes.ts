// The four cameras, as the server names them, and how each may move.

/** How the camera goes. */
export type Mode = "follow" | "first_person" | "free" | "overview";

/** All modes, in the order of their keys 1 to 4. */
export const MODES: readonly [Mode, Mode, Mode, Mode] = ["follow", "first_person", "free", "overview"];

/** What a mode allows. Units: metres, radians; pitch is how far the camera looks down. */
export interface Reach {
  distance: number;
  nearest: number;
  farthest: number;
  pitch: number;
  lowest: number;
  steepest: number;
  /** Whether it goes along with an agent. */
  isAttached: boolean;
}

/** Returns what a mode allows in a region of that size. Follow zooms 0.5 to 3 times, as on the wire. */
export function reachOf(mode: Mode, sizeM: number): Reach {
  switch (mode) {
    case "follow":
      return { distance: 9, nearest: 4.5, farthest: 27, pitch: 0.3, lowest: 0.02, steepest: 1.35, isAttached: true };
    case "first_person":
      return { distance: 0.05, nearest: 0.05, farthest: 0.05, pitch: 0.06, lowest: -0.9, steepest: 0.9, isAttached: true };
    case "free":
      return { distance: 46, nearest: 7, farthest: 130, pitch: 0.55, lowest: 0.12, steepest: 1.45, isAttached: false };
    case "overview":
      return { distance: sizeM * 0.5, nearest: 24, farthest: sizeM * 1.7, pitch: 0.8, lowest: 0.3, steepest: 1.5, isAttached: false };
  }
}

/** Returns the mode with this name, or null. */
export function modeOf(name: string | null): Mode | null {
  return MODES.find((mode) => mode === name) ?? null;
}

// How much is drawn: chosen by the machine at first, then by how long frames really take.

/** A level of quality. */
export interface Level {
  name: "low" | "medium" | "high";
  /** Device pixels a CSS pixel at most. */
  ratio: number;
  /** Side of the shadow map; 0 for no shadows. Units: pixels. */
  shadow: number;
  /** How much of trees and of grass is drawn, 0 to 1. */
  plants: number;
  small: number;
  /** Farther people are drawn with few facets. Units: metres. */
  detailM: number;
}

/** The levels, slowest machine first. */
export const LEVELS: readonly [Level, Level, Level] = [
  { name: "low", ratio: 0.75, shadow: 0, plants: 0.5, small: 0.12, detailM: 20 },
  { name: "medium", ratio: 1.25, shadow: 1024, plants: 1, small: 0.7, detailM: 60 },
  { name: "high", ratio: 2, shadow: 2048, plants: 1, small: 1, detailM: 110 },
];

const RATIO_MIN = 0.4;
const PAUSE_MS = 1_500;
// Frames are judged so many at a time, or as many as there are in so long.
const WINDOW_FRAMES = 45;
const WINDOW_MS = 1_800;
// A frame slower than this is too slow; so much faster than this, more can be drawn. Units: milliseconds.
const SLOW_MS = 24;
const FAST_MS = 12;
const CALM_WINDOWS = 6;

/** Follows the time that frames take and says how much to draw. */
export class Quality {
  level: Level;
  /** The part of the level's pixel ratio that is used, 0 to 1. */
  scale = 1;
  /** The mean time of the last frames. Units: milliseconds. */
  frameMs = 0;
  private sumMs = 0;
  private frames = 0;
  private calm = 0;
  private isFixed = false;

  constructor(isSoftware: boolean) {
    this.level = isSoftware ? LEVELS[0] : LEVELS[2];
    // Software drawing pays for pixels, so it begins with few of them.
    this.scale = isSoftware ? 0.8 : 1;
  }

  /** Stays at a level, whatever frames take; null is automatic again. */
  fix(name: string | null): void {
    const level = LEVELS.find((one) => one.name === name);
    this.isFixed = level !== undefined;
    if (level !== undefined) {
      this.level = level;
      this.scale = 1;
    }
  }

  /** Takes the time since the last frame. Returns whether level or scale changed. Units: milliseconds. */
  note(ms: number): boolean {
    // A frame after a pause of the page says nothing about drawing.
    if (ms > PAUSE_MS) return false;
    this.sumMs += ms;
    this.frames += 1;
    if (this.frames < WINDOW_FRAMES && this.sumMs < WINDOW_MS) return false;
    this.frameMs = this.sumMs / this.frames;
    this.sumMs = 0;
    this.frames = 0;
    if (this.isFixed) return false;
    if (this.frameMs > SLOW_MS) return this.lessen();
    this.calm = this.frameMs < FAST_MS ? this.calm + 1 : 0;
    return this.calm >= CALM_WINDOWS && this.improve();
  }

  private lessen(): boolean {
    this.calm = -CALM_WINDOWS;
    const index = LEVELS.indexOf(this.level);
    if (index > 0) {
      this.level = LEVELS[index - 1] ?? LEVELS[0];
      return true;
    }
    const least = RATIO_MIN / this.level.ratio;
    if (this.scale <= least) return false;
    this.scale = Math.max(least, this.scale * (this.frameMs > SLOW_MS * 3 ? 0.65 : 0.85));
    return true;
  }

  private improve(): boolean {
    this.calm = 0;
    if (this.scale >= 1) return false;
    this.scale = Math.min(1, this.scale * 1.12);
    return true;
  }
}

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/** Whether a context draws without a graphics card. */
export function isSoftware(gl: WebGLRenderingContext | WebGL2RenderingContext): boolean {
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const name: unknown = gl.getParameter(info?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER);
  return typeof name === "string" && SOFTWARE.test(name);
}

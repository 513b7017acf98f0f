// Which ground is taken: a raster of the region, so that asking is cheap however much stands in it.
import type { Spot } from "../world/region";

const SIDE_MAX = 512;

/** Remembers what is taken. Everything outside the region counts as taken. */
export class Mask {
  private readonly side: number;
  private readonly cellM: number;
  private readonly taken: Uint8Array;

  constructor(readonly sizeM: number) {
    this.side = Math.min(SIDE_MAX, Math.ceil(sizeM));
    this.cellM = sizeM / this.side;
    this.taken = new Uint8Array(this.side * this.side);
  }

  /** Takes the ground within `radiusM` of a point. */
  take(x: number, y: number, radiusM: number): void {
    const low = (at: number): number => Math.max(0, Math.floor((at - radiusM) / this.cellM));
    const high = (at: number): number => Math.min(this.side - 1, Math.ceil((at + radiusM) / this.cellM));
    for (let row = low(y); row <= high(y); row += 1) {
      for (let column = low(x); column <= high(x); column += 1) {
        const dx = (column + 0.5) * this.cellM - x;
        const dy = (row + 0.5) * this.cellM - y;
        if (dx * dx + dy * dy <= (radiusM + this.cellM * 0.5) ** 2) this.taken[row * this.side + column] = 1;
      }
    }
  }

  /** Takes the ground within `radiusM` of a line through points. */
  takeLine(points: readonly Spot[], radiusM: number): void {
    const step = Math.max(radiusM * 0.6, this.cellM);
    eachStep(points, step, (x, y) => this.take(x, y, radiusM));
  }

  /** Whether a point is free. */
  isFree(x: number, y: number): boolean {
    const column = Math.floor(x / this.cellM);
    const row = Math.floor(y / this.cellM);
    if (column < 0 || row < 0 || column >= this.side || row >= this.side) return false;
    return this.taken[row * this.side + column] === 0;
  }

  /** Returns which part of a turned rectangle around a point is free, 0 to 1. */
  freePart(x: number, y: number, yaw: number, width: number, depth: number): number {
    const cos = Math.cos(yaw);
    const sin = Math.sin(yaw);
    let free = 0;
    for (let i = -2; i <= 2; i += 1) {
      for (let j = -2; j <= 2; j += 1) {
        const dx = (i / 4) * width;
        const dy = (j / 4) * depth;
        if (this.isFree(x + dx * cos - dy * sin, y + dx * sin + dy * cos)) free += 1;
      }
    }
    return free / 25;
  }
}

/** Calls back along a line every `stepM` metres, with the direction there. */
export function eachStep(
  points: readonly Spot[],
  stepM: number,
  visit: (x: number, y: number, dx: number, dy: number, atM: number) => void,
): void {
  let walked = 0;
  for (let index = 1; index < points.length; index += 1) {
    const from = points[index - 1];
    const to = points[index];
    if (from === undefined || to === undefined) continue;
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    if (length === 0) continue;
    const dx = (to.x - from.x) / length;
    const dy = (to.y - from.y) / length;
    const steps = Math.max(1, Math.round(length / stepM));
    const last = index === points.length - 1 ? steps : steps - 1;
    for (let step = 0; step <= last; step += 1) {
      const part = step / steps;
      visit(from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part, dx, dy, walked + length * part);
    }
    walked += length;
  }
}

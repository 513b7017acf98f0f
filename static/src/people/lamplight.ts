// How much light of lamps falls where, so that who walks by is lit: a raster, since nobody can ask all lamps each frame.
import type { P3 } from "../scene/shapes";

const CELL_M = 3;
const REACH_M = 8;
const SIDE_MAX = 512;

/** The light of the lamps on the ground of a region. */
export class Lamplight {
  private readonly side: number;
  private readonly cellM: number;
  private readonly light: Float32Array;

  constructor(sizeM: number, lamps: readonly P3[]) {
    this.side = Math.min(SIDE_MAX, Math.ceil(sizeM / CELL_M));
    this.cellM = sizeM / this.side;
    this.light = new Float32Array(this.side * this.side);
    for (const [x, y] of lamps) this.shine(x, y);
  }

  /** Returns the light at a point, 0 to 1. */
  at(x: number, y: number): number {
    const column = Math.floor(x / this.cellM);
    const row = Math.floor(y / this.cellM);
    if (column < 0 || row < 0 || column >= this.side || row >= this.side) return 0;
    return this.light[row * this.side + column] ?? 0;
  }

  private shine(x: number, y: number): void {
    const reach = Math.ceil(REACH_M / this.cellM);
    const [column, row] = [Math.floor(x / this.cellM), Math.floor(y / this.cellM)];
    for (let r = Math.max(0, row - reach); r <= Math.min(this.side - 1, row + reach); r += 1) {
      for (let c = Math.max(0, column - reach); c <= Math.min(this.side - 1, column + reach); c += 1) {
        const away = Math.hypot((c + 0.5) * this.cellM - x, (r + 0.5) * this.cellM - y);
        const index = r * this.side + c;
        this.light[index] = Math.min(1, (this.light[index] ?? 0) + Math.max(0, 1 - away / REACH_M) ** 1.5);
      }
    }
  }
}

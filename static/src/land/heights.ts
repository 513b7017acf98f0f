// How high the ground is: gentle inside the region, hills around it, hollows for water; a grid of flat facets.
import { hashOf, mix, noiseAt, softStep } from "../scene/random";
import type { Region } from "../world/region";
import type { Plan } from "./plan";

/** How far the land goes on around the region. Units: metres. */
export const AROUND_M = 520;
const CELL_M = 4;
const CELLS_MIN = 16;
const CELLS_MAX = 160;
const POND_DEPTH_M = 1.7;

/** The ground of a region: columns and rows of heights, joined by triangles. */
export class Heights {
  /** Where columns and rows are; the same for both. Units: metres. */
  readonly axis: Float64Array;
  readonly heights: Float32Array;
  /** How high the sea stands. Units: metres. */
  readonly seaLevel: number;
  private readonly cellM: number;
  private readonly first: number;
  private readonly cells: number;
  private readonly seed: number;
  private readonly pondLevels: readonly number[];
  private readonly levels: { x: number; y: number; flatM: number; softM: number; height: number }[];

  constructor(private readonly region: Region, private readonly plan: Plan) {
    this.seed = hashOf(region.name);
    this.cells = Math.min(CELLS_MAX, Math.max(CELLS_MIN, Math.round(region.sizeM / CELL_M)));
    this.cellM = region.sizeM / this.cells;
    this.seaLevel = plan.sea === null ? -50 : this.rough(plan.sea.quay.x, plan.sea.quay.y) - 1.5;
    this.levels = plan.sites.map(({ place, look }) => ({
      x: place.x,
      y: place.y,
      flatM: place.radiusM * (look.building === null ? 0.9 : 1.1) + look.depth * 0.8,
      softM: place.radiusM * 1.7 + look.depth * 1.6,
      height: this.rough(place.x, place.y),
    }));
    this.pondLevels = plan.ponds.map((pond) => {
      const site = plan.sites.find((one) => one.x === pond.x && one.y === pond.y);
      return this.rough(site?.place.x ?? pond.x, site?.place.y ?? pond.y) - 0.45;
    });
    const around: number[] = [];
    for (let at = 0, step = this.cellM; at < AROUND_M; step *= 1.22) around.push((at += step));
    this.first = around.length;
    this.axis = new Float64Array([
      ...around.map((at) => -at).reverse(),
      ...Array.from({ length: this.cells + 1 }, (_, index) => index * this.cellM),
      ...around.map((at) => region.sizeM + at),
    ]);
    const side = this.axis.length;
    this.heights = new Float32Array(side * side);
    for (let row = 0; row < side; row += 1) {
      for (let column = 0; column < side; column += 1) {
        this.heights[row * side + column] = this.shaped(this.axis[column] ?? 0, this.axis[row] ?? 0);
      }
    }
  }

  /** Returns the height of the ground at a point of the region, exactly on its triangles. */
  at(x: number, y: number): number {
    const inside = (value: number): number => Math.min(this.cells - 1e-6, Math.max(0, value / this.cellM));
    const u = inside(x);
    const v = inside(y);
    const column = Math.floor(u);
    const row = Math.floor(v);
    const a = this.height(column, row);
    const b = this.height(column + 1, row);
    const c = this.height(column + 1, row + 1);
    const d = this.height(column, row + 1);
    const s = u - column;
    const t = v - row;
    // The diagonals alternate, so that no direction stands out.
    if ((column + row) % 2 === 0) return s > t ? a + (b - a) * s + (c - b) * t : a + (c - d) * s + (d - a) * t;
    return s + t < 1 ? a + (b - a) * s + (d - a) * t : c + (d - c) * (1 - s) + (b - c) * (1 - t);
  }

  /** Returns the height at any point, also around the region, not exactly on its triangles there. */
  near(x: number, y: number): number {
    const { sizeM } = this.region;
    return x >= 0 && y >= 0 && x <= sizeM && y <= sizeM ? this.at(x, y) : this.shaped(x, y);
  }

  /** Returns how high the water of a pond stands. */
  pondLevel(index: number): number {
    return this.pondLevels[index] ?? 0;
  }

  private height(column: number, row: number): number {
    return this.heights[(row + this.first) * this.axis.length + column + this.first] ?? 0;
  }

  // Rolling ground and what the plan's hills add.
  private rough(x: number, y: number): number {
    let height = (noiseAt(x / 62, y / 62, this.seed) - 0.5) * 3.2 + (noiseAt(x / 23, y / 23, this.seed ^ 77) - 0.5) * 0.7;
    for (const hill of this.plan.hills) {
      const away = Math.hypot(x - hill.x, y - hill.y);
      height += hill.heightM * softStep(hill.radiusM, hill.radiusM * 0.2, away);
    }
    return height;
  }

  private shaped(x: number, y: number): number {
    let height = this.rough(x, y);
    for (const level of this.levels) {
      const away = Math.hypot(x - level.x, y - level.y);
      if (away < level.softM) height = mix(height, level.height, softStep(level.softM, level.flatM, away));
    }
    const { sizeM } = this.region;
    const outside = Math.hypot(Math.max(0, -x, x - sizeM), Math.max(0, -y, y - sizeM));
    const rise = softStep(4, 260, outside) * (9 + 34 * noiseAt(x / 150, y / 150, this.seed ^ 991)) + softStep(2, 40, outside) * 2.5;
    const { sea } = this.plan;
    // No hills in the sea, and low ones along its coast.
    const offshore = sea === null ? -1e4 : x * sea.nx + y * sea.ny - sea.beyond;
    height += rise * softStep(10, -130, offshore);
    this.plan.ponds.forEach((pond, index) => {
      const away = Math.hypot(x - pond.x, y - pond.y) / pond.radiusM;
      if (away > 1.35) return;
      const bank = this.pondLevel(index) + 0.42;
      const bed = bank - POND_DEPTH_M * (1 - away * away) - 0.25 * softStep(1.1, 0.9, away);
      height = mix(height, away < 1 ? bed : bank, softStep(1.35, 1.02, away));
    });
    return sea === null ? height : mix(height, this.seaLevel - 3.5, softStep(0.2, 6, offshore));
  }
}

// The ground as facets: meadows by noise, sand at the water, and the hills around the region.
import { blend, PAINT, shade, type Rgb } from "../scene/paint";
import { hashOf, noiseAt, Random, softStep } from "../scene/random";
import type { P3, Shapes } from "../scene/shapes";
import type { Region } from "../world/region";
import type { Heights } from "./heights";
import type { Style } from "./kinds";
import type { Plan } from "./plan";

const MEADOWS: Readonly<Record<Style, readonly [Rgb, Rgb, Rgb]>> = {
  village: [PAINT.grass, PAINT.grassDeep, PAINT.meadow],
  town: [PAINT.meadow, PAINT.grass, PAINT.grassDry],
  harbour: [PAINT.grass, shade(PAINT.grassDry, 0.82), PAINT.grassDeep],
  forest: [PAINT.moss, PAINT.grassDeep, PAINT.grass],
};

/** Adds the ground of a region and of the land around it. */
export function addGround(into: Shapes, region: Region, plan: Plan, heights: Heights): void {
  const { axis } = heights;
  const side = axis.length;
  const paint = groundPainter(region, plan, heights);
  const corner = (column: number, row: number): P3 => [
    axis[column] ?? 0,
    axis[row] ?? 0,
    heights.heights[row * side + column] ?? 0,
  ];
  into.at(0, 0, 0);
  into.extra = 0;
  for (let row = 0; row + 1 < side; row += 1) {
    for (let column = 0; column + 1 < side; column += 1) {
      const a = corner(column, row);
      const b = corner(column + 1, row);
      const c = corner(column + 1, row + 1);
      const d = corner(column, row + 1);
      // The same diagonals as in `Heights.at`, which counts from the region's corner.
      const isRising = (column + row) % 2 === 0;
      const facets: [P3, P3, P3][] = isRising ? [[a, b, c], [a, c, d]] : [[a, b, d], [b, c, d]];
      for (const [p, q, r] of facets) into.triangle(p, q, r, paint(p, q, r));
    }
  }
}

function groundPainter(region: Region, plan: Plan, heights: Heights): (a: P3, b: P3, c: P3) => Rgb {
  const chance = new Random(`ground:${region.name}`);
  const seed = hashOf(region.name);
  const [usual, deep, light] = MEADOWS[plan.style];
  return (a, b, c) => {
    const x = (a[0] + b[0] + c[0]) / 3;
    const y = (a[1] + b[1] + c[1]) / 3;
    const z = (a[2] + b[2] + c[2]) / 3;
    const steep = slopeOf(a, b, c);
    let colour = blend(usual, deep, softStep(0.42, 0.7, noiseAt(x / 34, y / 34, seed)));
    colour = blend(colour, light, softStep(0.55, 0.8, noiseAt(x / 19, y / 19, seed ^ 31)) * 0.8);
    colour = blend(colour, PAINT.earth, softStep(0.6, 1.1, steep) * 0.6);
    if (plan.sea !== null) colour = blend(colour, PAINT.sand, softStep(heights.seaLevel + 1.1, heights.seaLevel + 0.2, z));
    plan.ponds.forEach((pond, index) => {
      const away = Math.hypot(x - pond.x, y - pond.y) / pond.radiusM;
      if (away > 1.3) return;
      colour = blend(colour, PAINT.sand, softStep(1.22, 1.0, away) * 0.75);
      colour = blend(colour, PAINT.earth, softStep(heights.pondLevel(index) + 0.1, heights.pondLevel(index) - 0.8, z));
    });
    // Facets around the region are long and thin: told apart like the others they would be stripes.
    const isInside = x >= 0 && y >= 0 && x <= region.sizeM && y <= region.sizeM;
    return shade(colour, isInside ? chance.between(0.93, 1.07) : chance.between(0.99, 1.01));
  };
}

function slopeOf(a: P3, b: P3, c: P3): number {
  const ux = b[0] - a[0];
  const uy = b[1] - a[1];
  const uz = b[2] - a[2];
  const vx = c[0] - a[0];
  const vy = c[1] - a[1];
  const vz = c[2] - a[2];
  return Math.hypot(uy * vz - uz * vy, uz * vx - ux * vz) / Math.abs(ux * vy - uy * vx || 1);
}

// Paths and the floors of places: ribbons and rounds that lie on the ground's facets.
import { blend, PAINT, shade, type Rgb } from "../scene/paint";
import { Random } from "../scene/random";
import type { P3, Shapes } from "../scene/shapes";
import type { Path, Region } from "../world/region";
import type { Heights } from "./heights";
import { eachStep } from "./mask";
import type { Plan, Site } from "./plan";

const STEP_M = 1.5;
// Lifts, so that what crosses never flickers: floors lie lowest, then path over path.
const FLOOR_LIFT_M = 0.035;
const PATH_LIFT_M = 0.06;
const NEXT_LIFT_M = 0.008;

/** Adds all paths and floors of a region. */
export function addWays(into: Shapes, region: Region, plan: Plan, heights: Heights): void {
  const chance = new Random(`ways:${region.name}`);
  const isPaved = plan.style === "town" || plan.style === "harbour";
  into.at(0, 0, 0);
  into.extra = 0;
  plan.sites.forEach((site, index) => addFloor(into, site, heights, chance, FLOOR_LIFT_M + (index % 4) * 0.004));
  region.paths.forEach((path, index) => {
    addPath(into, path, heights, chance, isPaved, PATH_LIFT_M + (index % 12) * NEXT_LIFT_M);
  });
}

function addPath(into: Shapes, path: Path, heights: Heights, chance: Random, isPaved: boolean, lift: number): void {
  const columns = Math.max(2, Math.min(8, Math.round(path.widthM / (isPaved ? 1.1 : 1.5))));
  const rows: P3[][] = [];
  const ends: [number, number][] = [];
  eachStep(path.points, STEP_M, (x, y, dx, dy) => {
    const row: P3[] = [];
    for (let column = 0; column <= columns; column += 1) {
      const isEdge = column === 0 || column === columns;
      const rough = isPaved || !isEdge ? 0 : chance.between(-0.28, 0.28);
      const off = (column / columns - 0.5) * path.widthM + (column === 0 ? -rough : rough);
      row.push(lay(x - dy * off, y + dx * off, heights, lift));
    }
    rows.push(row);
    ends.push([x, y]);
  });
  for (let index = 1; index < rows.length; index += 1) {
    const before = rows[index - 1] ?? [];
    const after = rows[index] ?? [];
    for (let column = 0; column < columns; column += 1) {
      const [a, b, c, d] = [before[column], after[column], after[column + 1], before[column + 1]];
      if (a === undefined || b === undefined || c === undefined || d === undefined) continue;
      const isEdge = column === 0 || column === columns - 1;
      into.quad(a, b, c, d, pathColour(chance, isPaved, isEdge));
    }
  }
  // Corners and ends are rounded, so that a bend has no gap.
  for (const point of path.points) {
    addRound(into, point.x, point.y, path.widthM / 2, heights, lift - 0.004, () => pathColour(chance, isPaved, false));
  }
}

function pathColour(chance: Random, isPaved: boolean, isEdge: boolean): Rgb {
  if (!isPaved) return shade(blend(PAINT.path, PAINT.pathWorn, isEdge ? 0.75 : chance.next() * 0.45), chance.between(0.95, 1.05));
  if (isEdge) return shade(PAINT.pavingCool, chance.between(0.86, 0.96));
  return shade(blend(PAINT.paving, PAINT.pavingWarm, chance.next() ** 2), chance.between(0.92, 1.06));
}

function addFloor(into: Shapes, site: Site, heights: Heights, chance: Random, lift: number): void {
  const { place, look } = site;
  if (look.floor === null) return;
  const radius = place.radiusM * (look.floor === "paved" ? 0.8 : 0.62);
  const colour = (ring: number): Rgb => {
    if (look.floor === "lawn") return shade(blend(PAINT.meadow, PAINT.grass, 0.2 + 0.3 * chance.next()), chance.between(1.0, 1.07));
    if (look.floor === "earth") return shade(blend(PAINT.path, PAINT.pathWorn, 0.3 + 0.4 * chance.next()), chance.between(0.94, 1.04));
    const base = ring % 3 === 2 ? PAINT.pavingWarm : ring % 3 === 1 ? PAINT.pavingCool : PAINT.paving;
    return shade(base, chance.between(0.92, 1.06));
  };
  addRound(into, place.x, place.y, radius, heights, lift, colour, look.floor === "paved" ? 0 : 0.16, chance);
}

function addRound(
  into: Shapes,
  x: number,
  y: number,
  radius: number,
  heights: Heights,
  lift: number,
  colour: (ring: number) => Rgb,
  rough = 0,
  chance?: Random,
): void {
  const rings = Math.max(2, Math.round(radius / 1.8));
  const sides = Math.max(10, Math.min(40, Math.round(radius * 2.4)));
  const edge = Array.from({ length: sides }, () => 1 + (chance?.between(-rough, rough) ?? 0));
  const point = (ring: number, side: number): P3 => {
    const angle = ((side % sides) / sides) * Math.PI * 2;
    const reach = radius * (ring / rings) * (ring === rings ? (edge[side % sides] ?? 1) : 1);
    return lay(x + Math.cos(angle) * reach, y + Math.sin(angle) * reach, heights, lift);
  };
  const centre = lay(x, y, heights, lift);
  for (let side = 0; side < sides; side += 1) {
    into.triangle(centre, point(1, side), point(1, side + 1), colour(0));
    for (let ring = 1; ring < rings; ring += 1) {
      into.quad(point(ring, side), point(ring + 1, side), point(ring + 1, side + 1), point(ring, side + 1), colour(ring));
    }
  }
}

function lay(x: number, y: number, heights: Heights, lift: number): P3 {
  return [x, y, heights.at(x, y) + lift];
}

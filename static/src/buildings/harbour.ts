// The harbour: a quay wall along the shore, piers with boats, a crane and a lighthouse that shines by night.
import type { Heights } from "../land/heights";
import type { Plan, Sea } from "../land/plan";
import { CLOTHS, PAINT, shade, type Rgb } from "../scene/paint";
import type { Random } from "../scene/random";
import type { Shapes } from "../scene/shapes";
import { ball, box, column, gable, lump } from "../scene/solids";

/** Adds the harbour of a region. */
export function addHarbour(into: Shapes, plan: Plan, heights: Heights, sizeM: number, chance: Random): void {
  const { sea } = plan;
  if (sea === null) return;
  const quayTop = heights.near(sea.quay.x, sea.quay.y) + 0.12;
  const wall = shoreFrame(into, sea, quayTop);
  const half = Math.min(sizeM * 0.36, 90);
  wall(0, 0);
  for (let at = -half; at < half; at += 4) {
    box(into, [at + 2, 0.9, -5], [3.96, 3.2, 5], shade(PAINT.stoneDark, chance.between(0.92, 1.08)), { top: shade(PAINT.stone, chance.between(0.95, 1.05)) });
  }
  for (let at = -half + 5; at < half; at += 9) {
    column(into, [at, -0.3, 0], 0.24, 0.32, 0.7, 6, PAINT.iron);
    if (Math.round(at) % 2 === 0) box(into, [at + 2.6, 2.2, 0], [1.1, 0.9, 0.8], shade(PAINT.woodLight, chance.between(0.8, 1)));
  }
  for (const [at, long] of [[-26, 22], [16, 28], [52, 18]] as const) {
    if (Math.abs(at) > half - 6) continue;
    addPier(into, at, long);
    const cloth = chance.pick(CLOTHS);
    for (const [side, far, size] of [[-1, 0.45, 1], [1, 0.75, 1.15], [1, 0.3, 0.8]] as const) {
      wall(at + side * 4.6 * size, -long * far, -1.35, Math.PI / 2);
      addBoat(into, size, far === 0.3 ? PAINT.white : chance.pick(CLOTHS), far === 0.3 ? null : cloth);
      wall(0, 0);
    }
  }
  addCrane(into, half > 30 ? 34 : half * 0.5);
  wall(-half - 16, -26, -2.2);
  addLighthouse(into);
}

// A frame along the shore: x along it, -y out to the sea, z from the top of the quay.
function shoreFrame(into: Shapes, sea: Sea, top: number): (along: number, out: number, up?: number, yaw?: number) => void {
  // (0, -1) becomes (nx, ny).
  const yaw = Math.atan2(sea.nx, -sea.ny);
  const middle = sea.quay.x * sea.nx + sea.quay.y * sea.ny;
  const [ox, oy] = [sea.quay.x + sea.nx * (sea.beyond - middle), sea.quay.y + sea.ny * (sea.beyond - middle)];
  return (along, out, up = 0, turn = 0) => {
    const [cos, sin] = [Math.cos(yaw), Math.sin(yaw)];
    into.at(ox + along * cos - out * sin, oy + along * sin + out * cos, top + up, yaw + turn);
  };
}

function addPier(into: Shapes, at: number, long: number): void {
  for (let plank = 0; plank < long; plank += 1) box(into, [at, -plank - 0.9, -0.25], [3, 0.94, 0.2], shade(PAINT.wood, 0.88 + ((plank * 7) % 5) * 0.05));
  for (let post = 2; post <= long; post += 5) {
    for (const side of [-1, 1]) column(into, [at + side * 1.5, -post, -4.5], 0.2, 0.18, 5.1, 6, PAINT.woodDark);
  }
  into.extra = 1;
  ball(into, [at + 1.5, -long, 1.1], 0.22, 6, 4, PAINT.flame);
  into.extra = 0;
  column(into, [at + 1.5, -long, 0.4], 0.06, 0.06, 0.7, 4, PAINT.iron);
}

function addBoat(into: Shapes, size: number, hull: Rgb, sail: Rgb | null): void {
  const [l, w, h] = [3.4 * size, 1.25 * size, 0.95 * size];
  const rim = [[-l, 0.62 * w], [-l * 0.2, w], [l * 0.55, 0.72 * w], [l, 0]] as const;
  for (let index = 0; index + 1 < rim.length; index += 1) {
    const [a, b] = [rim[index], rim[index + 1]];
    if (a === undefined || b === undefined) continue;
    for (const side of [-1, 1]) {
      const out = (p: readonly [number, number], part: number, z: number) => [p[0] * (z < 0 ? 0.9 : 1), side * p[1] * part, z] as const;
      const face = [out(a, 0.5, -0.5), out(b, 0.5, -0.5), out(b, 1, h), out(a, 1, h)] as const;
      if (side === -1) into.quad(face[0], face[1], face[2], face[3], hull);
      else into.quad(face[1], face[0], face[3], face[2], hull);
      const deck = [out(a, 0.86, h - 0.22), out(b, 0.86, h - 0.22), [b[0], 0, h - 0.22], [a[0], 0, h - 0.22]] as const;
      if (side === -1) into.quad(deck[0], deck[1], deck[2], deck[3], PAINT.woodLight);
      else into.quad(deck[3], deck[2], deck[1], deck[0], PAINT.woodLight);
    }
  }
  into.quad([-l, 0.62 * w, h], [-l, -0.62 * w, h], [-l * 0.9, -0.31 * w, -0.5], [-l * 0.9, 0.31 * w, -0.5], shade(hull, 0.8));
  box(into, [-l * 0.45, 0, h - 0.3], [0.4, w * 1.5, 0.12], PAINT.wood);
  if (sail === null) return;
  column(into, [l * 0.15, 0, 0], 0.09, 0.06, 6.2 * size, 5, PAINT.woodDark);
  const [top, low] = [6 * size, 1.7 * size];
  into.triangle([l * 0.12, 0.03, low], [l * 0.12, 0.03, top], [-l * 0.8, 0.3, low], sail);
  into.triangle([l * 0.12, -0.03, top], [l * 0.12, -0.03, low], [-l * 0.8, 0.3, low], shade(sail, 0.85));
  into.triangle([l * 0.2, 0.02, top * 0.92], [l * 0.2, 0.02, low], [l * 0.95, 0.1, low * 0.8], PAINT.cream);
  into.triangle([l * 0.2, -0.02, low], [l * 0.2, -0.02, top * 0.92], [l * 0.95, 0.1, low * 0.8], shade(PAINT.cream, 0.85));
}

function addCrane(into: Shapes, at: number): void {
  column(into, [at, 2.2, 0], 1.1, 0.9, 1.0, 8, PAINT.stoneDark);
  box(into, [at, 2.2, 1], [0.7, 0.7, 6.2], PAINT.wood, { taper: 0.8 });
  for (let part = 0; part < 8; part += 1) box(into, [at, 1.4 - part * 0.9, 6.6 + part * 0.36], [0.4, 1.0, 0.4], PAINT.woodDark);
  column(into, [at, -5, 3.2], 0.03, 0.03, 6, 4, PAINT.iron);
  box(into, [at, -5, 2.2], [1.2, 1.2, 1.0], PAINT.woodLight);
}

function addLighthouse(into: Shapes): void {
  for (const [x, y, s] of [[0, 0, 5.4], [-4, 1.6, 3.2], [3.6, -1.4, 3.6], [1, 3.4, 2.8]] as const) lump(into, [x, y, -0.6], [s, s * 0.9, 2.4], PAINT.stoneDark);
  for (let ring = 0; ring < 5; ring += 1) {
    const low = 2.3 - ring * 0.2;
    column(into, [0, 0, 1 + ring * 2.5], low, low - 0.2, 2.5, 10, ring % 2 === 0 ? PAINT.white : PAINT.tile);
  }
  column(into, [0, 0, 13.5], 2.0, 2.0, 0.35, 10, PAINT.stoneDark);
  into.extra = 1;
  column(into, [0, 0, 13.8], 0.95, 0.95, 1.6, 8, PAINT.flame);
  into.extra = 0;
  for (let post = 0; post < 6; post += 1) column(into, [Math.cos(post) * 1.15, Math.sin(post) * 1.15, 13.8], 0.07, 0.07, 1.6, 4, PAINT.iron);
  column(into, [0, 0, 15.4], 1.6, 0, 1.5, 10, PAINT.tile);
  gable(into, [-4.2, 0.6, 1.6], [2.6, 2.4, 1.2], PAINT.slate, PAINT.white, 0.2);
  box(into, [-4.2, 0.6, 0], [2.6, 2.4, 1.6], PAINT.white);
}

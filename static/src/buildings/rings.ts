// What surrounds the middle of an open place: stones, stumps, hedges, poles with lights.
import type { Heights } from "../land/heights";
import type { Plan, Site } from "../land/plan";
import { blend, CLOTHS, PAINT, shade } from "../scene/paint";
import type { Random } from "../scene/random";
import type { P3, Shapes } from "../scene/shapes";
import { ball, box, column, lump } from "../scene/solids";

/** Adds what surrounds a place. */
export function addRing(into: Shapes, site: Site, plan: Plan, heights: Heights, chance: Random): void {
  const { x, y, radiusM } = site.place;
  const around = (radius: number, count: number, build: (index: number) => void): void => {
    for (let index = 0; index < count; index += 1) {
      const angle = ((index + 0.5) / count) * Math.PI * 2;
      const [px, py] = [x + Math.cos(angle) * radius, y + Math.sin(angle) * radius];
      if (!plan.mask.isFree(px, py) && radius > radiusM * 0.75) continue;
      into.at(px, py, heights.at(px, py), angle + Math.PI / 2);
      build(index);
    }
  };
  if (site.kind === "monument") around(radiusM * 0.84, 11, (index) => addStone(into, chance, index));
  if (site.kind === "clearing") {
    around(radiusM * 0.8, 5, () => column(into, [0, 0, -0.3], 0.55, 0.46, 0.8, 8, PAINT.trunk, { cap: PAINT.woodLight }));
    around(radiusM * 0.9, 22, () => addMushroom(into, chance));
  }
  if (site.kind === "square") around(radiusM * 0.82, 8, () => addPlanter(into, chance));
  if (site.kind === "green") addLights(into, site, plan, heights);
}

function addStone(into: Shapes, chance: Random, index: number): void {
  const colour = blend(PAINT.stone, PAINT.stoneMoss, chance.next() * 0.7);
  const high = chance.between(2.3, 3.4);
  if (index === 4) return box(into, [0.6, 0, -0.3], [2.8, 1.0, 0.8], colour, { taper: 0.9 });
  box(into, [0, 0, -0.5], [chance.between(1.1, 1.5), chance.between(0.6, 0.8), high + 0.5], colour, { taper: chance.between(0.7, 0.9), top: PAINT.stoneMoss });
  if (index % 3 === 0) box(into, [1.5, 0, high], [3.9, 0.8, 0.6], shade(colour, 0.95), { top: PAINT.stoneMoss });
  if (index % 3 === 0) box(into, [3.0, 0, -0.5], [1.2, 0.7, high + 0.5], colour, { taper: 0.85 });
}

function addMushroom(into: Shapes, chance: Random): void {
  const size = chance.between(0.16, 0.34);
  column(into, [0, 0, -0.1], size * 0.4, size * 0.34, size * 1.2 + 0.1, 5, PAINT.cream);
  column(into, [0, 0, size], size, 0, size * 0.9, 7, PAINT.poppy);
}

function addPlanter(into: Shapes, chance: Random): void {
  box(into, [0, 0, -0.3], [2.2, 0.9, 0.85], PAINT.stone, { top: PAINT.earth });
  for (let at = -0.8; at <= 0.8; at += 0.4) {
    lump(into, [at, 0, 0.66], [0.3, 0.34, 0.26], PAINT.grassDeep);
    ball(into, [at + 0.1, chance.between(-0.2, 0.2), 0.88], 0.1, 5, 3, chance.pick([PAINT.poppy, PAINT.buttercup, PAINT.lilac, PAINT.white]));
  }
}

// Poles around a green with strings of lights and pennants between them.
function addLights(into: Shapes, { place }: Site, plan: Plan, heights: Heights): void {
  const count = 10;
  const radius = place.radiusM * 0.95;
  const poles = Array.from({ length: count }, (_, index) => {
    const angle = ((index + 0.5) / count) * Math.PI * 2;
    const [x, y] = [place.x + Math.cos(angle) * radius, place.y + Math.sin(angle) * radius];
    return { x, y, z: heights.at(x, y), isFree: plan.mask.isFree(x, y) };
  });
  poles.forEach((from, index) => {
    const to = poles[(index + 1) % count];
    if (to === undefined) return;
    into.at(0, 0, 0);
    if (from.isFree) column(into, [from.x, from.y, from.z - 0.4], 0.1, 0.07, 4.3, 5, PAINT.woodDark);
    if (!from.isFree || !to.isFree) return;
    const string = (at: number): P3 => {
      const sag = 4 * 0.8 * at * (1 - at);
      return [from.x + (to.x - from.x) * at, from.y + (to.y - from.y) * at, from.z + (to.z - from.z) * at + 3.8 - sag];
    };
    for (let part = 0; part <= 8; part += 1) {
      const [x, y, z] = string(part / 8);
      const next = string(Math.min(1, (part + 1) / 8));
      for (const thick of [0.025, -0.025]) into.quad([x, y, z - thick], [next[0], next[1], next[2] - thick], [next[0], next[1], next[2] + thick], [x, y, z + thick], PAINT.iron);
      if (part % 2 === 0) {
        into.extra = 1;
        ball(into, [x, y, z - 0.14], 0.13, 5, 3, PAINT.flame);
        into.extra = 0;
      } else {
        const cloth = CLOTHS[(index * 4 + part) % CLOTHS.length] ?? PAINT.poppy;
        const [ux, uy] = [(to.x - from.x) * 0.018, (to.y - from.y) * 0.018];
        into.triangle([x - ux, y - uy, z], [x, y, z - 0.5], [x + ux, y + uy, z], cloth);
        into.triangle([x + ux, y + uy, z], [x, y, z - 0.5], [x - ux, y - uy, z], shade(cloth, 0.9));
      }
    }
  });
}

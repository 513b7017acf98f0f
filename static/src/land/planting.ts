// Where what grows stands: woods around the region, single trees and bushes in it, always off what people use.
import { blend, LEAVES, PAINT, shade, type Rgb } from "../scene/paint";
import { hashOf, noiseAt, Random } from "../scene/random";
import type { Region } from "../world/region";
import type { Heights } from "./heights";
import type { Style } from "./kinds";
import { isBeyondShore, type Plan } from "./plan";
import type { Species } from "./species";

/** One plant. */
export interface Plant {
  x: number;
  y: number;
  z: number;
  scale: number;
  yaw: number;
  tint: Rgb;
}

/** All plants by species; any first part of a list is spread over the whole region. */
export type Planting = Record<Species, Plant[]>;

// Plants a hectare inside the region, and the most there are.
const DENSITY: Readonly<Record<Style, { trees: number; bushes: number; tufts: number; firs: number }>> = {
  village: { trees: 22, bushes: 20, tufts: 190, firs: 0.15 },
  town: { trees: 12, bushes: 16, tufts: 90, firs: 0.1 },
  harbour: { trees: 10, bushes: 14, tufts: 120, firs: 0.2 },
  forest: { trees: 95, bushes: 45, tufts: 200, firs: 0.68 },
};
const TREES_MAX = 900;
const AROUND_TREES = 620;
const TUFTS_MAX = 2_200;
const FLOWERS: readonly [Rgb, ...Rgb[]] = [PAINT.poppy, PAINT.buttercup, PAINT.lilac, PAINT.white, PAINT.blossom];

/** Plants a region. */
export function plantingOf(region: Region, plan: Plan, heights: Heights): Planting {
  const planting: Planting = { broad: [], tall: [], fir: [], bush: [], tuft: [], flower: [], reed: [] };
  const chance = new Random(`plants:${region.name}`);
  const seed = hashOf(region.name);
  const density = DENSITY[plan.style];
  const hectares = region.sizeM ** 2 / 10_000;
  const put = (species: Species, x: number, y: number, scale: number, tint: Rgb): void => {
    planting[species].push({ x, y, z: heights.near(x, y), scale, yaw: chance.next() * 6.283, tint });
  };
  const tree = (x: number, y: number): void => {
    const isFir = chance.next() < density.firs + (noiseAt(x / 60, y / 60, seed ^ 5) - 0.5) * 0.5;
    const size = chance.between(0.75, 1.3);
    if (isFir) return put("fir", x, y, size * 1.15, shade(blend(PAINT.fir, PAINT.leaf, chance.next() * 0.25), chance.between(0.85, 1.15)));
    const leaf = shade(chance.pick(LEAVES), chance.between(0.88, 1.1));
    put(chance.next() < 0.24 ? "tall" : "broad", x, y, size, leaf);
  };
  const inside = (count: number, visit: (x: number, y: number) => void): void => {
    for (let index = 0; index < count; index += 1) {
      const [x, y] = [chance.between(2, region.sizeM - 2), chance.between(2, region.sizeM - 2)];
      if (plan.mask.isFree(x, y) && !isBeyondShore(plan, x, y, -5)) visit(x, y);
    }
  };

  addGrown(planting, plan, chance, put);
  inside(Math.min(TREES_MAX, density.trees * hectares), (x, y) => {
    // Trees stand together, with glades between.
    if (noiseAt(x / 40, y / 40, seed ^ 9) < 0.38 || plan.mask.freePart(x, y, 0, 6, 6) < 0.9) return;
    tree(x, y);
  });
  for (let index = 0; index < AROUND_TREES; index += 1) {
    const angle = chance.next() * Math.PI * 2;
    const away = region.sizeM * 0.5 + 8 + chance.next() ** 1.6 * 250;
    const square = 1 / Math.max(Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle)));
    const [x, y] = [region.sizeM / 2 + Math.cos(angle) * away * square, region.sizeM / 2 + Math.sin(angle) * away * square];
    if (!isBeyondShore(plan, x, y, -9) && noiseAt(x / 70, y / 70, seed ^ 3) > 0.36) tree(x, y);
  }
  inside(Math.min(TREES_MAX, density.bushes * hectares), (x, y) => put("bush", x, y, chance.between(0.6, 1.4), shade(chance.pick(LEAVES), 0.9)));
  inside(Math.min(TUFTS_MAX, density.tufts * hectares), (x, y) => {
    const isFlower = noiseAt(x / 11, y / 11, seed ^ 21) > 0.66;
    if (!isFlower) return put("tuft", x, y, chance.between(0.8, 1.6), blend(PAINT.grass, PAINT.grassDeep, chance.next()));
    put("flower", x, y, chance.between(0.9, 1.5), FLOWERS[Math.floor(noiseAt(x / 17, y / 17, seed ^ 2) * 4.999)] ?? PAINT.white);
  });
  return planting;
}

// What belongs to places: the elms of a grove, the roses of a garden, the reeds of a pond.
function addGrown(
  planting: Planting,
  plan: Plan,
  chance: Random,
  put: (species: Species, x: number, y: number, scale: number, tint: Rgb) => void,
): void {
  const around = (x: number, y: number, radius: number, count: number, visit: (x: number, y: number, index: number) => void): void => {
    for (let index = 0; index < count; index += 1) {
      const angle = ((index + chance.between(-0.2, 0.2)) / count) * Math.PI * 2;
      visit(x + Math.cos(angle) * radius, y + Math.sin(angle) * radius, index);
    }
  };
  for (const { kind, place } of plan.sites) {
    const { x, y, radiusM } = place;
    if (kind === "grove") around(x, y, radiusM * 0.92, 9, (tx, ty) => plan.mask.isFree(tx, ty) && put("broad", tx, ty, chance.between(1.35, 1.7), shade(chance.pick(LEAVES), 0.95)));
    if (kind === "clearing") around(x, y, radiusM * 1.15, 14, (tx, ty) => plan.mask.isFree(tx, ty) && put("fir", tx, ty, chance.between(1.1, 1.6), PAINT.fir));
    if (kind === "green") around(x, y, radiusM * 1.0, 7, (tx, ty) => plan.mask.isFree(tx, ty) && put("broad", tx, ty, chance.between(1.3, 1.75), shade(chance.pick(LEAVES), 0.95)));
    if (kind === "garden") {
      around(x, y, radiusM * 0.86, 26, (tx, ty) => plan.mask.isFree(tx, ty) && put("bush", tx, ty, 0.9, PAINT.grassDeep));
      for (const part of [0.72, 0.78]) {
        around(x, y, radiusM * part, 30, (tx, ty, index) => put("flower", tx, ty, 1.5, index % 2 === 0 ? PAINT.poppy : PAINT.blossom));
      }
      around(x, y, radiusM * 1.12, 8, (tx, ty) => plan.mask.isFree(tx, ty) && put("broad", tx, ty, 0.75, PAINT.blossom));
    }
    if (kind === "square") around(x, y, radiusM * 0.9, 8, (tx, ty) => plan.mask.isFree(tx, ty) && put("tall", tx, ty, 0.85, shade(chance.pick(LEAVES), 1)));
  }
  for (const pond of plan.ponds) {
    around(pond.x, pond.y, pond.radiusM * 1.02, 26, (tx, ty, index) => {
      if (Math.sin(index * 1.7) > -0.1) put("reed", tx, ty, chance.between(0.7, 1.2), blend(PAINT.grassDeep, PAINT.grassDry, chance.next() * 0.6));
    });
    around(pond.x, pond.y, pond.radiusM * 1.4, 5, (tx, ty) => plan.mask.isFree(tx, ty) && put("broad", tx, ty, 1.1, shade(chance.pick(LEAVES), 1.02)));
  }
  // A list shortened for a slow machine loses plants everywhere, not in one corner.
  for (const list of Object.values(planting)) list.sort((a, b) => hashOf(`${a.x}`) - hashOf(`${b.x}`));
}
